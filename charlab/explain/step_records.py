"""A reading as plain data, one record per character: what the command line prints and a page exports."""

from __future__ import annotations

from typing import Any

import numpy as np

from charlab.core.reading import Reading
from charlab.core.vocab import Vocab


def step_records(reading: Reading, vocab: Vocab, top: int = 10) -> list[dict[str, Any]]:
    """Each character of a text with what the model expected next, the `top` most likely characters among it.

    What is not known is None: after the last character, and where the next one is outside the alphabet.
    `position` is the character's index, 0 for the first; what people read counts from 1.
    """
    characters = list(vocab.characters) + [None]
    order = np.argsort(-reading.probabilities, axis=1, kind="stable")[:, :top]
    records = []
    for t, character in enumerate(reading.text):
        rank = _number(reading.ranks, t)
        records.append(
            {
                "position": t,
                "character": character,
                "next": reading.text[t + 1] if t < len(reading.next_ids) else None,
                "probability": _number(reading.next_probabilities, t),
                "bits": _number(reading.bits, t),
                "rank": None if rank is None else int(rank),
                "entropy_bits": float(reading.entropies[t]),
                "top": [[characters[i], float(reading.probabilities[t, i])] for i in order[t]],
            }
        )
    return records


def in_line(record: dict[str, Any]) -> str:
    """A record as a line of text, with the five most likely characters; positions count from 1."""
    top = "  ".join(f"{c!r} {p:.3f}" for c, p in record["top"][:5])
    bits = "" if record["bits"] is None else f"{record['bits']:6.2f} bits"
    return f"{record['position'] + 1:5d}  {record['character']!r:6}  next {record['next']!r:6} {bits:12}  {top}"


def _number(values: np.ndarray, position: int) -> float | None:
    return float(values[position]) if position < len(values) and not np.isnan(values[position]) else None
