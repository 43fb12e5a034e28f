"""What the files of a run may hold: one schema each for status, configuration, alphabet, events and weights.

The store checks every read with them, and bundle_validation every import. A problem is the second half of a
sentence, such as "'best_epoch' in status.json is 1.5 instead of a whole number from 0 to 10,000,000".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from charlab.core import kinds, ngram
from charlab.core.config import ModelConfig
from charlab.core.vocab import MAX_ALPHABET
from charlab.errors import CharlabError

STATES = ("queued", "running", "pausing", "paused", "stopping", "stopped", "done", "failed")
MAX_LOSS = 1e6  # nats per character; training that exceeds it has diverged
MAX_WEIGHT = 1e6  # of a network's weights: beyond it, products overflow and probabilities are not finite
_MAX_NAME, _MAX_PATH = 2_000, 4_096
_YEAR_2900 = 3e10  # in seconds since 1970
_MAX_EPOCH, _MAX_STEPS, _MAX_SECONDS = 10_000_000, 10**13, 10**10


Made = TypeVar("Made")


class Invalid(ValueError):
    """The problem with a value, in words."""


@dataclass(frozen=True)
class Field:
    """A value that a file may hold: what it is in words, and the test whether a value is one."""

    words: str
    fits: Callable[[Any], bool]
    required: bool = False


def whole(least: int, most: int) -> Field:
    return Field(
        f"a whole number from {least:,} to {most:,}", lambda value: type(value) is int and least <= value <= most
    )


def number(least: float, most: float) -> Field:
    """A finite number; for NaN every comparison is false."""
    return Field(
        f"a number from {least:,.0f} to {most:,.0f}",
        lambda value: type(value) in (int, float) and least <= value <= most,
    )


def text(most: int | None = None, least: int = 0, forbidden: str = "") -> Field:
    """A text that can be written as UTF-8; `forbidden` characters are those that break whoever reads it."""
    size = "a text" if most is None else f"a text of {least} to {most:,} characters"
    without = " without control characters" if forbidden else ""

    def fits(value: Any) -> bool:
        if not isinstance(value, str) or len(value) < least or (most is not None and len(value) > most):
            return False
        return is_unicode(value) and not (forbidden and any(character in value for character in forbidden))

    return Field(size + without, fits)


def or_none(field: Field) -> Field:
    return replace(field, fits=lambda value: value is None or field.fits(value))


def required(field: Field) -> Field:
    return replace(field, required=True)


def is_unicode(value: str) -> bool:
    """Whether a text can be written as UTF-8: it has no lone surrogate."""
    try:
        value.isascii() or value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _has_texts(value: Iterable[Any]) -> bool:
    return all(isinstance(entry, str) and is_unicode(entry) for entry in value)


def _is_reading(value: Any) -> bool:
    """Whether it tells how a file became the text, as corpora.uploads.Text does."""
    kinds_of_value = {key: type(entry) for key, entry in value.items()} if isinstance(value, dict) else {}
    kinds_of_value.setdefault("without_licence", bool)  # which not every reading tells
    wanted = {"encoding": str, "normalise": bool, "without_licence": bool}
    return kinds_of_value == wanted and is_unicode(value["encoding"])


def _is_coverage(value: Any) -> bool:
    """Whether it tells what an alphabet leaves out of a text, as corpora.coverage.Coverage does."""
    numbers = ("characters", "read", "replaced", "dropped", "distinct_left_out")
    if not isinstance(value, dict) or set(value) != {*numbers, "share", "left_out"}:
        return False
    if not all(whole(0, _MAX_STEPS).fits(value[name]) for name in numbers) or not _SHARE.fits(value["share"]):
        return False
    if value["read"] != value["characters"] - value["replaced"] - value["dropped"]:
        return False
    left_out = value["left_out"]
    return isinstance(left_out, list) and len(left_out) <= 10 and all(map(_is_left_out, left_out))


def _is_left_out(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and set(value) == {"character", "name", "count"}
        and text(1, 1).fits(value["character"])
        and text(200).fits(value["name"])
        and whole(1, _MAX_STEPS).fits(value["count"])
    )


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, bool) or _NUMBER.fits(value) or _TEXT.fits(value)


CONTROL_CHARACTERS = "".join(chr(code) for code in (*range(32), 127) if chr(code) not in "\t\n\r")
_TEXT, _NUMBER = text(), number(-1e15, 1e15)
_PLAIN = Field("a number or a text", _is_plain)  # of what is not named below
_LOSS = Field(f"a loss from 0 to {MAX_LOSS:,.0f}", number(-1e-6, MAX_LOSS).fits)  # rounding may be below 0
_SHARE = Field("a share from 0 to 1", number(0, 1.000001).fits)
_TIME, _SECONDS, _EPOCH = number(0, _YEAR_2900), number(0, _MAX_SECONDS), number(0, _MAX_EPOCH)
_STEP, _SPEED = whole(0, _MAX_STEPS), number(0, 1e12)
_OBJECT = Field("an object", lambda value: isinstance(value, dict))

_FIGURES = {"characters_per_second": _SPEED, "seconds": _SECONDS, "learning_rate": number(0, 1000)}
_ACCURACIES = {"accuracy": or_none(_SHARE), "val_accuracy": or_none(_SHARE)}
_PLACE = {"epoch": required(_EPOCH), "step": required(_STEP)}

START_UP: dict[str, Field] = {
    "doing": text(100), "began": _TIME, "seconds": _SECONDS,
    "warm": Field("true or false", lambda value: isinstance(value, bool)),
}  # fmt: skip
RESULTS: dict[str, Field] = {
    "run": text(), "epochs": _EPOCH, "steps": _STEP, "train_loss": or_none(_LOSS), "val_loss": or_none(_LOSS),
    "best_val_loss": or_none(_LOSS), "train_loss_after": or_none(_LOSS), "characters_per_second": _SPEED,
    "seconds": _SECONDS,
}  # fmt: skip
STATUS: dict[str, Field] = {
    "state": required(Field(f"one of {', '.join(STATES)}", lambda value: value in STATES)), "reason": text(),
    "queued": or_none(_TIME), "started": or_none(_TIME), "ended": or_none(_TIME), "pid": or_none(whole(0, 2**63)),
    "epoch": _EPOCH, "step": _STEP, "total_steps": or_none(_STEP), "seconds": _SECONDS,
    "seconds_left": or_none(number(0, 1e13)), "best_epoch": or_none(whole(0, _MAX_EPOCH)), "results": _OBJECT,
    "start_up": _OBJECT,
}  # fmt: skip
CONFIG: dict[str, Field] = {
    "name": required(text(_MAX_NAME, 1, CONTROL_CHARACTERS)), "preset": required(text(200)),
    "corpus": required(text(_MAX_PATH, 1, "\0")), "corpus_sha256": required(text(200)),
    "corpus_title": text(_MAX_NAME, 0, CONTROL_CHARACTERS), "task": text(100, 0, CONTROL_CHARACTERS),
    "model": required(_OBJECT), "train": required(_OBJECT), "created": _TIME, "owner": text(1000),
    "notes": Field("a list of texts", lambda value: isinstance(value, list) and _has_texts(value)),
    "reading": Field("an encoding and a form of letters", lambda value: value == {} or _is_reading(value)),
    "coverage": Field("what the alphabet leaves out of the text", _is_coverage),
    "versions": Field("texts by name", lambda value: isinstance(value, dict) and _has_texts(value.values())),
}  # fmt: skip
VOCAB: dict[str, Field] = {
    "characters": required(text(MAX_ALPHABET, 1)),
    "lower_case": Field("true or false", lambda value: isinstance(value, bool)),
    # of a lab whose networks read words
    "words": Field("a list of words", lambda value: isinstance(value, list) and _has_texts(value)),
    "known": whole(1, 1_000_000), "buckets": whole(1, 1_000_000),
}  # fmt: skip
EVENTS: dict[str, dict[str, Field]] = {  # the keys that each kind of event must have, since the pages draw them
    "step": {**_PLACE, "loss": required(_LOSS), **_ACCURACIES, **_FIGURES},
    "epoch": {
        **_PLACE,
        "val_loss": required(_LOSS),
        "val_error": or_none(_LOSS),
        "loss": or_none(_LOSS),
        "train_loss_after": or_none(_LOSS),
        **_ACCURACIES,
        **_FIGURES,
    },
    "sample": {**_PLACE, "seed_text": required(_TEXT), "text": required(_TEXT)},
    "note": {"text": required(_TEXT)},
}


def check_status(data: Any, where: str = "status.json") -> None:
    """Raises Invalid where this is not a run's state and progress."""
    _check(data, STATUS, where)
    _check(data.get("results", {}), RESULTS, where, others=_PLAIN)
    _check(data.get("start_up", {}), START_UP, where)


