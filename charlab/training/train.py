"""One run, trained in this process to its end, a pause or a stop: the way in, and what goes wrong, in words.

TensorFlow is imported when a network is trained, so that an n-gram run needs none. Knows nothing of processes or
pages. Whoever calls holds the run's lock.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from charlab.errors import CharlabError, ConfigError
from charlab.runs import cluster, plan
from charlab.runs.store import Run, Status
from charlab.training import ngram, strategies
from charlab.training.loop import TrainingLoop
from charlab.training.recorder import Recorder


def train_run(
    run: Run,
    ids: np.ndarray | None = None,
    *,
    started: float | None = None,
    on_event: Callable[[dict[str, Any]], None] | None = None,
    asked: Callable[[], str | None] | None = None,
    why: Callable[[], str] = str,
) -> Status:
    """Train a run to the end of its budget, or until it is asked to pause or stop; resume it if it was begun.

    `ids` [n] is its whole text (by default plan.run_ids), `started` when the command began (seconds since 1970):
    a budget in minutes counts from there. `on_event` gets every event that goes into metrics.jsonl. `asked`
    answers "pause", "stop" or None, as does the run's control.json; both are looked at before each step. `why`
    answers with the reason that a pause or a stop leaves in the status, by default none. The caller holds the
    run's lock. Of several machines only the chief writes.

    Returns the run's last status: done, paused, stopped, or failed with the reason where what was asked for
    cannot be done. What is not a CharlabError is recorded as failed too, and raised.
    """
    recorder = Recorder(run, started or time.time(), on_event, chief=cluster.is_chief(_accelerator(run)))
    recorder.begin()
    try:
        _train(run, ids, recorder, asked or (lambda: None), why)
    except CharlabError as error:
        recorder.end("failed", str(error))
    except Exception as error:
        recorder.end("failed", _in_words(error))
        raise
    return recorder.status


def _train(
    run: Run, ids: np.ndarray | None, recorder: Recorder, asked: Callable[[], str | None], why: Callable[[], str]
) -> None:
    config = run.config()
    if config.model.kind == "ngram":
        ids = plan.run_ids(config, run.vocab()) if ids is None else ids
        ngram.train_ngram(run, ids, recorder)
        return
    strategies.check_tensorflow()
    from charlab.training.learner import Learner, row_groups

    # The strategy comes first: devices can only be divided and machines joined before TensorFlow has started.
    strategy = strategies.choose(config.train.accelerator, row_groups(config.model, config.train.batch_size))

    vocab = run.vocab()
    ids = plan.run_ids(config, vocab) if ids is None else ids
    if config.model.kind == "transformer" and config.train.sequence_length > config.model.context:
        raise ConfigError(
            f"A Transformer that looks back over {config.model.context} characters cannot be trained on windows "
            f"of {config.train.sequence_length}. Lower sequence_length or raise context."
        )
    learner = Learner(config.model, config.train, len(vocab), strategy)
    TrainingLoop(run, ids, learner, recorder, asked, why).train()


def _accelerator(run: Run) -> str:
    return run.config().train.accelerator


def _in_words(error: Exception) -> str:
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        return "There was not enough memory. Try a smaller batch_size, shorter windows or fewer units."
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return (
            "The disk is full, so nothing more could be saved. Delete runs that are no longer needed, then resume "
            "this one: it goes on from its last checkpoint."
        )
    first_line = (str(error).strip().splitlines() or [""])[0]
    return f"Something went wrong that should not have: {type(error).__name__}: {first_line}"[:500]
