"""A page's settings, which fold to one line that says them.

No st.expander: Streamlit builds it anew, and closes it, when its label changes.
"""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.parts.shared.safe_text import plain


def box(key: str, summary: str) -> DeltaGenerator:
    """The place for the settings: open until `fold` is called or the reader folds it. Folded, a button says
    `summary`, one line with what is chosen, and opens them; the widgets inside go on working unseen.

    `key`, a word, stays the same in all runs of the page, and so do the elements inside.
    """
    line, place = places(key)
    say(line, key, summary)
    return place


def places(key: str, *, is_open: bool = True) -> tuple[DeltaGenerator, DeltaGenerator]:
    """The two places of a `box`, for a page that can say its settings only once it has read them: one for the line
    that `say` fills, and one for the settings, open until then. `is_open` is how a visitor finds them."""
    st.session_state.setdefault(key, is_open)
    return st.container(key=f"line-{key}", gap=None), st.container(key=f"box-{key}")


def say(line: DeltaGenerator, key: str, summary: str) -> None:
    """The button that opens and folds the settings."""
    is_open = st.session_state[key]
    line.button(
        "Fold the settings" if is_open else plain(summary),
        icon=":material/expand_less:" if is_open else ":material/tune:",
        type="tertiary",
        key=f"toggle-{key}",
        on_click=_set,
        args=(key, not is_open),
    )
    if not is_open:
        line.html(f"<style>:has(> .st-key-box-{key}) {{ display: none; }}</style>")  # with the space around it


def is_open(key: str) -> bool:
    """Whether the settings are open."""
    return bool(st.session_state.setdefault(key, True))


def fold(key: str) -> None:
    """Fold the settings; call it from a button's callback, before the page draws them again."""
    _set(key, False)


def unfold(key: str) -> None:
    """Open the settings where something in them has to be chosen; where they were folded, the page runs again."""
    if not st.session_state[key]:
        _set(key, True)
        st.rerun()


def reveal() -> None:
    """Show the page's settings although they are folded or hidden by Present mode: something in them has to be
    read or chosen before the page can go on."""
    box, details = '[class*="st-key-box-"]', '[class*="st-key-details-"]'
    hidden = f"{details}:has({box}), :has(> {details} {box}), :has(> {box})"
    st.html(f"<style>{hidden} {{ display: flex !important; }}</style>")


def _set(key: str, is_open: bool) -> None:
    st.session_state[key] = is_open
