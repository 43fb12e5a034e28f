"""A run: its live panel with its controls and links, and what does not change with time."""

from __future__ import annotations

import time
from collections.abc import Hashable
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from charlab.errors import CharlabError
from charlab.runs import baselines, devices, shell_commands, store
from charlab.runs.store import Run, RunConfig, Status
from pages.parts.shared import lazy_popover, page_state, present, url_state
from pages.parts.shared.page_words import in_page_words
from pages.parts.shared.safe_text import command, plain
from pages.parts.train import (
    device,
    export_import,
    live_document,
    live_panel,
    preview,
    run_comparison,
    run_controls,
)

_PICTURE_HEIGHT = 350  # pixels: with what is above it, the first screen of a projector
_PRESENT_HEIGHT = 560  # where nothing but the controls is above it
_DOORS_HEIGHT = 48  # below the generated text


def show(run: Run, row: DeltaGenerator) -> None:
    """Draw the run's panel, which follows the run by itself; options of the chart go into `row`."""
    at = time.time()
    try:
        config, _, status = run.read()
    except CharlabError as error:
        st.error(plain(str(error)))
        run_controls.delete_unreadable(run)
        return
    url_state.read("loss_unit")
    url_state.read("over")
    notice = st.container()
    compare, is_drawn = lazy_popover.popover(
        "Compare",
        key="compare_runs",
        room=240,
        place=row,
        icon=":material/stacked_line_chart:",
        help="Other runs, metric and x-axis.",
    )
    others = run_comparison.others(run, notice)
    if is_drawn:
        with compare:
            _chart_options(run)
    live = live_panel.follow(run, status, at, st.session_state.loss_unit, st.session_state.over, others)
    _panel(run, config, status, live, others)
    if run.weight_names() and status.state not in store.ACTIVE:
        export = present.details("export").expander(
            "Export", icon=":material/download:", key="export", on_change="rerun"
        )
        if export.open:
            with export:
                export_import.show(run)


def _chart_options(run: Run) -> None:
    """Draw what the chart shows: other runs, the metric, the x-axis."""
    run_comparison.pick_others(run)
    st.segmented_control(
        "Metric",
        page_state.choices("loss_unit"),
        format_func=str.capitalize,
        required=True,
        key="loss_unit",
        persist_state="session",
        wrap=True,
        help="Loss in bits or nats per character (1 nat = 1.44 bits; 1 bit is one fair yes-or-no question), or "
        "accuracy: how often the most likely character is the actual one.",
    )
    st.segmented_control(
        "X-axis",
        page_state.choices("over"),
        format_func=str.capitalize,
        required=True,
        key="over",
        persist_state="session",
        wrap=True,
    )


def in_link() -> dict[str, Any]:
    """The panel's settings, as the page's address holds them."""
    return {key: url_state.value(key) for key in ("loss_unit", "over")} | run_comparison.in_link()


def _panel(run: Run, config: RunConfig, status: Status, live: live_panel.Live, others: list[Run]) -> None:
    _figures_and_controls(run, config, status, live)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        live.part("chart", key=f"loss-{run.id}", height=_picture_height())
    with right:
        below = 0 if present.is_on() else _DOORS_HEIGHT
        live.part("texts", height=_picture_height() - below)
        with present.details("doors"):
            _doors(run, status)
        with present.details("about-samples"):
            live.part("about")
    with present.details("about-run"):
        _about(config, live)
        run_comparison.table(config, others)


def _figures_and_controls(run: Run, config: RunConfig, status: Status, live: live_panel.Live) -> None:
    """One row: the progress, the figures, and the controls."""
    active = status.state in store.ACTIVE
    with present.details("progress"):
        left, middle, right = st.columns([3.6, 5.6, 6.3], vertical_alignment="center")
    with left:
        live.part("progress")
        if status.state == "queued" and not devices.is_for(config):
            _offer_device(run, config, status)
            _watch_buttons(run)
    with middle:
        live.part("figures")
    with right if not present.is_on() else st.container() if active else present.details("controls"):
        run_controls.buttons(run, config, status)
        if devices.is_for(config):
            with present.details("device"):
                device.show_training(run, config, status, run_controls.run_action)
    if active and present.is_on():  # Pause and Stop are the two controls then
        st.html("<style>.st-key-start { display: none; }</style>")


def _picture_height() -> int:
    return _PRESENT_HEIGHT if present.is_on() else _PICTURE_HEIGHT


def _about(config: RunConfig, live: live_panel.Live) -> None:
    """What stands below the picture: what it shows, and the run in sentences."""
    left, right = st.columns([3, 2], gap="medium")
    findings = _findings(config)
    with left:
        live.part("caption")
        if config.coverage and (counted := config.coverage.counted()):
            st.caption(plain(counted))
        preview.show_findings(findings)
        for note in config.notes:
            if note not in findings:
                st.info(plain(in_page_words(note)))
    with right:
        live.part("words")
        # Drawn once it is open: Streamlit's element of code takes a browser half a second, just as the run begins.
        shell = st.expander("Command-line equivalent", key="command-line", on_change="rerun")
        if shell.open:
            with shell:
                command(shell_commands.training_command(config))


def _findings(config: RunConfig) -> tuple[str, ...]:
    """What the run's validation set measures, in sentences; none where its text is not on this machine."""
    try:
        return _examined(baselines.depends_on(config), config)
    except CharlabError:  # the text is gone, or cannot be split as an imported run says
        return ()


@st.cache_data(show_spinner=False, max_entries=100)
def _examined(key: Hashable, _config: RunConfig) -> tuple[str, ...]:
    """`validation.findings`, with the alphabet of the text: that of an imported run may be any, and what is cached
    is for everyone's runs."""
    return preview.examined(preview.facts_of(_config), _config.train)


def _offer_device(run: Run, config: RunConfig, status: Status) -> None:
    """Offer the reader's device to a run that waits for the server and that it can train from the beginning."""
    if status.step or not device.is_mine(config) or devices.why_not(config.model, config.train):
        return
    st.button(
        "Train it on this device",
        icon=":material/devices:",
        key=f"to-device-{run.id}",
        on_click=run_controls.run_action,
        args=(lambda: device.take_over(run),),
        help="It starts at once, in this browser, and leaves the queue.",
    )


def _watch_buttons(run: Run) -> None:
    """Offer the runs in training to whoever waits."""
    for index, other in enumerate(live_document.to_watch(run)):
        st.button(
            "Watch the current run" if index == 0 else f"Watch another run ({index + 1})",
            icon=":material/visibility:",
            key=f"watch-{other.id}",
            on_click=_watch,
            args=(other.id,),
            help="Your run keeps its place in the queue.",
        )


def _watch(name: str) -> None:
    st.session_state.run = name


def _doors(run: Run, status: Status) -> None:
    """Link to the pages that use the model. Links, since a redraw could undo a button's switch of pages."""
    if not run.weight_names():
        return
    with st.container(horizontal=True):
        _door("playground.py", "Generate text with it", ":material/edit_note:", run)
        if status.state in store.ENDED:
            _door("explainer.py", "Explain with it", ":material/search_insights:", run)


def _door(page: str, label: str, icon: str, run: Run) -> None:
    st.page_link(page, label=label, icon=icon, query_params={"model": run.id})
