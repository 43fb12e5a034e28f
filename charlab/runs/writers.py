"""The writers of a server: the processes that generate and read texts for its pages, and who is served when.

A page asks for a job and waits for its news; the pages' own threads compute nothing. A writer works on several
jobs at once, in turns (turns.py); more than that wait in line.
"""

from __future__ import annotations

import contextlib
import json
import logging
import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from charlab import errors, os_errors
from charlab.core.config import SampleConfig
from charlab.core.reading import Reading
from charlab.errors import CharlabError, UnavailableError
from charlab.runs import models, subprocesses
from charlab.runs.grading import Grade
from charlab.runs.models import Model
from charlab.runs.store import Run
from charlab.runs.writer import WeightsChanged

log = logging.getLogger(__name__)

AT_ONCE = 40  # jobs that a writer works on: each keeps a network's state in memory
MOST_IN_LINE = 200  # that wait for it
_SHARED_FROM = 4  # jobs of a writer from which on another one is started, where there may be more
_LOOK_SECONDS = 0.1  # until whoever waits for a job is asked whether it is still wanted


class Piece(NamedTuple):
    """What is new of the texts of a job."""

    texts: list[str]  # one for each sample
    probabilities: np.ndarray  # [T, N] the model's, of each of their characters or tokens
    ids: list[list[int]]  # of the tokens of each sample; none where a text says it all, as it is of characters


class Job:
    """One request, as whoever made it sees it. Leaving its `with` block ends the work on it."""

    def __init__(self, writers: Writers, request: dict[str, Any]) -> None:
        self.request = request
        self.writer: _Process | None = None
        self.number_read, self.seconds = 0, 0.0  # characters of the prompt; of computing, without what it waited
        self.is_done = False  # all answers have come
        self._writers, self._answers = writers, deque[tuple[dict[str, Any], bytes]]()
        self._has_news = threading.Event()

    @property
    def place(self) -> int:
        """Its place in line, from 1 on; 0 once a writer works on it."""
        return self._writers.place(self)

    def answers(self, check: Callable[[], None] = lambda: None) -> Iterator[tuple[dict[str, Any], bytes] | None]:
        """Every answer as it comes, and None about ten times a second where none does, until the last one. `check`
        is called as often: what it raises ends the wait. Raises what the writer could not do."""
        is_last = False
        while not is_last:
            self._has_news.wait(_LOOK_SECONDS)
            self._has_news.clear()
            check()
            if not self._answers:
                yield None
            while self._answers:
                answer, data = self._answers.popleft()
                is_last = answer.get("end", False)
                self.seconds = answer.get("seconds", self.seconds)
                self.number_read = answer.get("read", self.number_read)
                _raise_problem(answer)
                yield answer, data

    def take(self, answer: dict[str, Any], data: bytes = b"") -> None:
        """Note an answer of its writer."""
        self._answers.append((answer, data))
        self.is_done = answer.get("end", False)
        self._has_news.set()

    def fail(self, problem: str) -> None:
        """Note that it ends, and why."""
        self.take({"end": True, "problem": problem, "kind": UnavailableError.__name__})

    def __enter__(self) -> Job:
        return self

    def __exit__(self, *_: object) -> None:
        self._writers.cancel(self)


