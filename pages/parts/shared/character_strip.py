"""The character strip: a text with one cell per character, coloured by a number, chosen by click or keys.

Has no state of its own: the page owns the chosen index, passes it in, and is told of a new one.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import streamlit as st

from charlab.core.display import isolated, named, visible, visible_text
from pages.parts.shared import served_files

_mount = served_files.component("charlab_strip", Path(__file__).with_suffix(".js"))


def character_strip(
    characters: Sequence[str],
    colours: Sequence[float | str | None] | None = None,
    *,
    key: str,
    chosen: int | None = None,
    on_choose: Callable[[int], None] | None = None,
    **drawn: Any,
) -> int | None:
    """Draw a text and return the chosen index: the one just chosen, or else `chosen`.

    `drawn` are further arguments of `drawing`. `on_choose` is called before the rerun.
    """
    length = len(characters)

    def report() -> None:
        index = _checked(st.session_state[key].get("chosen"), length)
        if index is not None and on_choose:
            on_choose(index)

    data = drawing(characters, colours, chosen=chosen, **drawn)
    index = _checked(_mount(key=key, data=data, on_chosen_change=report).chosen, length)
    return data["chosen"] if index is None else index


def drawing(
    characters: Sequence[str],
    colours: Sequence[float | str | None] | None = None,
    *,
    label: str,
    chosen: int | None = None,
    values: Sequence[float | None] | None = None,
    unit: str = "",
    surprises: Sequence[int] = (),
    scale: Literal["sequential", "diverging"] = "sequential",
    legend: tuple[str, str] | None = None,
    swatches: Sequence[tuple[float, str]] = (),
    height: int | None = None,
    read_only: bool = False,
    moves: bool = False,
    first_position: int | None = None,
) -> dict[str, Any]:
    """What a browser draws (character_strip.js), also as a part of another component.

    `colours` are numbers from 0 (the page's background) to 1 (deep), with scale "diverging" from -1 to 1, or
    CSS colours; None or NaN leaves a cell blank. `values` with `unit` are shown when the pointer rests on a
    cell, and read by screen readers: "e", 1.32 bits. With `first_position`, the position of the first cell in a
    text, every cell tells its own, too. The digit n chooses the n-th of `surprises`. `legend` names
    the scale's two ends; `swatches` instead are shades with their meanings. `height` in pixels makes a
    long text scroll. A strip that `moves` the page's place (place.js) reports nothing: other components of the
    page follow in the browser. In a read-only strip spaces stay spaces and the text can be copied.
    """
    distinct = sorted(set(characters))
    drawn = {c: visible(c) for c in distinct}
    return {
        "characters": list(characters),
        "drawn": {c: form for c, form in drawn.items() if form != c},
        "onLetters": on_letters(characters),
        "names": {c: _name(c) for c in distinct if _name(c) != c},
        "colours": None if colours is None else _colours(colours),
        "values": None if values is None else _rounded(values),
        "unit": unit,
        "chosen": _checked(chosen, len(characters)),
        "surprises": [int(i) for i in surprises[:9]],
        "scale": scale,
        "legend": list(legend) if legend else None,
        "swatches": [[float(shade), words] for shade, words in swatches],
        "height": height,
        "label": label,
        "readOnly": read_only,
        "inBrowser": moves,
        "firstPosition": first_position,
    }


def keys_help(text: Sequence[str]) -> str:
    """What is special about choosing a character of this text, in sentences that follow others; else empty."""
    words = ""
    if isolated("".join(text)) != "".join(text):
        words += " In a line that reads from right to left, the left arrow goes to the next character."
    if on_letters(text):
        words += " A second click on a letter goes on to its accents."
    return words


def on_letters(text: Sequence[str]) -> list[int]:
    """The indices of the accents that follow a letter: they are drawn on it, not on a dotted circle."""
    distinct = set(text)
    if not any(len(character) == 1 and unicodedata.category(character)[0] == "M" for character in distinct):
        return []
    alone = {character: visible(character) for character in distinct}
    forms = enumerate(zip(text, visible_text(text), strict=True))
    return [i for i, (character, form) in forms if form == character != alone[character]]


def _checked(index: Any, length: int) -> int | None:
    """An index of the text, else None."""
    inside = isinstance(index, int) and not isinstance(index, bool) and 0 <= index < length
    return index if inside else None


def _name(character: str) -> str:
    """What a pointer or a screen reader is told: of a mark its name too, which can hardly be seen."""
    name = named(character)
    if len(character) == 1 and unicodedata.category(character).startswith("M") and name.startswith("◌"):
        return f"{name} {unicodedata.name(character, '').lower()}".rstrip()
    return name


def _colours(colours: Sequence[float | str | None]) -> list[float | str | None]:
    """Numbers rounded, names of colours as they are."""
    if not any(isinstance(colour, str) for colour in colours):
        return _rounded(colours)
    return [colour if isinstance(colour, str) else _rounded([colour])[0] for colour in colours]


def _rounded(values: Sequence[float | None]) -> list[float | None]:
    """To three decimals; NaN, which JSON lacks, becomes None."""
    rounded = np.round(np.array(values, dtype=float), 3).tolist()
    return [None if value != value else value for value in rounded]
