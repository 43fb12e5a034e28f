"""Texts of one's own: upload or paste one, name it, select it; and a list of them, with a button to delete each.

What is typed or ticked is read when the button is pressed: it counts although nobody has left its field.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from charlab import os_errors
from charlab.corpora import cleaning, decoding, stored_texts, uploads
from charlab.corpora.stored_texts import StoredText
from charlab.corpora.uploads import MAX_TITLE
from charlab.errors import CharlabError
from charlab.runs import own_texts, quotas
from charlab.runs.watch import KnownRun
from pages.parts.shared import browser_cookie, dates
from pages.parts.shared.page_words import in_page_words
from pages.parts.shared.safe_text import as_label, exact, plain

_LINES_SHOWN = 3  # of a file whose encoding is chosen
_SAID, _PROBLEM = "own_text_said", "own_text_problem"
_ASKED = "own_text_asked"  # the name of the text that is to be deleted once this is confirmed


def add_own_text() -> None:
    """Draw a form that adds a text and selects it, or shows why it cannot; and below it a list of one's texts."""
    file = st.file_uploader("Text file (.txt)", key="upload")
    # The first lines of a file take the place of the box to paste into, so that they are seen without scrolling.
    notes = _pick_encoding(file) if file else ()
    with st.form("own_text", border=False):
        if not file:
            st.text_area("Or paste a text", key="pasted", height=80, help="At least 2,000 characters.")
        _tell()
        row = st.container(horizontal=True, vertical_alignment="bottom")  # in sight on a projector, too
        row.text_input(
            "Name",
            key="own_text_name",
            max_chars=MAX_TITLE,
            placeholder=file.name if file else "Its first words",
            help="What the text is called in lists, and in the names of its runs.",
        )
        row.form_submit_button("Use this text", on_click=_take_own_text)
        if not file:
            st.caption("Everyone on this server can read the texts uploaded here.")
        st.checkbox(
            "Compose letters and accents",
            value=True,
            key="normalise",
            help="A letter such as ü can be one character or two, u and dots. Ticked, it is one (Unicode NFC).",
        )
        _offer_without_licence(file)
    for note in notes:
        st.caption(plain(note))
    _list_texts()


def _tell() -> None:
    """What became of the last text, above the button, where the eye is after the press."""
    name, words = st.session_state.get(_SAID, ("", []))
    if name == st.session_state.corpus:
        for sentence in words:
            st.info(plain(sentence))
    if problem := st.session_state.pop(_PROBLEM, None):
        st.error(plain(in_page_words(problem)))


def _pick_encoding(file: Any) -> tuple[str, ...]:
    """Draw a select box of encodings and the first lines in the chosen one, where a file is not plain Unicode.

    Returns notes on how the file reads in it.
    """
    first = _first_encoding(file.file_id, file)
    if first is None:
        return ()
    chosen = st.selectbox(
        "Encoding",
        list(dict.fromkeys([first, *decoding.ENCODINGS])),
        format_func=decoding.shown,
        key=f"encoding.{file.file_id}",
        help="How the bytes of this file stand for characters. Choose the one where the lines below make sense.",
    )
    lines, notes, problem = _beginning(file.file_id, chosen, file)
    if problem:
        st.warning(plain(in_page_words(problem)))
        return ()
    exact(lines)
    return notes


def _offer_without_licence(file: Any) -> None:
    """Draw a tick that leaves out a licence, where a file has one; a pasted text is not known yet."""
    label = "Leave out Project Gutenberg's header and licence"
    if file:
        characters = _licence_characters(file.file_id, st.session_state.get(f"encoding.{file.file_id}"), file)
        if characters is None:
            return
        label += f" ({characters:,} characters)"
    else:
        label += ", if the text has them"
    st.checkbox(
        label,
        value=True,
        key="remove_licence",
        help="They are not part of the book. With the licence at its end, it would be most of the validation set.",
    )


# What is known of an uploaded file, found once: the page runs again with every click.


@st.cache_data(show_spinner=False, max_entries=100)
def _first_encoding(file_id: str, _file: Any) -> str | None:
    return uploads.to_choose_first(_file.getvalue(), _file.name)


