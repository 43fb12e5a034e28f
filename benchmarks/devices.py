"""A class that trains on its own devices: real browsers, a server that only writes, measures and answers.

    python -m benchmarks.devices [--students 10] [--waves 3] [--minutes 1] [--address 192.168.0.7] [--short]
                                 [--json PATH]

Each student is a browser context of Chromium with its own name, opens the Train page, and starts a run of a
network that no other has. All of a wave train at once; the next wave follows. The browsers are on the same
machine, at the lowest priority: in a class they are other machines. Meanwhile one more session opens page after
page: that is what "pages" measures. At the end every run's weights are evaluated, and belong to the browser that
started it. Processor time is that of the web process, and in a column of its own that of the processes it has
started, which are those that evaluate; a student's minutes are those from the start to the end of the run.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import numpy as np
import psutil
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from benchmarks import common
from benchmarks.sessions import TRAINING, Server, Session, serving
from charlab.core import reading
from charlab.corpora import catalogue
from charlab.runs import models, store

UNITS = 24  # of the first student's network; each has one unit more than the last
FORM = {
    "corpus": "shakespeare", "preset": "custom", "accelerator": "device", "custom.embedding": 16,
    "custom.batch_size": 16, "custom.sequence_length": 32, "budget.custom": "minutes",
}  # fmt: skip
QUIET = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
SETTINGS = {"CHARLAB_CLASS": "1", "CHARLAB_WARM": "0"}
COLUMNS = (
    "students", "seconds", "done", "server: CPU s per student and minute", "evaluating: CPU s per student",
    "pages: median, s", "pages: p95, s", "processes that train",
)  # fmt: skip
PAUSE = 2.0  # seconds between two pages that are asked for
LIMIT = 900.0  # for a wave
OVER = ("stopped", "done", "failed")  # a paused run goes on by itself, where its tab was too busy to say a word


class Student(NamedTuple):
    """A browser with one page, its name on the server, and how many units its network has."""

    context: BrowserContext
    page: Page
    owner: str
    units: int


def main() -> None:
    options = arguments()
    about, rows, raw = common.machine(), [], []
    with tempfile.TemporaryDirectory() as folder, served(options, folder) as server, browser() as chromium:
        for wave in range(options.waves):
            found = one_wave(chromium, server, options, Path(folder), wave * options.students)
            raw.append(found)
            rows.append({"wave": wave + 1} | {name: found[name] for name in COLUMNS})
        checked = check(Path(folder), [owner for found in raw for owner in found["units"].items()])
    common.report("devices", options, about, {"Each wave": rows, "Afterwards": [checked]}, raw)


def arguments() -> argparse.Namespace:
    parser = common.parser(__doc__)
    parser.add_argument("--students", type=int, default=10, help="browsers at once")
    parser.add_argument("--waves", type=int, default=3, help="one after the other")
    parser.add_argument("--minutes", type=float, default=1.0, help="of training, each run")
    parser.add_argument(
        "--address",
        default="127.0.0.1",
        help="of this machine, as browsers reach it: one of a network has no https",
    )
    options = parser.parse_args()
    if options.short:
        options.students, options.waves, options.minutes = 2, 1, 0.5
    return options


@contextmanager
def served(options: argparse.Namespace, folder: str) -> Iterator[Server]:
    """A class's server at the given address."""
    settings = SETTINGS | {"CHARLAB_RUNS": folder, "STREAMLIT_BROWSER_SERVER_ADDRESS": options.address}
    settings |= {"STREAMLIT_SERVER_ADDRESS": "0.0.0.0"}  # noqa: S104
    with serving(**settings) as server:
        yield server._replace(address=server.address.replace("127.0.0.1", options.address))


@contextmanager
def browser() -> Iterator[Browser]:
    """Chromium."""
    with sync_playwright() as playwright:
        path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
        chromium = playwright.chromium.launch(executable_path=path, args=list(QUIET))
        yield chromium
        chromium.close()


def give_way(server: Server) -> None:
    """Put the browsers at the lowest priority, as Chromium raises that of its pages again."""
    own = {server.pid, *(child.pid for child in psutil.Process(server.pid).children(recursive=True))}
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):  # it has ended
            if child.pid not in own:
                child.nice(19)


