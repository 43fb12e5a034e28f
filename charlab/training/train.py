"""Train one run in this process, to its end, a pause or a stop, and record errors as sentences.

TensorFlow is imported when a network is trained, so that an n-gram run needs none. The caller holds the run's
lock.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from charlab import os_errors
from charlab.core import kinds
from charlab.core.vocab import Vocab
from charlab.errors import CharlabError
from charlab.runs.recorder import Recorder
from charlab.runs.stop_signal import StopSignal
from charlab.runs.store import Run, RunConfig, Status
from charlab.training import loop, ngram, strategies
from charlab.training.learners import Learners
from charlab.training.tensorboard import TensorBoardWriter

log = logging.getLogger(__name__)

INTERRUPTED = "It was interrupted at once; resume it to go on from its last checkpoint."


def train_run(
    run: Run,
    ids: np.ndarray | None = None,
    *,
    started: float | None = None,
    on_event: Callable[[dict[str, Any]], None] | None = None,
    stop: StopSignal | None = None,
    learners: Learners | None = None,
) -> Status:
    """Train a run to the end of its budget, or until `stop` requests a pause or a stop; resume it if it was begun.

    `ids` [n] is its whole text (by default what its trainer reads), `started` when the command began (seconds
    since 1970): the time to the first step counts from there. `on_event` gets every event that goes into
    metrics.jsonl, and before the first step "start_up" events, which say what is done. `stop` is asked before each
    step; by default only the run's control.json ends it early. `learners` are those of the process, by default of
    one that trains a language model and ends. The caller holds the run's lock. Of several machines only the chief
    writes.

    Returns the run's last status: done, paused, stopped, or failed with the reason where its configuration
    cannot be trained. An exception that is not a CharlabError is recorded as failed too, if the disk has room for
    that, and raised.
    """
    config, learners = run.config(), learners or Learners()
    recorder = Recorder(run, config, started or time.time(), on_event, learners.are_warm, TensorBoardWriter)
    try:
        recorder.begin("tensorflow" if kinds.of(config.model).trained and not learners.are_warm else "text")
        _train(run, config, ids, recorder, stop or StopSignal(run), learners)
    except CharlabError as error:
        recorder.end("failed", str(error))
    except KeyboardInterrupt:
        recorder.end("paused", INTERRUPTED)
        raise
    except Exception as error:
        if os_errors.may_be_defect(error):
            log.exception("Run %s failed.", run.id)
        try:
            recorder.end("failed", why_failed(error))
        except OSError as problem:
            log.warning("The end of run %s was not recorded: %s", run.id, os_errors.sentence(problem))
        raise
    return recorder.status


def _train(
    run: Run, config: RunConfig, ids: np.ndarray | None, recorder: Recorder, stop: StopSignal, learners: Learners
) -> None:
    vocab, trainer = run.vocab(), learners.trainer(config)
    if not kinds.of(config.model).trained:
        ids = trainer.read(config, vocab) if ids is None else ids
        ngram.train_ngram(run, config, vocab, ids, recorder)
        return
    with ThreadPoolExecutor(1) as meanwhile:
        reading = meanwhile.submit(lambda: trainer.read(config, vocab) if ids is None else ids)
        strategies.import_tensorflow()
        # The strategy comes first: devices can only be divided and machines joined before TensorFlow has started.
        learners.strategy(config)
        recorder.starting("text")
        whole = reading.result()
    task, learner = trainer.build(config, vocab, whole, learners)
    loop.TrainingLoop(run, config, task, learner, recorder, stop).train()


def prepare(config: RunConfig, vocab: Vocab, learners: Learners, before_part: Callable[[], None]) -> None:
    """Do what a run of this configuration does before its first step and keep it in `learners`: build the network,
    evaluate it untrained, trace a step. What `before_part` raises ends it; what was done by then stays."""
    learners.strategy(config)
    trainer = learners.trainer(config)
    task, learner = trainer.build(config, vocab, trainer.read(config, vocab), learners)
    loop.prepare(learner, task, before_part)


def why_failed(error: Exception) -> str:
    """The reason that a run's status gives for an error that is not a CharlabError."""
    if isinstance(error, MemoryError) or (
        type(error).__name__ == "ResourceExhaustedError" and not os_errors.is_disk_full(error)
    ):
        return "There was not enough memory. Try a smaller batch_size, shorter windows or fewer units."
    if said := os_errors.sentence(error):
        return f"{said} Then resume this run: it continues from its last checkpoint."
    first_line = (str(error).strip().splitlines() or [""])[0]
    return f"Internal error: {type(error).__name__}: {first_line}"[:500]
