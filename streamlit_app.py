"""The server: `streamlit run streamlit_app.py` finds `app`, starts the training queue and opens the pages.

It never imports TensorFlow: training runs in worker processes.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import os
import sys
from contextlib import asynccontextmanager

import numpy  # noqa: F401  loaded first, so that threadpoolctl finds the BLAS that it limits
import streamlit as st
from starlette.middleware import Middleware
from threadpoolctl import threadpool_limits

from charlab import os_errors
from charlab.errors import ConfigError
from pages.parts.shared import browser_cookie, http_guard, routes, teacher_link


@asynccontextmanager
async def lifespan(app: st.App):
    """Start the training queue with the server, and end it (and its workers) with the server."""
    import pandas  # noqa: F401  imported completely at the start: Plotly fails if another visitor's page has only half imported it

    import charlab.charts.base  # noqa: F401  so that the first visitors do not wait for Plotly, and for the next two
    from charlab.browser import device_runs
    from charlab.runs import writers
    from charlab.runs.queue import Queue
    from pages.parts.shared import header  # noqa: F401
    from pages.parts.train import run_form, run_panel, start, startup  # noqa: F401

    if browser_cookie.is_class():
        os.environ["CHARLAB_CLASS"] = "1"  # for the workers
        tell_teacher()
    inspect.stack()  # as Streamlit does before its first element: the first time it takes 0.1 s for all modules
    # The cores are for training: NumPy uses one thread here, for as long as `limits` exists.
    limits = threadpool_limits(limits=1, user_api="blas")
    queue = Queue()
    queue.start()
    device_runs.pool().start()
    gc.collect()
    gc.freeze()  # later collections skip what is loaded now
    try:
        yield {"queue": queue, "limits": limits}
    finally:
        await asyncio.to_thread(device_runs.pool().close)
        await asyncio.to_thread(writers.close)
        await asyncio.to_thread(queue.close)  # waits for the workers to save


def check_variables() -> None:
    """End the server with a sentence where one of its variables has a wrong value."""
    from charlab.labs.gpt2 import permission
    from charlab.runs import limits

    try:
        browser_cookie.is_class()
        for read in (limits.at_once, limits.minutes_cap, limits.megabytes_each, limits.is_warm, permission.is_off):
            read()
    except ConfigError as problem:
        print(f"charlab: {problem}", file=sys.stderr)
        sys.exit(2)


def tell_teacher() -> None:
    """Print the teacher's link, as notebook servers do, or why there is none."""
    try:
        print(f"Teacher's link, for you alone:  {teacher_link.address()}", flush=True)
    except os_errors.EXPECTED as problem:
        print(f"charlab: {os_errors.sentence(problem)}", file=sys.stderr, flush=True)


def on_script_error(error: Exception) -> bool:
    """Show a sentence instead of a traceback, which Streamlit writes to the log."""
    from pages.parts.shared.safe_text import plain

    internal = "Internal error in CharLab. Reload the page; the details are in the server's log."
    st.error(plain(os_errors.sentence(error) or internal))
    return True


check_variables()

app = st.App(
    "pages/router.py",
    lifespan=lifespan,
    middleware=[Middleware(http_guard.Guard), Middleware(browser_cookie.NameBrowsers)],
    routes=routes.routes(),
    on_script_error=on_script_error,
)
