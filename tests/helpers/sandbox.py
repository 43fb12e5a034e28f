"""Folders for hostile inputs: finds what writes outside of them, hangs, or raises anything but a sentence."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from charlab import cli, os_errors
from charlab.errors import CharlabError

SECONDS = 10.0  # that an input may take
EXIT_CODES = (os_errors.DONE, os_errors.REFUSED_BY_SYSTEM, os_errors.CANNOT_BE_DONE)  # of what is not ended
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Events of Python's audit hooks that change files, and which of their arguments are paths.
_CHANGES = {
    "os.mkdir": (0,), "os.remove": (0,), "os.rmdir": (0,), "os.rename": (0, 1), "os.link": (1,), "os.symlink": (1,
    ),
    "os.truncate": (0,), "os.chmod": (0,), "os.chown": (0,), "os.utime": (0,),
}  # fmt: skip
_watching: list[Sandbox] = []  # at most one


class Fault(BaseException):
    """What no input may bring about; no `except Exception` hides it."""


class Sandbox:
    """A folder with everything that an input may change, and beside it what it may not."""

    def __init__(self, root: Path) -> None:
        self.runs, self.cache, self.temporary = root / "runs", root / "cache", root / "temporary"
        self.here, self.outside = root / "here", root / "outside"
        self.targets: list[str] = []  # files that a command was asked to write
        self.faults: list[str] = []
        for folder in (self.runs, self.cache, self.temporary, self.here, self.outside):
            folder.mkdir(parents=True)
        (self.outside / "theirs.txt").write_text("Not to be touched.\n", encoding="utf-8")

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """The folders are those of this process: its runs, cache, temporary and current folder."""
        names = {"CHARLAB_RUNS": self.runs, "CHARLAB_CACHE": self.cache, "CHARLAB_CORPORA": self.here / "corpora"}
        before, folder, temporary = dict(os.environ), os.getcwd(), tempfile.tempdir
        os.environ.update({name: str(path) for name, path in names.items()})
        os.chdir(self.here)
        tempfile.tempdir = str(self.temporary)
        try:
            yield
        finally:
            os.chdir(folder)
            os.environ.clear()
            os.environ.update(before)
            tempfile.tempdir = temporary

    @contextlib.contextmanager
    def watched(self, *targets: str) -> Iterator[None]:
        """Raises Fault for a change outside the folders and for what takes too long. `targets` may be written."""
        _install_hook()
        self.targets, self.faults = [os.path.abspath(target) for target in targets if "\0" not in target], []
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        _watching.append(self)
        start = time.monotonic()
        try:
            with _alarm(SECONDS):
                yield
        finally:
            _watching.clear()
            for number, handler in handlers.items():
                signal.signal(number, handler)
        seconds = time.monotonic() - start
        if self.faults:
            raise Fault(f"It changed {self.faults[0]}, which is outside its folders.")
        if seconds > SECONDS:
            raise Fault(f"It took {seconds:.1f} seconds.")

    def check(self, path: str) -> None:
        """Raises Fault where a path may not be changed."""
        folders = (self.runs, self.cache, self.temporary)
        may = [*map(str, folders), *self.targets]
        if path == os.devnull or "__pycache__" in path:
            return
        if any(path == allowed or path.startswith(allowed + os.sep) for allowed in may):
            return
        folder, name = os.path.split(path)
        for target in self.targets:  # the folder of what is written, and the file that is renamed to it
            if target.startswith(path + os.sep) or (os.path.dirname(target) == folder and name.endswith(".tmp")):
                return
        self.faults.append(path)
        raise Fault(f"It changes {path}, which is outside its folders.")

    def names(self) -> set[str]:
        """Every file there is, by its path."""
        folders = (self.runs, self.cache, self.temporary, self.here)
        return {str(path) for folder in folders for path in folder.rglob("*")}


def _install_hook() -> None:
    if not getattr(sys, "_charlab_tests_watch", False):
        sys.addaudithook(_hook)  # for good: no hook can be removed
        sys._charlab_tests_watch = True  # type: ignore[attr-defined]


def _hook(event: str, arguments: tuple) -> None:
    if not _watching:
        return
    if event == "open":
        path, _, flags = arguments
        if isinstance(path, str | bytes | os.PathLike) and isinstance(flags, int) and flags & _WRITING:
            _watching[0].check(_absolute(path, -1))
    elif event in _CHANGES:
        folder = next((value for value in arguments[1:] if type(value) is int and value >= 0), -1)
        for number in _CHANGES[event]:
            if not isinstance(arguments[number], int):
                uses_folder = event in ("os.remove", "os.rmdir") and folder >= 0
                _watching[0].check(_absolute(arguments[number], folder if uses_folder else -1))


def _absolute(path: Any, folder: int) -> str:
    name = os.fsdecode(path)
    if folder >= 0 and not os.path.isabs(name):  # relative to an open folder, as shutil.rmtree does
        name = os.path.join(os.readlink(f"/proc/self/fd/{folder}"), name)
    return os.path.abspath(name)


@contextlib.contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Raises Fault in the main thread after so many seconds, where the system has such an alarm."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(*_: Any) -> None:
        raise Fault(f"It still runs after {seconds:g} seconds.")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class Answer:
    """How a command ended, and what it wrote."""

    def __init__(self, words: list[str], code: int, out: str, err: str) -> None:
        self.words, self.code, self.out, self.err = words, code, out, err

    @property
    def document(self) -> Any:
        return json.loads(self.out.splitlines()[-1], parse_constant=_refuse)


def _refuse(word: str) -> float:
    raise Fault(f"The document has {word}, which is no JSON.")


def command(sandbox: Sandbox, *words: str) -> Answer:
    """Run a command in this process, as in one of its own. Raises Fault where it does what no command may."""
    words = tuple(map(str, words))
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="ascii", write_through=True) for _ in range(2))
    targets = [words[i + 1] for i, word in enumerate(words[:-1]) if word == "--to"]
    targets += [word.removeprefix("--to=") for word in words if word.startswith("--to=")]
    with sandbox.watched(*targets), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = cli.main(list(words))
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
    streams = [stream.buffer.getvalue().decode("utf-8") for stream in (out, err)]  # type: ignore[attr-defined]
    answer = Answer(list(words), code, *streams)
    _check_answer(answer)
    return answer


def _check_answer(answer: Answer) -> None:
    if answer.code not in EXIT_CODES:
        raise Fault(f"It exits with {answer.code}.")
    if "Traceback" in answer.err + answer.out:
        raise Fault(f"It shows a traceback: {answer.err[-2000:]}")
    if answer.code:
        last_line = answer.err.rstrip("\n").split("\n")[-1]
        if not re.match(r"(python -m )?charlab[a-z -]*: .", last_line) or (
            "--json" in answer.words and answer.out
        ):
            raise Fault(f"It refuses with {answer.err[-500:]!r} and {answer.out[-500:]!r}")
    if answer.code == 0 and "--json" in answer.words and "-h" not in answer.words:
        answer.document  # noqa: B018 - raises where it is none


class Outcomes:
    """How many inputs of each kind ended how."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()

    def add(self, kind: str, outcome: str) -> None:
        self.counts[kind, outcome] += 1

    def __str__(self) -> str:
        lines = [f"{number:6,}  {kind}: {outcome}" for (kind, outcome), number in sorted(self.counts.items())]
        return "\n".join([*lines, f"{self.counts.total():6,}  inputs"])


def refused(action: Any, *arguments: Any, **named: Any) -> Any:
    """What an action returns, or the CharlabError that it raises."""
    try:
        return action(*arguments, **named)
    except CharlabError as problem:
        return problem
