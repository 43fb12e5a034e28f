"""Seconds from Start to the end of a run's first step, cold and warm, compared with a bare Keras script.

    python -m benchmarks.startup [--rounds 10] [--presets quick-gru ...] [--short] [--json PATH]

Ours is what the Start button does: a run is created, a queue in this process gives it to a worker, and its status
says when the first step has ended. Before that the worker reads the text, evaluates the untrained network, and
writes its weights, a sample and a checkpoint. "Cold" starts a process for the run. "Warm, at once" has one that
has just got ready, with TensorFlow imported. "Warm, prepared" has one that got ready while the Train page showed
this preset, and has done what it could for it; "preparing" is how long that took after it was ready; "warm, again"
is the next run of the same preset there. The peer is a script that imports Keras, builds the same network,
and returns from its first `train_on_batch`, on rows in memory: it does nothing else.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks import common
from charlab.runs import control, plan, store, warm
from charlab.runs.permissions import OPERATOR
from charlab.runs.presets import PRESETS
from charlab.runs.queue import Queue

CORPUS = "shakespeare"
WAYS = ("cold", "warm, at once", "preparing", "warm, prepared", "warm, again", "Keras script")


def main() -> None:
    parser = common.parser(__doc__, rounds=10)
    parser.add_argument("--presets", nargs="+", choices=[name for name in PRESETS if name != "ngram"])
    options = parser.parse_args()
    about, rows, raw = common.machine(), [], {}
    for preset in options.presets or (["quick-gru"] if options.short else ["quick-gru", "mini-gpt"]):
        turns = {"cold": cold, "warm, at once": warm_at_once, "prepared": prepared, "Keras script": keras_script}
        ways = {name: lambda turn=turn, preset=preset: turn(preset) for name, turn in turns.items()}
        times = raw[preset] = common.take_turns(ways, 1 if options.short else options.rounds)
        names = ("preparing", "warm, prepared", "warm, again")
        times |= dict(zip(names, map(list, zip(*times.pop("prepared"), strict=True)), strict=True))
        rows += [row(preset, way, times[way]) for way in WAYS]
    common.report("startup", options, about, {"Start to the end of the first step, seconds:": rows}, raw)


def row(preset: str, way: str, times: list[float]) -> dict[str, Any]:
    figures = {"median": median(times), "fastest": min(times), "slowest": max(times), "times": len(times)}
    return {"preset": preset, "worker": way} | figures


def cold(preset: str) -> float:
    with queue(is_warm=False) as (_, folder):
        return start(preset, folder)


def warm_at_once(preset: str) -> float:
    with queue(is_warm=True) as (training, folder):
        common.wait_until(training.has_warm_worker)
        return start(preset, folder)


def prepared(preset: str) -> tuple[float, float, float]:
    with queue(is_warm=True) as (training, folder):
        warm.page_shows(plan_of(preset, {}))
        common.wait_until(training.has_warm_worker)
        began = time.perf_counter()
        common.wait_until(training.has_prepared)
        return time.perf_counter() - began, start(preset, folder), start(preset, folder)


def keras_script(preset: str) -> float:
    began = time.perf_counter()
    with common.Worker("benchmarks.startup", "--as-keras") as worker:
        worker.ask(preset=preset)
        return time.perf_counter() - began


@contextmanager
def queue(is_warm: bool) -> Iterator[tuple[Queue, Path]]:
    """A queue on an empty runs folder, with the Train page open, or with no warm workers."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"CHARLAB_RUNS": folder, "CHARLAB_WARM": str(int(is_warm))}
        training = Queue(places=1)
        warm.page_is_open()
        warm.page_shows(None)
        training.start()
        try:
            yield training, Path(folder)
        finally:
            training.close()


def start(preset: str, folder: Path) -> float:
    """Seconds until the first step of a new run has ended; then the run is stopped."""
    run = create(preset, folder, {})
    began = time.perf_counter()
    common.wait_until(lambda: "seconds" in status_of(run).start_up)
    seconds = time.perf_counter() - began
    control.stop(run, OPERATOR)
    common.wait_until(lambda: run.status().state not in store.ACTIVE)
    return seconds


def create(preset: str, folder: Path, settings: dict[str, Any]) -> store.Run:
    return plan_of(preset, settings).create(OPERATOR, folder)


def plan_of(preset: str, settings: dict[str, Any]) -> plan.RunPlan:
    from charlab.corpora import catalogue

    chosen = PRESETS[preset]
    model, train = plan.change(chosen.model, chosen.train, settings)
    return plan.plan_run(catalogue.load(CORPUS), preset, model, train)


def status_of(run: store.Run) -> store.Status:
    """A run's status. Ends the benchmark where the run has failed."""
    status = run.status()
    if status.state == "failed":
        raise SystemExit(f"The run failed: {status.reason}")
    return status


# In the peer's process


def act() -> None:
    """Build a preset's network in plain Keras and train it on one batch."""

    def answer(preset: str) -> dict[str, Any]:
        from benchmarks import keras_training

        model, train = PRESETS[preset].model, PRESETS[preset].train
        network = keras_training.network(model, train, vocabulary_size=66)
        keras_training.compile_for(network, train, jit=model.kind == "transformer")
        shape = (train.batch_size, train.sequence_length + 1)
        ids = np.random.default_rng(1).integers(65, size=shape, dtype=np.int32)
        return {"loss": float(network.train_on_batch(ids[:, :-1], ids[:, 1:]))}

    common.serve(answer)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--as-keras"]:
        act()
    else:
        main()
