"""A text of one's own: uploaded or pasted, read in the encoding that its reader chooses, stored and selected."""

from __future__ import annotations

from typing import Any

import streamlit as st

from charlab import os_errors
from charlab.corpora import cleaning, decoding, uploads
from charlab.errors import CharlabError
from charlab.runs import quotas
from pages.parts.shared import browser_cookie
from pages.parts.shared.safe_text import exact, plain

_LINES_SHOWN = 3  # of a file whose encoding is chosen


def add_own_text() -> None:
    """Draw an upload and a text area that add a text and choose it, or show why that is impossible."""
    file = st.file_uploader("Text file (.txt)", key="upload")
    pasted, encoding = "", None
    if file:  # its first lines take the place of the box to paste into, so that they are seen without scrolling
        encoding, notes = _pick_encoding(file)
    else:
        st.caption("Everyone on this server can read the texts uploaded here.")
        pasted, notes = _paste(), ()
    button = st.container()
    normalise = st.checkbox(
        "Compose letters and accents",
        value=True,
        key="normalise",
        help="A letter such as ü can be one character or two, u and its dots. Ticked, it is one (Unicode NFC).",
    )
    wishes = {"normalise": normalise, "remove_licence": _offer_without_licence(file, pasted, encoding)}
    taken = (file, pasted, encoding, wishes)
    button.button("Use this text", on_click=_take_own_text, args=taken, disabled=not (file or pasted))
    for note in notes:
        st.caption(plain(note))
    name, words = st.session_state.get("own_text_said", ("", []))
    for sentence in words if name == st.session_state.corpus else ():
        st.info(plain(sentence))
    if problem := st.session_state.pop("own_text_problem", None):
        st.error(plain(problem))


def _paste() -> str:
    return st.text_area("Or paste a text", key="pasted", height=160, help="At least 2,000 characters.")


def _pick_encoding(file: Any) -> tuple[str | None, tuple[str, ...]]:
    """Draw a select box of encodings and the first lines in the chosen one, where a file is not plain Unicode.

    Returns the encoding, and notes on how the file reads in it.
    """
    data = file.getvalue()
    first = uploads.to_choose_first(data, file.name)
    if first is None:
        return None, ()
    options = list(dict.fromkeys([first, *decoding.ENCODINGS]))
    chosen = st.selectbox(
        "Encoding",
        options,
        format_func=decoding.shown,
        key=f"encoding.{file.file_id}",
        help="How the bytes of this file stand for characters. Choose the one where the lines below make sense.",
    )
    try:
        decoded = decoding.decode(data, uploads.file_title(file.name), chosen)
        exact(cleaning.clean(decoding.first_lines(decoded.text, _LINES_SHOWN))[0])
        return chosen, decoded.notes
    except CharlabError as error:
        st.warning(plain(str(error)))
        return chosen, ()


def _offer_without_licence(file: Any, pasted: str, encoding: str | None) -> bool:
    """Draw a tick that leaves out a licence, where the text has one; whether it is set."""
    data, name = (file.getvalue(), file.name) if file else (pasted, "")
    frame = uploads.licence_in(data, name, encoding)
    if frame is None:
        return False
    return st.checkbox(
        f"Leave out Project Gutenberg's header and licence ({frame.characters:,} characters)",
        value=True,
        key="remove_licence",
        help="They are not part of the book. With the licence at its end, it would be most of the validation set.",
    )


def _take_own_text(file: Any, pasted: str, encoding: str | None, wishes: dict[str, bool]) -> None:
    try:
        if file:
            text = uploads.read_bytes(file.getvalue(), file.name, encoding=encoding, **wishes)
        else:
            text = uploads.read_pasted(pasted, **wishes)
        st.session_state.corpus = quotas.store_text(text, browser_cookie.actor())
        said = [f"{text.title} is selected: {len(text.text):,} characters.", *text.notes]
        st.session_state.own_text_said = (st.session_state.corpus, said)
    except os_errors.EXPECTED as error:
        st.session_state.own_text_problem = os_errors.sentence(error)
