"""A run as a standalone Python program: the same training in plain TensorFlow, to read and run without CharLab.

The configuration decides which parts of source code are joined.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

from charlab.core import kinds
from charlab.core.config import SETTINGS
from charlab.corpora import catalogue
from charlab.errors import ModelError
from charlab.runs.store import RunConfig

_PARTS = Path(__file__).parent / "script_parts"


def standalone(config: RunConfig) -> str:
    """The program that trains this configuration. Raises ModelError for an n-gram model, which is counted."""
    if not kinds.of(config.model).trained:
        raise ModelError(
            "An n-gram model is counted, not trained, so there is no TensorFlow program for it. "
            "charlab/core/ngram.py contains all of it, in plain NumPy. "
            "Export a GRU, an LSTM or a Transformer as a script."
        )
    stock, masked, network = _NETWORKS[config.model.kind]
    layer = masked if config.model.recurrent_dropout else stock
    parts = [
        _opening(config),
        *_reading(config),
        _part("text"),
        _part(f"batches_{config.train.batches}"),
        _part(layer) if layer else "",
        _part(network),
        *_training(config),
    ]
    return "\n\n".join(part.strip("\n") + "\n" for part in parts if part)


def _part(name: str) -> str:
    """A part of the program: real Python, in a folder that is read and never imported."""
    source = (_PARTS / f"{name}.py").read_text(encoding="utf-8")
    return source.split("# ---\n", 1)[1]  # the lines above are for readers of the folder


def _reading(config: RunConfig) -> list[str]:
    """What makes a text of a file, in the same steps as for the run."""
    if not config.reading:
        return [_part("read_text")]
    steps = _part("read_text_in_steps")
    if not config.reading.get("without_licence"):
        return [steps]
    return [steps.replace(_DROP, f"    text = without_licence(text)\n{_DROP}"), _part("without_licence")]


def _training(config: RunConfig) -> list[str]:
    """The training, and before it what divides the text where that is more than cutting off its end."""
    training, split = _part("training"), config.train.split
    if split == "end":
        return [training]
    return [_part(f"split_{split}"), training.replace(_CUT, "    training, validation = divide(ids, alphabet)\n")]


def _opening(config: RunConfig) -> str:
    title = _one_line(config.name)
    values = config.model.to_json() | config.train.to_json()
    values["alphabet"] = config.model.alphabet == "code-points"
    lines = []
    for name in _CONSTANTS:
        if config.model.uses(name):
            line = f"{_CALLED.get(name, name).upper()} = {_literal(values[name])}"
            lines.append(f"{line:<32}# {_NOTES.get(name, SETTINGS[name].help)}")
    for name, note in _READING.items() if config.reading else ():
        lines.append(f"{f'{name.upper()} = {_literal(config.reading[name])}':<32}# {note}")
    modules = ["os", "sys", "time"] + (["re", "unicodedata"] if config.reading else [])
    imports = "\n".join(f"import {module}" for module in sorted(modules))
    text = config.corpus_title or catalogue.file_name(config.corpus)
    about = textwrap.fill(
        f"The training of “{title}” on {_one_line(text)}, in plain TensorFlow: "
        "a network that reads a text and learns to predict its next character.",
        width=100,
    )
    return f'''"""{about}

It needs TensorFlow and nothing else (made for versions {_one_line(_versions(config))}). Run it with a text file:

    python this_file.py text.txt

It prints the loss after each epoch, in nats per character, and then a sample of generated text.
"""

{imports}

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
import tensorflow as tf

# Settings

''' + "\n".join(lines)


# The parts that a kind of network is made of: its layer, the same with dropout of its state, and the rest.
_NETWORKS = {
    "gru": ("stock_layer", "masked_gru", "recurrent"),
    "lstm": ("stock_layer", "masked_lstm", "recurrent"),
    "transformer": ("", "", "transformer"),
}
# The settings that the parts of the program read, in the order in which its top has them.
_CONSTANTS = (
    "alphabet", "alphabet_limit", "lower_case", "kind", "layers", "units", "input_dropout", "output_dropout",
    "embedding", "embedding_range", "recurrent_dropout", "heads", "context", "epochs", "minutes", "patience",
    "batch_size", "sequence_length", "shift", "steps_per_epoch", "state_resets", "optimizer", "learning_rate",
    "learning_rate_schedule", "warm_up_steps", "beta_1", "beta_2", "weight_decay", "clip_norm",
    "validation_share", "precision", "seed", "seed_text",
)  # fmt: skip
_CUT = """\
    split = len(ids) - max(2, round(len(ids) * VALIDATION_SHARE))
    training, validation = ids[:split], ids[split:]
"""  # the end of the text, in the training
_DROP = "    dropped = dict"  # control characters, in the reading
_CALLED = {"alphabet": "code_points", "learning_rate_schedule": "schedule"}
_READING = {"encoding": "Of the text file.", "normalise": "Letters are composed with their accents (NFC)."}
_NOTES = {"alphabet": "The alphabet is code points 0 to 254, in place of the text's characters."}


def _literal(value: object) -> str:
    """A value as Python source on one line that is plain ASCII."""
    return ascii(value)


def _versions(config: RunConfig) -> str:
    found = [f"{name} {config.versions[name]}" for name in ("tensorflow", "keras") if name in config.versions]
    return ", ".join(found) or "tensorflow 2.21, keras 3.15"


def _one_line(text: str) -> str:
    """A user's text made safe for a docstring: nothing in it can end the docstring."""
    kept = "".join(character if character.isprintable() else " " for character in text)
    return kept.replace("\\", "/").replace('"', "'")[:200]