def check_config(data: Any, where: str = "config.json") -> None:
    """Raises Invalid where this is not a run's configuration; the settings are checked where they are made."""
    _check(data, CONFIG, where)
    if not _TEXT.fits(data["train"].get("seed_text", "")):
        raise Invalid(f"'seed_text' in {where} is not {_TEXT.words}")


def check_vocab(data: Any, where: str = "vocab.json") -> None:
    """Raises Invalid where this is not an alphabet."""
    _check(data, VOCAB, where)


def problems(config: Any, vocab: Any) -> Iterator[str]:
    """What is wrong with a run that is to be written."""
    for check, data in ((check_config, config), (check_vocab, vocab)):
        try:
            check(data)
        except Invalid as problem:
            yield str(problem)


def read(path: Path, check: Callable[[Any], None], make: Callable[[dict[str, Any]], Made]) -> Made:
    """What `make` makes of a JSON file that passes a check. Nobody may change it: the same content is the same
    object. Raises Invalid, also where there is no such file."""
    try:
        return _made(path.read_bytes(), check, make)
    except FileNotFoundError:
        raise Invalid(f"{path.name} is missing") from None
    except OSError as error:
        raise Invalid(f"{path.name}: {error.strerror or error}") from error
    except Invalid:
        raise
    except CharlabError as problem:
        raise Invalid(str(problem).rstrip(".")) from problem
    except (ValueError, RecursionError) as error:
        raise Invalid(f"{path.name} is damaged or incomplete") from error


