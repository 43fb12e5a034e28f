"""The server of a worker process, at the other end of its standard input: its requests, and its end."""

from __future__ import annotations

import os
import queue
import sys
import threading

from charlab.runs import control
from charlab.runs.stop_signal import StopSignal


class Parent:
    """Reads standard input in a thread of its own. Where it closes, the server has ended: the run in training is
    paused."""

    def __init__(self) -> None:
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._stop = StopSignal()
        self._has_ended = False
        threading.Thread(target=self._read, daemon=True).start()

    def pauses(self, stop: StopSignal) -> None:
        """Send a pause there when the server ends."""
        self._stop = stop
        if self._has_ended:
            stop.send("pause", control.SERVER_STOPPED)

    def next_line(self) -> str | None:
        """The next line that the server writes; None once it has ended."""
        return None if self._has_ended else self._lines.get()

    def has_asked(self) -> bool:
        """Whether a line waits, or the server has ended."""
        return self._has_ended or not self._lines.empty()

    def _read(self) -> None:
        rest = b""
        # Not through sys.stdin, whose lock would be held when Python ends
        while received := os.read(sys.stdin.fileno(), 4096):
            *lines, rest = (rest + received).split(b"\n")
            for line in lines:
                self._lines.put(os.fsdecode(line))
        self._has_ended = True
        self._stop.send("pause", control.SERVER_STOPPED)
        self._lines.put(None)
