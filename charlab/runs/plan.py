"""From a text, a model and a way to train it to a run that can start: what has to shrink shrinks, and is said.

Knows corpora, vocabularies and configurations; nothing of TensorFlow or processes.
"""

from __future__ import annotations

import importlib.metadata
import shlex
import tempfile
import time

import numpy as np

import charlab
from charlab.core import ngram
from charlab.core.config import ModelConfig, SampleConfig, TrainConfig
from charlab.core.predictor import parameter_count
from charlab.core.vocab import Vocab
from charlab.corpora import catalogue
from charlab.errors import ConfigError, CorpusError
from charlab.runs import store
from charlab.runs.presets import preset

_STEPS_AT_LEAST = 4  # an epoch should have so many, where the text is short


def plan(
    text: catalogue.Text,
    preset_name: str,
    model: ModelConfig | None = None,
    train: TrainConfig | None = None,
    *,
    name: str = "",
    owner: str = "",
) -> tuple[store.RunConfig, Vocab]:
    """What a run on this text will be: the preset, or the model and training given in place of its own."""
    chosen = preset(preset_name)
    model, train = model or chosen.model, train or chosen.train
    vocab = make_vocab(text.text, model)
    model, train, notes = fit_to_text(model, train, len(text.text), len(vocab))
    if not train.seed_text:
        train = train.replace(seed_text=first_words(text.text))
    config = store.RunConfig(
        name=name or f"{chosen.title} on {text.title}",
        preset=preset_name,
        corpus=text.name,
        corpus_sha256=text.sha256,
        model=model,
        train=train,
        created=time.time(),
        owner=owner,
        notes=tuple(text.notes) + notes,
        versions=versions(),
    )
    return config, vocab


def make_vocab(text: str, model: ModelConfig) -> Vocab:
    """The alphabet that a model reads this text with."""
    if model.alphabet == "code-points":
        return Vocab.from_code_points()
    return Vocab.from_text(text, model.lower_case)


def text_ids(text: str, vocab: Vocab, model: ModelConfig) -> np.ndarray:
    """A text as the model is fed it: ids [T]. With code points, characters above them are left out, as in the
    Cloud TPU notebook."""
    ids = vocab.encode(text)
    return ids[ids != vocab.unknown_id] if model.alphabet == "code-points" else ids


def run_ids(config: store.RunConfig, vocab: Vocab) -> np.ndarray:
    """The ids of a run's corpus. Raises CorpusError where the text is no longer the one it was planned for."""
    text = catalogue.load(config.corpus)
    if text.sha256 != config.corpus_sha256:
        raise CorpusError(
            f"The text of {config.corpus!r} is not the one that this run was made for (its checksum differs). "
            "Start a new run on the text as it is now."
        )
    return mapped(text_ids(text.text, vocab, config.model))


def mapped(ids: np.ndarray) -> np.ndarray:
    """The same ids, read from a temporary file as they are needed: a long text need not fit into memory."""
    with tempfile.TemporaryFile() as file:
        ids.tofile(file)
        file.flush()
        return np.memmap(file, ids.dtype, "r", shape=ids.shape)  # the file lives as long as the map


def split_at(characters: int, validation_share: float) -> int:
    """Where validation begins: what lies before is trained on."""
    return characters - max(2, round(characters * validation_share))


