"""The standard streams of a command.

What cannot be written to the output is an error that names it. What cannot be written to the messages is left out,
so that no training ends for want of a reader.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any, TextIO

from charlab.os_errors import OUTPUT


class _Output:
    """Standard output whose errors name it, also where it was closed before the start."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._failed: OSError | None = None

    def write(self, text: str) -> None:
        """Write a text. Raises OSError."""
        self._named(lambda stream: stream.write(text))

    def flush(self) -> None:
        """Write what is buffered. Raises OSError, also that of an earlier write: argparse goes on after one."""
        if self._failed is not None:
            raise self._failed
        if self._stream is not None:
            self._named(lambda stream: stream.flush())

    def _named(self, act: Callable[[TextIO], Any]) -> None:
        try:
            if self._stream is None:
                raise OSError(errno.EBADF, os.strerror(errno.EBADF))
            act(self._stream)
        except OSError as error:
            error.filename, self._failed = OUTPUT, error
            raise

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _Messages(_Output):
    """Standard error, where nothing is said if nobody listens."""

    def _named(self, act: Callable[[TextIO], Any]) -> None:
        with contextlib.suppress(OSError):
            super()._named(act)

    def isatty(self) -> bool:
        """Whether a person reads it."""
        return self._stream is not None and self._stream.isatty()


@contextlib.contextmanager
def prepared() -> Iterator[None]:
    """Standard output and error in UTF-8 with errors as above, until the returned context ends."""
    _fill_closed_descriptors()
    before = sys.stdout, sys.stderr
    for stream in before:
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.stdout, sys.stderr = _Output(before[0]), _Messages(before[1])
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def discard_output() -> None:
    """Let the rest of the output go nowhere, so that Python's own flush at its end does not fail again."""
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is not None:
            try:
                stream.flush()
            except OSError:
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _fill_closed_descriptors() -> None:
    """Open what stands for a closed standard stream, so that no file of a run gets its number."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
