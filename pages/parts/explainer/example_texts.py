"""Three texts to start with, each with what to look for."""

from __future__ import annotations

import streamlit as st

from pages.parts.shared.safe_text import plain

EXAMPLES = {
    "A line from a play": (
        "ROMEO:\nO, speak again, bright angel! for thou art\nAs glorious to this night.\n",
        "A word starts with a surprise and ends without one: after “glor” a reader of Shakespeare knows the rest.",
    ),
    "Repeated words": (
        "the crown, the crown, the crown, the crown, the crown, the crown.\n",
        "Does the model notice the repetition? If so, the second crown surprises it less than the first.",
    ),
    "Random letters": (
        "xq jvzk wpd, grlm bhx tyqz fn: kcjv",
        "Nearly every letter is a surprise, often just where the model was certain: nonsense looks like this.",
    ),
}


def show() -> None:
    """Offer three texts while there is none."""
    st.info("Type or paste a text above, or start with one of these three.")
    for column, (title, (text, words)) in zip(st.columns(3, gap="medium"), EXAMPLES.items(), strict=True):
        with column.container(border=True, height="stretch"):
            st.header(title)
            st.code(text.strip(), language=None, wrap_lines=True)
            st.write(plain(words))
            st.button("Read this", key=f"example-{title}", on_click=_take, args=(text,), width="stretch")
    st.page_link("playground.py", label="Or generate one with a model", icon=":material/edit_note:")


def _take(text: str) -> None:
    st.session_state.text = text
    st.session_state.step = 1
