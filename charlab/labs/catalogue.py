"""The labs: each is a task beside language models, with its network, its recipe, and a small model that ships.

A lab's run is a run like any other: its configuration names the lab as its `task`, and the worker finds in
trainers.py how it is trained. Here is what is known of a lab without TensorFlow.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from charlab.core.config import ModelConfig, TrainConfig
from charlab.core.vocab import Vocab
from charlab.errors import ConfigError
from charlab.labs.dates import data as dates_data
from charlab.labs.dates import network as dates_network
from charlab.labs.reber import data as reber_data
from charlab.labs.reber import network as reber_network
from charlab.labs.sentiment import data as sentiment_data
from charlab.labs.sentiment.forms import Form
from charlab.runs import control, devices, limits, plan, quotas, schema, store, watch
from charlab.runs.permissions import Actor
from charlab.runs.store import Run, RunConfig
from charlab.runs.watch import KnownRun

SHIPPED = Path(__file__).resolve().parent / "models"
SETTINGS = (  # that may differ from the recipe
    "epochs", "minutes", "learning_rate", "beta_1", "batch_size", "steps_per_epoch", "seed", "accelerator",
)  # fmt: skip


@dataclass(frozen=True)
class Recipe:
    """One version of a lab's network, and how long it trains."""

    title: str
    epochs: int


@dataclass(frozen=True)
class Lab:
    """What is known of a lab: its words, its recipe, and the alphabet and checksum of its data."""

    name: str
    title: str
    question: str  # that it answers, as its card asks it
    about: str
    data_title: str
    letters: str
    model: ModelConfig
    train: TrainConfig
    sha256: Callable[[int], str]  # of the data that are drawn from a seed
    # Versions of its network; a run's configuration names its version as its preset.
    versions: Mapping[str, Recipe] = field(default_factory=dict)
    preset: str = ""  # of the runs; "": the lab's name
    # Of a lab with more choices than a list has: what a version changes, and the vocabulary of its runs by version
    # and seed. It raises a CharlabError where that is made of data that are not here.
    changes: Callable[[str], Mapping[str, Any]] | None = None
    read_vocab: Callable[[str, int], Vocab] | None = None
    # Further models that ship, each with the options of the command that trains it
    further: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def version(self, name: str) -> Lab:
        """The lab with the recipe of one of its versions, whose title its runs have. Raises ConfigError with the
        names there are."""
        if self.changes:
            return replace(self, preset=name, **self.changes(name))
        if name not in self.versions:
            raise ConfigError(f"There is no version {name!r}. Versions: {', '.join(self.versions)}.")
        recipe = self.versions[name]
        return replace(self, title=recipe.title, preset=name, train=self.train.replace(epochs=recipe.epochs))

    def config(self, name: str = "", **settings: object) -> RunConfig:
        """A run's configuration: the recipe, with some of SETTINGS changed. Raises ConfigError for others, and
        RunError for a name that a run cannot have."""
        if others := sorted(set(settings) - set(SETTINGS)):
            raise ConfigError(f"The lab's settings are {', '.join(SETTINGS)}. Received: {others[0]!r}.")
        train = self.train.replace(**settings)
        return RunConfig(
            name=control.checked_name(name or self.title),
            preset=self.preset or self.name,
            corpus=f"lab:{self.name}",
            corpus_sha256=self.sha256(train.seed),
            model=self.model,
            train=train,
            created=time.time(),
            versions=plan.versions(),
            corpus_title=self.data_title,
            task=self.name,
        )

    def vocab(self, config: RunConfig | None = None) -> Vocab:
        """The alphabet of a run, for its directory; how letters or words become ids is the lab's own. Raises a
        CharlabError where it is made of data that are not here."""
        if self.read_vocab is None:
            return Vocab(self.letters)
        return self.read_vocab(*((config.preset, config.train.seed) if config else (self.preset, self.train.seed)))

    def create(self, config: RunConfig, actor: Actor, folder: Path | None = None) -> Run:
        """Make the run directory, in the queue; the run is the actor's. Raises RunError where the actor may not
        have one more run there."""
        config = replace(config, owner=actor.owner, train=limits.within_cap(config.train))
        devices.check(config)
        vocab = self.vocab(config)
        with quotas.joining_queue(actor, config, folder):
            return store.create(config, vocab, folder)

    def runs(self, folder: Path | None = None) -> tuple[KnownRun, ...]:
        """The lab's runs, newest first."""
        return watch.listing(folder).get(watch.of_task, self.name)

    @property
    def shipped(self) -> Run:
        """The trained model that ships with the lab, as a run's directory."""
        return Run(SHIPPED / self.name)

    @property
    def further_models(self) -> dict[str, Run]:
        """The further models that ship, by name."""
        return {name: Run(SHIPPED / f"{self.name}-{name}") for name in self.further}


