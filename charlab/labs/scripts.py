"""A run of a lab as a standalone program in plain Keras: the same data, network and training, without CharLab.

Each lab has a program in programs/, which is read and never imported. Its settings get the values of the run.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from charlab.labs.dates import network as dates_network
from charlab.labs.sentiment.forms import Form
from charlab.runs.store import RunConfig

_PROGRAMS = Path(__file__).parent / "programs"
_OF_ALL = ("epochs", "minutes", "steps_per_epoch", "batch_size", "learning_rate", "seed")


def standalone(config: RunConfig) -> str:
    """The program that trains this configuration. Raises ConfigError where its version is not known."""
    source = (_PROGRAMS / f"{config.task}.py").read_text(encoding="utf-8")
    train = config.train.to_json()
    for name, value in ({name: train[name] for name in _OF_ALL} | _SETTINGS[config.task](config)).items():
        source, number = re.subn(
            rf"(?m)^{name.upper()} = [^#\n]*?(?=  #|$)", f"{name.upper()} = {value!r}", source
        )
        if number != 1:
            raise RuntimeError(f"The program of the lab {config.task!r} has no setting {name.upper()}.")
    return source


def _reber(config: RunConfig) -> dict[str, Any]:
    return {"embedding": config.model.embedding, "units": config.model.units, "momentum": config.train.beta_1}


def _dates(config: RunConfig) -> dict[str, Any]:
    version = dates_network.find_version(config.preset)
    return {
        "repeats": version.repeats,
        "samples": version.samples,
        "attends": version.attends,
        "reads_both_ways": version.reads_both_ways,
        "embedding": config.model.embedding,
        "units": config.model.units,
        "embedding_range": config.train.embedding_range,
    } | _adam(config)


def _sentiment(config: RunConfig) -> dict[str, Any]:
    form = Form.from_code(config.preset)
    return {
        "recurrent": form.record.recurrent,
        "both_ways": form.record.both_ways,
        "masked": form.masked,
        "glove": form.vectors == "glove",
        "labels": form.labels,
        "layers": config.model.layers,
        "units": config.model.units,
        "embedding": config.model.embedding,
        "dropout": config.model.input_dropout,
        "length": config.train.sequence_length,
    } | _adam(config)


def _adam(config: RunConfig) -> dict[str, Any]:
    return {name: getattr(config.train, name) for name in ("beta_1", "beta_2", "clip_norm")}


_SETTINGS = {"reber": _reber, "dates": _dates, "sentiment": _sentiment}
