"""How the runs of each lab are trained, for the processes that train. TensorFlow is imported when one is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from charlab.core.vocab import Vocab
from charlab.labs.reber import data as reber_data
from charlab.runs.store import RunConfig
from charlab.training.tasks import Task, Trainer

if TYPE_CHECKING:
    from charlab.training.learner import Learner
    from charlab.training.learners import Learners


def _build_reber(
    config: RunConfig, vocab: Vocab, data: reber_data.Data, learners: Learners
) -> tuple[Task, Learner]:
    from charlab.labs.reber import train

    return train.build(config, data, learners)


TRAINERS = {"reber": Trainer(reber_data.of_run, _build_reber)}  # by lab
