"""`python -m charlab.starters`: train the starters again, or make a finished run a starter.

python -m charlab.starters                                train all and write their README (`make starters`)
python -m charlab.starters make NAME ...                  train these
python -m charlab.starters keep RUN NAME [--epochs 1 2]   store a finished run as the starter NAME
"""

from __future__ import annotations

import argparse
import sys

from charlab import os_errors
from charlab.runs import models, shell_commands
from charlab.starters import recipes


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 if it worked, else 1 or 2 with a sentence on standard error."""
    options = _parser().parse_args(arguments)
    try:
        options.command(options)
    except os_errors.EXPECTED as error:
        print(f"charlab.starters: {os_errors.sentence(error)}", file=sys.stderr)
        return os_errors.exit_code(error)
    return 0


def _make(options: argparse.Namespace) -> None:
    recipes.make_all(options.names)


def _keep(options: argparse.Namespace) -> None:
    run = models.find(options.run)
    folder = recipes.keep_as_starter(run, options.name, options.epochs)
    command = shell_commands.training_command(run.config())
    print(f"{folder}: {run.status().results['best_val_loss']:.4f} nats, trained by: {command}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m charlab.starters", description="The models that ship.")
    parser.set_defaults(command=_make, names=[])
    commands = parser.add_subparsers(metavar="command")

    make = commands.add_parser("make", help="train starters by their recipes and write their README")
    names = ", ".join(recipes.RECIPES)
    make.add_argument("names", nargs="+", choices=recipes.RECIPES, metavar="NAME", help=f"one or more of {names}")

    keep = commands.add_parser("keep", help="store a finished run as a starter")
    keep.add_argument("run", help="the run's id")
    keep.add_argument("name", help="the starter's name")
    keep.add_argument("--epochs", type=int, nargs="+", default=[], help="epochs whose weights it has, too")
    keep.set_defaults(command=_keep)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
