"""A class on one server: what 1 to 100 open pages wait for, and what they cost the web process.

    python -m benchmarks.class [--sessions 1 10 30 100] [--pages train ...] [--load idle training]
                               [--minutes 5] [--checkout FOLDER] [--short] [--json PATH]

Sessions speak Streamlit's protocol over WebSockets, in one process of their own (benchmarks/visitors.py): they
take processor time too, which the tables say. The pages are served as for a class (CHARLAB_CLASS=1), while nothing
else runs and while a run trains that was started on the Train page. "All at once": every session asks in the same
moment, and again when all have an answer; live pages tick by themselves. "A lesson": a mixture of pages, each
session in its own time. The peer is the plainest Streamlit page, on a server of its own with the same settings.

Times are from asking to the end of the script. An error, or an answer that takes longer than the limit, counts as
an error, and in the percentiles as the limit. Processor time is that of the web process, and in a column of
its own that of the processes it has started, without those that train. No process stands ready for the next run
(CHARLAB_WARM=0): its start would fall into some measurements.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from benchmarks import common
from benchmarks.polling import TIMEOUT
from benchmarks.sessions import Server, serving
from benchmarks.visitors import EVENTS, LENGTH, LESSON, LIVE, PLAIN, SAMPLES, TEXT, WRITING

MODEL = "quick-gru"  # a starter
EXPLAINER = {"model": MODEL, "text": TEXT, "step": 20, "temperature": 0.5}
STEPS = {"model": MODEL, "text": TEXT[:43], "view": "write with it"}
PLAYGROUND = {"model": MODEL, "samples": SAMPLES, "length": LENGTH}
NEW_RUN = {
    "corpus": "shakespeare",
    "accelerator": "auto",
    "preset": "quick-gru",
    "budget.quick-gru": "minutes",
    "minutes": 60,
}
SETTINGS = {"CHARLAB_CLASS": "1", "CHARLAB_WARM": "0"}
LOADS = ("idle", "training")
ASKED = 60  # events of a kind: as many rounds as that takes, at most 10
PLAIN_PAGE = """
import time
import streamlit as st

st.title("The plainest page")
text = st.text_input("Text")
number = st.slider("Temperature", 0.0, 2.0, 0.5, 0.05)
st.write(f"{len(text)} characters, {number}")

@st.fragment(run_every=1.0)
def live():
    st.line_chart([(time.time() * step) % 1 for step in range(20)])

live()
"""


class Class(NamedTuple):
    """A server with CharLab's pages, the folder of a run on it, and the links that its visitors open."""

    server: Server
    run: Path
    links: dict[str, str]

    def step(self) -> int:
        """The training steps that the run has made."""
        return json.loads((self.run / "status.json").read_text(encoding="utf-8")).get("step", 0)


def main() -> None:
    options = arguments()
    about, tables, raw = common.machine(), Tables(), []
    with common.Worker("benchmarks.visitors") as visitors:
        for load in options.load:
            with served(options, load, visitors) as ours, plainest(options) as plain:
                for number, (count, page) in enumerate(product(options.sessions, options.pages)):
                    place = {"load": load, "page": page, "sessions": count}
                    found = all_at_once(visitors, ours, plain, options, 10_000 * number, **place)
                    tables.add_at_once(place, found)
                    raw.append(place | found)
            for count in options.lesson:
                with served(options, load, visitors) as ours:
                    place = {"load": load, "sessions": count}
                    found = a_lesson(visitors, ours, count, options.minutes)
                tables.add_lesson(place, found, options.minutes)
                raw.append(place | found)
    common.report("class", options, about, tables.titled(), raw)


def arguments() -> argparse.Namespace:
    parser = common.parser(__doc__)
    parser.add_argument("--sessions", type=int, nargs="+", default=[1, 10, 30, 100], help="open pages")
    parser.add_argument(
        "--lesson", type=int, nargs="*", default=[30, 100], help="sessions of a mixed lesson; none: no lesson"
    )
    parser.add_argument("--pages", nargs="+", choices=EVENTS, default=list(EVENTS))
    parser.add_argument("--load", nargs="+", choices=LOADS, default=LOADS, help="what else the machine does")
    parser.add_argument("--minutes", type=float, default=5.0, help="of each lesson")
    parser.add_argument("--seconds", type=float, default=20.0, help="of live ticks on each page")
    parser.add_argument(
        "--checkout", type=Path, default=common.ROOT, help="serve the pages of another checkout of CharLab"
    )
    options = parser.parse_args()
    if options.short:
        options.sessions, options.lesson, options.minutes, options.seconds = [2], [10], 0.3, 3.0
        options.load = ["training"]
    options.checkout = options.checkout.resolve()
    return options


# Servers


