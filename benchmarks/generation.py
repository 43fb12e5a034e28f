"""Generation speed in characters per second over all samples, compared with four peers in Keras and PyTorch.

    python -m benchmarks.generation [--models gru-256 ...] [--samples 1 5 16] [--short] [--json PATH]

Ours is charlab.core.generation as the command line calls it: temperature, unknown characters excluded, every step
kept; at the end the model and sampling probabilities of all steps are computed. On one thread, as on the pages, or
on all, as on the command line for a network with large kernels. The peers keep only the text. Each runs with the
number of threads that suits it best, found for every model and number of samples before the rounds begin.
The limit: each step reads all weights once, from memory, or from the cache if they stay there.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache
from itertools import product
from statistics import median
from typing import Any

from benchmarks import common
from charlab.core import matmul, ops
from charlab.core.config import ModelConfig
from charlab.core.predictor import build_predictor, largest_kernel, weight_shapes

MODELS = {
    "gru-256": ModelConfig(kind="gru", units=256, embedding=256),
    "gru-1024": ModelConfig(kind="gru", units=1024, embedding=256),
    "lstm-512x2": ModelConfig(kind="lstm", layers=2, units=512, embedding=256),
    "mini-gpt": ModelConfig(kind="transformer", layers=4, units=128, heads=4, context=256),
}
VOCABULARY = 66  # Tiny Shakespeare's 65 and the unknown character
LENGTH = 250  # characters per call; they fit into the Transformer's context, so that no cache is rebuilt
WAYS = {
    "ours": "charlab",
    "predict": "Keras predict",
    "onestep": "OneStep tf.function",
    "xla": "XLA while_loop",
    "torch": "PyTorch step",
}


def main() -> None:
    parser = common.parser(__doc__, rounds=5)
    parser.add_argument("--models", nargs="+", choices=MODELS)
    parser.add_argument("--samples", type=int, nargs="+")
    parser.add_argument("--threads", type=int, nargs="+", help="numbers of threads to try for the peers")
    parser.add_argument("--seconds", type=float, help="of generating per turn")
    options = parser.parse_args()
    about = common.machine()
    cores = about["cores"]
    rounds = min(options.rounds, 2) if options.short else options.rounds
    seconds = options.seconds or (0.1 if options.short else 1.0)
    models = options.models or (["gru-256", "mini-gpt"] if options.short else list(MODELS))
    threads = options.threads or ([cores] if options.short else sorted({1, cores}))
    medians, ratios, limits, raw = [], [], [], {}
    with ExitStack() as stack:
        workers = {
            (way, count): stack.enter_context(common.Worker("benchmarks.generation", "--as", way, str(count)))
            for way in WAYS
            for count in (sorted({1, cores}) if way == "ours" else threads)
        }
        for model, samples in product(models, options.samples or ([1, 5] if options.short else [1, 5, 16])):
            place = {"model": model, "samples": samples}
            turns = raw[f"{model}, {samples}"] = measure(workers, model, samples, seconds, rounds)
            threads_taken = matmul.blas_threads(largest_kernel(MODELS[model], VOCABULARY)) or cores
            ours = turns[f"ours, {threads_taken}"]
            medians.append(place | {column(name, cores): median(speeds) for name, speeds in turns.items()})
            peers = {name: speeds for name, speeds in turns.items() if not name.startswith("ours")}
            ratios.append(place | {column(name): common.ratio(ours, speeds) for name, speeds in peers.items()})
            limits.append(place | limit(workers["ours", 1], model, samples, median(turns["ours, 1"])))
    tables = {
        "Characters per second over all samples, medians:": medians,
        "charlab's speed on the command line divided by the peer's, medians of the rounds' ratios:": ratios,
        "Limit on one thread, characters per second:": limits,
    }
    common.report("generation", options, about, tables, raw)


def measure(workers: dict, model: str, samples: int, seconds: float, rounds: int) -> dict[str, list[float]]:
    """Characters per second of each round, by "way, threads": ours with one thread and with all, each peer with
    its faster number of threads."""

    def turn(key: tuple[str, int]) -> Callable[[], float]:
        return lambda: workers[key].ask(model=model, samples=samples, seconds=seconds)["characters_per_second"]

    probed = {key: turn(key)() for key in workers}  # which also traces and compiles
    ways = {}
    for way in WAYS:
        keys = [key for key in workers if key[0] == way]
        for _, threads in keys if way == "ours" else [max(keys, key=probed.get)]:
            ways[f"{way}, {threads}"] = turn((way, threads))
    return common.take_turns(ways, rounds)


def column(name: str, cores: int = 0) -> str:
    """A column's heading; ours has two, for one thread and for all."""
    way, threads = name.split(", ")
    if way != "ours":
        return WAYS[way]
    return f"{WAYS[way]}, {'all threads' if int(threads) == cores > 1 else '1 thread'}"


