"""Training speed of a preset in characters per second, compared with a bare Keras `fit` and PyTorch.

    python -m benchmarks.training [--presets quick-gru ...] [--seconds 31] [--short] [--json PATH]

Ours is a complete run by charlab.training.train with its events, samples and checkpoints, in a run directory.
"Steady" leaves out everything before the end of the first steps, for all alike; for ours it also leaves out
evaluation, which no peer does; "with evaluation" includes it. "From the start" counts from the start of the
process, imports, tracing and compiling included. The peers read rows prepared in memory.
The limit: the time of the step's matrix products alone, each measured by itself.
"""

from __future__ import annotations

import os
import sys
import time
from statistics import median
from typing import Any

import numpy as np

from benchmarks import common
from charlab.core.config import ModelConfig, TrainConfig
from charlab.runs.presets import PRESETS

MEASURED = ["quick-gru", "tutorial-gru", "cloud-tpu-lstm", "chapter16-stateful", "mini-gpt"]
WAYS = {"ours": "charlab", "fit": "Keras fit", "torch": "PyTorch"}
_WARM_STEPS = 3


def main() -> None:
    parser = common.parser(__doc__, rounds=3)
    parser.add_argument("--presets", nargs="+", choices=[name for name in PRESETS if name != "ngram"])
    parser.add_argument("--seconds", type=float, help="of training per turn; from 31 on with a timed checkpoint")
    options = parser.parse_args()
    about = common.machine()
    presets = options.presets or (["quick-gru", "mini-gpt"] if options.short else MEASURED)
    seconds = options.seconds or (2.0 if options.short else 31.0)
    speeds, ratios, limits, raw = [], [], [], {}
    for preset in presets:
        ways = {way: lambda way=way, preset=preset: turn(way, preset, seconds) for way in WAYS}
        turns = raw[preset] = common.take_turns(ways, 1 if options.short else options.rounds)
        speeds.append({"preset": preset} | columns(turns))
        steady = {way: [one["steady"] for one in turns[way]] for way in WAYS}
        ratios.append(
            {"preset": preset}
            | {WAYS[peer]: common.ratio(steady["ours"], steady[peer]) for peer in WAYS if peer != "ours"}
        )
        limits.append({"preset": preset} | turn("limit", preset, 0.05 if options.short else 0.5))
        limits[-1]["charlab / limit"] = median(steady["ours"]) / limits[-1]["limit, characters/s"]
    tables = {
        "Characters per second, medians:": speeds,
        "charlab's speed divided by the peer's, steady, medians of the rounds' ratios:": ratios,
        "Limit by matrix products:": limits,
    }
    common.report("training", options, about, tables, raw)


def turn(way: str, preset: str, seconds: float) -> dict[str, float]:
    """One implementation in a fresh process."""
    with common.Worker("benchmarks.training", "--as", way, str(time.time())) as worker:
        return worker.ask(preset=preset, seconds=seconds)


def columns(turns: dict[str, list[dict[str, float]]]) -> dict[str, float]:
    result = {f"{WAYS[way]}, steady": median(one["steady"] for one in turns[way]) for way in WAYS}
    result["charlab, with evaluation"] = median(one["with_evaluation"] for one in turns["ours"])
    for way in WAYS:
        result[f"{WAYS[way]}, from the start"] = median(one["from_start"] for one in turns[way])
    return result


# In the processes that take turns


def act(way: str, started: float) -> None:
    """Answer requests as one implementation; `started` is when the process was started, in seconds since 1970."""

    def answer(preset: str, seconds: float) -> dict[str, float]:
        model, train = PRESETS[preset].model, PRESETS[preset].train
        if way == "limit":
            return product_limit(model, train, seconds)
        if way == "ours":
            return ours(preset, seconds, started)
        x, y = rows(model, train)
        if way == "fit":
            if model.kind == "transformer":  # compiled by XLA and faster with oneDNN, unlike the others
                os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"
            from benchmarks.keras_training import fitting

            work = fitting(model, train, vocabulary_size(model), x, y)
        else:
            from benchmarks.torch_peers import training

            work = training(model, train, vocabulary_size(model), x, y)
        return measured(work, train, seconds, started)

    common.serve(answer)


def measured(work: Any, train: TrainConfig, seconds: float, started: float) -> dict[str, float]:
    """Characters per second of `work(steps)`: first some warm-up steps, then as many as take about `seconds`."""
    characters = train.batch_size * train.sequence_length
    work(_WARM_STEPS)
    began = time.perf_counter()
    work(_WARM_STEPS)
    steps = max(1, round(_WARM_STEPS * seconds / (time.perf_counter() - began)))
    began = time.perf_counter()
    work(steps)
    steady = steps * characters / (time.perf_counter() - began)
    all_steps = steps + 2 * _WARM_STEPS
    return {"steady": steady, "from_start": all_steps * characters / (time.time() - started)}


