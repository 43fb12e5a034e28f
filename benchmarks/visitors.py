"""What visitors of a class do on each page, all at once or each in its own time, and what it takes.

These are the clients of benchmarks/class.py, which starts this module in a process of its own and asks it for one
scenario after the other.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import numpy as np
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from benchmarks import common
from benchmarks.polling import TIMEOUT, Failed
from benchmarks.sessions import Session, Usage

TEXT = ("To be, or not to be: that is the question. " * 10)[:300]
SAMPLES, LENGTH = 3, 300
WORDS = "fair dark sweet cold noble gentle bitter proud early silent".split()
NAMES = "ROMEO JULIET HAMLET MACBETH OTHELLO PORTIA VIOLA BRUTUS ANTONY CORDELIA".split()


# What a visitor does. Each act is told a number that no other has, and returns the seconds of each of its names.


async def move_step(session: Session, number: int) -> tuple[float, ...]:
    return (await session.report("charlab_strip", "chosen", 1 + number * 7 % (len(TEXT) // 10)),)


async def move_slider(session: Session, number: int) -> tuple[float, ...]:
    return (await session.move("Temperature", 0.1 + 0.05 * (number % 37)),)


async def new_text(session: Session, number: int) -> tuple[float, ...]:
    ran = await session.run(session.typed("text_area", "Text", unlike(number) + TEXT[:280]))
    return (ran + await session.load(),)


async def write_character(session: Session, number: int) -> tuple[float, ...]:
    written = session.written
    said = {"act": "step", "turn": written + 1, "written": written, "known": written + 1}
    said |= {"temperature": 0.5, "seed": number % 1000, "isPlaying": False}
    took = await session.report("charlab_step_by_step", "asked", said)
    if session.written != written + 1:
        raise Failed("the script has ended without one more character")
    return (took,)


async def new_line(session: Session, number: int) -> tuple[float, ...]:
    return (await session.run(session.typed("text_input", "Text", unlike(number))),)


async def generate(session: Session, number: int) -> tuple[float, ...]:
    texts = Texts(unlike(number))
    session.watch = texts.see
    await session.press("Generate", session.typed("text_area", "Prompt", texts.prompt))
    if not texts.all:
        raise Failed(f"the script has ended with texts of {list(texts.lengths.values())} characters")
    return texts.first - texts.began, texts.all - texts.began


def unlike(number: int) -> str:
    """A short text for each number, so that no answer is one that was given before."""
    return f"{NAMES[number % 10]}:\n{' '.join(WORDS[int(digit)] for digit in str(number // 10))} "


class Texts:
    """When the first characters of every sample of a prompt were there, and when all were."""

    def __init__(self, prompt: str) -> None:
        self.prompt, self.lengths, self.first, self.all = prompt, {}, 0.0, 0.0
        self.began = time.perf_counter()

    def see(self, message: ForwardMsg) -> None:
        """Look at a change of the page: a sample is text in fixed width that begins with the prompt. It may be in
        one place while it grows and in another once it is complete; the samples grow together."""
        if message.delta.new_element.WhichOneof("type") != "code":
            return
        text = message.delta.new_element.code.code_text
        if text.startswith(self.prompt):
            self.lengths[tuple(message.metadata.delta_path)] = len(text) - len(self.prompt)
        reached = sorted(self.lengths.values(), reverse=True)[SAMPLES - 1 : SAMPLES] or [0]
        if reached[0] > 0:
            self.first = self.first or time.perf_counter()
        if reached[0] >= LENGTH:
            self.all = self.all or time.perf_counter()


class Event(NamedTuple):
    """Something that visitors do: the names of its times, and the control of the page that it needs."""

    names: tuple[str, ...]
    act: Callable[[Session, int], Awaitable[tuple[float, ...]]]
    needs: tuple[str, str]


STEP = Event(("moved step",), move_step, ("bidi_component", "charlab_strip"))
SLIDER = Event(("moved slider",), move_slider, ("slider", "Temperature"))
NEW_TEXT = Event(("new text",), new_text, ("text_area", "Text"))
WRITE = Event(("Step: one more character",), write_character, ("bidi_component", "charlab_step_by_step"))
NEW_LINE = Event(("new text",), new_line, ("text_input", "Text"))
GENERATE = Event(("Generate: first characters", "Generate: all texts"), generate, ("button", "Generate"))
OPEN, TICK = "first answer", "live tick"
PLAIN, WRITING = "plain page", "step-by-step"
EVENTS: dict[str, tuple[Event, ...]] = {
    "home": (),
    "train": (),
    "explainer": (STEP, SLIDER, NEW_TEXT),
    WRITING: (WRITE,),
    "playground": (GENERATE,),
    PLAIN: (SLIDER, NEW_LINE),
}
PATHS = {"home": "", PLAIN: "", WRITING: "explainer"}  # of pages whose path is not their name
LIVE = ("home", "train", PLAIN)  # "train" only while a run trains
LESSON = (
    "train",
    "explainer",
    "train",
    "playground",
    "train",
    "explainer",
    "train",
    "home",
    "explainer",
    "playground",
)
OFTEN = (0.6, 0.3, 0.1)  # how often a visitor does the first, second and third event of a page
THINKING = {"explainer": 8.0, "playground": 20.0}  # seconds between two of a visitor's acts, on average


# In the clients' process


class Log:
    """How long every event took, and what failed."""

    def __init__(self) -> None:
        self.times: defaultdict[str, list[float]] = defaultdict(list)
        self.errors: defaultdict[str, Counter[str]] = defaultdict(Counter)

    async def note(self, names: Sequence[str], asked: Awaitable[float | tuple[float, ...]]) -> None:
        try:
            took = await asked
        except Failed as problem:
            for name in names:
                self.errors[name][str(problem)[:200]] += 1
                self.times[name].append(TIMEOUT)
            return
        for name, seconds in zip(names, took if isinstance(took, tuple) else (took,), strict=True):
            self.times[name].append(seconds)

    def row(self, name: str) -> dict[str, Any]:
        times, errors = sorted(self.times[name]), self.errors[name]
        figures = {"p50, s": percentile(times, 50), "p95, s": percentile(times, 95), "slowest, s": times[-1]}
        return {"event": name, "events": len(times), "errors": errors.total(), **figures, "problems": dict(errors)}


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The smallest of the values that at least so many per cent do not exceed."""
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


