"""How generation speed depends on a model's units and layers, and on the number and length of the samples.

    python -m benchmarks.growth [--kinds gru lstm transformer] [--seconds 1] [--short] [--json PATH]

One quantity is changed at a time, starting from one sample of 250 characters from one layer of 256 units (a
Transformer: 4 layers of 128). How time and memory grow with the corpus is measured by corpus_scale.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks import common
from charlab.core.config import ModelConfig, SampleConfig
from charlab.core.generation import generate
from charlab.core.predictor import build_predictor, weight_shapes
from charlab.core.vocab import Vocab

START = {
    "gru": ModelConfig(kind="gru", units=256),
    "lstm": ModelConfig(kind="lstm", units=256),
    "transformer": ModelConfig(kind="transformer", layers=4, units=128),
}
CHANGES = {
    "units": [64, 128, 256, 512, 1024],
    "layers": [1, 2, 4],
    "samples": [1, 2, 4, 8, 16, 32, 64],
    "length": [10, 100, 1000, 10_000],
}


def main() -> None:
    parser = common.parser(__doc__)
    parser.add_argument("--kinds", nargs="+", choices=START, default=list(START))
    parser.add_argument("--seconds", type=float, help="of generating, at least, for each figure")
    options = parser.parse_args()
    about = common.machine()
    seconds = options.seconds or (0.02 if options.short else 1.0)
    tables = {}
    with threadpool_limits(1, user_api="blas"):  # as on the pages
        for changed, values in CHANGES.items():
            values = values[:2] if options.short else values
            tables[f"Characters per second by {changed}:"] = [
                {changed: value} | {kind: speed(kind, changed, value, seconds) for kind in options.kinds}
                for value in values
            ]
    common.report("growth", options, about, tables)


def speed(kind: str, changed: str, value: int, seconds: float) -> float:
    """Characters per second over all samples, with one quantity changed."""
    is_of_model = changed in ("units", "layers")
    model = START[kind].replace(**{changed: value}) if is_of_model else START[kind]
    settings: dict[str, Any] = {"length": 250, "samples": 1} | ({} if is_of_model else {changed: value})
    config = SampleConfig(**settings, temperature=0.8)
    vocab = Vocab.from_text("".join(chr(33 + i) for i in range(65)))
    rng = np.random.default_rng(1)
    shapes = weight_shapes(model, len(vocab))
    weights = {name: rng.normal(0, 0.05, shape).astype(np.float32) for name, shape in shapes.items()}
    predictor = build_predictor(model, len(vocab), weights)

    def write_samples() -> int:
        return config.samples * sum(1 for _ in generate(predictor, vocab, vocab.characters[0], config))

    write_samples()
    return common.per_second(write_samples, seconds)


if __name__ == "__main__":
    main()
