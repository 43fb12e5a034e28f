"""A worker process that stands ready with TensorFlow imported, and trains runs for its server one after the other.

It reads the server's requests from standard input and answers on standard output, as runs/warm.py says. What a run
would write into its log goes there.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from charlab.core.vocab import Vocab
from charlab.errors import CharlabError
from charlab.runs import control, warm
from charlab.runs.store import Run, RunConfig
from charlab.training import strategies, tensorboard, train, worker
from charlab.training.learners import Learners
from charlab.training.parent import Parent
from charlab.training.tasks import Trainer

_KEPT = 2  # learners
_MOST_BYTES = 2e9  # of memory after a run: what TensorFlow has taken, only the end of its process gives back


def stand_ready(trainers: Mapping[str, Trainer]) -> None:
    """Train the runs that the server asks for, language models and those of `trainers`, until it ends, this
    process has taken too much memory, or a run needs the machine divided in another way."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server answers Ctrl-C in its terminal
    with os.fdopen(os.dup(1), "w") as answers:
        _send_output_to(Path(os.devnull))
        parent, learners = Parent(), Learners(_KEPT, trainers)
        strategies.import_tensorflow()
        tensorboard.import_writer()
        answer: str | None = warm.READY
        while answer and memory_bytes() < _MOST_BYTES:
            print(answer, file=answers, flush=True)
            if answer == warm.DIVIDED:
                return
            line = parent.next_line()
            answer = _do(json.loads(line), parent, learners) if line else None


def _do(request: dict[str, Any], parent: Parent, learners: Learners) -> str | None:
    """Do what the server asks for; returns the answer, or None where this process was told to end."""
    if "train" in request:
        return _train(Run(request["train"]), parent, learners)
    return _prepare(RunConfig.from_json(request["prepare"]), Vocab.from_json(request["vocab"]), parent, learners)


class _Asked(Exception):
    """The server has another request."""


def _prepare(config: RunConfig, vocab: Vocab, parent: Parent, learners: Learners) -> str:
    """Prepare for a run that may come, until the server asks for something else."""

    def look_up() -> None:
        if parent.has_asked():
            raise _Asked

    if not learners.fit(config):
        return warm.DIVIDED if Learners().fit(config) else warm.PREPARED
    with contextlib.suppress(_Asked, CharlabError):  # the run itself will say what is wrong
        train.prepare(config, vocab, learners, look_up)
    return warm.PREPARED


def _train(run: Run, parent: Parent, learners: Learners) -> str | None:
    """Train a run, unless it needs a process of its own; returns the answer, or None where this process was told
    to end. An error ends it too, as it would end a worker of the run alone."""
    began = time.time()
    if not run.path.is_dir():  # it was deleted
        return warm.READY
    _send_output_to(run.log_path)
    answer: str | None = warm.READY
    if not learners.fit(config := run.config()):
        answer = warm.DIVIDED if Learners().fit(config) else warm.UNFIT
    elif (status := worker.serve(run, began, parent, learners)) and status.reason == control.SERVER_STOPPED:
        answer = None
    _send_output_to(Path(os.devnull))
    return answer


def memory_bytes() -> int:
    """The memory of this process; 0 where that is unknown."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _send_output_to(path: Path) -> None:
    """Append standard output and error of this process, TensorFlow's included, to a file."""
    with path.open("ab") as file:
        for number in (1, 2):
            os.dup2(file.fileno(), number)
