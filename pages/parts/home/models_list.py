"""The models on the start page: the built-in ones, and those of this browser, newest first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import streamlit as st

from charlab.runs.models import ModelInfo
from pages.parts.shared import browser_cookie, dates, model_picker
from pages.parts.shared.safe_text import as_label, plain

_MAX_OWN = 8
_BITS = "Bits per character on text that the model has not seen: lower is better."


def show(models: list[ModelInfo], unreadable: list[str]) -> None:
    """Draw both lists. In a class, models of others are counted; the other pages list them."""
    built_in = [info for info in models if info.where == "starter"]
    runs = [info for info in models if info.where != "starter"]
    own = model_picker.trained_here(runs) if browser_cookie.is_class() else runs
    left, right = st.columns(2, gap="large")
    if built_in:
        left.header("Built-in models")
        left.caption(_BITS)
        _rows(built_in, left)
    with right:
        st.header("Your models")
        st.caption(_BITS if own else "None yet. Training one takes about a minute: “Train your own” leads there.")
        _rows(own[:_MAX_OWN], right)
        if words := _others(len(own) - _MAX_OWN, len(runs) - len(own)):
            st.caption(words)
        model_picker.tell_unreadable(unreadable)


def in_words(info: ModelInfo) -> str:
    """A model in one line: its name, when it was trained unless it is built in, and its bits."""
    when = "" if info.where == "starter" else f", {dates.in_words(info.created)}"
    bits = f": {info.bits:.2f} bits" if info.bits is not None else ""
    return f"{as_label(info.title)}{when}{bits}"


def _rows(infos: Iterable[ModelInfo], place: Any) -> None:
    for info in infos:
        row = place.container(horizontal=True, vertical_alignment="center", gap="xsmall")
        row.markdown(plain(in_words(info)), width="stretch")
        for page, label, icon in (
            ("playground.py", "Generate", ":material/edit_note:"),
            ("explainer.py", "Explain", ":material/search_insights:"),
        ):
            row.page_link(page, label=label, icon=icon, query_params={"model": info.name})


def _others(earlier: int, of_others: int) -> str:
    """A sentence on the models that are not listed; "" where all are."""
    counted = [f"{earlier} earlier ones"] * (earlier > 0) + [f"{of_others} of others"] * (of_others > 0)
    return f"The other pages list all models, including {' and '.join(counted)}." if counted else ""
