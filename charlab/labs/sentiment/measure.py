"""`python -m charlab.labs.sentiment.measure`: train the networks that the page compares, each from several seeds,
and write down what they reach. About five minutes on two cores; pretrained vectors must be on this machine."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from charlab import os_errors
from charlab.labs import catalogue
from charlab.labs.sentiment.forms import LABELS
from charlab.labs.sentiment.measured import Measured, write
from charlab.labs.trainers import TRAINERS
from charlab.runs import store
from charlab.training import process, train
from charlab.training.learners import Learners

SEEDS = {  # of each network, by its form's code
    **{f"mean-{labels}{more}": (1, 2, 3) for labels in LABELS for more in ("", "-glove")},
    **dict.fromkeys(("mean", "mean-glove", "mean-unmasked"), (1, 2, 3)),
    **dict.fromkeys(("gru", "gru-unmasked", "bidirectional"), (1, 2)),
}


def main() -> int:
    """Measure all; 0 if it worked, else another number with a sentence on standard error."""
    process.set_up_tensorflow()
    try:
        with tempfile.TemporaryDirectory() as folder:
            write({code: _measured(code, seeds, Path(folder)) for code, seeds in SEEDS.items()})
    except os_errors.EXPECTED as error:
        print(f"{os_errors.sentence(error)}", file=sys.stderr)
        return os_errors.exit_code(error)
    return 0


def _measured(code: str, seeds: tuple[int, ...], folder: Path) -> Measured:
    found: dict[str, list[float]] = {"test": [], "training": [], "seconds": []}
    for seed in seeds:
        lab = catalogue.find("sentiment").version(code)
        config = lab.config(seed=seed, accelerator="cpu")
        run = store.create(config, lab.vocab(config), folder)
        with run.lock():
            status = train.train_run(run, learners=Learners(trainers=TRAINERS))
        figures = catalogue.figures_of_best(run)
        found["test"].append(round(figures["test_accuracy"], 4))
        found["training"].append(round(figures["training_accuracy"], 4))
        found["seconds"].append(round(status.seconds, 1))
        print(code, seed, figures, f"{status.seconds:.1f} s", flush=True)
    return Measured(**{name: tuple(values) for name, values in found.items()})


if __name__ == "__main__":
    raise SystemExit(main())
