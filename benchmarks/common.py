"""Shared by all benchmarks: processes that take turns, medians and ratios, tables, a description of the machine.

Each implementation that is compared has its own process, so that no library's threads disturb another's. All but
the one that works wait for a line on their standard input, which costs nothing.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("numpy", "tensorflow", "keras", "torch", "streamlit", "playwright")
_QUIET = {"TF_CPP_MIN_LOG_LEVEL": "2", "KERAS_BACKEND": "tensorflow"}


def parser(description: str, rounds: int = 0) -> argparse.ArgumentParser:
    """The options of every benchmark; `rounds` where implementations take turns."""
    result = argparse.ArgumentParser(description=description.strip().splitlines()[0])
    if rounds:
        result.add_argument("--rounds", type=int, default=rounds, help="turns of each implementation")
    result.add_argument("--short", action="store_true", help="a smoke test of seconds; its figures mean nothing")
    result.add_argument(
        "--json",
        nargs="?",
        const="-",
        metavar="PATH",
        help="also write the figures to a JSON file; without a path, print JSON instead of tables",
    )
    return result


class Worker:
    """A process that waits for requests: it runs `python -m MODULE ARGUMENTS`, which calls `serve`."""

    def __init__(self, module: str, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        self._log = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=os.environ | _QUIET | (environment or {}),
        )

    def ask(self, **request: Any) -> dict[str, Any]:
        """The process's answer. If it died, ends the benchmark with the end of its log."""
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            self._log.seek(0)
            log = self._log.read()[-4000:]
            raise SystemExit(f"{' '.join(self._process.args[2:])} ended before it answered {request}:\n{log}")
        return json.loads(answer)

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()
        self._log.close()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, kind: type | None, *_: object) -> None:
        if kind:  # it may be in the middle of minutes of work that are no longer needed
            self._process.kill()
        self.close()


def serve(answer: Callable[..., dict[str, Any]]) -> None:
    """Answer a Worker's requests until standard input closes; anything printed goes to the worker's log."""
    replies, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        print(json.dumps(answer(**json.loads(line))), file=replies, flush=True)


def take_turns(ways: Mapping[str, Callable[[], Any]], rounds: int) -> dict[str, list[Any]]:
    """Call each function once per round, every other round in reverse order, so that other load on the machine and
    its temperature affect all alike."""
    results: dict[str, list[Any]] = {name: [] for name in ways}
    for number in range(rounds):
        names = list(ways)
        for name in names if number % 2 == 0 else reversed(names):
            results[name].append(ways[name]())
    return results


def per_second(work: Callable[[], int], seconds: float) -> float:
    """Characters per second of `work`, which returns how many it did, called until `seconds` have passed."""
    done, began = 0, time.perf_counter()
    while True:
        done += work()
        passed = time.perf_counter() - began
        if passed >= seconds:
            return done / passed


def wait_until(true: Callable[[], Any], seconds: float = 600) -> None:
    """Wait, within a hundredth of a second; end the benchmark where that takes longer than `seconds`."""
    until = time.monotonic() + seconds
    while not true():
        if time.monotonic() > until:
            raise SystemExit("A run did not start or end in time. A warm worker needs 3 GB of free memory.")
        time.sleep(0.01)


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the rounds' ratios, ours to theirs."""
    return median(a / b for a, b in zip(ours, theirs, strict=True))


def table(rows: Iterable[Mapping[str, Any]]) -> str:
    """A Markdown table; the first row's keys are its columns. A missing value leaves its cell empty."""
    rows = list(rows)
    columns = list(rows[0])
    lines = ["| " + " | ".join(columns) + " |", "|---" * len(columns) + "|"]
    lines += ["| " + " | ".join(_cell(row.get(column)) for column in columns) + " |" for row in rows]
    return "\n".join(lines)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, float):
        return str(value)
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) >= 10 else f"{value:.4g}"


def machine() -> dict[str, Any]:
    """The processor, the system, and the versions of the libraries."""
    import psutil

    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "system": f"{platform.system()} {platform.machine()}",
        "load_before": round(psutil.getloadavg()[0], 2),  # above about 0.1 the figures are not worth much
        "python": platform.python_version(),
        "versions": versions,
        "date": time.strftime("%Y-%m-%d"),
    }


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def report(
    name: str,
    options: argparse.Namespace,
    about: dict[str, Any],
    tables: dict[str, list[dict[str, Any]]],
    raw: Any = None,
) -> None:
    """Print the tables under a line about the machine; with --json also every round's figures."""
    command = " ".join(["python -m", f"benchmarks.{name}", *sys.argv[1:]])
    document = {"benchmark": name, "command": command, "machine": about, "tables": tables, "rounds": raw}
    if options.json == "-":
        print(json.dumps(document))
        return
    print(in_words(about) + f": `{command}`\n")
    for title, rows in tables.items():
        print(f"{title}\n\n{table(rows)}\n")
    if options.json:
        Path(options.json).parent.mkdir(parents=True, exist_ok=True)
        Path(options.json).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def in_words(about: dict[str, Any]) -> str:
    """The machine and the versions in one line."""
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    return (
        f"{about['cores']} cores of {about['processor']}, {about['memory_gib']} GiB, {about['system']}, load "
        f"{about['load_before']} before, Python {about['python']}, {versions}, on {about['date']}"
    )