def _changes_of_form(code: str) -> dict[str, Any]:
    form = Form.from_code(code)
    return {
        "title": form.title,
        "data_title": sentiment_data.SOURCES[form.texts].title,
        "model": form.model,
        "train": form.train,
        "sha256": lambda seed: sentiment_data.sha256(form),
    }


LABS = {
    lab.name: lab
    for lab in (
        Lab(
            name="reber",
            title="Reber grammar",
            question="Can a network remember one letter?",
            about="It judges whether a string follows a grammar, and must remember its second letter until the "
            "last but one.",
            data_title="Strings of the embedded Reber grammar",
            letters=reber_data.LETTERS,
            model=reber_network.MODEL,
            train=TrainConfig(
                epochs=20,
                batch_size=32,
                sequence_length=reber_data.LENGTH,
                optimizer="sgd",
                learning_rate=0.02,
                beta_1=0.95,
            ),
            sha256=lambda seed: reber_data.draw(seed).sha256,
        ),
        Lab(
            name="dates",
            title="Dates",
            question="How does a network translate?",
            about="A network reads a date in words, for example April 22, 2019, and another one writes "
            "2019-04-22. The versions differ in what the second learns of the date.",
            data_title="Dates in words and in ISO form",
            letters=dates_data.INPUT_CHARS,
            model=dates_network.MODEL,
            train=TrainConfig(
                epochs=3,
                batch_size=32,
                sequence_length=dates_data.WRITTEN,
                learning_rate=0.003,
                learning_rate_schedule="cosine",
                embedding_range=0.5,
            ),
            sha256=lambda seed: dates_data.draw(seed).sha256,
            versions={
                name: Recipe(dates_network.VERSIONS[name].title, epochs)
                for name, epochs in dates_network.EPOCHS.items()
            },
            preset=next(iter(dates_network.EPOCHS)),
            # Which is not sure yet: a beam search finds what greedy writing misses.
            further={"half-trained": ("--version", "teacher", "--epochs", "3", "--learning-rate", "0.001")},
        ),
        Lab(
            name="sentiment",
            title="Film reviews",
            question="What makes a review positive?",
            about="A network judges a review after every word. What does each word contribute?",
            data_title=sentiment_data.SOURCES["sentences"].title,
            letters="",
            model=Form().model,
            train=Form().train,
            sha256=lambda seed: sentiment_data.sha256(Form()),
            preset=Form().code,
            changes=_changes_of_form,
            read_vocab=lambda code, seed: sentiment_data.of_form(Form.from_code(code), seed).words,
            further={"mean": ("--network", "mean")},
        ),
    )
}


def find(name: str) -> Lab:
    """The lab of that name. Raises ConfigError with the names there are."""
    if name not in LABS:
        raise ConfigError(f"There is no lab {name!r}. Labs: {', '.join(LABS)}.")
    return LABS[name]


def find_run(lab: Lab, name: str = "") -> Run:
    """The lab's run of that id, the further model of that name, or the model that ships with it. Raises RunError
    or ConfigError."""
    shipped = lab.further_models | {"": lab.shipped}
    run = shipped[name] if name in shipped else store.find(name)
    if (task := run.config().task) != lab.name:
        whose = f"the lab “{task}”" if task else "the Train page"
        raise ConfigError(f"{run.called} belongs to {whose}. Choose a run of the lab “{lab.name}”.")
    return run


def figures_of_best(run: Run) -> dict[str, float]:
    """What a lab measures beside loss and accuracy, of the run's best weights; of a model that ships, they are in
    its status. Raises RunError where the run cannot be read."""
    status = run.status()
    own = {name: value for name, value in status.results.items() if name not in schema.RESULTS}
    at_best = [
        event for event in run.events()[0] if event["event"] == "epoch" and _is_of(event, status.best_epoch)
    ]
    return {name: at_best[-1][name] for name in own if name in at_best[-1]} if at_best else own


def _is_of(event: dict[str, Any], best_epoch: int | None) -> bool:
    """Whether an evaluation is that of the best epoch, which may have been ended in the middle."""
    return best_epoch is not None and math.ceil(event["epoch"]) == best_epoch
