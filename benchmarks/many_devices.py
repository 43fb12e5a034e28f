"""A class whose devices train: what thirty runs at once cost the server, and whether each keeps its own.

    python -m benchmarks.many_devices [--devices 30] [--minutes 1] [--preset quick-gru] [--short] [--json PATH]

Each student is a session that speaks Streamlit's protocol, opens the Train page and presses Start, and a device in
Python (fake_device.py): it sends events every second and weights every ten seconds, at step 0 and at the end, as a
browser does. The weights are of the preset's size and differ from run to run. The session follows its live panel
once a second, and every fifteen seconds the page's script runs anew.

Then every run has to be done, with the weights that its own device sent last, which can be evaluated; no other
process than those of the table may have been started. Processor time is that of the web process, from the last
Start to the first end; evaluating is in a process of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import numpy as np
import psutil
from starlette.datastructures import Headers

from benchmarks import common
from benchmarks.fake_device import FakeDevice
from benchmarks.polling import Failed
from benchmarks.sessions import TRAINING, Session, Usage, serving
from benchmarks.visitors import percentile
from charlab.core.reading import evaluate
from charlab.runs import models, store

WEIGHTS_SECONDS, SCRIPT_SECONDS = 10, 15
SPEED = 40_000  # characters per second of a device
_END_SECONDS = 180.0  # until the last weights of all are evaluated


@dataclass
class Answer:
    """What the server answers to a device."""

    status_code: int
    headers: Headers
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Student:
    """A session on the Train page, and the device of its browser."""

    session: Session
    address: str
    place: int  # among the students
    device: FakeDevice | None = None
    times: dict[str, list[float]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    has_begun: asyncio.Event = field(default_factory=asyncio.Event)
    has_ended: asyncio.Event = field(default_factory=asyncio.Event)  # its training
    _secret: str = ""
    _connection: http.client.HTTPConnection | None = None

    async def live(self, minutes: float) -> None:
        """Start a run, train it, and wait for its end."""
        try:
            await self.start()
            self.has_begun.set()
            await self._train_and_look(minutes)
        except Exception as error:
            self.problems.append(repr(error))
        finally:
            self.has_begun.set()
            self.has_ended.set()

    async def in_thread(self, act: Callable[..., Any], *given: Any) -> Any:
        """Let a thread of its own do it: asyncio's are few."""
        with ThreadPoolExecutor(1) as thread:
            return await asyncio.get_running_loop().run_in_executor(thread, act, *given)

    async def start(self) -> None:
        """Open the page, press Start, and fetch what the device needs."""
        self.session.watch = self._see
        await self.session.greet()
        self.note("first page", await self.session.open())
        self.note("Start", await self.session.press("Start"))
        run = parse_qs(self.session.query)["run"][0]
        self.device = FakeDevice(self._ask, run, self._secret)
        await self.in_thread(self.device.begin)

    def _see(self, message: Any) -> None:
        """Find the secret that the page has for its browser."""
        element = message.delta.new_element
        if element.WhichOneof("type") == "bidi_component":
            if found := re.search(r'"secret": ?"([^"]+)"', element.bidi_component.json):
                self._secret = found[1]

    async def _train_and_look(self, minutes: float) -> None:
        """Send what a device sends, and look at the page meanwhile."""
        looking = asyncio.create_task(self._look())
        await self.in_thread(self._train, minutes)
        self.has_ended.set()
        until = time.monotonic() + _END_SECONDS
        while time.monotonic() < until and not looking.done() and self._waits():
            await asyncio.sleep(2.0)
        looking.cancel()

    def _waits(self) -> bool:
        """Whether the run waits for the evaluation of its last weights."""
        return "has ended" in self.device.fetch("job").json().get("problem", "")

    def _train(self, minutes: float) -> None:
        device, began, seconds = self.device, time.monotonic(), 0
        steps = max(1, SPEED // (device.train.batch_size * device.train.sequence_length))
        self._post(device.report, with_weights=True)
        while device.seconds < 60 * minutes:
            seconds += 1
            time.sleep(max(0.0, began + seconds - time.monotonic()))
            device.take_steps(steps, min(60 * minutes, time.monotonic() - began) - device.seconds)
            self._post(device.report, with_weights=seconds % WEIGHTS_SECONDS == 0)
        device.take_steps(1, 0.0)
        self._post(device.end, state="done")

    def _post(self, send: Any, **given: Any) -> None:
        began = time.perf_counter()
        answer = send(**given)
        self.note("weights" if given.get("with_weights") else "progress", time.perf_counter() - began)
        if answer.status_code != 200:
            self.problems.append(f"{answer.status_code}: {answer.body[:200]!r}")

    async def _look(self) -> None:
        """Follow the live panel, and let the page's script run now and then."""
        number = self.place  # so that not all ask at once
        while True:
            await asyncio.sleep(1.0)
            number += 1
            try:
                self.note("live panel", await self.session.tick())
                if number % SCRIPT_SECONDS == 0:
                    self.note("page", await self.session.run())
            except Failed as problem:
                self.problems.append(f"page: {problem}")
                return

    def note(self, name: str, seconds: float) -> None:
        self.times.setdefault(name, []).append(seconds)

    def _ask(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """A request of the browser, over a connection that stays open as long as the server lets it."""
        headers = headers | {"Cookie": self.session.cookies, "Origin": self.address}
        host = urlsplit(self.address).netloc
        for attempt in range(2):
            self._connection = self._connection or http.client.HTTPConnection(host, timeout=60)
            try:
                self._connection.request(method, path, body, headers)
                answer = self._connection.getresponse()
                return Answer(answer.status, Headers(dict(answer.getheaders())), answer.read())
            except (http.client.HTTPException, ConnectionError):
                self._connection = None
                if attempt:
                    raise
        raise AssertionError


def main() -> None:
    parser = common.parser(__doc__)
    parser.add_argument("--devices", type=int, default=30, help="students, one device each")
    parser.add_argument("--minutes", type=float, default=1.0, help="of training")
    parser.add_argument("--preset", default="quick-gru")
    options = parser.parse_args()
    if options.short:
        options.devices, options.minutes = 3, 0.5
    about = common.machine()
    with tempfile.TemporaryDirectory() as folder, serving(CHARLAB_RUNS=folder, CHARLAB_CLASS="1") as server:
        found = asyncio.run(lesson(server.address, server.pid, options))
        students = found.pop("students")
        checks = check(Path(folder), students)
    problems = Counter(problem for student in students for problem in student.problems)
    tables = {"Server": [found["server"] | checks], "Times, seconds": found["times"]}
    common.report("many_devices", options, about, tables, found)
    if problems:
        raise SystemExit("\n".join(f"{number} times {problem}" for problem, number in problems.items()))


async def lesson(address: str, pid: int, options: argparse.Namespace) -> dict[str, Any]:
    """Let all train at once; what the server used meanwhile, and what everyone waited for."""
    query = {"corpus": "shakespeare", "preset": options.preset, "accelerator": "device"}
    query |= {f"budget.{options.preset}": "minutes", "minutes": options.minutes}
    students = [Student(Session(address, "train", urlencode(query)), address, n) for n in range(options.devices)]
    usage, commands = Usage(pid), set[str]()
    watching = asyncio.create_task(watch(pid, commands))
    lives = [asyncio.create_task(student.live(options.minutes)) for student in students]
    await asyncio.gather(*(student.has_begun.wait() for student in students))
    before, began = usage.processor_seconds(), time.monotonic()
    await asyncio.wait(
        [asyncio.create_task(student.has_ended.wait()) for student in students], return_when="FIRST_COMPLETED"
    )
    passed, after = time.monotonic() - began, usage.processor_seconds()
    await asyncio.gather(*lives)
    watching.cancel()
    for student in students:
        await student.session.close()
    web, evaluating = (b - a for a, b in zip(before, after, strict=True))
    each = options.devices * passed / 60
    server = {
        "devices": options.devices,
        "minutes": round(passed / 60, 2),
        "processor s per student and minute": round(web / each, 2),
        "the same, evaluating": round(evaluating / each, 2),
        "processes that train": ", ".join(sorted(commands & TRAINING)) or "none",
        "MB, web process": round(usage.megabytes()[0]),
    }
    return {"students": students, "server": server, "times": times(students)}


async def watch(pid: int, commands: set[str]) -> None:
    """Note the words of the commands of all processes that the server starts."""
    while True:
        for process in psutil.Process(pid).children(recursive=True):
            with suppress(psutil.Error):  # it has ended
                commands.update(process.cmdline())
        await asyncio.sleep(1.0)


def times(students: list[Student]) -> list[dict[str, Any]]:
    """The median and the 95th percentile of what everyone waited for."""
    rows = []
    for name in dict.fromkeys(name for student in students for name in student.times):
        found = sorted(seconds for student in students for seconds in student.times.get(name, []))
        rows.append(
            {"what": name, "number": len(found), "median": round(median(found), 3)}
            | {"p95": round(percentile(found, 95), 3), "longest": round(found[-1], 3)}
        )
    return rows


def check(folder: Path, students: list[Student]) -> dict[str, Any]:
    """Whether every run is done and has its own device's weights, which can be evaluated."""
    evaluations = []
    for student in students:
        device = student.device
        if device is None:
            continue  # its problems say why
        run = store.Run(folder / device.run)
        status = run.recorded_status()
        if status.state != "done":
            student.problems.append(f"a run is {status.state}: {status.reason}")
            continue
        weights = run.weights("last")
        if set(weights) != set(device.weights) or any(
            not np.array_equal(weights[name], device.weights[name]) for name in weights
        ):
            student.problems.append("a run has weights that its device did not send last")
        events = [event for event in run.events()[0] if event["event"] == "epoch"]
        evaluations.append(len(events))
        if (events[0]["step"], events[-1]["step"]) != (0, device.step):
            student.problems.append("a run's first or last weights were not evaluated")
        model = models.load(str(run.path), "last")
        evaluate(model.predictor, model.vocab, model.vocab.encode("To be, or not to be, that is the question:"))
    return {"done": len(evaluations), "evaluations, least": min(evaluations), "median": median(evaluations)}


if __name__ == "__main__":
    main()
