"""From a text, a model and a way to train it to a run that can start: what has to shrink shrinks, and is said.

Knows corpora, vocabularies and configurations; nothing of TensorFlow or processes.
"""

from __future__ import annotations

import importlib.metadata
import time

import numpy as np

import charlab
from charlab.core import ngram
from charlab.core.config import ModelConfig, TrainConfig
from charlab.core.vocab import Vocab
from charlab.corpora import catalogue
from charlab.corpora.encoding import make_vocab, mapped, split_at, text_ids
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


def run_ids(config: store.RunConfig, vocab: Vocab) -> np.ndarray:
    """The ids of a run's corpus. Raises CorpusError where the text is no longer the one it was planned for."""
    text = catalogue.load(config.corpus)
    if text.sha256 != config.corpus_sha256:
        raise CorpusError(
            f"The text of {config.corpus!r} is not the one that this run was made for (its checksum differs). "
            "Start a new run on the text as it is now."
        )
    return mapped(text_ids(text.text, vocab, config.model))


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


def versions() -> dict[str, str]:
    """The libraries that a run was made with; one that is not installed is left out."""
    found = {"charlab": charlab.__version__}
    for package in ("tensorflow", "keras", "numpy"):
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


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
