"""The run directory: one training run on disk, and the only thing that a trainer and a page share.

The only module that knows its file names.

    runs/<run-id>/
      config.json        name, preset, corpus, ModelConfig, TrainConfig, library versions
      vocab.json
      status.json        state, reason, times, progress, results; written only by the lock's holder
      control.json       the request of a page or the command line
      metrics.jsonl      one event per line
      weights/           epoch-NNN.safetensors, best.safetensors, last.safetensors
      checkpoint/        the state that a resume needs besides the weights
      tensorboard/       the same metrics for TensorBoard, where it is installed
      log.txt            the worker's output
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from filelock import FileLock, Timeout

from charlab.core.config import ModelConfig, TrainConfig
from charlab.core.vocab import Vocab
from charlab.corpora.coverage import Coverage
from charlab.errors import RunError
from charlab.files import read_arrays, write_json, write_whole
from charlab.folders import runs_folder
from charlab.os_errors import make_folder, naming
from charlab.runs import changes, liveness, run_names, schema

ACTIVE = ("queued", "running", "pausing", "stopping")  # a worker holds the run, or will
ENDED = ("paused", "stopped", "done", "failed")
REQUESTS = ("pause", "stop")
_ROOM_BYTES = 65_536  # several times a status, and whole blocks of any file system
LISTED = ("status.json", "config.json", "vocab.json", "weights")  # what watch.py reads; a run has the first
_OPTIONAL = ("reading", "coverage", "corpus_title", "task")
_WEIGHTS_NAME = r"best|last|epoch-[0-9]{3,9}"
Made = TypeVar("Made")


@dataclass(frozen=True)
class RunConfig:
    """A run's configuration, fixed but for its name and, where it is trained longer, its budget."""

    name: str
    preset: str
    corpus: str  # a corpus's name, or the path of a text file
    corpus_sha256: str  # of the text's UTF-8 bytes, as trained on
    model: ModelConfig
    train: TrainConfig
    created: float = 0.0  # seconds since 1970
    owner: str = ""  # the browser that started it, or ""
    notes: tuple[str, ...] = ()  # sentences on how settings were adapted to the text
    versions: dict[str, str] = field(default_factory=dict)
    reading: dict[str, Any] = field(default_factory=dict)  # how a file became the text: see corpora.uploads.Text
    coverage: Coverage | None = None  # what the alphabet leaves out of the text
    corpus_title: str = ""  # of a stored text, whose name says nothing
    task: str = ""  # the lab whose task it learns; "" for a language model

    def to_json(self) -> dict[str, Any]:
        """The content of config.json; what is in `_OPTIONAL` only where there is something to tell."""
        data = self.__dict__ | {
            "model": self.model.to_json(),
            "train": self.train.to_json(),
            "notes": list(self.notes),
            "coverage": self.coverage.to_json() if self.coverage and not self.coverage.is_whole else None,
        }
        return {name: value for name, value in data.items() if value or name not in _OPTIONAL}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> RunConfig:
        """The reverse of `to_json`. Raises ConfigError where a setting is not valid."""
        return cls(
            **data
            | {
                "model": ModelConfig.from_json(data["model"]),
                "train": TrainConfig.from_json(data["train"]),
                "notes": tuple(data.get("notes", ())),
                "coverage": Coverage.from_json(data["coverage"]) if "coverage" in data else None,
            }
        )


@dataclass(frozen=True)
class Status:
    """A run's state and progress. `results` has the metrics of its last validated epoch, as --json prints them."""

    state: str
    reason: str = ""
    queued: float | None = None  # when it joined the queue, in seconds since 1970
    started: float | None = None
    ended: float | None = None
    pid: int | None = None
    epoch: float = 0.0
    step: int = 0
    total_steps: int | None = None  # None for a time budget
    start_up: dict[str, Any] = field(default_factory=dict)  # of its latest session: see startup.py
    seconds: float = 0.0  # of training so far: see budget.Clock
    seconds_left: float | None = None
    best_epoch: int | None = None
    results: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Status:
        """The status of a checked status.json."""
        return cls(**data)


