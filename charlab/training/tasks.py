"""What a run learns, as the training loop sees it: its batches, what is evaluated, and what people see of it.

The loop, the recorder and the worker know only a Task. Language models have theirs in text_task.py, and each lab
has one in its train.py: a Trainer makes it, with the learner that fits it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from charlab.core.predictor import Predictor
from charlab.core.vocab import Vocab
from charlab.corpora.batching import ValidationRows
from charlab.runs.store import RunConfig

if TYPE_CHECKING:
    from charlab.training.learner import Learner
    from charlab.training.learners import Learners


class Task(ABC):
    """Batches and evaluated rows of one run. What a row's columns mean is between the task and its learner.

    `validation` is evaluated after each epoch, and `sample`, from the training set, in the same way.
    """

    steps_per_epoch: int
    characters_per_step: int  # which the speed is measured in
    validation: ValidationRows
    sample: ValidationRows

    @abstractmethod
    def rows(self, step: int) -> np.ndarray:
        """The batch of a step, counted from 0 over all epochs: [B, _] int32. A function of the run's configuration
        and the step alone, so that a resumed run goes on with exactly the next batch."""

    def more_figures(self, learner: Learner) -> dict[str, float]:
        """What else is measured after each epoch, by the names that metrics.jsonl and the results have."""
        return {}

    def shown(self, weights: dict[str, np.ndarray]) -> tuple[Predictor, Vocab, str] | None:
        """With which predictor, alphabet and prompt a text is generated after each epoch; None where none is."""
        return None


@dataclass(frozen=True)
class Trainer:
    """How runs of one kind of task are trained: `read` returns what they learn from, without TensorFlow, and
    `build` the task and a learner at its beginning. Both raise a CharlabError where that is impossible."""

    read: Callable[[RunConfig, Vocab], Any]
    build: Callable[[RunConfig, Vocab, Any, Learners], tuple[Task, Learner]]