@contextmanager
def served(options: argparse.Namespace, load: str, visitors: common.Worker) -> Iterator[Class]:
    """CharLab's pages with a run that trains; for an idle server with one that was stopped."""
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(checkout=options.checkout, CHARLAB_RUNS=folder, **SETTINGS) as server,
    ):
        found = visitors.ask(do="start_run", address=server.address, query=urlencode(NEW_RUN))
        run = Path(folder) / found["run"]
        links = {"train": {"run": run.name}, "explainer": EXPLAINER, WRITING: STEPS, "playground": PLAYGROUND}
        ours = Class(server, run, {page: urlencode(links.get(page, {})) for page in EVENTS})
        common.wait_until(lambda: ours.step() > 0)
        if load == "idle":
            stop(run)
        yield ours


def stop(path: Path) -> None:
    from charlab.runs import control, store
    from charlab.runs.permissions import OPERATOR

    run = store.Run(path)
    control.stop(run, OPERATOR)
    common.wait_until(lambda: run.status().state not in store.ACTIVE)


@contextmanager
def plainest(options: argparse.Namespace) -> Iterator[Server]:
    """The plainest page on a server of its own, where it is asked for."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "page.py"
        script.write_text(PLAIN_PAGE, encoding="utf-8")
        with serving(script, checkout=options.checkout) as server:
            yield server


# Scenarios


def all_at_once(
    visitors: common.Worker,
    ours: Class,
    plain: Server,
    options: argparse.Namespace,
    first_number: int,
    load: str,
    page: str,
    sessions: int,
) -> dict[str, Any]:
    """What the sessions of one page measured: rows of events, and the memory of its server. Their texts have the
    numbers from `first_number` on: none is one that this server has read before."""
    server = plain if page == PLAIN else ours.server
    began, step = time.monotonic(), ours.step()
    found = visitors.ask(
        do="at_once",
        address=server.address,
        pid=server.pid,
        page=page,
        query=ours.links[page],
        sessions=sessions,
        rounds=1 if options.short else max(1, min(10, ASKED // sessions)),
        seconds=options.seconds,
        is_live=page in LIVE and not (page == "train" and load == "idle"),
        first_number=first_number,
    )
    return found | steps_per_second(ours, step, began)


def a_lesson(visitors: common.Worker, ours: Class, sessions: int, minutes: float) -> dict[str, Any]:
    """What a mixture of sessions measured: rows of events, memory, and the use of the processor."""
    began, step = time.monotonic(), ours.step()
    found = visitors.ask(
        do="lesson",
        address=ours.server.address,
        pid=ours.server.pid,
        queries=ours.links,
        sessions=sessions,
        minutes=minutes,
    )
    return found | steps_per_second(ours, step, began)


def steps_per_second(ours: Class, step: int, began: float) -> dict[str, float]:
    return {"training, steps/s": (ours.step() - step) / (time.monotonic() - began)}


class Tables:
    """The rows of the report, which are also told on standard error as they come."""

    def __init__(self) -> None:
        self.at_once: list[dict[str, Any]] = []
        self.lessons: list[dict[str, Any]] = []
        self.servers: list[dict[str, Any]] = []
        self.problems: list[dict[str, Any]] = []

    def add_at_once(self, place: dict[str, Any], found: dict[str, Any]) -> None:
        self._add(self.at_once, place, found["rows"])
        self.servers.append(self._of_server(place, found))

    def add_lesson(self, place: dict[str, Any], found: dict[str, Any], minutes: float) -> None:
        self._add(self.lessons, place, found["rows"])
        place = place | {"page": f"lesson of {minutes:g} min"}
        self.servers.append(self._of_server(place, found))

    def titled(self) -> dict[str, list[dict[str, Any]]]:
        pages = ", ".join(f"{LESSON.count(page)} {page}" for page in dict.fromkeys(LESSON))
        found = {
            f"All at once, seconds (an error counts as {TIMEOUT:.0f}):": self.at_once,
            f"A lesson, of ten sessions {pages}:": self.lessons,
            "Memory of the web process, and the training beside it:": self.servers,
            "Errors:": self.problems,
        }
        return {title: rows for title, rows in found.items() if rows}

    def _add(self, rows: list[dict[str, Any]], place: dict[str, Any], found: list[dict[str, Any]]) -> None:
        columns = ["event", "events", "errors", "p50, s", "p95, s", "slowest, s"]
        if rows is self.at_once:
            columns += ["kB each", "server, CPU ms each", "its processes, CPU ms each", "clients, CPU ms each"]
        for row in found:
            rows.append(place | {column: row.get(column) for column in columns})
            figures = (f"{value:.4g}" if isinstance(value, float) else value for value in rows[-1].values())
            print(*figures, sep=" | ", file=sys.stderr, flush=True)
            for problem, times in row.get("problems", {}).items():
                self.problems.append(place | {"event": row["event"], "problem": problem, "times": times})

    def _of_server(self, place: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
        more = {name: found.get(name) for name in ("server, cores", "MB sent", "training, steps/s")}
        return {name: place[name] for name in ("load", "page", "sessions")} | found["memory"] | more


if __name__ == "__main__":
    main()
