"""Three texts to begin with, each with what one will see in it."""

from __future__ import annotations

import streamlit as st

from pages.parts.shared.safe_text import plain

EXAMPLES = {
    "A line from a play": (
        "ROMEO:\nO, speak again, bright angel! for thou art\nAs glorious to this night.\n",
        "Words begin with a surprise and end without one: after “glor” a reader of Shakespeare knows the rest.",
    ),
    "The same words again and again": (
        "the crown, the crown, the crown, the crown, the crown, the crown.\n",
        "Does it notice that something repeats? If so, the second crown surprises it less than the first.",
    ),
    "Letters by chance": (
        "xq jvzk wpd, grlm bhx tyqz fn: kcjv",
        "Nearly every letter is a surprise, often right where the model felt sure: this is how nonsense looks.",
    ),
}


def show() -> None:
    """What to do where there is no text yet."""
    st.info("Type or paste a text above, or begin with one of these three.")
    for column, (title, (text, words)) in zip(st.columns(3, gap="medium"), EXAMPLES.items(), strict=True):
        with column.container(border=True, height="stretch"):
            st.subheader(title)
            st.code(text.strip(), language=None, wrap_lines=True)
            st.write(plain(words))
            st.button("Read this", key=f"example-{title}", on_click=_take, args=(text,), width="stretch")
    st.page_link("playground.py", label="Or let a model write one", icon=":material/edit_note:")


def _take(text: str) -> None:
    st.session_state.text = text
    st.session_state.step = 1