@dataclass
class Meter:
    """What the server sends and both sides compute, from when it is made."""

    usage: Usage
    people: list[Session]

    def __post_init__(self) -> None:
        self.before = self._now()

    def each(self, events: int) -> dict[str, float]:
        used = (now - before for now, before in zip(self._now(), self.before, strict=True))
        names = ("kB each", "server, CPU ms each", "its processes, CPU ms each", "clients, CPU ms each")
        return {name: amount / events for name, amount in zip(names, used, strict=True)}

    def _now(self) -> tuple[float, ...]:
        web, others = self.usage.processor_seconds()
        received = sum(session.received for session in self.people)
        return received / 1e3, 1e3 * web, 1e3 * others, 1e3 * time.process_time()


class Peak:
    """The memory of a web process, alone and with the processes it has started, every second during a block."""

    def __init__(self, usage: Usage) -> None:
        self._usage = usage
        self.start = self.end = self.peak = usage.megabytes()[0]
        self.whole = 0.0

    async def __aenter__(self) -> Peak:
        self._task = asyncio.create_task(self._look())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        self._take()

    def figures(self) -> dict[str, float]:
        found = {"start": self.start, "peak": self.peak, "end": self.end, "peak with its processes": self.whole}
        return {f"{name}, MB": amount for name, amount in found.items()}

    async def _look(self) -> None:
        while True:
            self._take()
            await asyncio.sleep(1)

    def _take(self) -> None:
        self.end, others = self._usage.megabytes()
        self.peak, self.whole = max(self.peak, self.end), max(self.whole, self.end + others)


async def start_run(address: str, query: str) -> dict[str, Any]:
    """Start the run of a link on the Train page; returns its id."""
    session = Session(address, "train", query)
    await session.greet()
    await session.open()
    await session.press("Start")
    await session.close()
    return {"run": parse_qs(session.query)["run"][0]}