class Run:
    """One run directory. Reading needs nothing; writing status, metrics and weights needs its lock.

    Every read is checked with the schemas of schema.py: what cannot be read raises RunError, in a sentence.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    @property
    def id(self) -> str:
        """The folder's name, by which links and commands know the run."""
        return self.path.name

    @property
    def called(self) -> str:
        """What sentences call the run: by its name."""
        return run_names.called(self.path)

    @property
    def log_path(self) -> Path:
        """The file of the worker's output."""
        return self.path / "log.txt"

    @property
    def checkpoint_path(self) -> Path:
        """The folder of the state that a resume needs."""
        return self.path / "checkpoint"

    @property
    def tensorboard_path(self) -> Path:
        """The folder of the metrics for TensorBoard."""
        return self.path / "tensorboard"

    # Configuration

    def config(self) -> RunConfig:
        """The run's configuration. Raises RunError where it cannot be read."""
        return self._read("config.json", schema.check_config, RunConfig.from_json)

    def vocab(self) -> Vocab:
        """The run's vocabulary. Raises RunError where it cannot be read."""
        return self._read("vocab.json", schema.check_vocab, Vocab.from_json)

    def read(self) -> tuple[RunConfig, Vocab, Status]:
        """What every list and page needs of a run."""
        return self.config(), self.vocab(), self.status()

    def _read(self, name: str, check: Callable[[Any], None], make: Callable[[dict[str, Any]], Made]) -> Made:
        try:
            return schema.read(self.path / name, check, make)
        except schema.Invalid as problem:
            raise self._unreadable(problem) from problem

    def _unreadable(self, problem: object) -> RunError:
        return RunError(f"{self.called} cannot be read: {problem}.")

    def write_config(self, config: RunConfig) -> None:
        """Write config.json."""
        changes.write_json(self.path / "config.json", config.to_json())

    def write_vocab(self, vocab: Vocab) -> None:
        """Write vocab.json."""
        changes.write_json(self.path / "vocab.json", vocab.to_json())

    # State

    def status(self) -> Status:
        """The run's state, which status.json alone does not say where it was in training: see liveness.py."""
        return liveness.status(self, self.recorded_status())

    def recorded_status(self) -> Status:
        """The content of status.json, whether or not a worker is still alive."""
        return self._read("status.json", schema.check_status, Status.from_json)

    def write_status(self, status: Status) -> None:
        """Write status.json; only for the lock's holder."""
        changes.write_json(self.path / "status.json", status.__dict__)

    def write_progress(self, status: Status) -> None:
        """The same where only the progress is new, which no list has to show at once."""
        write_json(self.path / "status.json", status.__dict__)

    def lock(self) -> FileLock:
        """The run's lock, not yet acquired: `with run.lock(): ...`. Its holder owns the run and is alive."""
        if self.has_odd_lock():
            raise self._unreadable("its lock is not a file; delete it")
        return FileLock(self.path / "lock", timeout=0, is_singleton=False, thread_local=False)

    def has_odd_lock(self) -> bool:
        """Whether a folder or a link has the name of the lock: nobody can hold it."""
        path = self.path / "lock"
        return path.is_symlink() or (path.exists() and not path.is_file())

    def is_held(self) -> bool:
        """Whether a process holds the lock; where this one may not write there, as far as is recorded."""
        lock = self.lock()
        try:
            with lock:
                return False
        except Timeout:
            return True
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
                return True
            raise

    def set_room_aside(self) -> None:
        """Fill a temporary file: removing it makes room for the run's last status where the disk is full."""
        write_whole(self.path / ".room.tmp", os.urandom(_ROOM_BYTES))

    def remove_temporary_files(self) -> None:
        """Remove the temporary files of a writer that was killed, and the room that was set aside."""
        for path in self.path.rglob(".*.tmp"):
            path.unlink(missing_ok=True)

    # Requests

    def ask(self, request: str | None, reason: str = "") -> None:
        """Ask the run's worker to "pause" or "stop", for a reason that its status will give; None withdraws the
        request."""
        if request is not None and request not in REQUESTS:
            raise RunError(f"The requests to a run are pause and stop. Received: {request!r}.")
        changes.write_json(self.path / "control.json", {"request": request, "time": time.time(), "reason": reason})

    def request(self) -> str | None:
        """The request that waits for the worker; one that cannot be read is none, and can be made again."""
        return self.request_and_reason()[0]

    def request_and_reason(self) -> tuple[str | None, str]:
        """The request that waits for the worker, and the reason that was given for it."""
        try:
            data = json.loads((self.path / "control.json").read_bytes())
        except (OSError, ValueError, RecursionError):
            return None, ""
        data = data if isinstance(data, dict) else {}
        request, reason = data.get("request"), data.get("reason")
        return request if request in REQUESTS else None, reason if isinstance(reason, str) else ""

    # Events

    def append_event(self, event: dict[str, Any]) -> None:
        """Add one event to metrics.jsonl, a whole line at a time."""
        path = self.path / "metrics.jsonl"
        with naming(path), path.open("ab") as file:
            file.write(_line(event))

    def write_events(self, events: list[dict[str, Any]]) -> None:
        """Write metrics.jsonl anew: these events and no others."""
        write_whole(self.path / "metrics.jsonl", b"".join(map(_line, events)))

    def events(self, after: int = 0) -> tuple[list[dict[str, Any]], int]:
        """The events from byte `after` on, and the byte to continue from; an incomplete last line is skipped."""
        try:
            return schema.read_events(self.path / "metrics.jsonl", after)
        except schema.Invalid as problem:
            raise self._unreadable(problem) from problem

    def events_length(self) -> int:
        """Bytes of metrics.jsonl."""
        path = self.path / "metrics.jsonl"
        return path.stat().st_size if path.exists() else 0

    def cut_events(self, length: int) -> None:
        """Drop everything after byte `length` of metrics.jsonl: it was not part of the checkpoint."""
        path = self.path / "metrics.jsonl"
        if path.exists():
            with path.open("r+b") as file:
                file.truncate(min(length, path.stat().st_size))

    # Weights

    def write_weights(self, weights: dict[str, np.ndarray], weights_name: str) -> None:
        """Save weights as "best", "last" or "epoch-003"."""
        changes.write_arrays(self.weights_path(weights_name), weights)

    def stored_weights_name(self, weights_name: str) -> str:
        """The name of the file that holds these weights: where "best" has none, the best epoch's or "last"."""
        there = self.weight_names()
        if weights_name != "best" or "best" in there:
            return weights_name
        best_epoch = f"epoch-{self.recorded_status().best_epoch or 0:03d}"
        return best_epoch if best_epoch in there else "last"

    def weights(self, weights_name: str = "best") -> dict[str, np.ndarray]:
        """Stored weights by name, widened for computing. Raises RunError where the run has none of that name."""
        path = self.weights_path(self.stored_weights_name(weights_name))
        if not path.exists():
            there = ", ".join(self.weight_names()) or "none yet"
            raise RunError(f"{self.called} has no weights {weights_name!r}. Available weights: {there}.")
        weights = {name: schema.widened(name, array) for name, array in read_arrays(path).items()}
        config = self.config()
        try:
            schema.check_weights(weights, config.model, len(self.vocab()), path.name, config.task)
        except schema.Invalid as problem:
            raise self._unreadable(problem) from problem
        return weights

    def weight_names(self) -> list[str]:
        """The names of the stored weights: epoch-001 ..., best, last."""
        files = (self.path / "weights").glob("*.safetensors")
        names = [path.stem for path in files if re.fullmatch(_WEIGHTS_NAME, path.stem) and path.is_file()]
        return sorted(names, key=lambda name: (not name.startswith("epoch"), name))

    def weights_path(self, weights_name: str) -> Path:
        """The file of the weights of that name, there or not. Raises RunError for any other name."""
        if not re.fullmatch(_WEIGHTS_NAME, weights_name):
            raise RunError(f'Weights are called "best", "last" or "epoch-003". Received: {weights_name!r}.')
        return self.path / "weights" / f"{weights_name}.safetensors"


