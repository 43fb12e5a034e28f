"""Whether a run in training has been asked to pause or stop, and the reason that goes into its status."""

from __future__ import annotations

import time

from charlab.runs.store import Run

_CONTROL_SECONDS = 0.25  # between two looks at control.json


class StopSignal:
    """Everything that can end a run early, behind one question: `requested`.

    `send` is for what happens in this process: a signal, the end of the parent process. With a run its
    control.json is read too, four times a second at most, and after `stop_after` its clock counts. What was sent
    first stays, and comes before control.json; a request in control.json may be changed or taken back.
    """

    def __init__(self, run: Run | None = None) -> None:
        self.reason = ""  # what the status will say of a pause or a stop
        self._run = run
        self._sent: str | None = None
        self.most_seconds, self._time_is_up = float("inf"), ""  # of training, earlier sessions included
        self._in_control: str | None = None
        self._control_read_at = float("-inf")

    def send(self, request: str, reason: str = "") -> None:
        """Ask for "pause" or "stop". Only the first call counts."""
        if self._sent is None:
            self.reason, self._sent = reason, request

    def stop_after(self, seconds: float, reason: str) -> None:
        """Ask for a stop once the run has been trained for so many seconds, earlier sessions included."""
        self.most_seconds, self._time_is_up = seconds, reason

    def requested(self, seconds: float = 0.0) -> str | None:
        """What was asked for: "pause", "stop" or None. The loop calls it before each step, with the seconds that
        the run has been trained."""
        if seconds >= self.most_seconds:
            self.send("stop", self._time_is_up)
        return self._sent or self._request_in_control()

    def _request_in_control(self) -> str | None:
        if self._run is not None and time.monotonic() - self._control_read_at > _CONTROL_SECONDS:
            (self._in_control, reason), self._control_read_at = self._run.request_and_reason(), time.monotonic()
            self.reason = reason if self._in_control else ""
        return self._in_control