class Writers:
    """The writer processes of a server, each started when it is needed, and the line before them."""

    def __init__(self, most: int | None = None, *options: str) -> None:
        self._most = most or max(1, min(4, (os.cpu_count() or 1) // 4))
        self.options = options  # of the command `write`
        self.lock = threading.RLock()
        self._processes: list[_Process] = []
        self._line: list[Job] = []

    def prepare(self) -> None:
        """Start a writer where there is none, so that it is ready when somebody needs it. Returns at once."""
        with self.lock:
            if not self._alive():
                self._processes = [_Process(self)]

    @property
    def is_running(self) -> bool:
        """Whether there is a writer, or one is starting."""
        with self.lock:
            return bool(self._alive())

    def generate(self, session: str, sources: Sequence[tuple[Model, str]], config: SampleConfig) -> Job:
        """Generate the samples of a configuration with each model, after its prompt. Raises UnavailableError where
        too many wait."""
        listed = [_source(model, prompt) for model, prompt in sources]
        return self._ask(session, do="generate", sources=listed, config=config.to_json())

    def read(self, session: str, model: Model, text: str) -> Job:
        """Read a text. Raises UnavailableError where too many wait."""
        return self._ask(session, do="read", source=_source(model, text))

    def look(self, session: str, model: Model, text: str) -> Job:
        """Read a text, and note what happens inside. Raises UnavailableError where too many wait."""
        return self._ask(session, do="look", source=_source(model, text))

    def evaluate(self, session: str, run: Run, weights_name: str, digest: str) -> Job:
        """Evaluate a run's weights of that name and digest. Raises UnavailableError where too many wait."""
        source = {"path": str(run.path.resolve()), "weights_name": weights_name, "digest": digest}
        return self._ask(session, do="evaluate", source=source)

    def place(self, job: Job) -> int:
        with self.lock:
            return self._line.index(job) + 1 if job in self._line else 0

    def cancel(self, job: Job) -> None:
        """End the work on a job, where it has not ended."""
        with self.lock:
            if job in self._line:
                self._line.remove(job)
            elif job.writer:
                job.writer.cancel(job)

    def serve_next(self) -> None:
        """Give writers the jobs that wait for them, as many as they work on at once."""
        with self.lock:
            while self._line:
                try:
                    writer = self._least_busy()
                except OSError as error:  # there is no process, and none could be started
                    failed, self._line = self._line, []
                    for job in failed:
                        job.fail(os_errors.sentence(error) or str(error))
                    return
                if len(writer.jobs) >= AT_ONCE:
                    return
                writer.give(self._line.pop(0))

    def close(self, patience: float = 5.0) -> None:
        """End the processes."""
        with self.lock:
            processes, self._processes = self._processes, []
        for process in processes:
            process.end()
        deadline = time.monotonic() + patience
        for process in processes:
            subprocesses.wait_or_kill(process.popen, deadline)

    def _ask(self, session: str, **request: Any) -> Job:
        job = Job(self, request | {"session": session})
        with self.lock:
            if len(self._line) >= MOST_IN_LINE:
                raise UnavailableError(
                    f"{MOST_IN_LINE} others are waiting for this server to generate text. Try again in a minute."
                )
            self._line.append(job)
            self.serve_next()
        return job

    def _least_busy(self) -> _Process:
        alive = self._processes = self._alive()
        found = min(alive, key=lambda process: len(process.jobs), default=None)
        if found is None or (len(found.jobs) >= _SHARED_FROM and len(alive) < self._most):
            try:
                found = _Process(self)
            except OSError:
                if found is None:
                    raise
            else:
                self._processes.append(found)
        return found

    def _alive(self) -> list[_Process]:
        return [process for process in self._processes if process.is_alive]


class _Process:
    """A writer process, and the jobs that it works on, by their numbers."""

    def __init__(self, writers: Writers) -> None:
        self.popen, self._requests, self._answers = subprocesses.start_answering("write", *writers.options)
        self.jobs: dict[int, Job] = {}
        self.is_alive = True
        self._writers, self._last = writers, 0
        self._numbers: dict[Job, int] = {}
        threading.Thread(target=self._listen, name="writer", daemon=True).start()

    def give(self, job: Job) -> None:
        self._last += 1
        self.jobs[self._last], self._numbers[job], job.writer = job, self._last, self
        self._write(job.request | {"job": self._last})

    def cancel(self, job: Job) -> None:
        if job in self._numbers:
            self._write({"do": "cancel", "job": self._numbers[job]})

    def end(self) -> None:
        with contextlib.suppress(OSError):
            self._requests.close()

    def _write(self, request: dict[str, Any]) -> None:
        with contextlib.suppress(OSError, ValueError):  # it has just ended: `_listen` tells its jobs
            self._requests.write(json.dumps(request).encode("ascii") + b"\n")
            self._requests.flush()

    def _listen(self) -> None:
        for line in self._answers:
            if not line.endswith(b"\n"):
                break  # it was killed while it wrote this line
            answer = json.loads(line)
            data = self._answers.read(answer["bytes"])
            if len(data) < answer["bytes"]:
                break  # or these bytes
            job = self.jobs[answer["job"]]
            if answer.get("end"):
                self._forget(answer["job"])
            job.take(answer, data)
        self._tell_of_end()

    def _forget(self, number: int) -> None:
        with self._writers.lock:
            del self._numbers[self.jobs.pop(number)]
            self._writers.serve_next()

    def _tell_of_end(self) -> None:
        with self._writers.lock:
            self.is_alive = False
            left, self.jobs, self._numbers = list(self.jobs.values()), {}, {}
        code = self.popen.wait()
        for job in left:
            job.fail(_ended(code))
        if code:
            log.warning("A process that generates texts ended with code %s.", code)
        self._writers.serve_next()


_POOL = Writers()  # made here: two visitors who come at once must not make two
_IN_BACKGROUND = Writers(1, "--in-background")


def pool() -> Writers:
    """The writers of this process, none of which runs until it is needed."""
    return _POOL


def in_background() -> Writers:
    """One more writer, for what no page waits for: it has a lower priority than the others."""
    return _IN_BACKGROUND


def close() -> None:
    """End all writers of this process."""
    for writers in (_IN_BACKGROUND, _POOL):
        writers.close()


def pieces(job: Job, check: Callable[[], None] = lambda: None) -> Iterator[Piece | None]:
    """The pieces of a job that generates, as `Job.answers` gives its answers."""
    for answer in job.answers(check):
        if answer is None or "texts" not in answer[0]:
            yield None
        else:
            texts = answer[0]["texts"]
            yield Piece(texts, np.frombuffer(answer[1]).reshape(-1, len(texts)), answer[0]["ids"])


def read(model: Model, text: str, session: str = "", check: Callable[[], None] = lambda: None) -> Reading:
    """What `core.reading.explain` returns, with the steps of the network computed by a writer.

    `session` is whose turn it takes; `check` is called ten times a second: what it raises ends the work.
    """
    model.check_text(text)
    if not text:
        return model.explain(text)  # which says what is wrong
    return model.explain_logits(text, logits(model, text, session, check))


def logits(model: Model, text: str, session: str = "", check: Callable[[], None] = lambda: None) -> np.ndarray:
    """The logits after each character of a text, read from a zero state by a writer: [T, V]. Arguments as of
    `read`."""
    with pool().read(session, model, text) as job:
        (found,) = filter(None, job.answers(check))
    return np.frombuffer(found[1], found[0]["type"]).reshape(found[0]["shape"])


def activations(
    model: Model, text: str, session: str = "", check: Callable[[], None] = lambda: None
) -> dict[str, np.ndarray]:
    """What `writer.activations` returns, computed by a writer. Arguments as of `read`."""
    with pool().look(session, model, text) as job:
        (found,) = filter(None, job.answers(check))
    numbers, arrays, first = np.frombuffer(found[1], np.float16), {}, 0
    for name, shape in found[0]["arrays"]:
        size = math.prod(shape)
        arrays[name] = numbers[first : first + size].reshape(shape)
        first += size
    return arrays


def grade(pool: Writers, run: Run, weights_name: str, digest: str, check: Callable[[], None]) -> Grade:
    """What `grading.grade` returns of a run's weights, computed by a writer. Raises WeightsChanged where the run
    has others of that name now, and what `check` raises, which is called ten times a second."""
    with pool.evaluate("grading", run, weights_name, digest) as job:
        (found,) = filter(None, job.answers(check))
    return Grade(**found[0]["grade"])


def _source(model: Model, prompt: str) -> dict[str, str]:
    path = model.source or str(models.find(model.name).path.resolve())
    return {"path": path, "weights_name": model.weights_name, "digest": model.digest, "prompt": prompt}


def _raise_problem(answer: dict[str, Any]) -> None:
    """Raise what a last answer says that went wrong, if anything did."""
    if answer.get("changed"):
        raise WeightsChanged
    if defect := answer.get("defect"):
        raise RuntimeError(f"A writer process failed:\n{defect}")
    if problem := answer.get("problem"):
        kind = getattr(errors, answer["kind"], CharlabError)
        raise kind(problem)


def _ended(code: int) -> str:
    why = "most likely the machine ran out of memory, or someone ended it" if code < 0 else f"code {code}"
    return (
        f"The process that generates texts stopped unexpectedly ({why}). Try again, with a shorter text if needed."
    )
