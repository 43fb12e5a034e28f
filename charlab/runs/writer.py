"""A writer: a process that generates and reads texts with NumPy for its server, so that no page waits for another.

The server starts `python -m charlab write`. Requests come on standard input, a JSON object per line. Answers go to
standard output: a line of JSON, and behind it as many bytes as its "bytes" says, an array. What a request holds is
in `_generate`, `_read`, `_look` and `_evaluate`; "cancel" ends the job of that number. A job's last answer has
"end".
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, Protocol, runtime_checkable

import numpy as np

from charlab import os_errors
from charlab.core.config import SampleConfig
from charlab.core.generation import chosen_probabilities, generate
from charlab.core.predictor import Predictor
from charlab.runs import grading, models
from charlab.runs.models import Model
from charlab.runs.store import Run
from charlab.runs.turns import Cancelled, Turn, Turns

FIRST_CHARACTERS = 20  # of each text: enough to begin to read
PIECE_SECONDS = 0.3  # from one piece of a text to the next
_END_SECONDS = 2.0  # that the jobs have to end, once the server has
_MOST_MODELS, _MOST_BYTES = 8, 3e8  # that are kept, and of their files

Send = Callable[..., None]  # an answer's fields, and its array
Load = Callable[[str, str], Model]  # a model by its path or name, and by its weights' name


@runtime_checkable
class ReadsAtOnce(Predictor, Protocol):
    """A predictor so large that one pass over a text takes much less time than its steps."""

    def read(self, ids: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """ids [T] from an empty state -> the logits after each [T, V], and `activations`."""


class WeightsChanged(Exception):
    """The weights in the folder are no longer those that the request was made for."""


def run(load: Load = models.load) -> None:
    """Be a writer process, until the server ends. `load` gives the model of a source: see `writers`."""
    from threadpoolctl import threadpool_limits

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server answers Ctrl-C in its terminal
    with threadpool_limits(limits=1, user_api="blas"), os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nothing else gets between the answers
        Writer(answers, load).serve(sys.stdin.buffer)


class Writer:
    """The jobs of one process, each in a thread; they compute in turns."""

    def __init__(self, answers: IO[bytes], load: Load = models.load) -> None:
        self._answers, self._writing = answers, threading.Lock()
        self._turns, self._jobs = Turns(), dict[int, Turn]()
        self._models = _Models(load)

    def serve(self, requests: IO[bytes]) -> None:
        """Work until the requests end, which is when the server does."""
        for line in requests:
            request = json.loads(line)
            number = request.pop("job")
            if request["do"] == "cancel":
                if turn := self._jobs.get(number):
                    turn.is_cancelled = True
            else:
                self._jobs[number] = turn = Turn(self._turns, request.pop("session"))
                threading.Thread(target=self._work, args=(number, request, turn), daemon=True).start()
        self._end()

    def _end(self) -> None:
        for turn in list(self._jobs.values()):
            turn.is_cancelled = True
        until = time.monotonic() + _END_SECONDS
        while self._jobs and time.monotonic() < until:
            time.sleep(0.01)

    def _work(self, number: int, request: dict[str, Any], turn: Turn) -> None:
        """Do what is asked; the last answer says that it is done, or why not."""

        def send(array: np.ndarray | None = None, **fields: Any) -> None:
            self._send(array, job=number, seconds=turn.seconds, **fields)

        with turn:
            try:
                array, last = _TASKS[request.pop("do")](send, turn, self._models, **request)
            except Exception as error:
                array, last = None, _problem(error)
            del self._jobs[number]
            send(array, end=True, **last)

    def _send(self, array: np.ndarray | None, **fields: Any) -> None:
        data = b"" if array is None else array.tobytes()
        with self._writing, contextlib.suppress(OSError):  # the server has ended
            self._answers.write(json.dumps(fields | {"bytes": len(data)}).encode("ascii") + b"\n" + data)
            self._answers.flush()


def _problem(error: Exception) -> dict[str, Any]:
    """What an answer says of an error: a sentence for people, or a traceback."""
    if isinstance(error, Cancelled):
        return {}
    if isinstance(error, WeightsChanged):
        return {"changed": True}
    if said := os_errors.sentence(error):
        return {"problem": said, "kind": type(error).__name__}
    return {"defect": traceback.format_exc()}


Answer = tuple[np.ndarray | None, dict[str, Any]]  # its array, and its fields


def _generate(
    send: Send, turn: Turn, loaded: _Models, sources: list[dict[str, str]], config: dict[str, Any]
) -> Answer:
    """Each source, a model with its prompt, generates the configuration's samples, in pieces.

    An answer has the "texts" of each sample that are new and, as its array, the model's probability of each of
    their characters, [T, N] in double precision. While a long prompt is read, "read" counts its characters.
    """
    wanted = SampleConfig.from_json(config)
    found = [loaded.find(source) for source in sources]
    turn.count_from_here()
    reading = _EverySoOften(lambda number: send(read=number))
    streams = [
        generate(_InTurns(model.predictor, turn), model.vocab, source["prompt"], wanted, reading.perhaps)
        for model, source in zip(found, sources, strict=True)
    ]
    piece = _Piece(found)

    def send_piece(_: int) -> None:
        array, fields = piece.take()
        send(array, **fields)

    send_in_time = _EverySoOften(send_piece)
    for position in range(wanted.length):
        piece.add([next(stream) for stream in streams])
        if position + 1 == FIRST_CHARACTERS < wanted.length:
            send_in_time.now(position)
        else:
            send_in_time.perhaps(position)
    return piece.take()


def _read(send: Send, turn: Turn, loaded: _Models, source: dict[str, str]) -> Answer:
    """Read a text from a zero state: the logits after each of its characters, [T, V]."""
    model = loaded.find(source)
    ids = model.vocab.encode(source["prompt"]).astype(np.int64)
    if isinstance(model.predictor, ReadsAtOnce):
        turn.step()
        array = model.predictor.read(ids)[0]
    else:
        predictor = _InTurns(model.predictor, turn)
        state, rows = predictor.start(1), []
        for i in ids:
            logits, state = predictor.step(np.array([i]), state)
            rows.append(logits[0])
        array = np.array(rows)
    return array, {"shape": array.shape, "type": array.dtype.str}


def _look(send: Send, turn: Turn, loaded: _Models, source: dict[str, str]) -> Answer:
    """The `activations` of a text, one after the other; "arrays" has their names and shapes."""
    found = activations(loaded.find(source), source["prompt"])
    return np.concatenate([*map(np.ravel, found.values())]), {
        "arrays": [[name, array.shape] for name, array in found.items()]
    }


def activations(model: Model, text: str) -> dict[str, np.ndarray]:
    """What happens inside a network as it reads a text, in half precision, which is finer than a pixel."""
    found = model.predictor.activations(model.vocab.encode(text).astype(np.int64))  # type: ignore[attr-defined]
    return {name: array.astype(np.float16) for name, array in found.items()}


def _evaluate(send: Send, turn: Turn, loaded: _Models, source: dict[str, str]) -> Answer:
    """The `grading.Grade` of a run's weights. They are not kept: each file of weights is evaluated once."""
    model = models.load(source["path"], source["weights_name"])
    if model.digest != source["digest"]:
        raise WeightsChanged
    return None, {"grade": grading.grade(model, _InTurns(model.predictor, turn)).__dict__}


