"""From a text, a model and its training to a run that can start: settings too large for the text are lowered.

A `RunPlan` is made once and serves the preview of a run as well as its start.
"""

from __future__ import annotations

import importlib.metadata
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

import charlab
from charlab.core import kinds, ngram, summary
from charlab.core.config import ModelConfig, TrainConfig
from charlab.core.vocab import MAX_ALPHABET, Vocab
from charlab.corpora import batching, catalogue, coverage, splits, stored_texts
from charlab.corpora.coverage import Coverage
from charlab.corpora.encoding import in_alphabet, make_vocab, mapped, split_at, text_ids
from charlab.corpora.first_words import first_words
from charlab.corpora.uploads import MINIMUM_CHARACTERS, Text
from charlab.errors import ConfigError, CorpusError
from charlab.runs import control, devices, models, quotas, store, validation
from charlab.runs.permissions import Actor
from charlab.runs.presets import preset

Known = TypeVar("Known")
_MIN_STEPS = 4  # of an epoch, where the text is short


@dataclass(frozen=True)
class TextFacts:
    """What a plan needs to know of a text, without the text itself. `ids` [T] are the text as the model reads it,
    `coverage` tells what its alphabet leaves out, and `fitting` which alphabet would read more."""

    name: str
    title: str
    characters: int  # T: what the alphabet drops is not counted
    vocabulary_size: int
    vocab: Vocab | None = None  # None for a text that is not on this machine yet: its sizes are approximate
    sha256: str = ""
    notes: tuple[str, ...] = ()  # on how the text was read
    first_words: str = ""
    reading: dict[str, Any] = field(default_factory=dict)  # of a file, for the run's configuration
    ids: np.ndarray | None = field(default=None, repr=False, compare=False)
    coverage: Coverage | None = None
    fitting: str = ""  # a sentence, where the alphabet reads too little

    def known_vocab(self) -> Vocab:
        """The vocabulary. Raises CorpusError where the text is not on this machine yet."""
        return self._known(self.vocab)

    def known_ids(self) -> np.ndarray:
        """The ids [T]. Raises CorpusError where the text is not on this machine yet."""
        return self._known(self.ids)

    def _known(self, fact: Known | None) -> Known:
        if fact is None:
            raise CorpusError(f"{self.title} is not on this machine yet: load it before a run on it starts.")
        return fact


def text_facts(text: Text, model: ModelConfig) -> TextFacts:
    """The facts of a text, read with the model's alphabet."""
    vocab = make_vocab(text.text, model)
    ids, found = coverage.read(text.text, vocab, model)
    return TextFacts(
        text.name,
        text.title,
        len(ids),
        len(vocab),
        vocab,
        text.sha256,
        tuple(text.notes),
        first_words(text.text),
        text.reading,
        ids,
        found,
        _fitting(text.text, model) if found.is_little else "",
    )


def expected_facts(corpus: catalogue.Corpus, model: ModelConfig) -> TextFacts:
    """What the catalogue says of a text that is not on this machine yet."""
    is_fixed = model.alphabet == "code-points"
    characters = min(corpus.alphabet_size, model.alphabet_limit)
    size = len(Vocab.from_code_points()) if is_fixed else characters + 1  # one for unknown characters
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
    validation: tuple[str, ...] = ()  # what the validation set measures, in sentences

    @property
    def coverage(self) -> tuple[str, ...]:
        """Sentences on what the alphabet leaves out of the text; two where that is a warning."""
        found = self.text.coverage
        return tuple(filter(None, (found.sentence(), self.text.fitting))) if found else ()

    def alphabet_cost(self) -> tuple[int, int]:
        """How many of a network's parameters are there for the alphabet, in its input and output layers, and how
        many there are in all. Raises ModelError for an n-gram model."""
        model, size = self.model, self.text.vocabulary_size
        of_all = summary.parameter_count(model, size)
        return size * (of_all - summary.parameter_count(model, size - 1)), of_all

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
            notes=self.text.notes + self.coverage + self.notes + self.validation,
            versions=devices.versions(versions()) if self.train.accelerator == devices.NAME else versions(),
            reading=self.text.reading,
            coverage=self.text.coverage,
            corpus_title=self.text.title if stored_texts.is_name(self.text.name) else "",
        )

    def create(self, actor: Actor, folder: Path | None = None) -> store.Run:
        """Make the run directory, in the queue; the run is the actor's. Raises CorpusError where the text is not
        on this machine yet, ConfigError where it is for a device that cannot train it, and RunError where the
        actor may not have one more run in the queue."""
        config = replace(self.config(), owner=actor.owner)
        devices.check(config, self.text.vocabulary_size)
        with quotas.joining_queue(actor, config, folder):
            return store.create(config, self.text.known_vocab(), folder)


