"""One run while a device trains it: what the device gets, what is taken of it, and how the run ends.

A session holds the run's lock from the device's first request on: that is the run's proof of life. device_runs.py
has the sessions of a server, and evaluates the weights.
"""

from __future__ import annotations

import contextlib
import math
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from filelock import FileLock, Timeout
from safetensors.numpy import save

from charlab.browser import device_record, first_weights, training_ids, uploads
from charlab.browser.device_record import Record, Sent
from charlab.browser.uploads import Place, Refused, Upload
from charlab.errors import CharlabError, RunError
from charlab.runs import checkpoints, limits, quotas, schema
from charlab.runs.grading import Grade, RunText
from charlab.runs.stop_signal import StopSignal
from charlab.runs.store import Run

LOST_SECONDS = 15.0  # without a request
_HEED_SECONDS = 10.0  # that a device has to do what it is asked for
_SLACK_SECONDS = 3.0  # that a device's clock may be ahead of this one
_LOCK_SECONDS = 2.0
_ROUNDING = 0.01  # seconds, of places that were rounded in different ways
_EVENTS, _EVENTS_PER_SECOND = 2 * uploads.MAX_EVENTS, 5  # that a device may send: at once, and in the long run
_SPENT = 0.9  # of a budget: what is left may be shorter than a step
_TRIES = 2  # to evaluate the last weights
LOST = "The device that trained it is gone: its page was closed, or it is asleep; resume it to go on."
DISOBEYED = "The device did not answer that request."
_SPENT_ALL = "The run's budget is spent: nothing more is taken."
_STOPPED = " The run was stopped, and its model is saved."
_NOT_EVALUATED = "Its last weights were not evaluated."
EARLY = "The device ended before its budget was spent."