def limit(worker: common.Worker, model: str, samples: int, ours: float) -> dict[str, Any]:
    """The speed that reading the weights allows on one thread, and ours as a share of it."""
    found = worker.ask(limit_of=model)
    by_memory, by_cache = (
        samples * found[key] / found["bytes"] for key in ("memory_bytes_per_second", "cache_bytes_per_second")
    )
    return {
        "weights, MB": found["bytes"] / 1e6,
        "memory, GB/s": found["memory_bytes_per_second"] / 1e9,
        "limit by memory": by_memory,
        "in cache, GB/s": found["cache_bytes_per_second"] / 1e9,
        "limit by cache": by_cache,
        "charlab, 1 thread": ours,
        "share of the nearer limit": ours / max(by_memory, by_cache),
    }


# In the processes that take turns


def act(way: str, threads: int) -> None:
    """Answer requests as one implementation, with this number of threads."""
    make = {"ours": _ours, "torch": _torch}.get(way) or _keras(way)
    make = cache(make(threads))

    def answer(model: str = "", samples: int = 1, seconds: float = 1.0, limit_of: str = "") -> dict[str, float]:
        if limit_of:
            return weight_limit(MODELS[limit_of])
        write = make(model, samples)
        write()  # traced, compiled and warm
        return {"characters_per_second": common.per_second(write, seconds)}

    common.serve(answer)


def _ours(threads: int) -> Callable[[str, int], Callable[[], int]]:
    import numpy as np
    from threadpoolctl import threadpool_limits

    from charlab.core import sampling
    from charlab.core.config import SampleConfig
    from charlab.core.generation import generate
    from charlab.core.vocab import Vocab

    threadpool_limits(threads, user_api="blas")
    vocab = Vocab.from_text("".join(chr(33 + i) for i in range(VOCABULARY - 1)))

    def make(model: str, samples: int) -> Callable[[], int]:
        rng = np.random.default_rng(1)
        shapes = weight_shapes(MODELS[model], VOCABULARY)
        weights = {name: rng.normal(0, 0.05, shape).astype(np.float32) for name, shape in shapes.items()}
        predictor = build_predictor(MODELS[model], VOCABULARY, weights)
        config = SampleConfig(length=LENGTH, samples=samples, temperature=0.8)

        def write() -> int:
            steps = list(generate(predictor, vocab, vocab.characters[0], config))
            logits = np.concatenate([step.logits for step in steps])  # [length * N, V]
            kept = ops.softmax(logits), sampling.sampling_probabilities(logits, config, vocab.unknown_id)
            return len(kept[0])

        return write

    return make


def _keras(way: str) -> Callable[[int], Callable[[str, int], Callable[[], int]]]:
    def with_threads(threads: int) -> Callable[[str, int], Callable[[], int]]:
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
        from benchmarks import keras_peers

        return lambda model, samples: keras_peers.writer(way, MODELS[model], VOCABULARY, samples, LENGTH)

    return with_threads


def _torch(threads: int) -> Callable[[str, int], Callable[[], int]]:
    import torch

    from benchmarks import torch_peers

    torch.set_num_threads(threads)
    return lambda model, samples: torch_peers.writer(MODELS[model], VOCABULARY, samples, LENGTH)


@cache
def weight_limit(config: ModelConfig) -> dict[str, float]:
    """Bytes of weights that a step reads, and how fast one thread reads from memory and, over and over, from the
    cache that this many bytes stay in."""
    import numpy as np
    from threadpoolctl import threadpool_limits

    looked_up = ("embedding", "position", "layer_0/kernel")  # of these a step reads one row
    shapes = weight_shapes(config, VOCABULARY)
    size = 4 * sum(int(np.prod(shape)) for name, shape in shapes.items() if name not in looked_up)
    with threadpool_limits(1, user_api="blas"):
        return {
            "bytes": size,
            "memory_bytes_per_second": reading_speed(np.ones(2**27, np.float32)),  # 512 MiB: no cache holds it
            "cache_bytes_per_second": reading_speed(np.ones(size // 4, np.float32)),
        }


def reading_speed(array: Any) -> float:
    """Bytes per second at which a dot product, the least work possible, reads an array: the best of many."""
    best, until = float("inf"), time.perf_counter() + 0.3
    while time.perf_counter() < until:
        began = time.perf_counter()
        array.dot(array)
        best = min(best, time.perf_counter() - began)
    return array.nbytes / best


if __name__ == "__main__":
    if sys.argv[1:2] == ["--as"]:
        act(sys.argv[2], int(sys.argv[3]))
    else:
        main()