_TASKS: dict[str, Callable[..., Answer]] = {
    "generate": _generate,
    "read": _read,
    "look": _look,
    "evaluate": _evaluate,
}


class _InTurns:
    """A predictor that waits for its turn before each step."""

    def __init__(self, predictor: Predictor, turn: Turn) -> None:
        self.vocabulary_size, self.start = predictor.vocabulary_size, predictor.start
        self._step, self._turn = predictor.step, turn.step

    def step(self, ids: np.ndarray, state: Any) -> tuple[np.ndarray, Any]:
        self._turn()
        return self._step(ids, state)


class _Piece:
    """What was generated since it was last taken."""

    def __init__(self, found: list[Model]) -> None:
        self._models = found
        self._clear()

    def _clear(self) -> None:
        self._ids: list[list[np.ndarray]] = [[] for _ in self._models]  # [N] each, per model
        self._chosen: list[np.ndarray] = []  # [N of all models] each

    def add(self, steps: list) -> None:
        """Add a step of every model."""
        for ids, step in zip(self._ids, steps, strict=True):
            ids.append(step.ids)
        self._chosen.append(np.concatenate([chosen_probabilities(step) for step in steps]))

    def take(self) -> Answer:
        """Their probabilities, and the texts; nothing where none was added since."""
        if not self._chosen:
            return None, {}
        texts = [text for model, ids in zip(self._models, self._ids, strict=True) for text in _texts(model, ids)]
        ids = [row for model, ids in zip(self._models, self._ids, strict=True) for row in _tokens(model, ids)]
        probabilities = np.array(self._chosen, dtype=np.float64)  # [T, N]
        self._clear()
        return probabilities, {"texts": texts, "ids": ids}


def _texts(model: Model, ids: list[np.ndarray]) -> Iterator[str]:
    for row in np.array(ids).T:
        yield model.vocab.decode(row)


def _tokens(model: Model, ids: list[np.ndarray]) -> Iterator[list[int]]:
    """The ids of each sample, where its text does not tell them: a token may be a part of a character."""
    for row in np.array(ids).T:
        yield [] if isinstance(model.vocab.characters, str) else row.tolist()


class _EverySoOften:
    """Does something with a number, but not sooner than PIECE_SECONDS after the last time."""

    def __init__(self, do: Callable[[int], None]) -> None:
        self._do, self._next = do, time.perf_counter() + PIECE_SECONDS

    def perhaps(self, number: int) -> None:
        if time.perf_counter() >= self._next:
            self.now(number)

    def now(self, number: int) -> None:
        self._do(number)
        self._next = time.perf_counter() + PIECE_SECONDS


class _Models:
    """The models that were asked for last."""

    def __init__(self, load: Load = models.load) -> None:
        self._load = load
        # By folder and digest of the weights, with the bytes of their files
        self._found: OrderedDict[tuple[str, str], tuple[Model, int]] = OrderedDict()

    def find(self, source: dict[str, str]) -> Model:
        """The model of a source. Raises WeightsChanged where the folder has others now."""
        path, digest = key = source["path"], source["digest"]
        if key not in self._found:
            model = self._load(path, source["weights_name"])
            if model.digest != digest:
                raise WeightsChanged
            file = Run(Path(path)).weights_path(model.weights_name)
            self._found[key] = (
                model,
                0 if model.source else file.stat().st_size,
            )  # a file that is shared takes none
        self._found.move_to_end(key)
        while len(self._found) > _MOST_MODELS or (len(self._found) > 1 and self._bytes() > _MOST_BYTES):
            self._found.popitem(last=False)
        return self._found[key][0]

    def _bytes(self) -> int:
        return sum(size for _, size in self._found.values())
