"""Dates in words and in ISO 8601's form: "April 22, 2019" and "2019-04-22".

To translate one, a network has to find the year at the end, learn twelve names of months, and copy digits.
Names in shape comments: N dates, T characters of the longest date in words, L characters of a date in ISO form.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from charlab.core.vocab import Vocab
from charlab.errors import ConfigError
from charlab.labs import redrawn
from charlab.runs.store import RunConfig

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
# The lecture's INPUT_CHARS holds "0" twice, so that its embedding has one row more that nothing ever reads: 32
# parameters more than here.
INPUT_CHARS = "".join(sorted(set("".join(MONTHS)))) + "0123456789, "  # their ids are 1 to 38; 0 fills up
OUTPUT_CHARS = "0123456789-"  # their ids are 1 to 11; 0 is never written
START = len(OUTPUT_CHARS) + 1  # what the decoder reads before the first character
INPUT_IDS, OUTPUT_IDS = len(INPUT_CHARS) + 1, len(OUTPUT_CHARS) + 1  # of which the embedding and the head are
LENGTH, WRITTEN = 18, 10  # characters: T, of "September 17, 2009", and L
TRAINING, VALIDATION, TEST = 10_000, 2_000, 2_000  # dates
MAX_TYPED = 40  # characters of a text that somebody types
EXAMPLES = ("April 22, 2019", "July 14, 1789", "September 17, 2009", "May 01, 2020")
ODD = {  # inputs unlike those of training, and in what
    "July 14 1789": "the comma is missing",
    "February 30, 2021": "no calendar has this day",
    "July 4, 1776": "the day has one digit",
    "14 July, 1789": "the day comes first",
    "Juli 14, 1789": "the month is misspelled",
    "May 01, 20": "the year has two digits",
}
_FIRST, _LAST = date(1000, 1, 1).toordinal(), date(9999, 12, 31).toordinal()
_IN_WORDS = re.compile(rf"({'|'.join(MONTHS)}) ([0-9]{{2}}), ([0-9]{{4}})")


@dataclass(frozen=True)
class Dates:
    """Dates in words, and the same in ISO form."""

    texts: tuple[str, ...]
    isos: tuple[str, ...]

    def rows(self) -> np.ndarray:
        """As a network learns them: ids in words, filled up with zeros, then ids in ISO form, [N, T + L]."""
        return np.column_stack([ids(self.texts), written_ids(self.isos)])


@dataclass(frozen=True)
class Data:
    """What one run learns from and is measured on, drawn from its seed."""

    training: Dates
    validation: Dates
    test: Dates

    @property
    def sha256(self) -> str:
        """Of all dates in words; the rest follows from these."""
        texts = (*self.training.texts, *self.validation.texts, *self.test.texts)
        return hashlib.sha256("\n".join(texts).encode("ascii")).hexdigest()


def draw(seed: int) -> Data:
    """The data of a seed, always the same: days of the years 1000 to 9999, each as likely as another."""
    random = np.random.default_rng([seed, 17])  # apart from the seed's other random numbers
    return Data(*(drawn(random, number) for number in (TRAINING, VALIDATION, TEST)))


def drawn(random: np.random.Generator, number: int) -> Dates:
    """So many days of the years 1000 to 9999, each as likely as another."""
    days = [date.fromordinal(day) for day in random.integers(_FIRST, _LAST + 1, size=number).tolist()]
    return Dates(tuple(map(in_words, days)), tuple(day.isoformat() for day in days))


def of_run(config: RunConfig, vocab: Vocab) -> Data:
    """The data of a run. Raises CorpusError where they are not those that it began with."""
    return redrawn.checked(draw(config.train.seed), config, "dates")


def in_words(day: date) -> str:
    """The form that is translated: "May 01, 2020"."""
    return f"{MONTHS[day.month - 1]} {day.day:02d}, {day.year:04d}"


def translation(text: str) -> str | None:
    """The right ISO form of a date in words; None where the text is no date in the form of the training set."""
    if not (found := _IN_WORDS.fullmatch(text)):
        return None
    try:
        return date(int(found[3]), MONTHS.index(found[1]) + 1, int(found[2])).isoformat()
    except ValueError:
        return None


def is_date(iso: str) -> bool:
    """Whether a written text is a day of the calendar in ISO form."""
    if not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", iso):
        return False
    try:
        date.fromisoformat(iso)
    except ValueError:
        return False
    return True


def check(text: str) -> None:
    """Raises ConfigError where a text cannot be read by the lab's networks."""
    if not text:
        raise ConfigError("There is no date to translate. Type one in words, for example April 22, 2019.")
    if len(text) > MAX_TYPED:
        raise ConfigError(f"A date may have at most {MAX_TYPED} characters. Received: {len(text)}.")
    if unknown := "".join(dict.fromkeys(character for character in text if character not in INPUT_CHARS)):
        raise ConfigError(
            "The network knows only the characters of English dates: letters of the months' names, digits, comma "
            f"and space. Received: {unknown!r}."
        )


def ids(texts: Sequence[str], length: int = LENGTH) -> np.ndarray:
    """Dates in words as ids [N, T], filled up with zeros to `length` or to the longest, if that is longer."""
    found = np.zeros((len(texts), max(length, *map(len, texts))), np.int32)
    for row, text in zip(found, texts, strict=True):
        row[: len(text)] = [INPUT_CHARS.index(character) + 1 for character in text]
    return found


def written_ids(isos: Sequence[str]) -> np.ndarray:
    """Dates in ISO form as ids [N, L]."""
    return np.array([[OUTPUT_CHARS.index(character) + 1 for character in iso] for iso in isos], np.int32)


def written_text(row: np.ndarray) -> str:
    """What ids [L] say, as a network wrote them."""
    return "".join(OUTPUT_CHARS[i - 1] for i in row)
