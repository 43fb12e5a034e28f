"""The Stop in Streamlit's header: it ends a page's script at the next call of Streamlit, wherever that is."""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn

import streamlit as st
from streamlit.runtime.scriptrunner import StopException, add_script_run_ctx, get_script_run_ctx


class Stopped(Exception):
    """Raised by a page in place of StopException where it can be completed; `draw` draws what is left of it."""

    def __init__(self, draw: Callable[[], None]) -> None:
        super().__init__("The reader stopped the script.")
        self.draw = draw


class Ended(StopException):
    """Raised by a page that has nothing more to draw."""


def end() -> NoReturn:
    """End a page early. Unlike `st.stop`, this cannot be taken for the reader's Stop."""
    raise Ended


def run(page: Callable[[], None], update: Callable[[], None]) -> None:
    """Run a page, then `update`. Where the reader stops it, the rest is drawn that it leaves, or a sentence."""
    try:
        with contextlib.suppress(Ended):
            page()
        update()
    except Stopped as stopped:
        finish(stopped.draw, update)
    except StopException:
        finish(_tell, update)


def finish(*rest: Callable[[], None]) -> None:
    """Draw in a thread of its own: in the script's, a Stop makes every call of Streamlit raise StopException."""
    script = get_script_run_ctx()

    def drawn() -> None:
        add_script_run_ctx(ctx=script)
        for draw in rest:
            draw()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(contextvars.copy_context().run, drawn).result()


def _tell() -> None:
    st.info("You stopped this page before it was complete.")
    st.button("Show all of it", icon=":material/refresh:")
