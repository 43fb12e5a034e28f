"""The command `lab sentiment`: what can be chosen for a run, and what a trained network makes of reviews."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from charlab.cli import progress
from charlab.labs import catalogue
from charlab.labs.sentiment import network, vectors
from charlab.labs.sentiment.forms import NETWORKS, TEXTS, VECTORS, Form

EXAMPLES = ("a great film", "not bad at all", "a great idea, but the film is boring")


def add_choices(train: argparse.ArgumentParser) -> None:
    """What can be chosen for a run."""
    default, names = Form(), "; ".join(f"{name}: {one.title}" for name, one in NETWORKS.items())
    train.add_argument("--network", choices=list(NETWORKS), default=default.network, help=names)
    train.add_argument(
        "--no-masking", action="store_true", help="read the zeros that fill up a row as if they were words"
    )
    train.add_argument(
        "--texts", choices=list(TEXTS), default=default.texts, help="what it learns from. Default: %(default)s."
    )
    train.add_argument("--labels", type=int, default=0, help="number of labelled texts; 0: all. Default: 0.")
    train.add_argument(
        "--vectors", choices=VECTORS, default=default.vectors, help="word vectors: learned, or those of GloVe"
    )


def form(options: argparse.Namespace) -> Form:
    """What was chosen. Raises ConfigError for what does not go together."""
    return Form(options.network, not options.no_masking, options.texts, options.labels, options.vectors)


def download_vectors(options: argparse.Namespace) -> dict[str, Any]:
    """Download GloVe's word vectors, where they are not here; returns where they are."""
    if not vectors.is_here():
        print(f"{vectors.ABOUT} is downloaded from {vectors.ADDRESS}.", file=sys.stderr)
    path = vectors.download(progress.by_twentieths(vectors.BYTES))
    if not options.json:
        print(path)
    return {"path": str(path), "bytes": path.stat().st_size}


def try_sentiment(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Judge reviews: the probability of a positive one after each word, and what each word contributes."""
    run = catalogue.find_run(catalogue.find("sentiment"), options.run)
    judge = network.of_run(run, options.weights)
    document = []
    for text in options.text or EXAMPLES:
        judged = judge.judge(text)
        unknown = {word: judge.words.bucket(word) for word in judged.words if not judge.words.is_known(word)}
        document.append(
            {
                "text": text,
                "words": list(judged.words),
                "positive": judged.verdict,
                "after": judged.after.tolist(),
                "contributions": judged.contributions.tolist(),
                "buckets": unknown,
            }
        )
        if not options.json:
            _print_judgement(judged, unknown)
    return document


def _print_judgement(judged: network.Judgement, unknown: dict[str, int]) -> None:
    print(f"{' '.join(judged.words)}  positive with probability {judged.verdict:.4f}")
    for word, after, contribution in zip(judged.words, judged.after, judged.contributions, strict=True):
        note = f"  unknown word, in bucket {unknown[word]}" if word in unknown else ""
        print(f"    {word:<20} so far {after:6.1%}   contributes {100 * contribution:+6.1f} points{note}")
