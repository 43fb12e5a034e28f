"""`python -m charlab.labs`: train the models that ship with the labs again.

python -m charlab.labs            train all, each by its recipe, and write their README (part of `make starters`)
python -m charlab.labs NAME ...   train these models
python -m charlab.labs keep RUN   store a finished run as the first model that ships with its lab
"""

from __future__ import annotations

import argparse
import shutil
import sys
from dataclasses import replace

from charlab import os_errors
from charlab.errors import ConfigError, UnavailableError
from charlab.labs import catalogue
from charlab.labs.catalogue import LABS, SHIPPED
from charlab.runs import store, subprocesses
from charlab.runs.store import Run
from charlab.starters import recipes

MAX_BYTES = 3_000_000  # of all that ship together


def main(arguments: list[str] | None = None) -> int:
    """Train and store; 0 if it worked, else another number with a sentence on standard error."""
    parser = argparse.ArgumentParser(prog="python -m charlab.labs", description="The models that ship with labs.")
    parser.add_argument("names", nargs="*", help=f"models ({', '.join(models())}), or `keep` and a run's id")
    names = parser.parse_args(arguments).names or list(models())
    try:
        if names[0] == "keep" and len(names) == 2:
            run = store.find(names[1])
            keep(run, catalogue.find(run.config().task).name)
        else:
            for name in names:
                keep(train(name), name)
        write_readme()
    except os_errors.EXPECTED as error:
        print(f"charlab.labs: {os_errors.sentence(error)}", file=sys.stderr)
        return os_errors.exit_code(error)
    return 0


def models() -> dict[str, tuple[str, ...]]:
    """The models that ship by their folders' names, each with the words of the command that trains it."""
    found: dict[str, tuple[str, ...]] = {}
    for lab in LABS.values():
        found[lab.name] = ("lab", lab.name, "train")
        found |= {f"{lab.name}-{name}": (*found[lab.name], *options) for name, options in lab.further.items()}
    return found


def train(name: str) -> Run:
    """Train a model by its recipe, in a process of its own. Raises SystemExit where that fails, and ConfigError
    where there is no such model."""
    if name not in models():
        raise ConfigError(f"There is no model {name!r}. Models: {', '.join(models())}.")
    try:
        results = subprocesses.document(*models()[name], show_errors=True)
    except UnavailableError as error:
        raise SystemExit(f"{command(name)} failed: {error}") from error
    return store.find(results["run"])


def keep(run: Run, name: str) -> None:
    """Store a finished run as the model of that name, in half precision."""
    path = recipes.keep_as_starter(run, name, among=SHIPPED)
    shutil.copyfile(run.path / "vocab.json", path / "vocab.json")  # a lab's may hold words, too
    status = run.status()
    results = status.results | catalogue.figures_of_best(run)  # the weights that ship are those of the best epoch
    Run(path).write_status(replace(status, results=results))
    print(path)


def command(name: str) -> str:
    """The command that trains a model by its recipe."""
    return " ".join(("charlab", *models()[name]))


def write_readme() -> None:
    """Write the page that lists the models. Raises SystemExit where they are too large together."""
    lines = []
    for name in models():
        run = Run(SHIPPED / name)
        size, last = sum(path.stat().st_size for path in run.path.rglob("*.safetensors")), run.status().results
        figures = f"validation loss {last['best_val_loss']:.4f} nats after {last['epochs']:g} epochs"
        if "test_accuracy" in last:
            test, training = last["test_accuracy"], last["training_accuracy"]
            figures += f"; accuracy {test:.1%} on the test set, {training:.1%} on the training set"
        lines.append(f"| {name} | {figures} | {size / 1e3:.1f} | `python -m {command(name)}` |")
    (SHIPPED / "README.md").write_text(_README.format(rows="\n".join(lines)), encoding="utf-8")
    total = sum(path.stat().st_size for path in SHIPPED.rglob("*.safetensors"))
    if total > MAX_BYTES:
        raise SystemExit(f"All models of labs together may have at most {MAX_BYTES / 1e6:g} MB of weights.")


_README = """# Models of the labs

Each is a run's folder: configuration, alphabet, status with the measured results, and weights in half precision. \
Strings and dates are drawn from the seed in the configuration. The reviews are not part of CharLab: 5,331 \
positive and 5,331 negative sentences collected by Bo Pang and Lillian Lee (2005), CC BY 4.0. Of them the models \
keep only the list of words, the most frequent first.

| model | result | kB | trained by |
|---|---|---|---|
{rows}

`python -m charlab.labs` trains them again, stores them here and writes this page; `python -m charlab.labs keep \
RUN` stores a finished run.
"""


if __name__ == "__main__":
    raise SystemExit(main())