def _line(event: dict[str, Any]) -> bytes:
    return (json.dumps(event, ensure_ascii=False) + "\n").encode("utf-8")


def create(config: RunConfig, vocab: Vocab, folder: Path | None = None, state: str = "queued") -> Run:
    """Create a run directory. A queued run is taken by the server; "running" is for a process that trains it
    itself and acquires the lock next. Raises OSError where it cannot be written: then nothing of it is left."""
    for problem in schema.problems(config.to_json(), vocab.to_json()):  # so that it can be read again
        raise RunError(f"A run cannot be created: {problem}.")
    folder = folder or runs_folder()
    created = config.created or time.time()
    stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(created))
    words = re.sub(r"[^a-z0-9]+", "-", config.name.lower()).strip("-")[:24].strip("-") or config.preset
    make_folder(folder)
    run = Run(_new_folder(folder, f"{stamp}-{words}"))
    try:
        with run.lock():
            run.write_config(RunConfig(**config.__dict__ | {"created": created}))
            run.write_vocab(vocab)
            run.write_status(Status(state, queued=created))
    except BaseException:
        shutil.rmtree(run.path, ignore_errors=True)
        raise
    return run


def _new_folder(folder: Path, name: str) -> Path:
    """A new folder of that name, or with the first number behind it that is free."""
    attempt = 1
    while True:
        path = folder / (name if attempt == 1 else f"{name}-{attempt}")
        try:
            with naming(folder, always=True):
                path.mkdir()
            return path
        except FileExistsError:
            attempt += 1


def find(run_id: str, folder: Path | None = None) -> Run:
    """The run with that id. Raises RunError where there is none."""
    folder = folder or runs_folder()
    path = folder / run_id
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,255}", run_id) or not is_run(path):
        raise RunError(f"There is no run {run_id!r} in {folder}. The command `models` lists the runs.")
    return Run(path)


def is_run(path: Path) -> bool:
    """Whether a folder is a run's, be it damaged."""
    return any(os.path.isfile(path / name) for name in ("config.json", "status.json"))


def delete(run: Run) -> None:
    """Delete a run permanently. Raises RunError while a worker holds it."""
    if not os.path.lexists(run.path / "status.json"):  # a lock would create its folder again
        raise RunError(f"{run.called} is already deleted: its status.json is missing.")
    try:
        with contextlib.nullcontext() if run.has_odd_lock() else run.lock().acquire(timeout=1.0):
            os.replace(run.path / "status.json", run.path / "deleted")  # no longer a run: no worker takes it
            changes.made()
    except Timeout:
        raise RunError(f"{run.called} is being trained. Stop it first, then delete it.") from None
    shutil.rmtree(run.path)
