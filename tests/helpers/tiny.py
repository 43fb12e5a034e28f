"""Tiny networks with random weights, and runs made of them."""

from __future__ import annotations

import numpy as np

from charlab.core import ngram, predictor
from charlab.core.config import ModelConfig, TrainConfig
from charlab.core.vocab import Vocab
from charlab.corpora import catalogue
from charlab.runs import store

TINY = {
    "gru": ModelConfig(kind="gru", layers=2, units=16, embedding=8),
    "gru-one-hot": ModelConfig(kind="gru", layers=1, units=16, embedding=0),
    "lstm": ModelConfig(kind="lstm", layers=2, units=16, embedding=8),
    "transformer": ModelConfig(kind="transformer", layers=2, units=16, heads=4, context=32),
}


def random_weights(config: ModelConfig, vocabulary_size: int, seed: int = 0, scale: float = 0.5) -> dict:
    rng = np.random.default_rng(seed)
    shapes = predictor.weight_shapes(config, vocabulary_size)
    return {name: rng.normal(0, scale, shape).astype(np.float32) for name, shape in shapes.items()}


def make_run(kind: str = "gru", text: str = "the quick brown fox.\n", name: str = "tiny", **status) -> store.Run:
    """A run with random weights in the runs' folder, done unless another state is given.

    Only one in a given state has its corpus's checksum: it can be resumed or trained longer.
    """
    vocab = Vocab.from_text(text)
    sha256 = catalogue.load("coin-flips").sha256 if "state" in status else "0" * 64
    config = store.RunConfig(name, "custom", "coin-flips", sha256, TINY[kind], TrainConfig(seed_text="the "))
    run = store.create(config, vocab)
    run.write_weights(random_weights(TINY[kind], len(vocab)), "best")
    run.write_weights(random_weights(TINY[kind], len(vocab), seed=1), "last")
    run.write_status(store.Status(**({"state": "done", "results": {"best_val_loss": 2.0}} | status)))
    return run


def ngram_run() -> store.Run:
    text = "the quick brown fox.\n" * 3
    vocab, model = Vocab.from_text(text), ModelConfig(kind="ngram", order=3)
    run = store.create(store.RunConfig("counts", "ngram", "coin-flips", "0" * 64, model, TrainConfig()), vocab)
    for weights_name in ("best", "last"):
        run.write_weights(ngram.count(vocab.encode(text), len(vocab), 3), weights_name)
    run.write_status(store.Status("done", results={"best_val_loss": 1.0}))
    return run


def read(predictor, ids, samples=1):
    """Logits after each of ids [T], for `samples` copies: [T, N, V]."""
    state, rows = predictor.start(samples), []
    for i in ids:
        logits, state = predictor.step(np.full(samples, i), state)
        rows.append(logits.copy())
    return np.array(rows)


def write_epochs(run: store.Run, number: int = 3) -> None:
    """Give a run of a GRU weights of its first epochs."""
    for epoch in range(1, number + 1):
        weights = random_weights(TINY["gru"], len(run.vocab()), seed=10 + epoch)
        run.write_weights(weights, f"epoch-{epoch:03d}")
