"""Validation loss on Tiny Shakespeare after a given time, compared with nanoGPT and the TensorFlow tutorial.

    python -m benchmarks.quality [--budgets 60 180 600] [--seeds 1 2 3] [--ways ...] [--set KEY=VALUE] [--json]

The clock starts with the process and ends with saved weights, for all alike. A budget in minutes of
`charlab train` is time of training alone, so ours gets the budget less what its start and its end take, which a
run of three seconds tells. All train on the first nine tenths and are evaluated on the last tenth in the same way:
windows that do not overlap, each read from a zero state, every character predicted once. A window has 256
characters; for nanoGPT's CPU configuration, whose context is 64, it has 64.
The text is looked for in the folder that CHARLAB_CORPORA names, then downloaded.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks import common

CORPUS = "shakespeare"
WINDOW = 256
PEERS = {"nanogpt": "nanoGPT, CPU configuration, PyTorch", "tutorial": "TensorFlow tutorial, Keras fit"}
# Our presets at each budget, unless --ways names others, and the settings changed for it: a longer run can train a
# larger network and needs more regularisation. --set replaces these.
OURS = {
    60: {"quick-gru": []},
    180: {"quick-gru": ["output_dropout=0.2"], "mini-gpt": []},
    600: {
        "quick-gru": ["units=320", "embedding=128", "output_dropout=0.3", "learning_rate=0.009"],
        "mini-gpt": ["output_dropout=0.1"],
    },
}
SEEDS = {60: 3}  # seeds at a budget; one at the others
_SHORTEST, _SPARE = 3.0, 0.5  # seconds: the shortest budget there is; kept free, since starts differ


def main() -> None:
    parser = common.parser(__doc__)
    parser.add_argument("--budgets", type=float, nargs="+", help="in seconds (60 180 600)")
    parser.add_argument("--seeds", type=int, nargs="+", help="one run each (1 2 3 at 60 s, otherwise 1)")
    parser.add_argument("--ways", nargs="+", help=f"presets, {' or '.join(PEERS)}")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="change a setting of our presets"
    )
    options = parser.parse_args()
    about = common.machine()
    rows, raw = [], {}
    for budget in options.budgets or ([12.0] if options.short else [60.0, 180.0, 600.0]):
        seeds = options.seeds or range(1, 1 + (1 if options.short else SEEDS.get(int(budget), 1)))
        recipes = OURS.get(int(budget), {"quick-gru": []})
        ways = {way: [] for way in options.ways or [*recipes, *PEERS]}
        changes = {way: [] if way in PEERS else options.set or recipes.get(way, []) for way in ways}
        for seed in seeds:
            for way, results in ways.items():
                is_peer = way in PEERS
                results.append(peer(way, budget, seed) if is_peer else ours(way, budget, seed, changes[way]))
        raw[f"{budget:g} s"] = ways
        rows += [row(budget, way, results, changes[way]) for way, results in ways.items()]
    common.report("quality", options, about, {"Validation loss per character, medians over the seeds:": rows}, raw)


def row(budget: float, way: str, results: list[dict[str, Any]], changes: list[str]) -> dict[str, Any]:
    losses = [result["loss_nats"] for result in results]
    return {
        "budget, s": f"{budget:g}",
        "recipe": PEERS.get(way, " ".join(["charlab", way, *changes])),
        "nats": f"{median(losses):.4f}",
        "range": f"{min(losses):.4f} to {max(losses):.4f}" if len(losses) > 1 else None,
        "window": results[0]["window"],
        "steps": int(median(result["steps"] for result in results)),
        "time, s": f"{max(result['seconds'] for result in results):.1f}",
    }


def ours(preset: str, budget: float, seed: int, settings: list[str]) -> dict[str, Any]:
    """A run trained and evaluated by the command line: its best weights, as people would use them."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"CHARLAB_RUNS": folder, "TF_CPP_MIN_LOG_LEVEL": "2"}
        words = ["train", "--corpus", CORPUS, "--preset", preset, "--seed", str(seed)]
        words += [f"--set={setting}" for setting in settings]
        results, seconds = _trained(words, _SHORTEST, environment)
        around = seconds - results["seconds"]  # the start, the last evaluation and saving
        results, seconds = _trained(words, max(_SHORTEST, budget - around - _SPARE), environment)
        words = ["evaluate", results["run"], "--corpus", CORPUS, "--window", str(WINDOW)]
        evaluation = _command(words, environment)
    return {**evaluation, "window": WINDOW, "steps": results["steps"], "seconds": seconds}


def _trained(words: list[str], seconds: float, environment: dict[str, str]) -> tuple[dict[str, Any], float]:
    """The results of a run that trains for so many seconds, and the time from its start to saved weights."""
    began = time.time()
    results = _command([*words, "--minutes", repr(seconds / 60)], environment)
    weights = Path(environment["CHARLAB_RUNS"]) / results["run"] / "weights"
    return results, max(path.stat().st_mtime for path in weights.iterdir()) - began


def _command(words: list[str], environment: dict[str, str]) -> dict[str, Any]:
    process = subprocess.run(
        [sys.executable, "-m", "charlab", *words, "--json"],
        cwd=common.ROOT,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if process.returncode:
        raise SystemExit(f"charlab {' '.join(words)} failed: {process.stderr[-2000:]}")
    return json.loads(process.stdout.splitlines()[-1])


def peer(way: str, budget: float, seed: int) -> dict[str, Any]:
    with common.Worker("benchmarks.quality", "--as", way, str(time.time())) as worker:
        return worker.ask(budget=budget, seed=seed)


# In a peer's process


def act(way: str, started: float) -> None:
    """Answer a request as one of the peers; `started` is when the process was started, in seconds since 1970."""

    def answer(budget: float, seed: int) -> dict[str, Any]:
        from charlab.corpora import batching

        recipe = importlib.import_module(f"benchmarks.{way}")
        training, validation, unknown = _ids()
        with tempfile.TemporaryDirectory() as folder:
            surprises, window, steps = recipe.train(training, unknown + 1, seed, started + budget, Path(folder))
            seconds = time.time() - started
        rows = batching.validation_rows(validation, unknown, window=window)
        loss = float(surprises(rows.ids)[rows.counts].mean())
        return {"loss_nats": loss, "window": window, "steps": steps, "seconds": seconds}

    common.serve(answer)


def _ids() -> tuple[np.ndarray, np.ndarray, int]:
    """Ids of the training text, ids of the validation set, and the id of unknown characters."""
    from charlab.core.vocab import Vocab
    from charlab.corpora import catalogue, encoding

    text = catalogue.load(CORPUS).text
    vocab = Vocab.from_text(text)
    ids = vocab.encode(text)
    split = encoding.split_at(len(ids), 0.1)
    return ids[:split], ids[split:], vocab.unknown_id


if __name__ == "__main__":
    if sys.argv[1:2] == ["--as"]:
        act(sys.argv[2], float(sys.argv[3]))
    else:
        main()
