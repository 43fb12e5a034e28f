"""The learners of a process that trains several runs, one after the other: a traced step is used again where a run
needs the same one.

TensorFlow divides a machine once per process, so all runs of a process share one accelerator and one division of
threads.
"""

from __future__ import annotations

import gc
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

from charlab.core import kinds
from charlab.errors import ConfigError
from charlab.runs.store import RunConfig
from charlab.training import strategies
from charlab.training.tasks import Trainer
from charlab.training.text_task import TEXT

if TYPE_CHECKING:
    import tensorflow as tf

    from charlab.training.learner import Learner

# Settings of a TrainConfig that change neither what a Learner computes nor how its weights begin. The learning
# rate is a variable, which each step sets.
OUTSIDE_GRAPH = (
    "epochs", "minutes", "patience", "shift", "steps_per_epoch", "learning_rate", "learning_rate_schedule",
    "warm_up_steps", "validation_share", "split", "accelerator", "seed_text",
)  # fmt: skip


class Learners:
    """Makes the learner of each run; the latest `kept` ones stay, with the arrays that they began with. `trainers`
    are those of tasks other than a language model's, by the task's name in a run's configuration."""

    def __init__(self, kept: int = 0, trainers: Mapping[str, Trainer] | None = None) -> None:
        self._most, self._trainers = kept, {"": TEXT, **(trainers or {})}
        self._kept: dict[Hashable, tuple[Learner, dict[str, Any]]] = {}
        self._division: tuple[str, int] | None = None
        self._strategy: tf.distribute.Strategy | None = None

    @property
    def are_warm(self) -> bool:
        """Whether their process has TensorFlow and trains several runs."""
        return self._most > 0

    def trainer(self, config: RunConfig) -> Trainer:
        """How a run of this configuration is trained. Raises ConfigError where its task is not known here."""
        if config.task not in self._trainers:
            raise ConfigError(
                f"This run belongs to a lab called {config.task!r}, which is not known here. Resume it with the "
                "version of CharLab that made it."
            )
        return self._trainers[config.task]

    def fit(self, config: RunConfig) -> bool:
        """Whether a run would be trained here exactly as in a process of its own. Imports TensorFlow."""
        if not kinds.of(config.model).trained:
            return True
        division = _division(config)
        return division is not None and self._division in (None, division)

    def strategy(self, config: RunConfig) -> tf.distribute.Strategy:
        """The strategy of this process, chosen for its first run: before TensorFlow starts."""
        if self._strategy is None:
            self._strategy = strategies.choose(config.train.accelerator, _row_groups(config))
            self._division = _division(config)
        return self._strategy

    def learner(
        self,
        config: RunConfig,
        vocabulary_size: int,
        skips_unknown: bool = False,
        learner_class: type[Learner] | None = None,
    ) -> Learner:
        """A learner at its beginning: a new one, by default a language model's, or one that is kept, set back."""
        from charlab.training.learner import Learner

        make = learner_class or Learner
        outside = {name: getattr(type(config.train)(), name) for name in OUTSIDE_GRAPH}
        key = (make, config.model, config.train.replace(**outside), vocabulary_size, skips_unknown)
        if known := self._kept.pop(key, None):
            learner, beginning = known
            learner.begin_again(beginning, config.train)
        else:
            self._make_room()
            learner = make(config.model, config.train, vocabulary_size, self.strategy(config), skips_unknown)
            beginning = learner.arrays() if self._most else {}
        if self._most:
            self._kept[key] = learner, beginning
        return learner

    def _make_room(self) -> None:
        while self._kept and len(self._kept) >= self._most:
            del self._kept[next(iter(self._kept))]
            gc.collect()


def _division(config: RunConfig) -> tuple[str, int] | None:
    """The accelerator and into how many groups of rows threads are divided; None for accelerators that divide the
    machine in a way of their own."""
    name = strategies.resolve(config.train.accelerator)
    if name == "cpu":
        return name, _row_groups(config)
    return (name, 1) if name == "gpu" else None


def _row_groups(config: RunConfig) -> int:
    from charlab.training.learner import row_groups

    return row_groups(config.model, config.train.batch_size)