@lru_cache(maxsize=256)  # a class's lists read the files of new runs several times per second
def _made(content: bytes, check: Callable[[Any], None], make: Callable[[dict[str, Any]], Made]) -> Made:
    data = json.loads(content)
    check(data)
    return make(data)


def read_events(path: Path, after: int) -> tuple[list[dict[str, Any]], int]:
    """The events of a file from byte `after` on, and the byte after the last whole line. Raises Invalid."""
    try:
        with path.open("rb") as file:
            file.seek(after)
            data = file.read()
    except FileNotFoundError:
        return [], 0
    except OSError as error:
        raise Invalid(f"{path.name}: {error.strerror or error}") from error
    whole = data[: data.rfind(b"\n") + 1]
    try:
        return events(whole), after + len(whole)
    except Invalid:
        if after:
            read_events(path, 0)  # raises it with the line's number in the whole file
        raise


def events(data: bytes) -> list[dict[str, Any]]:
    """The events of a metrics.jsonl. Raises Invalid with the first line that is none."""
    return [event(line, number) for number, line in enumerate(data.splitlines(), start=1)]


def event(line: bytes, number: int) -> dict[str, Any]:
    """A line of metrics.jsonl as an event that the pages can draw. Raises Invalid where it is none."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        raise Invalid(f"line {number} of metrics.jsonl is damaged") from None
    kind = found.get("event") if isinstance(found, dict) else None
    if not isinstance(kind, str) or kind not in EVENTS:
        raise Invalid(f"line {number} of metrics.jsonl is not an event of a known kind")
    _check(found, EVENTS[kind], f"line {number} of metrics.jsonl", others=_PLAIN)
    return found


def check_weights(
    weights: Mapping[str, np.ndarray], model: ModelConfig, V: int, where: str, task: str = ""
) -> None:
    """Raises Invalid where these are not the weights of this model over V ids, or its probabilities would not be
    finite numbers. Names and shapes of a lab's weights are checked by its network."""
    if kinds.of(model).trained:
        shapes = {name: weights[name].shape for name in weights} if task else kinds.of(model).shapes(model, V)
        for name in sorted(set(shapes) | set(weights)):
            received = weights[name].shape if name in weights else "nothing"
            if received != shapes.get(name):
                raise Invalid(
                    f"the weights in {where} do not fit the model: {name[:80]!r} should be "
                    f"{shapes.get(name, 'absent')} and is {received}"
                )
        if not all(is_usable(array) for array in weights.values()):
            raise Invalid(f"{where} contains values that are not numbers, or are beyond {MAX_WEIGHT:,.0f}")
        return
    check_counts(weights, model, V, where)


