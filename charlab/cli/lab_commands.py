"""The command `lab`: train a lab's network, or let a trained one work on what is given."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from charlab.cli import commands
from charlab.labs import catalogue
from charlab.labs.reber import data as reber_data
from charlab.labs.reber.network import Judge
from charlab.training import process


def train(options: argparse.Namespace) -> dict[str, Any]:
    """Train a lab's network in this process; returns its results."""
    lab = catalogue.find(options.lab)
    given = {name: getattr(options, name) for name in catalogue.SETTINGS}
    config = lab.config(options.name, **{name: value for name, value in given.items() if value is not None})
    process.set_up_tensorflow()
    from charlab.labs.trainers import TRAINERS
    from charlab.training import worker
    from charlab.training.learners import Learners

    run = worker.make(config, lab.vocab())
    print(f"Run {run.id}", file=sys.stderr)
    status = worker.work(run, options.started, commands.show_event, Learners(trainers=TRAINERS))
    return commands.show_end(run, status, options)


def try_reber(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Judge strings of the Reber grammar: the probability of a good one after each letter, and the grammar's own
    answer."""
    run = catalogue.find_run(catalogue.find("reber"), options.run)
    judge = Judge(run.config().model, run.weights(options.weights))
    judged = [judge.judge(text) for text in options.text or reber_data.TRICKY]
    document = []
    for one in judged:
        is_good = reber_data.is_good(one.text)
        document.append({"text": one.text, "good": one.verdict, "is_good": is_good, "after": one.good.tolist()})
        if not options.json:
            answer = "good" if is_good else "bad"
            print(f"{one.text}  good with probability {one.verdict:.4f}; by the grammar it is {answer}")
    return document


TRY = {"reber": try_reber}  # by lab
