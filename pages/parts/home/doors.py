"""The four doors of the start page: links whose settings show a lesson without another click."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

_PICTURES = Path(__file__).with_name("pictures")
_MODEL = "best-gru"  # the built-in model that the texts and random seeds below were chosen for


@dataclass(frozen=True)
class Door:
    """A link: its title, a sentence on what the reader will see, the page, and its settings."""

    key: str  # also the name of its picture
    title: str
    words: str
    page: str
    settings: dict[str, str]


DOORS = (
    Door(
        "temperature",
        "Temperature in three minutes",
        "At 0 the model repeats itself, at 0.7 it sounds like a play, at 1.5 it makes up words.",
        "playground.py",
        {
            "model": _MODEL,
            "mode": "temperature sweep",
            "temperatures": "0,0.7,1.5",
            "seed_text": "ROMEO:\n",
            "length": "240",
            "seed": "2",
            "top_k": "0",
            "top_p": "1",
            "write": "1",
        },
    ),
    Door(
        "choose",
        "How does it choose?",
        "Step by step: a random number picks the next letter, and not always the most likely one.",
        "explainer.py",
        {
            "model": _MODEL,
            "view": "write with it",
            "text": "ROMEO:\nI love ",
            "temperature": "1",
            "seed": "4",
            "walk": "",
        },
    ),
    Door(
        "train",
        "Train your own",
        "Press Start and watch a new model learn to spell in one minute.",
        "train.py",
        {"preset": "quick-gru", "minutes": "1", "budget.quick-gru": "minutes"},
    ),
    Door(
        "inside",
        "Look inside",
        "See which letters surprise the model as it reads, and what a unit inside it keeps track of.",
        "explainer.py",
        {
            "model": _MODEL,
            "view": "inside",
            "text": "ROMEO:\nO, speak again, bright angel! for thou art\nAs glorious to this night.",
            "step": "20",
            "colour": "surprise",
        },
    ),
)


def show(models: Collection[str]) -> None:
    """Draw the doors; a model that is not among `models` is left to the page."""
    for column, door in zip(st.columns(len(DOORS), gap="small"), DOORS, strict=True):
        with column.container(border=True, height="stretch", key=f"door-{door.key}", gap="xsmall"):
            st.image(_PICTURES / f"{door.key}.svg", alt="", width="stretch")  # the words say it, too
            known = {name: value for name, value in door.settings.items() if name != "model" or value in models}
            st.page_link(door.page, label=f":blue[**{door.title}**]", query_params=known)
            st.markdown(door.words)
