"""The cards of the labs: a picture, the question that the lab answers, and a link."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from charlab.labs.catalogue import Lab
from pages.parts.labs import gpt2_card
from pages.parts.labs.gpt2_card import WIDTH

_PICTURES = Path(__file__).with_name("pictures")


def show(labs: Mapping[str, Lab]) -> None:
    """Draw a card per lab, side by side, and the one of GPT-2."""
    columns = st.columns(len(labs) + 1, gap="small")
    gpt2_card.show(columns[-1])
    for column, lab in zip(columns, labs.values(), strict=False):
        with column.container(
            border=True, key=f"lab-{lab.name}", horizontal=True, vertical_alignment="center", gap="small"
        ):
            st.image(_PICTURES / f"{lab.name}.svg", alt="", width=WIDTH)  # the words say it, too
            with st.container(gap=None, width="stretch"):
                label = f":blue[**{lab.title}**]"
                st.page_link("labs.py", label=label, query_params={"lab": lab.name}, help=lab.about)
                st.caption(lab.question)
