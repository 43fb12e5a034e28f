"""A text word by word, each coloured by a number; a click or a key chooses one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import streamlit as st

from pages.parts.shared import served_files

_mount = served_files.component("charlab_words", Path(__file__).with_suffix(".js"))


@dataclass(frozen=True)
class Word:
    """A word as it is drawn: its tone from 0 to 1, what is said of it, and whether the network knows it."""

    text: str
    tone: float
    about: str
    known: bool = True


def word_strip(
    words: Sequence[Word], chosen: int, *, key: str, label: str, on_choose: Callable[[int], None]
) -> None:
    """Draw the words; `on_choose` is called with the place of one that is clicked, before the page runs again."""

    def report() -> None:
        place = st.session_state[key].get("place")
        if isinstance(place, int) and not isinstance(place, bool) and 0 <= place < len(words):
            on_choose(place)

    _mount(
        key=key,
        data={"words": [asdict(word) for word in words], "chosen": chosen, "label": label},
        on_place_change=report,
    )
