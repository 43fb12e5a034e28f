"""The card of GPT-2, which is no lab of its own: it leads to the Playground and the Explainer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from charlab.labs import published
from pages.parts.shared.safe_text import as_label

WIDTH = 44  # of a card's picture, in pixels: four cards stand side by side on a projector
_PICTURE = Path(__file__).with_name("pictures") / "gpt2.svg"
_LECTURE = {key: f"{value:g}" for key, value in published.LECTURE.items()} | {"seed_text": published.PROMPT}


def show(place: Any) -> None:
    """Draw it, where GPT-2 is not switched off."""
    info = published.info()
    if info is None:
        return
    with place.container(border=True, key="lab-gpt2", horizontal=True, vertical_alignment="center", gap="small"):
        st.image(_PICTURE, alt="", width=WIDTH)  # the words say it, too
        with st.container(gap=None, width="stretch"):
            st.markdown(f"**{as_label(info.title)}**")
            st.caption("How does a GPT write?")
            with st.container(horizontal=True, gap=None):
                st.page_link("playground.py", label="Generate", query_params={"model": info.name, **_LECTURE})
                text = {"model": info.name, "text": published.PROMPT, "step": "3"}
                st.page_link("explainer.py", label="Explain", query_params=text)
