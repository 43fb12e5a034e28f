"""Downloads of an explained text: its steps as CSV, and a printable page."""

from __future__ import annotations

import streamlit as st

from charlab.core.reading import Reading
from charlab.export import reading_page
from charlab.runs import models
from charlab.runs.models import Model


def show(model: Model, reading: Reading) -> None:
    """Two download buttons; each file is made when it is clicked."""

    def table() -> bytes:
        return reading_page.steps_csv(reading, model.vocab).encode(
            "utf-8-sig"
        )  # the byte order mark tells Excel that it is UTF-8

    def page() -> bytes:
        html = reading_page.page_html(model.config.name, models.corpus_title(model.config), reading, model.vocab)
        return html.encode("utf-8")

    row = st.container(horizontal=True)
    row.download_button(
        "Download steps (CSV)",
        table,
        file_name="steps.csv",
        mime="text/csv",
        icon=":material/table:",
        key="hand_csv",
        on_click="ignore",
        help="One row per position: its probability and surprise, and the five most likely predictions.",
    )
    row.download_button(
        "Download printable page",
        page,
        file_name="explained.html",
        mime="text/html",
        icon=":material/print:",
        key="hand_page",
        on_click="ignore",
        disabled=len(reading.text) > reading_page.MAX_LENGTH,
        help="The coloured text and its greatest surprises, in one file for any browser or printer.",
    )
