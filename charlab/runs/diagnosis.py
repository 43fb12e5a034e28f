"""Diagnosis of runs in sentences: how one went, and how several differ.

Reads configurations and events. Losses are in nats until they are put into a sentence.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from charlab.core import kinds
from charlab.core.config import SETTINGS, TrainConfig
from charlab.runs import models
from charlab.runs.store import RunConfig

NATS = {"nats": 1.0, "bits": math.log(2)}  # how many nats one unit is
_BEST_WITHIN = 1.02  # of the exact entropy: "the best possible"
_RISE = 1.001  # a rise of the validation loss, as opposed to noise
_STILL_FALLING = 0.995  # the last evaluation is below this share of the one before
_WORTHWHILE_BITS = 0.01  # per character: a smaller gain is no reason to train longer
_WHEN = {
    "done": "at the end",
    "paused": "when it was paused",
    "stopped": "when it was stopped",
    "failed": "when it failed",
}
_RECENT = 3  # training losses smoothed together, so that one bad batch does not count
_ENOUGH_STEPS = 6
_MAX_UNTRAINED = 50.0  # nats; a network that starts above is no more like choosing among a number of characters


# How it went


def diagnose(
    config: RunConfig,
    events: Sequence[dict[str, Any]],
    exact_entropy_nats: float | None = None,
    alphabet_size: int | None = None,
    *,
    state: str = "running",
    used_up: bool = False,
    final: bool = False,
    may_act: bool = True,
    unit: str = "nats",
) -> list[str]:
    """Sentences on a run, the most urgent first: it diverged, it reached the optimum, it overfits, it was still
    learning when it ended, and the loss of the untrained network. Empty where there is nothing to report.

    What is advised depends on its `state`, on whether it has `used_up` the server's time for a run, on whether
    it is `final`: it cannot be trained longer here, and on whether the reader `may_act` on it. Nothing is said of
    a lab's runs.
    """
    if config.task:
        return []
    evaluations = [e for e in events if e.get("event") == "epoch" and _is_number(e.get("val_loss"))]
    losses = [e["loss"] for e in events if e.get("event") == "step" and e.get("loss") is not None]

    def in_unit(nats: float) -> str:
        return f"{nats / NATS[unit]:.3f} {unit}"

    sentences = []
    if kinds.of(config.model).trained and _diverged(losses, evaluations):
        sentences.append(_divergence(config.train))
    elif evaluations:
        best = min(evaluations, key=lambda e: e["val_loss"])
        if exact_entropy_nats is not None and best["val_loss"] <= exact_entropy_nats * _BEST_WITHIN:
            sentences.append(
                f"It has reached the best possible loss: {in_unit(best['val_loss'])} per character on validation. "
                f"The entropy of the source is {in_unit(exact_entropy_nats)}, and no model can do better."
            )
        elif overfit := _overfitting(evaluations, in_unit):
            sentences.append(overfit)
        elif kinds.of(config.model).trained and (advice := _advice(state, used_up, final, may_act)):
            sentences += _still_falling(evaluations, in_unit, *advice)
    if evaluations and _is_untrained(evaluations[0]) and alphabet_size and kinds.of(config.model).trained:
        sentences.append(_untrained(evaluations[0]["val_loss"], alphabet_size, unit))
    return sentences


def plus_minus(error: float) -> str:
    """A standard error behind a figure with three decimals, with no digits that mean nothing."""
    return f"± {error:.3f}" if error >= 0.0005 else "± under 0.001"


def gap(events: Sequence[dict[str, Any]], unit: str = "nats") -> str:
    """A sentence on how much better the weights of the last evaluation predict the text that they learned from; ""
    where that was not measured."""
    measured = [e for e in events if e.get("event") == "epoch" and _is_number(e.get("train_loss_after"))]
    if not measured or not measured[-1].get("step"):
        return ""
    last = measured[-1]
    # Rounded first, so that the gap is the difference of the two figures that are shown.
    training, validation = (round(last[name] / NATS[unit], 3) for name in ("train_loss_after", "val_loss"))
    return (
        f"After epoch {last['epoch']:g}, measured in the same way: {training:.3f} {unit} per character on a "
        f"sample of the training set and {validation:.3f} on the validation set, a gap of "
        f"{validation - training:.3f}."
    )


def saved_weights(best: int, last: float) -> str:
    """A sentence on which weights of a run are saved: those of its best and of its last epoch.

    An epoch that was incomplete when it was evaluated has the number of the complete one, so `best` may be above
    `last`.
    """
    ended = f"{round(last, 2):g}"  # as texts and curve have it
    if best >= last:
        return f"The best weights (epoch {ended}) are saved and used on the other pages."
    return (
        f"The best weights (epoch {best}) are saved and used on the other pages. The last weights "
        f"(epoch {ended}) are saved too."
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _is_untrained(evaluation: dict[str, Any]) -> bool:
    """Whether it is of the network before training, with a loss that e to its power can be said of."""
    return evaluation.get("step") == 0 and evaluation["val_loss"] < _MAX_UNTRAINED


def _diverged(losses: list[float], evaluations: list[dict[str, Any]]) -> bool:
    """Whether training lost more than half of what it had learned, or the loss is not a number."""
    if any(not _is_number(loss) for loss in losses):
        return True
    if len(losses) < _ENOUGH_STEPS:
        return False
    smooth = np.median(np.lib.stride_tricks.sliding_window_view(np.array(losses), _RECENT), axis=1)
    untrained = evaluations[0]["val_loss"] if evaluations and evaluations[0].get("step") == 0 else smooth[0]
    lowest = smooth.min()
    return bool(smooth[-1] > max(lowest + 0.5 * max(untrained - lowest, 0), 1.05 * lowest))


def _divergence(train: TrainConfig) -> str:
    tries = [f"a smaller learning rate than {train.learning_rate:g}"]
    if not train.clip_norm:
        tries.append("a gradient norm limit (clip_norm) of 1")
    if not train.warm_up_steps:
        tries.append("a warm-up of a few hundred steps")
    return (
        "Training diverged: the loss rises again and what was learned is lost. The steps were too large: each "
        f"overshoots and makes the next one worse. Try {' or '.join(tries)}."
    )


def _overfitting(evaluations: list[dict[str, Any]], in_unit: Callable[[float], str]) -> str:
    """A sentence where validation rose at two or more evaluations after its lowest, the last included, while
    training fell; else ""."""
    best = min(range(len(evaluations)), key=lambda i: evaluations[i]["val_loss"])
    lowest, after = evaluations[best], evaluations[best + 1 :]
    if len(after) < 2 or lowest.get("step") == 0:
        return ""
    latest = after[-1]
    rising = all(e["val_loss"] > lowest["val_loss"] * _RISE for e in after[-2:])
    before, now = _training_loss(lowest), _training_loss(latest)
    if not rising or before is None or now is None or now >= before:
        return ""
    return (
        f"It has been overfitting since epoch {lowest['epoch']:g}: validation loss rose from "
        f"{in_unit(lowest['val_loss'])} to {in_unit(latest['val_loss'])} while training loss fell from "
        f"{in_unit(before)} to {in_unit(now)}. It begins to memorise its text. The weights of "
        f"epoch {lowest['epoch']:g} are saved as the best; a longer text, a smaller model or dropout would help."
    )


def _training_loss(evaluation: dict[str, Any]) -> float | None:
    """The mean training loss of an epoch. Where a device trained it, nobody here knows that one: the loss of the
    same weights on a sample of the training set."""
    found = evaluation.get("loss", evaluation.get("train_loss_after"))
    return found if _is_number(found) else None


def _advice(state: str, used_up: bool, final: bool, may_act: bool) -> tuple[str, str] | None:
    """When the validation loss was still falling, and what to do then; None while it trains."""
    if state not in _WHEN:
        return None
    if used_up:
        return _WHEN[state], "more training would help, but this run has used the server's time limit"
    if final:
        return _WHEN[state], "a new run that trains longer would be better"
    if not may_act:
        return _WHEN[state], "more training would help"
    return _WHEN[state], "train longer" if state == "done" else "resume it to train on"


def _still_falling(
    evaluations: list[dict[str, Any]], in_unit: Callable[[float], str], when: str, advice: str
) -> list[str]:
    """A sentence, where the loss fell in the last epoch by more than noise and by enough to be worth the time."""
    if len(evaluations) < 2 or evaluations[-1]["val_loss"] > evaluations[-2]["val_loss"] * _STILL_FALLING:
        return []
    fell = evaluations[-2]["val_loss"] - evaluations[-1]["val_loss"]
    if fell < _WORTHWHILE_BITS * NATS["bits"]:
        return []
    return [
        f"Validation loss was still falling {when}, by {in_unit(fell)} from epoch "
        f"{evaluations[-2]['epoch']:g} to {evaluations[-1]['epoch']:g}: {advice}."
    ]


def _untrained(loss: float, alphabet_size: int, unit: str) -> str:
    base = {"nats": "e", "bits": "2"}[unit]
    return (
        f"Before training its loss was {loss / NATS[unit]:.2f} {unit} per character: like choosing among "
        f"{math.exp(loss):.0f} equally likely characters ({base} to the power of the loss). The alphabet has "
        f"{alphabet_size} characters."
    )


# How runs differ


def differences(configs: Sequence[RunConfig]) -> list[tuple[str, list[str]]]:
    """What differs between runs: a setting's name, and its value in each run ("" where a run does not use it)."""
    columns = [{"text": text} | _settings(config) for text, config in zip(_texts(configs), configs, strict=True)]
    rows = []
    for name in ("text", *SETTINGS):
        values = [column.get(name, "") for column in columns]
        if len(set(values)) > 1:
            rows.append((SETTINGS[name].label if name in SETTINGS else "Text", values))
    return rows