def compact(weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same weights in fewer bytes: half precision, and the smallest type for integers."""
    return {
        name: array.astype(np.float16 if array.dtype.kind == "f" else np.min_scalar_type(array.max()))
        for name, array in weights.items()
    }


def widened(name: str, array: np.ndarray) -> np.ndarray:
    """Weights in float32; an n-gram model's keys in uint64 and its counts in uint32."""
    wide = np.float32 if array.dtype.kind == "f" else np.uint64 if name.endswith("/keys") else np.uint32
    return array.astype(wide, copy=False)


def is_usable(array: np.ndarray) -> bool:
    """Whether a network can compute with these weights: finite, and not so large that products overflow."""
    is_number = array.dtype.kind == "f"
    return is_number and bool((np.abs(array) <= MAX_WEIGHT).all())  # false for NaN


def check_counts(counts: Mapping[str, np.ndarray], model: ModelConfig, V: int, where: str) -> None:
    """Raises Invalid where these are not the counts of an n-gram model over V ids."""
    orders = len(counts) // 2
    names = {f"order_{k}/{part}" for k in range(1, orders + 1) for part in ("keys", "counts")}
    if not 1 <= orders <= min(model.order, ngram.longest_order(V)) or set(counts) != names:
        raise Invalid(f"{where} does not contain the counts of an n-gram model of order {model.order}")
    for k in range(1, orders + 1):
        keys, numbers = counts[f"order_{k}/keys"], counts[f"order_{k}/counts"]
        if keys.ndim != 1 or keys.shape != numbers.shape or not len(keys):
            raise Invalid(f"the keys and counts of order {k} in {where} do not match")
        if (keys.dtype, numbers.dtype) != (np.uint64, np.uint32):
            raise Invalid(f"the keys and counts of order {k} in {where} are not whole numbers")
        if not (keys[1:] > keys[:-1]).all() or int(keys[-1]) >= V**k or not (numbers > 0).all():
            raise Invalid(f"the counts of order {k} in {where} are not sorted, or do not fit this alphabet")


def _check(data: Any, fields: dict[str, Field], where: str, others: Field | None = None) -> None:
    """Every field is there where it is required, and fits; other keys are refused, or have to fit `others`."""
    if not isinstance(data, dict):
        raise Invalid(f"{where} is not an object with names and values")
    for name, value in data.items():
        field = fields.get(name, others)
        if field is None:
            raise Invalid(f"{name[:40]!r} in {where} is not known")
        if not field.fits(value):
            raise Invalid(f"{name[:40]!r} in {where} is {_shown(value)} instead of {field.words}")
    for name, field in fields.items():
        if field.required and name not in data:
            raise Invalid(f"{name!r} in {where} is missing")


def _shown(value: Any) -> str:
    words = ascii(value)
    return words if len(words) <= 40 else f"{words[:37]}..."