def fit_to_text(
    model: ModelConfig, train: TrainConfig, characters: int, vocabulary_size: int
) -> tuple[ModelConfig, TrainConfig, tuple[str, ...]]:
    """Shrink window and batch where the text is short for them, and the order where the alphabet is large."""
    notes = []
    if model.kind == "ngram":
        longest = ngram.longest_order(vocabulary_size)
        if model.order > longest:
            notes.append(
                f"The n-gram order was lowered from {model.order} to {longest}: longer ones of this "
                f"alphabet ({vocabulary_size} characters) do not fit in 64 bits."
            )
            model = model.replace(order=longest)
        return model, train, tuple(notes)
    if model.kind == "transformer" and train.sequence_length > model.context:
        notes.append(f"The window was shortened to the model's context, {model.context} characters.")
        train = train.replace(sequence_length=model.context)
    available = split_at(characters, train.validation_share)
    window = min(train.sequence_length, max(1, available // 8))
    if window < train.sequence_length:
        notes.append(
            f"The window was shortened from {train.sequence_length} to {window} characters: the text has "
            f"{available:,} to train on."
        )
        train = train.replace(sequence_length=window)
    if train.batches != "windows":  # random windows may overlap; the others must find room side by side
        rows = (available - window - 1) // (train.shift or window + 1) + 1
        batch = min(train.batch_size, max(1, rows // _STEPS_AT_LEAST))
        if batch < train.batch_size:
            notes.append(
                f"The batch was made smaller, from {train.batch_size} to {batch} rows: the text has {rows:,} "
                f"windows of {window} characters."
            )
            train = train.replace(batch_size=batch)
    return model, train, tuple(notes)


def first_words(text: str, length: int = 24) -> str:
    """A seed text that suits a corpus: its first line, or what of it fits."""
    line = text.lstrip().split("\n", 1)[0][:length]
    return line + ("\n" if len(line) < length else "")


def describe_parameters(model: ModelConfig, vocabulary_size: int) -> str:
    if model.kind == "ngram":
        return f"counts of up to {model.order} characters"
    return f"{parameter_count(model, vocabulary_size) / 1e6:.2f} M parameters"


def versions() -> dict[str, str]:
    """The libraries that a run was made with; one that is not installed is left out."""
    found = {"charlab": charlab.__version__}
    for package in ("tensorflow", "keras", "numpy"):
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def command(config: store.RunConfig) -> str:
    """The command line that trains the same run: the preset, and what differs from it."""
    chosen = preset(config.preset)
    changed = {
        name: value
        for name, value in (config.model.to_json() | config.train.to_json()).items()
        if value != (chosen.model.to_json() | chosen.train.to_json())[name]
    }
    words = ["python -m charlab train", "--corpus", shlex.quote(config.corpus), "--preset", config.preset]
    for name in ("minutes", "epochs", "accelerator", "seed"):
        if name in changed and not (name == "epochs" and "minutes" in changed):
            words += [
                f"--{name}",
                f"{changed[name]:g}" if isinstance(changed[name], float) else str(changed[name]),
            ]
        changed.pop(name, None)
    changed.pop("seed_text", None)  # made from the text where none was given
    for name, value in changed.items():
        words += ["--set", shlex.quote(f"{name}={'none' if value is None else value}")]
    return " ".join(words)


def writing_command(model: str, which: str, seed_text: str, config: SampleConfig) -> str:
    """The command line that writes the same texts: a model's name, which of its weights, and what differs from the
    command's own settings."""
    words = ["python -m charlab generate", shlex.quote(model)]
    if which != "best":
        words += ["--weights", which]
    words += ["--seed-text", shlex.quote(seed_text)]
    for name, value in config.to_json().items():
        if value != getattr(SampleConfig(), name):
            words += [f"--{name.replace('_', '-')}", f"{value:g}" if isinstance(value, float) else str(value)]
    return " ".join(words)


def change(model: ModelConfig, train: TrainConfig, settings: dict[str, object]) -> tuple[ModelConfig, TrainConfig]:
    """Apply settings by name to whichever of the two has them. Raises ConfigError for a name that neither has."""
    for key, value in settings.items():
        if hasattr(model, key) and key in model.to_json():
            model = model.replace(**{key: value})
        elif key in train.to_json():
            train = train.replace(**{key: value})
        else:
            names = ", ".join(sorted([*model.to_json(), *train.to_json()]))
            raise ConfigError(f"There is no setting {key!r}. There are: {names}.")
    return model, train