def plan_run(
    text: Text | TextFacts,
    preset_name: str,
    model: ModelConfig | None = None,
    train: TrainConfig | None = None,
    *,
    name: str = "",
    examine: Callable[[TextFacts, TrainConfig], tuple[str, ...]] | None = None,
) -> RunPlan:
    """Plan a run on this text: of the preset, or of the model and the training given in place of its own.

    `examine` says what the validation set measures, by default `examined`; a page has that cached.
    Raises CorpusError where the alphabet leaves out so much of the text that there is nothing to learn from, or
    where the text cannot be split as the training says.
    """
    chosen = preset(preset_name)
    model, train = model or chosen.model, train or chosen.train
    facts = text_facts(text, model) if isinstance(text, Text) else text
    _check_readable(facts, train)
    model, train, notes = fit_to_text(model, train, facts.characters, facts.vocabulary_size)
    if kinds.of(model).trained:
        notes += _about_batches(train, split_at(facts.characters, train.validation_share))
    if not train.seed_text:
        train = train.replace(seed_text=facts.first_words)
    elif facts.vocab and (seed_text := in_alphabet(train.seed_text, facts.vocab)) != train.seed_text:
        train = train.replace(seed_text=seed_text)
        notes += ("Accents of the prompt were put in the form that the text has.",)
    name = control.checked_name(name) if name else control.shortened(f"{chosen.title} on {facts.title}")
    said = (examine or examined)(facts, train) if facts.ids is not None else ()
    return RunPlan(facts, preset_name, model, train, notes, name, said)


def examined(facts: TextFacts, train: TrainConfig) -> tuple[str, ...]:
    """Sentences on what the validation set of a text on this machine measures."""
    return validation.findings(facts.known_ids(), facts.known_vocab(), train)


def _check_readable(facts: TextFacts, train: TrainConfig) -> None:
    """Raises CorpusError, with an alphabet that would fit, where too little of the text can be read."""
    found, ids = facts.coverage, facts.ids
    if found is None or ids is None or found.is_whole:
        return
    if found.share < coverage.REFUSE_BELOW:
        problem = "That is too little to learn from."
    elif found.dropped and len(ids) < MINIMUM_CHARACTERS:
        problem = f"The {len(ids):,} characters that remain are too few: a text needs {MINIMUM_CHARACTERS:,}."
    elif ids.min() == ids.max():
        problem = "All characters that remain are the same: there is nothing to predict."
    elif unread := _unread_part(facts, train):
        problem = f"It can read nothing of the {unread} set."
    else:
        return
    raise CorpusError(" ".join(filter(None, (found.sentence(), problem, facts.fitting))))


def _unread_part(facts: TextFacts, train: TrainConfig) -> str:
    """The part of the text, training or validation, in which no character can be predicted; else ""."""
    vocab, ids = facts.known_vocab(), facts.known_ids()
    unknown = int((ids == vocab.unknown_id).sum())
    if unknown < (len(ids) - split_at(len(ids), train.validation_share)) // 2 - 1:
        return ""  # at once, for a page: every part is longer than that
    division = splits.divide(ids, vocab, train)
    parts = {"training": division.training, "validation": division.validation}
    return next((name for name, ids in parts.items() if not (ids[1:] != vocab.unknown_id).any()), "")


def _fitting(text: str, model: ModelConfig) -> str:
    """A sentence that offers an alphabet which reads more of a text, and how to choose it."""
    limit, share = coverage.fitting_limit(text, model.lower_case)
    of_corpus = model.alphabet == "corpus"
    if of_corpus and limit <= model.alphabet_limit:
        return "No alphabet that a model can have reads more of it. Choose another text."
    words = "Raise the alphabet limit to" if of_corpus else "Choose the alphabet “corpus” with a limit of"
    options = ("" if of_corpus else "--set alphabet=corpus ") + f"--set alphabet_limit={limit}"
    more = " or more" if limit < MAX_ALPHABET else ""
    return (
        f"{words} {limit:,} characters{more}, in the advanced settings or with {options}: then it can read "
        f"{coverage.percent(share)}."
    )


def run_ids(config: store.RunConfig, vocab: Vocab) -> np.ndarray:
    """The ids of a run's corpus. Raises CorpusError where its text is not the one it was planned for."""
    return mapped(text_ids(models.training_text(config).text, vocab, config.model))


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


def _about_batches(train: TrainConfig, characters: int) -> tuple[str, ...]:
    """A note where one batch has more characters than there are to train on. Raises CorpusError where there is no
    batch: now rather than when training begins."""
    batching.offsets(train, characters, epoch=0)
    in_batch = train.batch_size * train.sequence_length
    if in_batch <= characters:
        return ()
    return (
        f"A batch of {train.batch_size:,} windows of {train.sequence_length} characters is longer than the text, "
        f"which has {characters:,} characters to train on: each step reads all of it about "
        f"{in_batch / characters:.2g} times. A smaller batch size learns as much in less time.",
    )


def versions() -> dict[str, str]:
    """The versions of the libraries in use; one that is not installed is left out."""
    found = {package: _version(package) for package in ("tensorflow", "keras", "numpy")}
    return {"charlab": charlab.__version__} | {package: version for package, version in found.items() if version}


@cache  # a process goes on with the libraries that it began with
def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


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
