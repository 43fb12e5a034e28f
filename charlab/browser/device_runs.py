"""The runs that devices train on this server: who may send what, which device is gone, and the grader.

The server makes one of these beside its training queue. A page opens a run and gives the secret to its browser;
the browser's requests come through pages/parts/train/device_route.py. The grader has a writer process evaluate the
newest weights, one run after the other: with many devices, fewer of the weights that come are evaluated. Those
whose runs have taken it more time wait for the others, and a run that takes too long is not evaluated. Its process
has a low priority, so that pages stay quick.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from filelock import Timeout

from charlab import os_errors
from charlab.browser.device_record import Sent
from charlab.browser.device_session import Session
from charlab.browser.uploads import Refused
from charlab.errors import CharlabError, RunError
from charlab.runs import control, devices, permissions, store, watch, writers
from charlab.runs.grading import Grade
from charlab.runs.permissions import OPERATOR_ROLE, THE_TEACHER, Actor
from charlab.runs.store import Run
from charlab.runs.watch import KnownRun
from charlab.runs.writer import WeightsChanged

log = logging.getLogger(__name__)

NOBODY = "No device has begun to train it: this page has to be open there; resume it to try again."
BEGIN_SECONDS = 60.0  # that a device has to load what it needs, on a slow network or while it is busy
_TICK_SECONDS = 1.0
_PATIENCE_SECONDS = 30.0  # that the server's end waits for the threads
_AGAIN_SECONDS = 5.0  # until weights are evaluated again that could not be
_MOST_SECONDS = 240.0  # that an evaluation takes: of a Transformer 15 on an idle server, much more on a busy one
_SHARE_SECONDS = 30.0  # of evaluations, by which owners are told apart


class _Closing(Exception):
    """Ends the wait for a writer process when the server ends."""


class _TooLong(CharlabError):
    """Ends an evaluation."""


class DeviceRuns:
    """All sessions of a runs folder. `start` returns at once; `close` pauses the runs."""

    def __init__(
        self,
        folder: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
        writers_of: Callable[[], writers.Writers] = lambda: writers.in_background(),
    ) -> None:
        self._folder, self._clock, self._writers = folder, clock, writers_of
        self._lock = threading.Lock()
        self._sessions: dict[str, Session] = {}  # by the runs' ids
        self._waiting: dict[str, float] = {}  # since when runs wait for a device, by the clock
        self._used: defaultdict[str, float] = defaultdict(float)  # seconds of evaluations, by owners
        self._closing, self._news = threading.Event(), threading.Event()
        self._threads = [
            threading.Thread(target=self._loop, args=(act,), name=name, daemon=True)
            for name, act in (("device-runs", self._watch), ("grader", self._grade))
        ]

    def start(self) -> None:
        """Watch the devices and evaluate what they send, in threads of its own."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Pause every run: the server ends."""
        self._closing.set()
        self._news.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(_PATIENCE_SECONDS)
        for session in self._all():
            session.finish("paused", control.SERVER_STOPPED)

    def open(self, run: Run, actor: Actor) -> str:
        """The secret with which a browser trains a run that waits for it. What trained it before is refused from
        now on. Raises RunError where the run is not the actor's, or does not wait."""
        config, status = run.config(), run.status()
        if not is_owner(actor, config.owner):
            raise RunError(_not_yours(run))
        if not devices.is_for(config) or config.task:
            raise RunError(f"{run.called} is not for a device to train.")
        if reason := devices.why_not(config.model, config.train, len(run.vocab())):
            raise RunError(f"{run.called} cannot be trained on a device. {reason}")
        if status.state not in store.ACTIVE:
            raise RunError(f"{run.called} is {status.state}: resume it first.")
        with self._lock:
            session = self._sessions.get(run.id)
            if session is None or session.is_over:
                session = self._sessions[run.id] = Session(run, self._clock)
                threading.Thread(target=session.prepare, name="device-files", daemon=True).start()
                return session.secret
        if session.ended:
            raise RunError(f"{run.called} has ended: its last weights are being evaluated.")
        return session.open()

    def session(self, run_id: str, actor: Actor) -> Session:
        """The session of a run for a request of this actor's browser. Raises Refused."""
        session = self._sessions.get(run_id)
        if session and not session.is_over:
            if not is_owner(actor, session.config.owner):
                raise Refused(403, _not_yours(session.run))
            return session
        try:
            run = store.find(run_id, self._folder)
            state, owner = run.status().state, run.config().owner
        except RunError as problem:
            raise Refused(404, str(problem)) from None
        if not is_owner(actor, owner):
            raise Refused(403, _not_yours(run))
        raise Refused(409, f"{run.called} is {state}: nothing more is taken of it.")

    def sent(self) -> None:
        """Note that weights may have come, so that the grader looks."""
        self._news.set()

    def _all(self) -> list[Session]:
        with self._lock:
            return list(self._sessions.values())

    def _loop(self, act: Callable[[], None]) -> None:
        """Act again and again; an error of the operating system is told in a sentence, any other as a defect."""
        while not self._closing.is_set():
            try:
                act()
            except Exception as error:
                said = os_errors.sentence(error)
                if said is None or os_errors.may_be_defect(error):
                    log.exception("A device's run could not be looked after.")
                else:
                    log.warning("A device's run could not be looked after: %s", said)
                self._closing.wait(_TICK_SECONDS)

    # Devices that are gone, and runs that no device has asked for

    def _watch(self) -> None:
        self.look()
        self._closing.wait(_TICK_SECONDS)

    def look(self) -> None:
        """Pause the runs of devices that are gone, and those that no device asks for; forget ended sessions."""
        sessions = self._all()
        for session in sessions:
            session.watch()
        listing = watch.listing(self._folder)
        waiting = {run.id: run for run in listing.get(_waiting)}
        with self._lock:
            for session in sessions:
                if self._sessions.get(session.run.id) is session and _is_past(session, waiting):
                    del self._sessions[session.run.id]
            since = {name: self._waiting.get(name, self._clock()) for name in waiting}
            self._waiting = since
        for name, run in waiting.items():
            if self._clock() - since[name] > BEGIN_SECONDS:
                self._give_up(run)

    def _give_up(self, run: Run) -> None:
        with contextlib.suppress(Timeout, RunError), run.lock().acquire(timeout=1.0):
            status = run.recorded_status()
            if status.state == "queued" and devices.is_for(run.config()):
                run.ask(None)
                run.write_status(dataclasses.replace(status, state="paused", reason=NOBODY, ended=time.time()))

    # The grader

    def _grade(self) -> None:
        if not self.grade_next():
            self._news.wait(_TICK_SECONDS)
            self._news.clear()

    def grade_next(self) -> bool:
        """Evaluate the weights of one run: of those whose owners have had about as little of it, first one that
        waits for its end, then the one whose last evaluation is longest ago. False where none has sent any."""
        found = [(session, sent) for session in self._all() if (sent := session.to_grade())]
        found = [one for one in found if not one[1].tries or self._clock() > one[0].graded_at + _AGAIN_SECONDS]
        if not found:
            return False
        session, sent = min(found, key=self._turn)
        began = time.monotonic()
        try:
            grade = self._graded(session, sent, began)
        except WeightsChanged:  # newer ones have come
            session.let_go()
            return True
        except _Closing:
            return False
        except CharlabError as problem:
            log.warning("Weights of %s could not be evaluated: %s", session.run.id, problem)
            session.not_graded(sent, str(problem), again=not isinstance(problem, _TooLong))
            return True
        finally:
            self._used[session.config.owner] += time.monotonic() - began
        session.grade(sent, grade)
        return True

    def _turn(self, found: tuple[Session, Sent]) -> tuple[float, bool, float]:
        session, _ = found
        return self._used[session.config.owner] // _SHARE_SECONDS, session.ended is None, session.graded_at

    def _graded(self, session: Session, sent: Sent, began: float) -> Grade:
        """What a writer process measures. Raises _Closing, and CharlabError where it cannot or takes too long."""

        def check() -> None:
            if self._closing.is_set():
                raise _Closing
            if time.monotonic() - began > _MOST_SECONDS:
                raise _TooLong(f"An evaluation takes longer than {_MOST_SECONDS:g} s on this server.")

        return writers.grade(self._writers(), session.run, sent.weights_name, sent.digest, check)


def is_owner(actor: Actor, owner: str) -> bool:
    """Whether a run is the actor's own: a teacher may stop a student's, but not train it."""
    return actor.role == OPERATOR_ROLE or (owner != "" and actor.owner == owner)


def _not_yours(run: Run) -> str:
    owner = permissions.owner_of(run)
    whose = "is the teacher's" if owner == THE_TEACHER else "was started in another browser"
    return f"{run.called} {whose}: only that browser can train it on its device."


def _waiting(runs: tuple[KnownRun, ...]) -> list[Run]:
    """The runs that wait for a device."""
    found = []
    for known in runs:
        with contextlib.suppress(CharlabError):
            if known.recorded_status().state == "queued" and devices.is_for(known.config()):
                found.append(known.run)
    return found


def _is_past(session: Session, waiting: dict[str, Run]) -> bool:
    """Whether a session has ended and nothing of it is to be evaluated, or it has not begun, and its run waits no
    more: it was taken out of the queue."""
    if session.is_over:
        return session.to_grade() is None
    with session.lock:  # one that begins has the run running before it has its record
        return session.record is None and session.run.id not in waiting


_POOL = DeviceRuns()


def pool() -> DeviceRuns:
    """The device runs of this process."""
    return _POOL
