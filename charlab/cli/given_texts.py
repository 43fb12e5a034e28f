"""Texts for a model that are given in a file: a prompt, or a text to explain, read exactly as it is."""

from __future__ import annotations

import argparse
import sys

from charlab.corpora import catalogue, decoding
from charlab.corpora.cleaning import unify
from charlab.errors import CorpusError

STANDARD_INPUT = "-"


def prompt(options: argparse.Namespace) -> str | None:
    """The prompt of --seed-text or --seed-file; None for the model's own.

    Where a file's last line ends, generated text begins on the next one: that is said on standard error.
    """
    if options.seed_file is None:
        return options.seed_text
    text = read(options.seed_file, options.encoding)
    if text.endswith("\n"):
        print(
            "The prompt ends with a line break, as its file does: the generated text begins on a new line.",
            file=sys.stderr,
        )
    return text


def read(path: str, encoding: str | None) -> str:
    """The text of a file, or of standard input for "-", with \\n for every kind of line break.

    What was unreadable or changed in it is said on standard error. Raises CorpusError.
    """
    if path == STANDARD_INPUT:
        if sys.stdin is None:
            raise CorpusError("Standard input is closed: there is no text to read from it.")
        data, filename = sys.stdin.buffer.read(), "standard input"
    else:
        try:
            data, filename = catalogue.file_bytes(path)
        except (FileNotFoundError, ValueError):
            raise CorpusError(f"There is no file {path!r}.") from None
    decoded = decoding.decode(data, filename, encoding)
    text, notes = unify(decoded.text, normalise=False)
    for note in decoded.notes + notes:
        print(note, file=sys.stderr)
    return text