def ours(preset: str, seconds: float, started: float) -> dict[str, float]:
    """A run on a random text of the length of Tiny Shakespeare, paused when its time is over."""
    import tempfile

    from charlab.runs.stop_signal import StopSignal
    from charlab.training import process
    from charlab.training.train import train_run

    process.set_up_tensorflow()
    from charlab.core.vocab import Vocab
    from charlab.runs import store
    from charlab.training import learner

    model, train = PRESETS[preset].model, PRESETS[preset].train
    evaluated, steps_at = [0.0], []  # seconds of evaluation; when each step began, and these seconds then
    evaluate = learner.Learner.evaluate

    def timed(self: Any, validation: Any) -> tuple[float, float]:
        began = time.perf_counter()
        try:
            return evaluate(self, validation)
        finally:
            evaluated[0] += time.perf_counter() - began

    class WhenTimeIsOver(StopSignal):
        def requested(self, seconds: float = 0.0) -> str | None:
            steps_at.append((time.perf_counter(), evaluated[0]))
            first = steps_at[min(_WARM_STEPS, len(steps_at) - 1)]
            return "pause" if len(steps_at) > 2 * _WARM_STEPS and steps_at[-1][0] - first[0] >= seconds else None

    learner.Learner.evaluate = timed
    text = "".join(chr(33 + i) for i in np.random.default_rng(1).integers(65, size=1_115_394))
    by_text = model.alphabet == "corpus"
    vocab = Vocab.from_text(text, model.lower_case) if by_text else Vocab.from_code_points()
    train = train.replace(epochs=1000, seed_text="!")
    config = store.RunConfig("benchmark", preset, "random", "0" * 64, model, train)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CHARLAB_RUNS"] = folder
        run = store.create(config, vocab, state="running")
        with run.lock():
            status = train_run(run, vocab.encode(text), started=started, stop=WhenTimeIsOver())
        if status.state != "paused":
            raise SystemExit(f"The run ended as {status.state}: {status.reason}")
    characters = train.batch_size * train.sequence_length
    (first, evaluated_before), (last, evaluated_after) = steps_at[_WARM_STEPS], steps_at[-1]
    steps = len(steps_at) - 1 - _WARM_STEPS
    passed, evaluation = last - first, evaluated_after - evaluated_before
    return {
        "steady": steps * characters / (passed - evaluation),
        "with_evaluation": steps * characters / passed,
        "from_start": (len(steps_at) - 1) * characters / (time.time() - started),
    }


def vocabulary_size(model: ModelConfig) -> int:
    """Tiny Shakespeare's 65 characters, 39 in lower case, and the unknown one; or code points."""
    if model.alphabet == "code-points":
        return 256
    return 40 if model.lower_case else 66


def rows(model: ModelConfig, train: TrainConfig) -> tuple[np.ndarray, np.ndarray]:
    """Random characters in rows: inputs and targets [several batches, T]."""
    batches = max(1, 2_000_000 // (train.batch_size * train.sequence_length))
    shape = (batches * train.batch_size, train.sequence_length + 1)
    ids = np.random.default_rng(1).integers(vocabulary_size(model) - 1, size=shape, dtype=np.int32)
    return ids[:, :-1].copy(), ids[:, 1:].copy()


# The limit


def product_limit(model: ModelConfig, train: TrainConfig, seconds: float) -> dict[str, float]:
    """A step's matrix products, each measured with all threads by NumPy and PyTorch: the faster counts."""
    operations = passed = 0.0
    for count, *shape in products(model, train, vocabulary_size(model)):
        operations += count * 2 * float(np.prod(shape))
        passed += count * product_seconds(*shape, seconds)
    characters = train.batch_size * train.sequence_length
    return {
        "GFLOP per step": operations / 1e9,
        "products alone, GFLOP/s": operations / passed / 1e9,
        "limit, characters/s": characters / passed,
    }


def products(model: ModelConfig, train: TrainConfig, vocabulary_size: int) -> list[tuple[int, int, int, int]]:
    """The matrix products of a step: (count, m, k, n) for [m, k] @ [k, n]. Each has two in the backward pass, for
    the gradients of its input and of its weights. Embedding lookups and one-hot products do not count."""
    B, T, U, V = train.batch_size, train.sequence_length, model.units, vocabulary_size
    result = [*_both_ways(1, B * T, U, V)]  # the head
    if model.kind == "transformer":
        for k, n in ((1, 3), (1, 1), (1, 4), (4, 1)):
            result += _both_ways(model.layers, B * T, k * U, n * U)
            if train.optimizer == "muon":  # five Newton-Schulz iterations per kernel
                short, long = sorted((k * U, n * U))
                iterations = 5 * model.layers
                result += [
                    (iterations, short, long, short),
                    (iterations, short, short, short),
                    (iterations, short, short, long),
                ]
        width, pairs = U // model.heads, model.layers * B * model.heads
        return [*result, *_both_ways(pairs, T, width, T), *_both_ways(pairs, T, T, width)]
    gates = {"gru": 3, "lstm": 4}[model.kind] * U
    for i in range(model.layers):
        if i or model.embedding:
            result += _both_ways(1, B * T, U if i else model.embedding, gates)
        # One step at a time forward and for the state; all steps at once for the recurrent kernel.
        result += [(T, B, U, gates), (T, B, gates, U), (1, U, B * T, gates)]
    return result


def _both_ways(count: int, m: int, k: int, n: int) -> list[tuple[int, int, int, int]]:
    return [(count, m, k, n), (count, m, n, k), (count, k, m, n)]


def product_seconds(m: int, k: int, n: int, seconds: float) -> float:
    """How long [m, k] @ [k, n] takes: the best of many, in the faster of two libraries."""
    import torch

    rng = np.random.default_rng(1)
    a, b = rng.random((m, k), np.float32), rng.random((k, n), np.float32)
    out, best = np.empty((m, n), np.float32), float("inf")
    tensors = torch.from_numpy(a), torch.from_numpy(b), torch.from_numpy(out)
    libraries = (lambda: np.matmul(a, b, out=out), lambda: torch.mm(tensors[0], tensors[1], out=tensors[2]))
    for multiply in libraries:
        multiply()
        until = time.perf_counter() + seconds / 2
        while True:
            began = time.perf_counter()
            multiply()
            ended = time.perf_counter()
            best = min(best, ended - began)
            if ended >= until:
                break
    return best


if __name__ == "__main__":
    if sys.argv[1:2] == ["--as"]:
        act(sys.argv[2], float(sys.argv[3]))
    else:
        main()
