"""How the runs of each lab are trained and exported, for processes that may import TensorFlow when they do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from charlab.core.predictor import Weights
from charlab.core.vocab import Vocab
from charlab.labs.dates import data as dates_data
from charlab.labs.reber import data as reber_data
from charlab.labs.sentiment import data as sentiment_data
from charlab.labs.sentiment.forms import Form
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


def _build_dates(
    config: RunConfig, vocab: Vocab, data: dates_data.Data, learners: Learners
) -> tuple[Task, Learner]:
    from charlab.labs.dates import train

    return train.build(config, data, learners)


def _build_sentiment(
    config: RunConfig, vocab: Vocab, data: sentiment_data.Data, learners: Learners
) -> tuple[Task, Learner]:
    from charlab.labs.sentiment import train

    return train.build(config, data, learners)


def _write_reber(path: Path, config: RunConfig, weights: Weights) -> None:
    from charlab.labs.reber import train

    train.write_keras(path, config.model, weights)


def _write_dates(path: Path, config: RunConfig, weights: Weights) -> None:
    from charlab.labs.dates import stock

    stock.write_keras(path, config.model, weights)


def _write_sentiment(path: Path, config: RunConfig, weights: Weights) -> None:
    from charlab.labs.sentiment import train

    train.write_keras(path, Form.from_code(config.preset), weights)


TRAINERS = {  # by lab
    "reber": Trainer(reber_data.of_run, _build_reber),
    "dates": Trainer(dates_data.of_run, _build_dates),
    "sentiment": Trainer(sentiment_data.of_run, _build_sentiment),
}
KERAS_FILES = {  # what writes the .keras file, by lab
    "reber": _write_reber,
    "dates": _write_dates,
    "sentiment": _write_sentiment,
}
