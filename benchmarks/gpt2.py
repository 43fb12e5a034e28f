"""GPT-2 small on one thread: how fast it writes and explains, and how much memory it takes.

    python -m benchmarks.gpt2 [--published] [--short] [--json PATH]

The weights are random numbers in a file like the published one, which changes neither speed nor memory. With
--published they are the published ones, downloaded if they are not here (548 MB), and the lecture's five
continuations are printed as well.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks import common
from charlab.core import generation
from charlab.core.config import ModelConfig, SampleConfig
from charlab.core.predictor import Predictor, build_predictor
from charlab.core.transformer import transformer_shapes
from charlab.core.vocab import Vocab
from charlab.corpora.downloads import Download
from charlab.labs.gpt2 import download, network, tokens
from charlab.labs.gpt2 import model as gpt2
from charlab.runs.permissions import OPERATOR

PROMPT = "This royal throne of kings, this sceptred isle"
_SPEEDS = ("tokens/s", "tokens per CPU s")
LECTURE = SampleConfig(length=40, samples=5, top_p=0.9, seed=1)


def main() -> None:
    parser = common.parser(__doc__)
    parser.add_argument("--published", action="store_true", help="the published weights, downloaded if need be")
    options = parser.parse_args()
    about = common.machine()
    with tempfile.TemporaryDirectory() as folder:
        source = download.SMALL if options.published else random_source(Path(folder))
        rows, texts = measure(source, 2 if options.short else 40)
    common.report("gpt2", options, about, {"GPT-2 small, one thread:": rows})
    if options.published:
        for text in texts:
            print(f"{PROMPT}{text}\n")


def measure(source: download.Source, length: int) -> tuple[list[dict[str, Any]], list[str]]:
    """A row for each thing measured, and the five continuations.

    Memory is counted from where NumPy has computed with a small network: what is resident now, the most that was,
    and how much of the first is the process's own, no pages of a file.
    """
    small = ModelConfig(kind="transformer", layers=2, units=256, heads=4, context=64)
    _write(build_predictor(small, 4, _zeros(small)), Vocab("abc"), LECTURE.replace(length=8, samples=1))
    rows: list[dict[str, Any]] = []
    before_it, own = resident(), resident("RssAnon")

    def row(name: str, act: Callable[[], Any], tokens: int = 0) -> Any:
        before, before_cpu = time.perf_counter(), time.process_time()
        found = act()
        seconds, cpu = time.perf_counter() - before, time.process_time() - before_cpu
        speeds = (
            dict(zip(_SPEEDS, (tokens / seconds, tokens / cpu), strict=True)) if tokens else dict.fromkeys(_SPEEDS)
        )
        memory = {
            "grown MB": resident() - before_it,
            "peak MB": peak() - before_it,
            "own MB": resident("RssAnon") - own,
        }
        rows.append({"what": name, "seconds": seconds, "CPU s": cpu} | speeds | memory)
        return found

    with threadpool_limits(1, user_api="blas"):
        row("before it is loaded", lambda: None)
        row("download or copy, aligned file", lambda: download.fetch(OPERATOR, source))
        model = row("load", lambda: gpt2.load(OPERATOR, source))
        write = partial(_write, model.predictor, model.vocab)
        read = len(model.vocab.encode(PROMPT))
        one = LECTURE.replace(length=length, samples=1)
        row("the first text: pages are mapped", lambda: write(one.replace(length=1)), read)
        row(f"one text of {length} tokens after {read}", lambda: write(one), read + length)
        for tokens in (64, 256):
            text = model.vocab.decode(model.vocab.encode(f"{PROMPT}. " * 30)[:tokens])
            row(f"{tokens} tokens explained", lambda text=text: gpt2.explain(model, text), tokens)
        five = row(
            f"five texts of {length} tokens", lambda: write(LECTURE.replace(length=length)), 5 * length + read
        )
    return rows, five


def _write(predictor: Predictor, vocab: Vocab, config: SampleConfig) -> list[str]:
    return generation.texts(generation.generate(predictor, vocab, PROMPT, config), vocab)


def _zeros(config: ModelConfig) -> dict[str, np.ndarray]:
    return {name: np.zeros(shape, np.float32) for name, shape in transformer_shapes(config, 4).items()}


def peak() -> float:
    """The most memory that this process has had, in MB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1e6 if sys.platform == "darwin" else most * 1024 / 1e6


def resident(which: str = "VmRSS") -> float:
    """The memory in MB that this process has now, or one kind of it; NaN where that is unknown."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return math.nan
    return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(f"{which}:"))


def random_source(folder: Path) -> download.Source:
    """Random weights as the published file has them, masks and an odd header included, and a list of merges."""
    os.environ["CHARLAB_CACHE"] = str(folder)
    pairs = [f"{left} {right}" for left in tokens._LETTERS for right in tokens._LETTERS]
    merges = "\n".join(["#version: 0.2", *pairs[: network.TOKENS - 257], ""]).encode()
    (folder / "merges.bpe").write_bytes(merges)
    listed = Download("merges.bpe", (), hashlib.sha256(merges).hexdigest())
    source = dataclasses.replace(download.SMALL, title="Random weights", name="random", merges=listed)
    sha256 = write_random_weights(source.part)
    assert source.received == source.size
    return dataclasses.replace(source, sha256=sha256)


def write_random_weights(path: Path) -> str:
    """A file of the published one's size and form; returns its checksum."""
    shapes = {network.published_name(name): shape for name, shape in network.shapes().items()}
    shapes |= {f"h.{i}.attn.bias": (1, 1, 1024, 1024) for i in range(network.SMALL.layers)}
    shapes = dict(sorted(shapes.items(), key=lambda item: math.prod(item[1])))  # whose header is short enough
    header, end = {}, 0
    for name, shape in shapes.items():
        size = 4 * math.prod(shape)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [end, end := end + size]}
    start = download.SMALL.size - end - 8
    text = json.dumps(header, separators=(",", ":")).ljust(start)
    random, sha256 = np.random.default_rng(0), hashlib.sha256()
    with path.open("wb") as file:
        for name, shape in {"": (), **shapes}.items():
            for piece in (
                _pieces(random, name, shape) if name else [len(text).to_bytes(8, "little"), text.encode()]
            ):
                file.write(piece)
                sha256.update(piece)
    return sha256.hexdigest()


def _pieces(random: np.random.Generator, name: str, shape: tuple[int, ...], most: int = 2**20) -> Iterator[bytes]:
    """The numbers of an array like those of a network that begins to train."""
    is_scale = ".ln_" in name and name.endswith("weight") or name == "ln_f.weight"
    for first in range(0, math.prod(shape), most):
        numbers = random.standard_normal(min(most, math.prod(shape) - first), np.float32)
        yield (0.02 * numbers + is_scale).astype(np.float32).tobytes()


if __name__ == "__main__":
    main()