def _texts(configs: Sequence[RunConfig]) -> list[str]:
    """What people call the runs' texts, with a number behind a title that several texts have."""
    titles = [models.corpus_title(config) for config in configs]
    same = [
        list(dict.fromkeys(other.corpus for other, name in zip(configs, titles, strict=True) if name == title))
        for title in titles
    ]
    return [
        f"{title} ({corpora.index(config.corpus) + 1})" if len(corpora) > 1 else title
        for title, corpora, config in zip(titles, same, configs, strict=True)
    ]


def _settings(config: RunConfig) -> dict[str, str]:
    """The settings that shaped this run, in words; of the two budgets the one that counted."""
    values = config.model.to_json() | config.train.to_json()
    used = [name for name, declared in SETTINGS.items() if declared.compared and config.model.uses(name)]
    return {name: _value(name, values[name]) for name in used if name != "epochs" or not config.train.minutes}


def _value(name: str, value: Any) -> str:
    if name == "embedding" and value == 0:
        return "one-hot"
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def not_comparable(configs: Sequence[RunConfig]) -> str:
    """Why the losses of these runs cannot be compared, in a sentence; "" where they can."""
    reasons = []
    if len({config.corpus_sha256 for config in configs}) > 1:
        reasons.append("they read different texts")
    if len({_alphabet(config) for config in configs}) > 1:
        reasons.append("their alphabets differ, so one has more characters to choose from than another")
    if len({(config.train.validation_share, config.train.split) for config in configs}) > 1:
        reasons.append("they are evaluated on different parts of the text")
    return f"The losses of these runs cannot be compared: {'; '.join(reasons)}." if reasons else ""


def _alphabet(config: RunConfig) -> tuple[str, bool, int]:
    """What the alphabet of a run follows from, besides its text: a limit only where it leaves something out."""
    model = config.model
    return model.alphabet, model.lower_case, model.alphabet_limit if config.coverage else 0
