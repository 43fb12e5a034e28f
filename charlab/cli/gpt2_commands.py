"""The commands of `charlab lab gpt2`: download its weights, generate text, explain a text token by token."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from typing import Any

from threadpoolctl import threadpool_limits

from charlab.cli import progress
from charlab.core import generation
from charlab.core.config import SampleConfig
from charlab.explain.step_records import in_line, step_records
from charlab.labs import published
from charlab.labs.gpt2 import download as weights
from charlab.labs.gpt2 import model as gpt2
from charlab.runs.permissions import OPERATOR

PROMPT, DEFAULTS = published.PROMPT, published.LECTURE


def download(options: argparse.Namespace) -> dict[str, Any]:
    """Download the weights and the list of merges, where they are not here; returns where they are."""
    source = weights.source()
    if not source.is_here:
        print(source.about, file=sys.stderr)
    path = weights.fetch(OPERATOR, source, progress.by_twentieths(source.size))
    if not options.json:
        print(path)
    return {"path": str(path), "bytes": path.stat().st_size}


def generate(options: argparse.Namespace) -> dict[str, Any]:
    """Generate continuations of a prompt; a single one is printed while it grows."""
    config = SampleConfig(**{name: getattr(options, name) for name in (*DEFAULTS, "top_k", "seed")})
    model = gpt2.load(OPERATOR, weights.source())
    with threadpool_limits(1, user_api="blas"):
        steps = generation.generate(model.predictor, model.vocab, options.seed_text, config)
        if not options.json and config.samples == 1:
            steps = _printed(steps, options.seed_text, model.vocab.incremental_decoder())
        samples = generation.texts(steps, model.vocab)
    if not options.json:
        print()
        for number, sample in enumerate(samples if config.samples > 1 else [], start=1):
            print(f"--- sample {number} ---\n{options.seed_text}{sample}")
    return {"seed_text": options.seed_text, "samples": samples}


def explain(options: argparse.Namespace) -> dict[str, Any]:
    """What is expected after each token of a text, and the mean surprise in bits per token."""
    model = gpt2.load(OPERATOR, weights.source())
    with threadpool_limits(1, user_api="blas"):
        result = gpt2.explain(model, options.text)
    steps = step_records(result, model.vocab, options.top)
    if not options.json:
        print("\n".join(map(in_line, steps)))
    return {"bits_per_token": None if len(steps) < 2 else result.mean_bits, "steps": steps}


def _printed(
    steps: Iterator[generation.Step], seed_text: str, decode: Callable[[int], str]
) -> Iterator[generation.Step]:
    print(seed_text, end="", flush=True)
    for step in steps:
        print(decode(int(step.ids[0])), end="", flush=True)
        yield step
