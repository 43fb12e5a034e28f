"""The graph of the embedded Reber grammar, its current state lit: a click on a letter adds it to the string."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from charlab.labs.reber import data
from pages.parts.shared import served_files

_mount = served_files.component("charlab_grammar", Path(__file__).with_suffix(".js"))
_WIDTH, _HEIGHT = 780, 436
_REBER = {"begin": (0, 0), "0": (70, 0), "1": (150, -52), "2": (150, 52), "3": (270, -52), "4": (270, 52),
          "5": (350, 0), "again": (420, 0)}  # fmt: skip
_MIDDLES = {"T": 109, "P": 327}  # heights of the two copies of Reber's graph
_BENDS = {("1", "1"): 1, ("2", "2"): -1, ("3", "2"): 14, ("4", "3"): 14}  # loops above and below, and curves


def grammar_graph(state: str | None, *, key: str, on_letter: Callable[[str], None]) -> None:
    """Draw the graph; `state` is that of the string so far, None where the grammar does not allow it."""

    def report() -> None:
        letter = st.session_state[key].get("letter")
        if letter in data.LETTERS:
            on_letter(letter)

    allowed = ", ".join(data.TRANSITIONS[state]) if state is not None else ""
    said = (
        f"The next letter may be {allowed}." if allowed else "The string has ended." if state else "Not allowed."
    )
    _mount(
        key=key,
        data={
            "states": [{"name": name, "x": x, "y": y, "sign": sign} for name, (x, y, sign) in _places().items()],
            "ways": [
                _way(one, letter, to) for one, ways in data.TRANSITIONS.items() for letter, to in ways.items()
            ],
            "state": state,
            "label": f"The grammar as a graph. {said}",
            "width": _WIDTH,
            "height": _HEIGHT,
        },
        on_letter_change=report,
    )


def _places() -> dict[str, tuple[float, float, str]]:
    """Where each state is drawn, and what is written in it."""
    middle = _HEIGHT / 2
    found = {data.START: (24, middle, ""), data.FRAME: (98, middle, "")}
    for frame, height in _MIDDLES.items():
        found |= {f"{frame} {name}": (175 + x, height + y, "") for name, (x, y) in _REBER.items()}
    return found | {data.LAST: (675, middle, ""), data.END: (750, middle, "end")}


def _way(one: str, letter: str, to: str) -> dict[str, object]:
    bend = _BENDS.get((one.split()[-1], to.split()[-1]), 0)
    return {"from": one, "letter": letter, "to": to, "bend": bend}
