"""What one takes away from an explained text: its steps as CSV, and a page to hand out."""

from __future__ import annotations

from pathlib import PurePath

import streamlit as st

from charlab.core.reading import Reading
from charlab.corpora import catalogue
from charlab.export import reading_page
from charlab.runs.models import Model


def show(model: Model, reading: Reading) -> None:
    """Two downloads, made when they are clicked."""

    def table() -> bytes:
        return reading_page.steps_csv(reading, model.vocab).encode("utf-8-sig")  # the mark by which Excel knows it

    def page() -> bytes:
        html = reading_page.page_html(model.config.name, _title(model.config.corpus), reading, model.vocab)
        return html.encode("utf-8")

    row = st.container(horizontal=True)
    row.download_button(
        "Steps as CSV",
        table,
        file_name="steps.csv",
        mime="text/csv",
        icon=":material/table:",
        key="hand_csv",
        on_click="ignore",
        help="A row a character: what came, its probability, and the likeliest five.",
    )
    row.download_button(
        "Page to hand out",
        page,
        file_name="explained.html",
        mime="text/html",
        icon=":material/print:",
        key="hand_page",
        on_click="ignore",
        disabled=len(reading.text) > reading_page.MAX_LENGTH,
        help="The coloured text and its greatest surprises, in one file for any browser or printer.",
    )


def _title(corpus: str) -> str:
    """What a corpus is called; of a file on the server its name alone."""
    titles = {known.name: known.title for known in (*catalogue.CORPORA.values(), *catalogue.stored())}
    return titles.get(corpus) or PurePath(corpus).name