async def at_once(
    address: str,
    pid: int,
    page: str,
    query: str,
    sessions: int,
    rounds: int,
    seconds: float,
    is_live: bool,
    first_number: int,
) -> dict[str, Any]:
    """Open a page in every session in the same moment, and let all do the same, event after event."""
    usage, rows = Usage(pid), []
    async with Peak(usage) as memory:
        log, used = Log(), Counter()
        for turn in range(rounds):
            people = [Session(address, PATHS.get(page, page), query) for _ in range(sessions)]
            await asyncio.gather(*(session.greet() for session in people))
            meter = Meter(usage, people)
            await asyncio.gather(*(log.note([OPEN], session.open()) for session in people))
            used.update(meter.each(rounds * sessions))
            if turn < rounds - 1:
                await close(people)
        rows.append(log.row(OPEN) | used)
        if is_live:
            log, meter = Log(), Meter(usage, people)
            until = time.perf_counter() + seconds
            await asyncio.gather(*(keep_ticking(session, log, TICK, until) for session in people))
            rows.append(log.row(TICK) | meter.each(len(log.times[TICK])))
        for event in EVENTS[page]:
            rows += await event_at_once(event, people, rounds, usage, first_number)
    await close(people)
    return {"rows": rows, "memory": memory.figures()}


async def close(people: list[Session]) -> None:
    await asyncio.gather(*(session.close() for session in people))


async def event_at_once(
    event: Event, people: list[Session], rounds: int, usage: Usage, number: int
) -> list[dict[str, Any]]:
    opened = [session for session in people if session.is_open]
    if opened and not any(session.has(*event.needs) for session in opened):
        return [{"event": name, "events": "in the browser"} for name in event.names]
    log, meter, numbers = Log(), Meter(usage, people), itertools.count(number)
    for _ in range(rounds):
        await asyncio.gather(*(log.note(event.names, event.act(each, next(numbers))) for each in people))
    *others, last = (log.row(name) for name in event.names)
    return [*others, last | meter.each(rounds * len(people))]


async def keep_ticking(session: Session, log: Log, name: str, until: float) -> None:
    """Ask for what is new again and again, each time after the page's interval and after the last answer."""
    while (began := time.perf_counter()) < until:
        await log.note([name], session.tick())
        await asyncio.sleep(max(0.0, session.interval - (time.perf_counter() - began)))


async def lesson(address: str, pid: int, queries: dict[str, str], sessions: int, minutes: float) -> dict[str, Any]:
    """Let sessions come within a fifth of the time, at most 20 seconds, and each act in its own time."""
    usage, log = Usage(pid), Log()
    pages = [LESSON[n % len(LESSON)] for n in range(sessions)]
    people = [Session(address, PATHS.get(page, page), queries[page]) for page in pages]
    until, arrival = time.perf_counter() + 60 * minutes, min(20.0, 12 * minutes)
    async with Peak(usage) as memory:
        meter = Meter(usage, people)
        visits = (
            visit(n, page, session, log, arrival, until)
            for n, (page, session) in enumerate(zip(pages, people, strict=True))
        )
        await asyncio.gather(*visits)
        used = meter.each(1)
    await close(people)
    return {
        "rows": [log.row(name) for name in log.times],
        "memory": memory.figures(),
        "server, cores": used["server, CPU ms each"] / 60e3 / minutes,
        "MB sent": used["kB each"] / 1e3,
    }


async def visit(number: int, page: str, session: Session, log: Log, arrival: float, until: float) -> None:
    """One visitor's part of a lesson."""
    chance = np.random.default_rng(number)
    await asyncio.sleep(chance.uniform(0, arrival))
    await session.greet()
    await log.note([f"{page}: {OPEN}"], session.open())
    if page in LIVE:
        await keep_ticking(session, log, f"{page}: {TICK}", until)
        return
    turn = 0
    while time.perf_counter() + (pause := chance.exponential(THINKING[page])) < until:
        await asyncio.sleep(pause)
        turn += 1
        event = EVENTS[page][min(int(chance.choice(3, p=OFTEN)), len(EVENTS[page]) - 1)]
        if session.has(*event.needs) or not session.is_open:  # else it is answered in the browser
            await log.note([f"{page}: {name}" for name in event.names], event.act(session, 1000 * turn + number))


def act() -> None:
    """Answer the requests of the process that measures."""
    scenarios = {"start_run": start_run, "at_once": at_once, "lesson": lesson}
    common.serve(lambda do, **request: asyncio.run(scenarios[do](**request)))


if __name__ == "__main__":
    act()
