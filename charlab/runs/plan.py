"""From a text, a model and its training to a run that can start: settings too large for the text are lowered.

A `RunPlan` is made once and serves the preview of a run as well as its start.
"""

from __future__ import annotations

import importlib.metadata
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import charlab
from charlab.core import kinds, ngram
from charlab.core.config import ModelConfig, TrainConfig
from charlab.core.vocab import Vocab
from charlab.corpora import catalogue, splits
from charlab.corpora.encoding import in_alphabet, make_vocab, mapped, split_at, text_ids
from charlab.corpora.uploads import Text
from charlab.errors import ConfigError, CorpusError
from charlab.runs import control, store
from charlab.runs.presets import preset

_MIN_STEPS = 4  # of an epoch, where the text is short


@dataclass(frozen=True)
class TextFacts:
    """What a plan needs to know of a text, without the text itself."""

    name: str
    title: str
    characters: int
    vocabulary_size: int
    vocab: Vocab | None = None  # None for a text that is not on this machine yet: its sizes are approximate
    sha256: str = ""
    notes: tuple[str, ...] = ()  # on how the text was read
    first_words: str = ""
    reading: dict[str, Any] = field(default_factory=dict)  # of a file, for the run's configuration

    def known_vocab(self) -> Vocab:
        """The vocabulary. Raises CorpusError where the text is not on this machine yet."""
        if self.vocab is None:
            raise CorpusError(f"{self.title} is not on this machine yet: load it before a run on it starts.")
        return self.vocab


def text_facts(text: Text, model: ModelConfig) -> TextFacts:
    """The facts of a text, read with the model's alphabet."""
    vocab = make_vocab(text.text, model)
    return TextFacts(
        text.name,
        text.title,
        len(text.text),
        len(vocab),
        vocab,
        text.sha256,
        tuple(text.notes),
        first_words(text.text),
        text.reading,
    )


def expected_facts(corpus: catalogue.Corpus, model: ModelConfig) -> TextFacts:
    """What the catalogue says of a text that is not on this machine yet."""
    is_fixed = model.alphabet == "code-points"
    size = len(Vocab.from_code_points()) if is_fixed else corpus.alphabet_size + 1  # one for unknown characters
    return TextFacts(corpus.name, corpus.title, corpus.characters, size)


@dataclass(frozen=True)
class RunPlan:
    """A run before its start: its text, and model and training as they will be, lowered to fit the text."""

    text: TextFacts
    preset: str
    model: ModelConfig
    train: TrainConfig
    notes: tuple[str, ...]  # what was lowered, in sentences
    name: str
    owner: str = ""

    def config(self) -> store.RunConfig:
        """The run's configuration, created now."""
        return store.RunConfig(
            name=self.name,
            preset=self.preset,
            corpus=self.text.name,
            corpus_sha256=self.text.sha256,
            model=self.model,
            train=self.train,
            created=time.time(),
            owner=self.owner,
            notes=self.text.notes + self.notes,
            versions=versions(),
            reading=self.text.reading,
        )

    def create(self, folder: Path | None = None) -> store.Run:
        """Make the run directory, in the queue. Raises CorpusError where the text is not on this machine yet."""
        return store.create(self.config(), self.text.known_vocab(), folder)


def plan_run(
    text: Text | TextFacts,
    preset_name: str,
    model: ModelConfig | None = None,
    train: TrainConfig | None = None,
    *,
    name: str = "",
    owner: str = "",
) -> RunPlan:
    """Plan a run on this text: of the preset, or of the model and the training given in place of its own."""
    chosen = preset(preset_name)
    model, train = model or chosen.model, train or chosen.train
    facts = text_facts(text, model) if isinstance(text, Text) else text
    if isinstance(text, Text) and train.split != "end":  # refused now rather than when training begins
        splits.divide(text_ids(text.text, facts.known_vocab(), model), facts.known_vocab(), train)
    model, train, notes = fit_to_text(model, train, facts.characters, facts.vocabulary_size)
    if not train.seed_text:
        train = train.replace(seed_text=facts.first_words)
    elif facts.vocab and (seed_text := in_alphabet(train.seed_text, facts.vocab)) != train.seed_text:
        train = train.replace(seed_text=seed_text)
        notes += ("Accents of the prompt were put in the form that the text has.",)
    name = control.checked_name(name) if name else control.shortened(f"{chosen.title} on {facts.title}")
    return RunPlan(facts, preset_name, model, train, notes, name, owner)


def run_ids(config: store.RunConfig, vocab: Vocab) -> np.ndarray:
    """The ids of a run's corpus. Raises CorpusError where its text is not the one it was planned for."""
    text = catalogue.load(config.corpus, sha256=config.corpus_sha256)
    if text.sha256 != config.corpus_sha256:
        raise CorpusError(
            f"The text of {config.corpus!r} is not the one that this run was made for (its checksum differs). "
            "Start a new run on the text as it is now."
        )
    return mapped(text_ids(text.text, vocab, config.model))


def fit_to_text(
    model: ModelConfig, train: TrainConfig, characters: int, vocabulary_size: int
) -> tuple[ModelConfig, TrainConfig, tuple[str, ...]]:
    """Lower window and batch if the text is too short for them, and the order if the alphabet is too large."""
    notes = []
    if train.split == "blocks" and splits.blocks(characters, train.validation_share) == 1:
        notes.append("The validation set is the end of the text: the text is too short for several blocks.")
        train = train.replace(split="end")
    if not kinds.of(model).trained:
        longest = ngram.longest_order(vocabulary_size)
        if model.order > longest:
            notes.append(
                f"The n-gram order was lowered from {model.order} to {longest}: longer n-grams over this "
                f"alphabet ({vocabulary_size} characters) do not fit in 64 bits."
            )
            model = model.replace(order=longest)
        return model, train, tuple(notes)
    context = kinds.of(model).context(model)
    if context is not None and train.sequence_length > context:
        notes.append(f"The window was shortened to the model's context, {context} characters.")
        train = train.replace(sequence_length=context)
    available = split_at(characters, train.validation_share)
    window = min(train.sequence_length, max(1, available // 8))
    if window < train.sequence_length:
        notes.append(
            f"The window was shortened from {train.sequence_length} to {window} characters: the text has "
            f"{available:,} to train on."
        )
        train = train.replace(sequence_length=window)
    if train.batches != "windows":  # random windows may overlap; the others may not
        rows = (available - window - 1) // (train.shift or window + 1) + 1
        batch = min(train.batch_size, max(1, rows // _MIN_STEPS))
        if batch < train.batch_size:
            notes.append(
                f"The batch size was lowered from {train.batch_size} to {batch} rows: the text has {rows:,} "
                f"windows of {window} characters."
            )
            train = train.replace(batch_size=batch)
    return model, train, tuple(notes)


def first_words(text: str, length: int = 24) -> str:
    """A seed text that suits a corpus: its first line, cut to `length` characters."""
    line = text.lstrip().split("\n", 1)[0][:length]
    return line + ("\n" if len(line) < length else "")


def versions() -> dict[str, str]:
    """The versions of the libraries in use; one that is not installed is left out."""
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
        if key in model.to_json():
            model = model.replace(**{key: value})
        elif key in train.to_json():
            train = train.replace(**{key: value})
        else:
            names = ", ".join(sorted([*model.to_json(), *train.to_json()]))
            raise ConfigError(f"There is no setting {key!r}. There are: {names}.")
    return model, train
