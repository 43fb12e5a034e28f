"""Child processes that run this package's own command line, `python -m charlab`."""

from __future__ import annotations

import json
import os
import subprocess  # our own command, with a list of arguments and no shell
import sys
import time
from pathlib import Path
from typing import IO, Any, cast

from charlab.errors import UnavailableError


def command(*words: str) -> list[str]:
    """The arguments of a process that runs `charlab` with these words."""
    return [sys.executable, "-m", "charlab", *words]


def environment() -> dict[str, str]:
    """The environment in which `python -m charlab` is found from any folder."""
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"}


def start(*words: str, log: Path) -> subprocess.Popen:
    """Start a child whose standard input is a pipe from this process and whose output is appended to a log."""
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603
            command(*words), stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT, env=environment()
        )


def start_answering(*words: str) -> tuple[subprocess.Popen, IO[bytes], IO[bytes]]:
    """Start a child that reads lines from this process and answers with lines: the process, the end of its
    standard input to write to, and the end of its standard output to read from. Its errors go nowhere."""
    process = subprocess.Popen(  # noqa: S603
        command(*words),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment(),
    )
    return process, cast(IO[bytes], process.stdin), cast(IO[bytes], process.stdout)


def wait_or_kill(process: subprocess.Popen, deadline: float) -> None:
    """Wait until a process ends; kill it where it takes longer than until `deadline`, by time.monotonic()."""
    try:
        process.wait(max(0.1, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def document(*words: str, time_limit: float | None = None, show_errors: bool = False) -> Any:
    """Run a command with --json to its end and return its document.

    Raises UnavailableError where it takes longer than `time_limit` seconds, or fails: then with the last line of
    its standard error. With `show_errors` its standard error is this process's own.
    """
    try:
        ended = subprocess.run(  # noqa: S603
            command(*words, "--json"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=None if show_errors else subprocess.PIPE,
            timeout=time_limit,
            env=environment(),
            encoding="utf-8",
            check=True,
        )
    except subprocess.TimeoutExpired as error:
        raise UnavailableError(f"it took longer than {time_limit:g} seconds.") from error
    except (subprocess.SubprocessError, OSError) as error:
        lines = str(getattr(error, "stderr", None) or error).strip().splitlines() or ["no message"]
        raise UnavailableError(lines[-1].removeprefix("charlab: ")) from error
    return json.loads(ended.stdout.splitlines()[-1])
