"""The command `lab`: train a lab's network, or let a trained one work on what is given."""

from __future__ import annotations

import argparse
import sys
from typing import Any

import numpy as np

from charlab.cli import commands, sentiment_commands
from charlab.labs import catalogue
from charlab.labs.dates import data as dates_data
from charlab.labs.dates import decoding
from charlab.labs.dates.network import Translator, find_version
from charlab.labs.reber import data as reber_data
from charlab.labs.reber.network import Judge
from charlab.training import process


def train(options: argparse.Namespace) -> dict[str, Any]:
    """Train a lab's network in this process; returns its results."""
    lab = catalogue.find(options.lab)
    lab = lab.version(options.version) if lab.versions else lab
    lab = lab.version(sentiment_commands.form(options).code) if lab.name == "sentiment" else lab
    given = {name: getattr(options, name) for name in catalogue.SETTINGS}
    config = lab.config(options.name, **{name: value for name, value in given.items() if value is not None})
    vocab = lab.vocab(config)
    process.set_up_tensorflow()
    from charlab.labs.trainers import TRAINERS
    from charlab.training import worker
    from charlab.training.learners import Learners

    run = worker.make(config, vocab)
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


def try_dates(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Translate dates greedily, with the weights of attention where the network has it, and by beam search."""
    translator, _ = _translator(options)
    document = []
    for text in options.text or dates_data.EXAMPLES:
        dates_data.check(text)
        row = dates_data.ids([text])
        written, right = decoding.write(translator, row), dates_data.translation(text)
        found: dict[str, Any] = {
            "text": text,
            "written": written.texts()[0],
            "right": right,
            "log_probability": float(written.log_probability[0]),
        }
        if written.attention is not None:
            found["attention"] = written.attention[0, :, : len(text)].tolist()
        if options.beam:
            beam = decoding.beam_search(translator, row[0], options.beam)
            found["beam"] = [
                {"written": beam.text(place), "log_probability": node.log_probability}
                for place, node in enumerate(beam.steps[-1])
            ]
        document.append(found)
        if not options.json:
            _print_translation(found)
    return document


def dates_speeds(options: argparse.Namespace) -> dict[str, Any]:
    """Measure two ways to write the same dates: Keras's `predict` per character, and one compiled graph."""
    translator, weights = _translator(options)
    process.set_up_tensorflow()
    from charlab.labs.dates import speeds

    texts = options.text or dates_data.EXAMPLES[:2]
    for text in texts:
        dates_data.check(text)
    measured = speeds.compare_speeds(translator.version, translator.model, weights, texts)
    if not options.json:
        ways = f"predict per character {measured.predict:.0f} ms, one compiled graph {measured.graph:.2f} ms"
        ways += f", NumPy {measured.numpy:.2f} ms"
        same = "yes" if measured.are_equal else "no"
        print(f"{ways} (medians): one graph is {measured.ratio:.0f} times as fast; the same text: {same}")
    return vars(measured) | {"ratio": measured.ratio}


def _translator(options: argparse.Namespace) -> tuple[Translator, dict[str, np.ndarray]]:
    run = catalogue.find_run(catalogue.find("dates"), options.run)
    config, weights = run.config(), run.weights(options.weights)
    return Translator(find_version(config.preset), config.model, weights), weights


def _print_translation(found: dict[str, Any]) -> None:
    right = found["right"]
    verdict = "no date of the form that was learned" if right is None else "right"
    if right not in (None, found["written"]):
        verdict = f"wrong: it is {right}"
    print(f"{found['text']}  {found['written']}  ({verdict}; log probability {found['log_probability']:.3f})")
    for one in found.get("beam", []):
        print(f"    {one['written']}  log probability {one['log_probability']:.3f}")


TRY = {"reber": try_reber, "dates": try_dates, "sentiment": sentiment_commands.try_sentiment}  # by lab
