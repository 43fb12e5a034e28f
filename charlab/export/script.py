"""A run as a Python program of its own: the same training in plain TensorFlow, to be read and run without CharLab.

Text in, text out: pieces of source are chosen by the configuration and joined. Knows nothing of files or pages.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

from charlab.core.config import RECURRENT
from charlab.errors import ModelError
from charlab.export import bundle
from charlab.runs.store import RunConfig

_PIECES = Path(__file__).parent / "script_parts"


def standalone(config: RunConfig) -> str:
    """The program that trains this configuration. Raises ModelError for an n-gram model, which is not trained."""
    if config.model.kind == "ngram":
        raise ModelError(
            "An n-gram model is counted, not trained, so there is no TensorFlow program for it. "
            "charlab/core/ngram.py is the whole of it, in plain NumPy. "
            "Export a GRU, an LSTM or a Transformer as a script."
        )
    recurrent = config.model.kind in RECURRENT
    masked = recurrent and config.model.recurrent_dropout > 0
    network = "recurrent" if recurrent else "transformer"
    pieces = [
        _opening(config),
        _piece("text"),
        _piece(f"batches_{config.train.batches}"),
        _piece(f"masked_{config.model.kind}" if masked else "stock_layer") if recurrent else "",
        _piece(network),
        _piece("training"),
    ]
    return "\n\n".join(piece.strip("\n") + "\n" for piece in pieces if piece)


def _piece(name: str) -> str:
    """A part of the program: real Python, in a folder that is read and never imported."""
    source = (_PIECES / f"{name}.py").read_text(encoding="utf-8")
    return source.split("# ---\n", 1)[1]  # what stands above is for whoever reads the folder


def _opening(config: RunConfig) -> str:
    model, train = config.model, config.train
    title = _one_line(config.name)
    constants = {
        "CODE_POINTS": model.alphabet == "code-points",
        "LOWER_CASE": model.lower_case,
        "KIND": model.kind,
        "LAYERS": model.layers,
        "UNITS": model.units,
        "INPUT_DROPOUT": model.input_dropout,
        "OUTPUT_DROPOUT": model.output_dropout,
    }
    if model.kind in RECURRENT:
        constants |= {
            "EMBEDDING": model.embedding,
            "EMBEDDING_RANGE": train.embedding_range,
            "RECURRENT_DROPOUT": model.recurrent_dropout,
        }
    else:
        constants |= {"HEADS": model.heads, "CONTEXT": model.context}
    constants |= {
        "EPOCHS": train.epochs,
        "MINUTES": train.minutes,
        "PATIENCE": train.patience,
        "BATCH_SIZE": train.batch_size,
        "SEQUENCE_LENGTH": train.sequence_length,
        "SHIFT": train.shift,
        "STEPS_PER_EPOCH": train.steps_per_epoch,
        "STATE_RESETS": train.state_resets,
        "OPTIMIZER": train.optimizer,
        "LEARNING_RATE": train.learning_rate,
        "SCHEDULE": train.learning_rate_schedule,
        "WARM_UP_STEPS": train.warm_up_steps,
        "BETA_1": train.beta_1,
        "BETA_2": train.beta_2,
        "WEIGHT_DECAY": train.weight_decay,
        "CLIP_NORM": train.clip_norm,
        "VALIDATION_SHARE": train.validation_share,
        "PRECISION": train.precision,
        "SEED": train.seed,
        "SEED_TEXT": train.seed_text,
    }
    lines = []
    for name, value in constants.items():
        line = f"{name} = {_literal(value)}"
        note = _NOTES.get(name, "")
        lines.append(f"{line:<32}# {note}" if note else line)
    about = textwrap.fill(
        f"The training of “{title}” on {_one_line(bundle.file_name(config.corpus))}, in plain TensorFlow: "
        "a network that reads a text and learns to expect its next character.",
        width=100,
    )
    return f'''"""{about}

It needs TensorFlow and nothing else (made for versions {_one_line(_versions(config))}). Run it with a text file:

    python this_file.py text.txt

It prints the loss after each epoch, in nats a character, and then writes a sample of its own.
"""

import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
import tensorflow as tf

# Everything that can be set

''' + "\n".join(lines)


_NOTES = {
    "CODE_POINTS": "the alphabet is code points 0 to 254, in place of the text's characters",
    "LOWER_CASE": "capitals are read as small letters",
    "EMBEDDING": "numbers a character; 0 feeds the network one-hot characters",
    "EMBEDDING_RANGE": "before training its numbers lie between minus and plus this",
    "CONTEXT": "characters that it can look back",
    "MINUTES": "where it is a number, the budget in place of EPOCHS",
    "PATIENCE": "end when validation has not improved for so many epochs",
    "SHIFT": "characters from chunk to chunk; 0: side by side",
    "STEPS_PER_EPOCH": "0: once through the text",
    "STATE_RESETS": "share of the streams that begin anew at each step",
    "CLIP_NORM": "gradients are scaled down to this length",
    "VALIDATION_SHARE": "of the text, its end; never learned from",
}


def _literal(value: object) -> str:
    """A value as Python source on one line that is plain ASCII."""
    return ascii(value)


def _versions(config: RunConfig) -> str:
    found = [f"{name} {config.versions[name]}" for name in ("tensorflow", "keras") if name in config.versions]
    return ", ".join(found) or "tensorflow 2.21, keras 3.15"


def _one_line(text: str) -> str:
    """A text from people as it can stand in a docstring: nothing in it can end it."""
    kept = "".join(character if character.isprintable() else " " for character in text)
    return kept.replace("\\", "/").replace('"', "'")[:200]