@st.cache_data(show_spinner=False, max_entries=100)
def _beginning(file_id: str, encoding: str, _file: Any) -> tuple[str, tuple[str, ...], str]:
    """The first lines of a file in an encoding, notes on how it reads in it, and why it cannot be read."""
    try:
        decoded = decoding.decode(_file.getvalue(), uploads.file_title(_file.name), encoding)
        return cleaning.clean(decoding.first_lines(decoded.text, _LINES_SHOWN))[0], decoded.notes, ""
    except CharlabError as error:
        return "", (), str(error)


@st.cache_data(show_spinner=False, max_entries=100)
def _licence_characters(file_id: str, encoding: str | None, _file: Any) -> int | None:
    frame = uploads.licence_in(_file.getvalue(), _file.name, encoding)
    return frame.characters if frame else None


def _take_own_text() -> None:
    """Add and select the text that the form holds now."""
    state = st.session_state
    file, pasted = state.get("upload"), state.get("pasted") or ""
    wishes = {name: state.get(name, True) for name in ("normalise", "remove_licence")}
    try:
        if file:
            encoding = state.get(f"encoding.{file.file_id}")
            text = uploads.read_bytes(file.getvalue(), file.name, encoding=encoding, **wishes)
        elif pasted.strip():
            text = uploads.read_pasted(pasted, **wishes)
        else:
            raise CharlabError("There is no text yet. Paste one into the box, or upload a text file.")
        typed = state.get("own_text_name") or ""
        if typed.strip() or not file:
            text = uploads.named(text, typed)
        state.corpus = quotas.store_text(text, browser_cookie.actor())
    except os_errors.EXPECTED as error:
        state[_PROBLEM] = os_errors.sentence(error)
        return
    known = stored_texts.find(state.corpus)
    title = known.title if known else text.title
    said = [f"“{title}” is now selected under Text: {len(text.text):,} characters.", *text.notes]
    if title != text.title:
        said.insert(1, "The same text had been added before, in another browser, and keeps its name.")
    state[_SAID] = (state.corpus, said)
    state.pasted = state.own_text_name = ""  # for the next one


def _list_texts() -> None:
    """Draw the texts that this browser may delete, newest first."""
    texts = own_texts.texts_of(browser_cookie.actor())
    if not texts:
        return
    st.markdown("**Your texts**")
    uses = own_texts.uses()
    for text in texts:
        _list_text(text, uses.get(text.name, []))


def _list_text(text: StoredText, runs: list[KnownRun]) -> None:
    words, button = st.columns([4, 1], vertical_alignment="center")
    used = f"used by {len(runs)} {'run' if len(runs) == 1 else 'runs'}" if runs else "not used"
    size = f"{text.characters:,} characters ({_in_bytes(text.size)})"
    words.markdown(plain(as_label(text.title)))
    words.caption(f"Added {dates.in_words(text.added)}. {size}, {used}.")
    button.button(
        "Delete",
        key=f"delete-{text.name}",
        icon=":material/delete:",
        type="tertiary",
        help="You will be asked to confirm.",
        on_click=_ask_to_delete,
        args=(text.name,),
    )
    if st.session_state.get(_ASKED) != text.name:
        return
    if reason := own_texts.why_not_deleted(text, browser_cookie.actor(), runs):
        st.warning(plain(reason))
        return
    st.warning(plain(f"Delete “{text.title}” permanently? {own_texts.lost_with(runs)}"))
    row = st.container(horizontal=True)
    row.button("Delete permanently", key=f"delete-now-{text.name}", type="primary", on_click=_delete, args=(text,))
    row.button("Keep it", key=f"keep-{text.name}", on_click=_ask_to_delete, args=(None,))


def _in_bytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 1e6 else f"{size / 1e3:,.0f} kB"


def _ask_to_delete(name: str | None) -> None:
    st.session_state[_ASKED] = name


def _delete(text: StoredText) -> None:
    st.session_state.pop(_ASKED, None)
    try:
        own_texts.delete(text.name, browser_cookie.actor())
    except os_errors.EXPECTED as error:
        st.session_state[_PROBLEM] = os_errors.sentence(error)