def one_wave(
    chromium: Browser, server: Server, options: argparse.Namespace, folder: Path, first: int
) -> dict[str, Any]:
    """Students that train at once: what it took the server, and whose runs they are."""
    students = [arrive(chromium, server, options, UNITS + first + number) for number in range(options.students)]
    give_way(server)
    reader = Reader(server)
    began, (web, others) = time.perf_counter(), processor_seconds(server.pid)
    for student in students:
        student.page.get_by_role("button", name="Start", exact=True).click()
    owners, training = {student.owner for student in students}, 0
    while len(ended := ended_runs(folder, owners)) < len(students):
        give_way(server)
        training = max(training, processes_that_train(server.pid))
        if time.perf_counter() - began > LIMIT:
            tell_of_others(folder, owners)
            raise SystemExit(f"Only {len(ended)} of {len(students)} runs have ended in time.")
        students[0].page.wait_for_timeout(500)  # Playwright's own way to wait
    seconds, (web_after, others_after) = time.perf_counter() - began, processor_seconds(server.pid)
    answers = reader.close()
    for student in students:
        student.context.close()
    tell_of_others(folder, owners)
    count, minutes = len(students), minutes_of(folder, owners)
    return {
        "students": count,
        "seconds": round(seconds, 1),
        "done": ended.count("done"),
        "server: CPU s per student and minute": (web_after - web) / minutes,
        "evaluating: CPU s per student": (others_after - others) / count,
        "pages: median, s": float(np.median(answers)),
        "pages: p95, s": float(np.percentile(answers, 95)),
        "processes that train": training,
        "units": {student.owner: student.units for student in students},
    }


def arrive(chromium: Browser, server: Server, options: argparse.Namespace, units: int) -> Student:
    """A student's browser, with the form filled in."""
    context = chromium.new_context()
    page = context.new_page()
    page.set_default_timeout(120_000)
    page.goto(f"{server.address}/train?{urlencode(FORM | {'custom.units': units, 'minutes': options.minutes})}")
    page.get_by_text("This device trains about").wait_for()
    (name,) = (cookie["value"] for cookie in context.cookies() if cookie["name"] == "charlab_name")
    return Student(context, page, name.partition(".")[0], units)


def ended_runs(folder: Path, owners: set[str]) -> list[str]:
    """The states of the runs of these students that have ended."""
    states = [run.status().state for run in runs_in(folder) if run.config().owner in owners]
    return [state for state in states if state in OVER]


def tell_of_others(folder: Path, owners: set[str]) -> None:
    """Say why runs of these students ended otherwise than with their minutes spent."""
    for run in runs_in(folder):
        status = run.status()
        if run.config().owner in owners and status.state != "done":
            print(f"{run.id} is {status.state} at step {status.step}: {status.reason}", file=sys.stderr)


def minutes_of(folder: Path, owners: set[str]) -> float:
    """The minutes from the start to the end of the runs of these students, added up."""
    found = [run.recorded_status() for run in runs_in(folder) if run.config().owner in owners]
    return sum(status.ended - status.started for status in found if status.started and status.ended) / 60


def runs_in(folder: Path) -> list[store.Run]:
    return [store.Run(path.parent) for path in folder.glob("*/status.json")]


def processor_seconds(pid: int) -> tuple[float, float]:
    """Of the web process, and of the processes that it has started, ended ones included."""
    web = psutil.Process(pid)
    times = web.cpu_times()
    others = times.children_user + times.children_system
    for child in web.children(recursive=True):
        with suppress(psutil.Error):  # it has ended
            others += sum(child.cpu_times()[:2])
    return times.user + times.system, others


def processes_that_train(pid: int) -> int:
    found = 0
    for child in psutil.Process(pid).children(recursive=True):
        with suppress(psutil.Error):  # it has ended
            found += bool(TRAINING.intersection(child.cmdline()))
    return found


class Reader:
    """Somebody else, who asks for pages meanwhile: how many seconds each took."""

    def __init__(self, server: Server) -> None:
        self._server, self._seconds, self._ends = server, [], threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._read()))
        self._thread.start()

    async def _read(self) -> None:
        for page in itertools.cycle(("train", "playground", "explainer")):
            if self._ends.is_set():
                return
            session = Session(self._server.address, page)
            await session.greet()
            self._seconds.append(await session.open())
            await session.close()
            await asyncio.sleep(PAUSE)

    def close(self) -> list[float]:
        self._ends.set()
        self._thread.join()
        return self._seconds


def check(folder: Path, students: list[tuple[str, int]]) -> dict[str, Any]:
    """Whether every student's run has weights of its own shape that can be evaluated, and what they reach."""
    text = catalogue.load("shakespeare").text[-20_000:]
    runs = {run.config().owner: run for run in runs_in(folder)}
    losses = []
    for owner, units in students:
        model = models.load(str(runs[owner].path))
        if model.config.model.units != units:
            raise SystemExit(f"The run of {owner} has {model.config.model.units} units and not {units}.")
        losses.append(reading.evaluate(model.predictor, model.vocab, model.vocab.encode(text)).loss_nats)
    return {
        "runs": len(runs),
        "of students": len(students),
        "evaluated": len(losses),
        "nats, median": np.median(losses),
    }


if __name__ == "__main__":
    main()
