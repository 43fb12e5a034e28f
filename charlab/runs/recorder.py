"""Writes a run's directory while it is trained: status, events, weights and checkpoints. Also has its clock.

On several machines only the chief's recorder writes; the others' do nothing.
"""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from charlab.core import generation
from charlab.core.config import SampleConfig
from charlab.core.predictor import Predictor
from charlab.core.vocab import Vocab
from charlab.runs import checkpoints, cluster, startup
from charlab.runs.budget import Clock
from charlab.runs.checkpoints import Progress
from charlab.runs.store import Run, RunConfig

SAMPLE = SampleConfig(length=200, seed=1)
_STATUS_SECONDS = 1.0  # between two writings of status.json where only the progress changes


class EventLog(Protocol):
    """A second log of a run's events, such as TensorBoard's."""

    def add(self, event: dict[str, Any]) -> None:
        """Write an event."""

    def close(self) -> None:
        """Close the log; nothing is added afterwards."""


class Recorder:
    """The only writer of a run's directory while it is trained. `started` is when the command began, in seconds
    since 1970; `warm` says that TensorFlow was imported before; `open_log` opens a second log of the events."""

    def __init__(
        self,
        run: Run,
        config: RunConfig,
        started: float,
        on_event: Callable[[dict[str, Any]], None] | None = None,
        warm: bool = False,
        open_log: Callable[[Run, RunConfig], EventLog] | None = None,
    ) -> None:
        self.run, self.config = run, config
        self.chief = cluster.is_chief(config.train.accelerator)
        self.status = run.recorded_status()
        self._on_event = on_event
        self._started, self._warm = started, warm
        self.clock = Clock()
        self._status_written_at = 0.0
        self._open_log = open_log
        self._log: EventLog | None = None

    def begin(self, doing: str = "") -> None:
        """Record that the run is running and what it is `doing` (of startup.DOING; "" where its start is not this
        machine's), and remove what an earlier session left half done."""
        first = self.status.started or self._started
        fields = {"state": "running", "reason": "", "started": first, "ended": None, "pid": os.getpid()}
        if doing:
            self.starting(doing, **fields)
        else:
            self._set(start_up={}, **fields)
        if self.chief:
            if self._open_log:  # after the status: TensorBoard's takes seconds to import
                self._log = self._open_log(self.run, self.config)
            self.run.remove_temporary_files()
            self.run.set_room_aside()
            if not checkpoints.exists(self.run):
                self.run.cut_events(0)  # of a session that ended before its first checkpoint

    def starting(self, doing: str, **fields: Any) -> None:
        """Record what is done before the first step, one of startup.DOING, and tell `on_event`."""
        self._set(start_up=startup.under_way(doing, self._started, self._warm), **fields)
        if self.chief and self._on_event:
            self._on_event({"event": "start_up", "doing": startup.DOING[doing]})

    def started_training(self) -> None:
        """Record how long the start took, at the end of the session's first step."""
        self._set(start_up=startup.ended(self._started, self._warm))

    def resume(self, progress: Progress) -> None:
        """Continue from a checkpoint: events after it are deleted, and will be recorded again."""
        self.clock.continue_from(progress.seconds)
        if self.chief:
            self.run.cut_events(progress.events_length)

    def event(self, event: dict[str, Any]) -> None:
        """Append an event to metrics.jsonl, to the second log and to `on_event`."""
        if self.chief:
            self.run.append_event(event)
            if self._log:
                self._log.add(event)
            if self._on_event:
                self._on_event(event)

    def sample(self, predictor: Predictor, vocab: Vocab, seed_text: str, epoch: float, step: int) -> None:
        """Generate a few lines, from the same seed text and with the same random numbers each time."""
        if self.chief:
            text = generation.texts(generation.generate(predictor, vocab, seed_text, SAMPLE), vocab)[0]
            place = {"event": "sample", "epoch": epoch, "step": step}
            self.event(place | {"seed_text": seed_text, "text": text})

    def update_status(self, *, at_once: bool = False, **fields: Any) -> None:
        """Record how far training is: results at once, everything else about once a second."""
        self.status = dataclasses.replace(self.status, seconds=round(self.clock.seconds(), 3), **fields)
        if at_once or "results" in fields:
            self._set()
        elif time.monotonic() - self._status_written_at > _STATUS_SECONDS:
            self._status_written_at = time.monotonic()
            if self.chief:
                self.run.write_progress(self.status)

    def weights(self, weights: dict[str, np.ndarray], weights_name: str) -> None:
        """Save weights as "best", "last" or "epoch-003"."""
        if self.chief:
            self.run.write_weights(weights, weights_name)

    def checkpoint(self, progress: Progress, arrays: dict[str, np.ndarray]) -> None:
        """Save all that a resumed run needs, with the length of metrics.jsonl at this moment."""
        if self.chief:
            progress.events_length = self.run.events_length()
            checkpoints.save(self.run, progress, arrays)

    def end(self, state: str, reason: str = "") -> None:
        """Record how the session ended, and clear the request in control.json: it has been answered."""
        left = None if state != "paused" else self.status.seconds_left
        now = time.time()
        if self.chief:
            self.run.remove_temporary_files()  # with the room set aside, so that this status fits on a full disk
        seconds = round(self.clock.seconds(), 3)
        start_up = {} if startup.is_under_way(self.status) else self.status.start_up
        self._set(state=state, reason=reason, ended=now, seconds=seconds, seconds_left=left, start_up=start_up)
        if self.chief:
            if self._log:
                self._log.close()
            if self.run.request():
                self.run.ask(None)

    def _set(self, **fields: Any) -> None:
        self.status = dataclasses.replace(self.status, **fields)
        self._status_written_at = time.monotonic()
        if self.chief:
            self.run.write_status(self.status)


def is_kept(epoch: int) -> bool:
    """Whether an epoch's weights are kept: all up to 99, then only every tenth, and from 1,000 every hundredth."""
    return epoch % 10 ** max(0, len(str(epoch)) - 2) == 0
