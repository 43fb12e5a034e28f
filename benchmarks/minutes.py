"""What runs of one minute train on a busy machine: seconds from the first step to the last, and steps.

    python -m benchmarks.minutes [--rounds 10] [--busy 2] [--preset quick-gru] [--short] [--json PATH]

As many processes as --busy says compute all the time, at a higher priority than training has. Each run goes
through a queue with a warm worker, one after the other, as from the Train page. "Clock" is the time that the run
records; "seen" is the time between the first step and the last as its status, written once a second, shows them.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import common, startup
from charlab.runs import limits, store, warm
from charlab.runs.presets import PRESETS


def main() -> None:
    parser = common.parser(__doc__, rounds=10)
    parser.add_argument("--busy", type=int, default=2, help="processes that compute meanwhile")
    parser.add_argument("--preset", default="quick-gru", choices=[name for name in PRESETS if name != "ngram"])
    options = parser.parse_args()
    about, rows = common.machine(), []
    minutes = 0.05 if options.short else 1.0
    with startup.queue(is_warm=True) as (training, folder), busy(options.busy):
        common.wait_until(training.has_warm_worker)
        for number in range(1, 1 + (1 if options.short else options.rounds)):
            rows.append({"run": number} | one_run(options.preset, folder, minutes))
            print(rows[-1], file=sys.stderr, flush=True)
    title = f"Runs of {limits.in_minutes(minutes)} of {options.preset} beside {options.busy} busy processes:"
    common.report("minutes", options, about, {title: rows}, rows)


def one_run(preset: str, folder: Path, minutes: float) -> dict[str, Any]:
    """What a run trained, and what its end says of it."""
    run = startup.create(preset, folder, {"minutes": minutes})
    began, first, last, step = time.perf_counter(), None, None, 0
    while (status := startup.status_of(run)).state in store.ACTIVE:
        warm.page_is_open()
        if "seconds" in status.start_up:
            first = first or time.perf_counter()
        if status.step > step:
            last, step = time.perf_counter(), status.step
        time.sleep(0.02)
    seen = None if first is None or last is None else last - first
    return {
        "start, s": None if first is None else first - began,
        "warm": status.start_up["warm"],
        "clock, s": status.seconds,
        "seen, s": seen,
        "steps": status.step,
        "ended as": " ".join(filter(None, [status.state, status.reason])),
    }


@contextmanager
def busy(number: int) -> Iterator[None]:
    """Processes that compute until the returned context ends."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(number)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


if __name__ == "__main__":
    main()