class Session:
    """A run and the device that trains it. Requests, the grader and the watch take turns by `lock`."""

    def __init__(self, run: Run, clock: Callable[[], float] = time.monotonic) -> None:
        self.run, self.config, self.vocab = run, run.config(), run.vocab()
        self.lock = threading.RLock()
        self.is_over, self.pace = False, uploads.Pace()
        self._is_evaluated_later = False  # over, with weights that were not evaluated
        self.graded_at = -math.inf
        self.ended: tuple[str, str] | None = None  # state and reason, until the last weights are evaluated
        self.record: Record | None = None  # from the device's first request on
        self._unmeasured = ""  # why its weights are not evaluated any more
        self._held: FileLock | None = None
        self._clock, self._stop = clock, StopSignal(run)
        self.open()

    def open(self) -> str:
        """Give the run to whoever gets this secret: requests with an earlier one are refused from now on."""
        with self.lock:
            self.secret, self._number = secrets.token_urlsafe(24), 0
            self._opened = self._heard = self._clock()
            self._events = 0  # that came since
            self._asked_at = math.inf
            return self.secret

    def check(self, secret: str) -> None:
        """Raises Refused where this is not the secret, or the run has ended."""
        if not secrets.compare_digest(self.secret.encode(), secret.encode()):
            raise Refused(403, f"{self.run.called} was opened by another page since, which trains it now.")
        if self.is_over or self.ended:
            raise Refused(409, f"{self.run.called} has ended: nothing more is taken of it.")

    # What the device gets

    def prepare(self) -> None:
        """Make what the device asks for first, and what is kept for those that begin alike, before it asks."""
        with contextlib.suppress(CharlabError):  # which it is told when it asks
            if not checkpoints.exists(self.run):
                first_weights.as_file(self.config.model, len(self.vocab), self.config.train)
            training_ids.of(RunText.of(self.config, self.vocab))

    def job(self, secret: str) -> dict[str, Any]:
        """The configuration, and the place of the weights that `weights` returns."""
        with self._answering(secret) as record:
            return {
                "model": self.config.model.to_json(),
                "train": self.config.train.to_json(),
                "vocab": self.vocab.to_json(),
                "vocabulary_size": len(self.vocab),
                "unknown_id": self.vocab.unknown_id,
                "place": record.saved_place().__dict__,
                "has_weights": checkpoints.exists(self.run),
            }

    def ids(self, secret: str) -> training_ids.TrainingIds:
        """What it trains on."""
        with self._answering(secret):
            return training_ids.of(RunText.of(self.config, self.vocab))

    def weights(self, secret: str) -> bytes:
        """The last weights that came, else those that training begins with, as a safetensors file."""
        with self._answering(secret):
            if checkpoints.exists(self.run):
                return save(device_record.weights_of(self.run))
            return first_weights.as_file(self.config.model, len(self.vocab), self.config.train)

    # What the device sends

    def limit(self) -> int:
        """The most bytes that it has to send at once."""
        return uploads.limit(self.config.model, len(self.vocab))

    def take(self, secret: str, body: bytes) -> dict[str, Any]:
        """Take a message of the device; returns what it is asked for. Raises Refused: then nothing was written."""
        with self._answering(secret) as record:
            upload = uploads.read(body, self.config.model, len(self.vocab))
            base = self._check_turn(upload, record)
            self._check_places(upload, record, base)
            self._number, self._events = upload.number, self._events + len(upload.events)
            if upload.number == 1:
                record.continue_at(base)
            record.write(upload)
            if upload.state:
                self._end(upload, record)
            return {"number": self._number, "request": None if upload.state else self._request(record)}

    def _request(self, record: Record) -> str | None:
        request = self._stop.requested(record.place.seconds)
        if request and self._asked_at == math.inf:
            self._asked_at = self._clock()
        return request

    def _check_turn(self, upload: Upload, record: Record) -> Place:
        """Where the device began: with the last weights that came, or with a state that it had kept. Raises
        Refused where the message is out of turn."""
        if upload.number != self._number + 1:
            raise Refused(
                409,
                f"The device's message {upload.number} came out of turn: message {self._number + 1} is next.",
                number=self._number,
            )
        if upload.number > 1:
            if upload.begins:
                raise Refused(400, "The device says a second time where it begins.")
            return record.base
        if (begins := upload.begins) is None:
            return record.saved_place()
        if begins.seconds > time.time() - record.first_started + _SLACK_SECONDS:
            trained = f"{begins.seconds:,.0f} s of training"
            raise Refused(400, f"{trained} cannot have passed: the run is not so old.")
        _check_epoch(begins, record)
        if _is_beyond(begins, record):
            raise Refused(400, _SPENT_ALL)
        return begins

    def _check_places(self, upload: Upload, record: Record, base: Place) -> None:
        """Events and weights come later in training than those before them, and not later than the time that has
        passed allows. Raises Refused."""
        is_first = upload.number == 1
        after, passed = base if is_first else record.event_place, self._clock() - self._opened
        if self._events + len(upload.events) > _EVENTS + _EVENTS_PER_SECOND * passed:
            raise Refused(429, "The device sends more events than any training has.")
        places = [Place(event["step"], event["seconds"], event["epoch"]) for event in upload.events]
        for place in places:
            if place.step <= after.step or place.seconds < after.seconds - _ROUNDING:
                raise Refused(400, f"Step {place.step:,} does not come after step {after.step:,}.")
            after = place
        if sent := upload.place:
            before = base if is_first or record.latest is None else record.latest.place
            if sent.step < before.step or sent.seconds < before.seconds - _ROUNDING:
                raise Refused(400, "The weights are older than those that came before them.")
            places.append(sent)
        for place in places:
            _check_epoch(place, record)
            if place.seconds - base.seconds > passed + _SLACK_SECONDS:
                trained = f"{place.seconds - base.seconds:,.0f} s of training"
                raise Refused(400, f"{trained} cannot have passed in {passed:,.0f} s.")
            if _is_beyond(place, record):
                raise Refused(400, _SPENT_ALL)

    # What is measured here

    def to_grade(self) -> Sent | None:
        """The weights to be evaluated next, those of a run that was paused included."""
        record = self.record
        if record is None or self._unmeasured or (self.is_over and not self._is_evaluated_later):
            return None
        return record.to_grade()

    def grade(self, sent: Sent, grade: Grade) -> None:
        """Record what was measured of weights, unless the run has gone on elsewhere since."""
        with self.lock:
            record, self.graded_at = self.record, self._clock()
            if record is None or sent.sending != record.sending:
                return
            if self.is_over:
                self._grade_later(record, sent, grade)
                return
            if not grade.loss <= schema.MAX_LOSS:
                self.finish("failed", _diverged(sent.place.step))
                return
            record.grade(sent, grade)
            if reason := quotas.outgrown(self.run):
                self._stop.send("stop", reason)
            elif record.is_out_of_patience():
                self._stop.send("stop")
            if self.ended and sent is record.latest:
                self.finish(*self.ended)

    def _grade_later(self, record: Record, sent: Sent, grade: Grade) -> None:
        """The same for a run that is as this session has left it: its lock may be taken for a moment."""
        with contextlib.suppress(Timeout, RunError):
            left = record.recorder.status
            if self.run.recorded_status() == left and grade.loss <= schema.MAX_LOSS:
                with self.run.lock().acquire(timeout=_LOCK_SECONDS):
                    if self.run.recorded_status() == left:
                        record.grade(sent, grade)
                        return
        self.let_go()

    def let_go(self) -> None:
        """Evaluate no more where the session is over: the run has gone on elsewhere."""
        self._is_evaluated_later = False

    def not_graded(self, sent: Sent, problem: str, again: bool = True) -> None:
        """Note that weights could not be evaluated, and whether to try it again. A run that waits for that ends
        without it."""
        with self.lock:
            self.graded_at, sent.tries = self._clock(), sent.tries + 1
            self._unmeasured = "" if again else problem
            if sent.tries >= _TRIES:
                self.let_go()
            if self.ended and (sent.tries >= _TRIES or not again):
                self.finish(self.ended[0], f"{self.ended[1]} {_NOT_EVALUATED} {problem}".strip())

    # The beginning and the end

    @contextlib.contextmanager
    def _answering(self, secret: str) -> Iterator[Record]:
        """What all requests have in common: they show the secret, the first one begins the run, and each is a sign
        of life. Raises Refused."""
        with self.lock:
            self.check(secret)
            record = self.record = self.record or self._begin()
            self._heard = self._clock()
            yield record

    def _begin(self) -> Record:
        """Take the run's lock and begin. Raises Refused where the run does not wait for a device any more."""
        self.config = self.run.config()
        ids = training_ids.of(RunText.of(self.config, self.vocab))
        lock = self.run.lock()
        try:
            lock.acquire(timeout=_LOCK_SECONDS)
        except Timeout:
            raise Refused(409, f"{self.run.called} is held by another process.") from None
        try:
            if (state := self.run.recorded_status().state) != "queued":
                raise Refused(409, f"{self.run.called} is {state}: it does not wait for a device.")
            record = Record(self.run, self.config, ids.characters)
        except BaseException:
            lock.release()
            raise
        if (cap := limits.minutes_cap()) is not None:
            self._stop.stop_after(60 * cap, limits.cap_in_words() + _STOPPED)
        self._held = lock
        return record

    def watch(self) -> None:
        """End the session of a device that is gone, or does not do what it is asked for."""
        with self.lock:
            if self.record is None or self.is_over or self.ended:
                return
            now = self._clock()
            if now - self._heard > LOST_SECONDS:
                self.finish("paused", LOST)
            elif now - self._asked_at > _HEED_SECONDS:
                request = self._stop.requested(self.record.place.seconds)
                state = {"stop": "stopped"}.get(request or "", "paused")
                self.finish(state, f"{self._stop.reason} {DISOBEYED}".strip())

    def finish(self, state: str, reason: str = "") -> None:
        """End the session, and leave the run in this state where it had begun. The last weights of a run that was
        paused, or did not stop by itself, are evaluated afterwards: Resume does not wait for that."""
        with self.lock:
            lock, self._held, self.is_over = self._held, None, True
            if lock and self.record:
                self._is_evaluated_later = state in ("paused", "stopped")
                try:
                    self.record.recorder.end(state, reason)
                finally:
                    lock.release()

    def _end(self, upload: Upload, record: Record) -> None:
        """End as the device says; where it is done or stopped, once its last weights are evaluated."""
        state, reason = upload.state, ""
        if state == "failed":
            reason = f"The device reported: {upload.problem or 'its training failed.'}"
        elif state == "done":
            if record.budget.progress(record.place.step, record.place.seconds) < _SPENT:
                state, reason = "stopped", EARLY
            else:
                reason = limits.few_steps(self.config.train, record.place.step, self._stop.most_seconds)
        else:
            self._stop.requested(record.place.seconds)
            reason = self._stop.reason
            if state == "stopped" and record.is_out_of_patience():
                state = "done"
        if self._unmeasured and state in ("done", "stopped"):
            reason = f"{reason} {_NOT_EVALUATED} {self._unmeasured}".strip()
        self.ended = state, reason
        if state in ("paused", "failed") or self.to_grade() is None:
            self.finish(state, reason)


def _check_epoch(place: Place, record: Record) -> None:
    """Raises Refused where an epoch is not that of the step."""
    if abs(place.epoch - place.step / record.steps_per_epoch) > 1e-3 * max(1.0, place.epoch):
        raise Refused(400, f"Step {place.step:,} is not in epoch {place.epoch:g}.")


def _is_beyond(place: Place, record: Record) -> bool:
    """Whether a place is behind the end of the budget, by more than the step that ends it."""
    minutes, total = record.config.train.minutes, record.budget.total_steps
    if minutes is None:
        return total is not None and place.step > total
    return place.seconds > 60 * minutes + max(10.0, place.seconds / max(1, place.step))


def _diverged(step: int) -> str:
    return (
        f"Training diverged near step {step}: the loss or the weights are too large to go on. Try a smaller "
        "learning rate, or limit the gradient norm (clip_norm), to 1 for example. The weights saved before that "
        "are kept."
    )
