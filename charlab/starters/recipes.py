"""The models that ship with CharLab, each with its recipe, and how a finished run becomes one of them.

A recipe uses the command line that everyone has: train, then evaluate. Tiny Shakespeare, the text of most, is
looked for in the folder that CHARLAB_CORPORA names, then downloaded.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from charlab.errors import UnavailableError
from charlab.runs import models, schema, subprocesses
from charlab.runs.store import Run

MAX_BYTES = 6_000_000  # of all starters together
_MAX_LOST = 0.001  # nats that half precision may cost


@dataclass(frozen=True)
class Recipe:
    """A starter's title, the options of `train` that make it, the epochs whose weights it has, too, and its
    text."""

    title: str
    options: str
    epochs: tuple[int, ...] = ()
    corpus: str = "shakespeare"


RECIPES = {
    "quick-gru": Recipe("Quick GRU (3 minutes)", "--preset quick-gru --minutes 3 --set output_dropout=0.2"),
    "small-gru": Recipe(
        "Small GRU (20 epochs)",
        "--preset quick-gru --epochs 20 --set units=128 --set embedding=128 --set output_dropout=0.1",
        (1, 2, 5, 10, 20),
    ),
    "best-gru": Recipe(
        "Best GRU (10 minutes)",
        "--preset quick-gru --minutes 10 --set units=320 --set embedding=128 --set output_dropout=0.3 "
        "--set learning_rate=0.009",
    ),
    "mini-gpt": Recipe("Mini GPT", "--preset mini-gpt --minutes 10 --set output_dropout=0.1"),
    "ngram": Recipe("N-gram model", "--preset ngram"),
    "reber-gru": Recipe(
        "Reber GRU (20 epochs)", "--preset quick-gru --epochs 20 --set units=48 --set embedding=8", corpus="reber"
    ),
}


def make_all(names: Iterable[str] = ()) -> None:
    """Train the named starters, or all of them, and write the README that lists them.

    Raises SystemExit where a command fails or the weights of all starters together get too large.
    """
    for name in names or RECIPES:
        make(name)
    losses = {name: validation_loss(name) for name in RECIPES if (models.STARTERS / name).is_dir()}
    (models.STARTERS / "README.md").write_text(readme(losses), encoding="utf-8")
    size = sum(path.stat().st_size for path in models.STARTERS.rglob("*.safetensors"))
    print(f"{size / 1e6:.2f} MB of weights")
    if size > MAX_BYTES:
        raise SystemExit(f"All starters together may have at most {MAX_BYTES / 1e6:g} MB of weights.")


def make(name: str) -> None:
    """Train one starter by its recipe and store it beside the others.

    Raises SystemExit where a command fails, or where half precision raises the loss by more than `_MAX_LOST`.
    """
    recipe = RECIPES[name]
    words = ["--corpus", recipe.corpus, *shlex.split(recipe.options), "--name", recipe.title]
    results = _charlab("train", *words)
    keep_as_starter(models.find(results["run"]), name, recipe.epochs)
    loss = validation_loss(name)
    print(f"{name}: {results['best_val_loss']:.4f} nats as trained, {loss:.4f} as stored", flush=True)
    if loss > results["best_val_loss"] + _MAX_LOST:
        raise SystemExit(f"Half precision raised the loss of {name} by more than {_MAX_LOST} nats.")


def keep_as_starter(run: Run, name: str, epochs: Sequence[int] = (), among: Path | None = None) -> Path:
    """Copy what a starter needs of a finished run, with the weights of these epochs, into a folder `among` others,
    by default the starters; returns that folder.

    The weights take half the bytes of a run's. The best ones are left out if they are those of one of the epochs.
    """
    names = [f"epoch-{epoch:03d}" for epoch in epochs]
    if run.status().best_epoch not in epochs:
        names.append("best")
    compacted = {one: schema.compact(run.weights(one)) for one in names}  # before anything is deleted
    starter = Run((among or models.STARTERS) / name)
    for old in starter.weight_names():
        starter.weights_path(old).unlink()
    starter.write_config(run.config())
    starter.write_vocab(run.vocab())
    for one, weights in compacted.items():
        starter.write_weights(weights, one)
    starter.write_status(run.status())
    return starter.path


def validation_loss(name: str) -> float:
    """Nats per character on the last tenth of its text."""
    return _charlab("evaluate", name, "--corpus", RECIPES[name].corpus)["loss_nats"]


def readme(losses: Mapping[str, float]) -> str:
    """The text of starters/README.md, from each starter's validation loss in nats per character."""
    lines = []
    for name, nats in losses.items():
        size = sum(path.stat().st_size for path in (models.STARTERS / name).rglob("*.safetensors")) / 1e6
        command = f"`python -m charlab train --corpus {RECIPES[name].corpus} {RECIPES[name].options}`"
        lines.append(f"| {name} | {nats:.4f} nats, {nats / math.log(2):.3f} bits | {size:.2f} | {command} |")
    return _README.format(rows="\n".join(lines))


_README = """# Starters

Models that ship with CharLab. Each is a run's folder without its text: configuration, vocabulary, status with \
the measured results, and weights. The text that a model was trained on is not included.

| name | validation loss per character | MB | trained by |
|---|---|---|---|
{rows}

`make starters` makes them again: it trains each by its command, stores it here (`python -m charlab.starters \
keep`) and writes this page. The loss is that of `python -m charlab evaluate NAME --corpus CORPUS`. Weights are \
stored in half precision and counts in as few bytes as they need; both are widened when they are loaded.
"""


def _charlab(*words: str) -> dict:
    try:
        return subprocesses.document(*words, show_errors=True)
    except UnavailableError as error:
        raise SystemExit(f"charlab {' '.join(words)} failed: {error}") from error
