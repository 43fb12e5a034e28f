"""What can be said about runs in words: how one went, and how several differ.

Reads configurations and events; draws nothing. Losses are in nats until they are told.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

from charlab.core.config import SETTINGS, TrainConfig
from charlab.runs.store import RunConfig

NATS = {"nats": 1.0, "bits": math.log(2)}  # how many nats one unit is
_BEST_WITHIN = 1.02  # of the exact entropy: "the best possible"
_RISE = 1.001  # what counts as a rise of the validation loss, and not as its trembling
_STILL_FALLING = 0.995  # a last evaluation below so much of the one before
_RECENT = 3  # figures of training looked at together, so that one bad batch is no verdict
_ENOUGH_STEPS = 6


# How it went


def diagnose(
    config: RunConfig,
    events: Sequence[dict[str, Any]],
    exact_entropy_nats: float | None = None,
    alphabet_size: int | None = None,
    *,
    ended: bool = False,
    unit: str = "nats",
) -> list[str]:
    """Sentences on a run, the most urgent first: it came apart, it is as good as can be, it overfits, it was
    still learning when it `ended`, and what the untrained network amounted to. Empty where nothing is to say."""
    evaluations = [e for e in events if e.get("event") == "epoch" and _is_number(e.get("val_loss"))]
    losses = [e["loss"] for e in events if e.get("event") == "step" and e.get("loss") is not None]

    def told(nats: float) -> str:
        return f"{nats / NATS[unit]:.3f} {unit}"

    said = []
    if config.model.kind != "ngram" and _diverged(losses, evaluations):
        said.append(_divergence(config.train))
    elif evaluations:
        best = min(evaluations, key=lambda e: e["val_loss"])
        if exact_entropy_nats is not None and best["val_loss"] <= exact_entropy_nats * _BEST_WITHIN:
            said.append(
                f"It has reached the best possible: {told(best['val_loss'])} a character on validation; the "
                f"source's own entropy is {told(exact_entropy_nats)}, and no model can do better."
            )
        elif overfit := _overfitting(evaluations, told):
            said.append(overfit)
        elif ended and config.model.kind != "ngram" and (falling := _still_falling(evaluations, told)):
            said.append(falling)
    if evaluations and evaluations[0].get("step") == 0 and alphabet_size and config.model.kind != "ngram":
        said.append(_untrained(evaluations[0]["val_loss"], alphabet_size, unit))
    return said


def kept(best: int, last: float) -> str:
    """Which weights a run has: those of its best epoch, and its last. An epoch that was only begun when it was
    graded counts as the one it would have become, so `best` may be above `last`."""
    if best >= last:
        return f"Kept are the best weights so far, of epoch {last:.4g}: they write and explain on the other pages."
    return (
        f"Kept are the best weights, those of epoch {best}, which write and explain on the other pages, and the "
        f"last ones, of epoch {last:.4g}."
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _diverged(losses: list[float], evaluations: list[dict[str, Any]]) -> bool:
    """Whether training lost more than half of what it had learned, or is no number any more."""
    if any(not _is_number(loss) for loss in losses):
        return True
    if len(losses) < _ENOUGH_STEPS:
        return False
    smooth = [median(losses[i : i + _RECENT]) for i in range(len(losses) - _RECENT + 1)]
    untrained = evaluations[0]["val_loss"] if evaluations and evaluations[0].get("step") == 0 else smooth[0]
    lowest = min(smooth)
    return smooth[-1] > max(lowest + 0.5 * max(untrained - lowest, 0), 1.05 * lowest)


def _divergence(train: TrainConfig) -> str:
    tries = [f"a smaller learning rate than {train.learning_rate:g}"]
    if not train.clip_norm:
        tries.append("gradients that are clipped (clip_norm 1)")
    if not train.warm_up_steps:
        tries.append("a warm-up of some hundred steps")
    return (
        "It diverged: the training loss rises again and what was learned is lost. The steps were too large: each "
        f"overshoots and makes the next one worse. Try {' or '.join(tries)}."
    )


def _overfitting(evaluations: list[dict[str, Any]], told: Callable[[float], str]) -> str:
    """Since its lowest value validation rose at two evaluations or more, the last included, and training fell."""
    best = min(range(len(evaluations)), key=lambda i: evaluations[i]["val_loss"])
    lowest, after = evaluations[best], evaluations[best + 1 :]
    if len(after) < 2 or lowest.get("step") == 0:
        return ""
    latest = after[-1]
    rising = all(e["val_loss"] > lowest["val_loss"] * _RISE for e in after[-2:])
    falling = _is_number(latest.get("loss")) and latest["loss"] < lowest.get("loss", -math.inf)
    if not (rising and falling):
        return ""
    return (
        f"It overfits since epoch {lowest['epoch']:g}: validation rose from {told(lowest['val_loss'])} to "
        f"{told(latest['val_loss'])} while training fell from {told(lowest['loss'])} to {told(latest['loss'])}. "
        f"It begins to learn its text by heart. The weights of epoch {lowest['epoch']:g} are kept as the best; "
        "a longer text, a smaller model or dropout would help."
    )


def _still_falling(evaluations: list[dict[str, Any]], told: Callable[[float], str]) -> str:
    if len(evaluations) < 2 or evaluations[-1]["val_loss"] > evaluations[-2]["val_loss"] * _STILL_FALLING:
        return ""
    fell = evaluations[-2]["val_loss"] - evaluations[-1]["val_loss"]
    return (
        f"Validation was still falling when it ended, by {told(fell)} from epoch {evaluations[-2]['epoch']:g} to "
        f"{evaluations[-1]['epoch']:g}: train longer."
    )


def _untrained(loss: float, alphabet_size: int, unit: str) -> str:
    base = {"nats": "e", "bits": "2"}[unit]
    return (
        f"Untrained, its loss was {loss / NATS[unit]:.2f} {unit}: as if it guessed among {math.exp(loss):.1f} "
        f"characters alike ({base} to the power of the loss). The alphabet has {alphabet_size}."
    )


# How runs differ


def differences(configs: Sequence[RunConfig]) -> list[tuple[str, list[str]]]:
    """What differs between runs: a setting's name, and its value in each run ("" where a run does not use it)."""
    columns = [{"text": config.corpus} | _settings(config) for config in configs]
    rows = []
    for name in ("text", *SETTINGS):
        values = [column.get(name, "") for column in columns]
        if len(set(values)) > 1:
            rows.append((SETTINGS[name].label if name in SETTINGS else "Text", values))
    return rows


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
    if len({(config.model.alphabet, config.model.lower_case) for config in configs}) > 1:
        reasons.append("their alphabets differ, so that one has more to guess than another")
    if len({config.train.validation_share for config in configs}) > 1:
        reasons.append("they are graded on different parts of the text")
    return f"The losses of these runs cannot be compared: {'; '.join(reasons)}." if reasons else ""
