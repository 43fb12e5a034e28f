"""The row of all pages, in the free room of Streamlit's top bar: role, Present mode, and the link for a class."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pages.parts.shared import browser_cookie, class_link, gpt2_gate, present, url_state


def show() -> Callable[[], None]:
    """Draw the row; the function returned brings it up to date with the page that has run since."""
    row = st.container(key="header", horizontal=True, vertical_alignment="center", width="content", gap="xsmall")
    if browser_cookie.is_teachers():
        with row.popover("Teacher", icon=":material/school:"):
            st.write("This browser may control every run of the class, until it is closed.")
            gpt2_gate.switch()
            st.button("Give up this role", key="give_up_role", on_click=browser_cookie.give_up)
    present.show_switch(row)
    update_link = class_link.popover(row)

    def update() -> None:
        present.keep_in_address()
        url_state.confirm()
        update_link()

    return update
