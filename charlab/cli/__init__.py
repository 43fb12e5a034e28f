"""The command line: the same core as the pages, for use without a browser and for checks.

With --json one JSON document is the last line of standard output, which has nothing else. The exit codes are in
docs/command-line.md.
"""

from __future__ import annotations

import contextlib
import json
import signal
import sys
import threading
import time
from collections.abc import Iterator
from typing import NoReturn

from charlab import os_errors
from charlab.cli import arguments, streams

# What programs take for the end of a line, as JSON writes it within a text.
_LINE_ENDS = {ord(sign): f"\\u{ord(sign):04x}" for sign in "\x85\u2028\u2029"}


class _Terminated(BaseException):
    """SIGTERM: an exception, so that temporary files are removed."""


def main(words: list[str] | None = None, started: float | None = None) -> int:
    """Run one command; returns what the process exits with: 0 if it worked, else another number and a sentence on
    standard error."""
    with streams.prepared(), _ended_by_sigterm():
        try:
            return _run(words, started)
        except KeyboardInterrupt:
            return _ended("It was interrupted (Ctrl-C).", os_errors.CTRL_C)
        except _Terminated:
            return _ended("It was ended from outside (SIGTERM).", os_errors.TERMINATED)
        except Exception as error:
            said = os_errors.sentence(error)
            if said is None:
                raise
            return _ended(said, os_errors.exit_code(error))


def _run(words: list[str] | None, started: float | None) -> int:
    try:
        options = arguments.parse(words)
        options.started = started or time.time()
        document = options.command(options)
        if getattr(options, "json", False):
            print(json.dumps(document, ensure_ascii=False).translate(_LINE_ENDS))
    except SystemExit:  # of argparse, which has said why
        sys.stdout.flush()
        raise
    sys.stdout.flush()
    return getattr(options, "exit_code", os_errors.DONE)


def _ended(sentence: str, code: int) -> int:
    print(f"charlab: {sentence}", file=sys.stderr)
    streams.discard_output()
    return code


@contextlib.contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Raise _Terminated where SIGTERM comes, until the returned context ends."""

    def end(*_: object) -> NoReturn:
        raise _Terminated

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
