"""The models that ship with CharLab, each with its recipe: `make starters` trains them again and writes them down.

    python -m charlab.starters.recipes [NAME ...]

Everything is done by the command line that anybody has: train, keep, evaluate. Tiny Shakespeare is found as
everywhere, in the folder that CHARLAB_CORPORA names or by download.
"""

from __future__ import annotations

import argparse
import json
import math
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from charlab.runs import models, store
from charlab.runs.store import Run

CORPUS = "shakespeare"
MAX_BYTES = 6_000_000  # of all starters together
_MAX_LOST = 0.001  # nats that half precision may cost


@dataclass(frozen=True)
class Recipe:
    """A starter's title, the words after `train` that make it, and the epochs that it keeps beside its best."""

    title: str
    words: str
    epochs: tuple[int, ...] = ()


RECIPES = {
    "quick-gru": Recipe(
        "Quick GRU on Tiny Shakespeare", "--preset quick-gru --minutes 3 --set output_dropout=0.2"
    ),
    "small-gru": Recipe(
        "Small GRU on Tiny Shakespeare, with its epochs",
        "--preset quick-gru --epochs 20 --set units=128 --set embedding=128 --set output_dropout=0.1",
        (1, 2, 5, 10, 20),
    ),
    "best-gru": Recipe(
        "GRU of ten minutes on Tiny Shakespeare",
        "--preset quick-gru --minutes 10 --set units=320 --set embedding=128 --set output_dropout=0.3 "
        "--set learning_rate=0.009",
    ),
    "mini-gpt": Recipe("Mini GPT on Tiny Shakespeare", "--preset mini-gpt --minutes 10 --set output_dropout=0.1"),
    "ngram": Recipe("N-gram on Tiny Shakespeare", "--preset ngram"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(RECIPES)}; all, if none is named")
    options = parser.parse_args()
    if unknown := sorted(set(options.names) - set(RECIPES)):
        parser.error(f"there is no recipe {unknown[0]!r}")
    for name in options.names or RECIPES:
        make(name)
    (models.STARTERS / "README.md").write_text(page(), encoding="utf-8")
    size = sum(path.stat().st_size for path in models.STARTERS.rglob("*.safetensors"))
    print(f"{size / 1e6:.2f} MB of weights")
    if size > MAX_BYTES:
        raise SystemExit(f"The starters may have {MAX_BYTES / 1e6:g} MB together.")


def make(name: str) -> None:
    """Train a starter by its recipe and put it where the others are. Raises SystemExit where a command fails, or
    where half precision costs more than it may."""
    recipe = RECIPES[name]
    words = ["--corpus", CORPUS, *shlex.split(recipe.words), "--name", recipe.title]
    results = _charlab("train", *words)
    _charlab("keep", results["run"], name, *(["--epochs", *map(str, recipe.epochs)] if recipe.epochs else []))
    loss = held_out_loss(name)
    print(f"{name}: {results['best_val_loss']:.4f} nats as trained, {loss:.4f} as kept", flush=True)
    if loss > results["best_val_loss"] + _MAX_LOST:
        raise SystemExit(f"{name} lost more than {_MAX_LOST} nats by half precision.")


def held_out_loss(name: str) -> float:
    """Nats a character on the last tenth of Tiny Shakespeare."""
    return _charlab("evaluate", name, "--corpus", CORPUS)["loss_nats"]


def page() -> str:
    """What starters/README.md says."""
    lines = []
    for name in [name for name in RECIPES if (models.STARTERS / name).is_dir()]:
        folder, nats = models.STARTERS / name, held_out_loss(name)
        size = sum(path.stat().st_size for path in folder.rglob("*.safetensors")) / 1e6
        command = f"`python -m charlab train --corpus {CORPUS} {RECIPES[name].words}`"
        lines.append(f"| {name} | {nats:.4f} nats, {nats / math.log(2):.3f} bits | {size:.2f} | {command} |")
    return _PAGE.format(rows="\n".join(lines))


_PAGE = """# Starters

Models that ship with CharLab, each a run's folder without its text: configuration, alphabet, status with the \
measured figures, and weights. All learned from Tiny Shakespeare; the text itself is not here.

| name | held-out loss a character | MB | made by |
|---|---|---|---|
{rows}

`make starters` makes them again: it trains each by its command, keeps it (`python -m charlab keep`) and writes \
this page. The loss is that of `python -m charlab evaluate NAME --corpus shakespeare`. Weights lie here in half \
precision and counts in as few bytes as they need; both are widened when they are read.
"""


def _charlab(*words: str) -> dict:
    command = [sys.executable, "-m", "charlab", *words, "--json"]
    process = subprocess.run(command, stdout=subprocess.PIPE, encoding="utf-8", check=False)  # noqa: S603
    if process.returncode:
        raise SystemExit(f"charlab {' '.join(words)} failed.")
    return json.loads(process.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()


def keep_as_starter(run: Run, name: str, epochs: Sequence[int] = ()) -> Path:
    """Copy of a finished run what a starter needs, the weights of these epochs among it; returns its folder.

    The weights take half the bytes that a run's do. The best ones are left out where they are one of the epochs.
    """
    weights_name = [f"epoch-{epoch:03d}" for epoch in epochs]
    if run.status().best_epoch not in epochs:
        weights_name.append("best")
    compacted = {one: store.compact(run.weights(one)) for one in weights_name}  # before anything is taken away
    starter = Run(models.STARTERS / name)
    for old in starter.weight_names():
        starter.weights_path(old).unlink()
    starter.write_config(run.config())
    starter.write_vocab(run.vocab())
    for one, weights in compacted.items():
        starter.write_weights(weights, one)
    starter.write_status(run.status())
    return starter.path
