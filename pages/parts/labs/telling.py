"""What the live panel tells of the runs of labs."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from charlab.errors import RunError
from charlab.labs.reber import data
from charlab.runs.store import RunConfig
from pages.parts.train.live_document import Telling


def of(config: RunConfig) -> Telling:
    """What is told of this run. Raises RunError where its lab is not known here."""
    if config.task not in _TELLING:
        raise RunError(f"“{config.name}” belongs to a lab that this version of CharLab does not have.")
    return _TELLING[config.task]


def _reber_caption(config: RunConfig, unit: str, has_baselines: bool) -> str:
    return (
        "Share of strings judged rightly, on strings that the network never learns from. The grey line is what "
        "counting three-letter pieces reaches, without any memory. The dotted curve is measured on T/P pairs: "
        "good strings, and the same with their last but one letter exchanged. Only memory tells these apart; "
        "without it, half of them are judged rightly."
    )


def _reber_chart(config: RunConfig) -> dict[str, Any]:
    lines = [("three-letter counting", counting(config.train.seed))]
    return {"accuracy_lines": lines, "further": {"pair_accuracy": "T/P pairs"}, "one": "string"}


@lru_cache(maxsize=32)
def counting(seed: int) -> float:
    """The accuracy of counting three-letter pieces on the strings of a seed."""
    return data.counting_accuracy(data.draw(seed))


def _dates_caption(config: RunConfig, unit: str, has_baselines: bool) -> str:
    return (
        "Exact dates: the share of 2,000 dates, which the network never learns from, that it translates without a "
        "single wrong character, writing by itself. Training and validation: the share of single characters that "
        "are right where all characters before are given. One wrong character makes a date wrong, so the first "
        "curve rises later. Other curves: the newest run of each other version."
    )


def _dates_chart(config: RunConfig) -> dict[str, Any]:
    return {"further": {"exact": "exact dates"}}


def _sentiment_caption(config: RunConfig, unit: str, has_baselines: bool) -> str:
    return (
        "Share of texts judged rightly. Training: those that the network learns from. Validation: those by which "
        "its best epoch is chosen. Test set, dotted: those that decide nothing. Where training goes on rising and "
        "the others do not, it learns its texts by heart. Other curves: the test accuracy of the newest run of "
        "each other choice."
    )


_TELLING = {
    "reber": Telling(lambda config: [], _reber_caption, "how many strings are judged rightly", _reber_chart),
    "dates": Telling(
        lambda config: [],
        _dates_caption,
        "how many dates are translated without a wrong character",
        _dates_chart,
        ("Exact dates, %", "exact"),
    ),
    "sentiment": Telling(
        lambda config: [],
        _sentiment_caption,
        "how many texts are judged rightly",
        lambda config: {"further": {"test_accuracy": "test set"}, "one": "text"},
        speed="Words/s",
    ),
}
