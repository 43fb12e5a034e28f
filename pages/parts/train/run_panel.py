"""A run, live: its progress, figures and controls, its curve beside the generated text, and what they mean."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from charlab.charts import loss
from charlab.core import kinds, ngram
from charlab.corpora import coverage, encoding, splits
from charlab.errors import CharlabError
from charlab.export import download_names
from charlab.runs import diagnosis, limits, models, queue, shell_commands, store, validation
from charlab.runs.store import Run, RunConfig, Status
from pages.parts.shared import page_state, present, url_state
from pages.parts.shared.chart import plotly_chart
from pages.parts.shared.page_words import in_page_words
from pages.parts.shared.safe_text import command, plain
from pages.parts.train import export_import, preview, run_comparison, run_controls, run_picker, startup

_TITLES = {"bits": "loss in bits", "nats": "loss in nats", "accuracy": "accuracy"}

_TICK_SECONDS = 1.0
_PICTURE_HEIGHT = 350  # pixels: with what is above it, the first screen of a projector
_PRESENT_HEIGHT = 560  # where nothing but the controls is above it
_SLIDER_HEIGHT = 80  # above the generated text
_DOORS_HEIGHT = 48  # below it


def show(run: Run, row: DeltaGenerator) -> None:
    """Draw the run's panel, which is redrawn every second while a worker has the run; options of the chart go into
    `row`."""
    try:
        config, _, status = run.read()
    except CharlabError as error:
        st.error(plain(str(error)))
        run_controls.delete_unreadable(run)
        return
    url_state.read("loss_unit")
    url_state.read("over")
    notice = st.container()
    with row.popover("Compare", icon=":material/stacked_line_chart:", help="Other runs, metric and x-axis."):
        unit, others = _chart_options(run, notice)
    ticking = status.state in store.ACTIVE
    st.fragment(_panel, run_every=_TICK_SECONDS if ticking else None)(run, config, unit, others, status.state)
    if run.weight_names() and not ticking:
        with present.details("export").expander("Export", icon=":material/download:"):
            export_import.show(run)


def _chart_options(run: Run, notice: DeltaGenerator) -> tuple[str, list[Run]]:
    """Draw what the chart shows: other runs, the metric, the x-axis. Returns the metric and the runs."""
    others = run_comparison.pick_others(run, notice)
    unit = st.segmented_control(
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
    return unit, others


def in_link() -> dict[str, Any]:
    """The panel's settings, as the page's address holds them."""
    return {key: url_state.value(key) for key in ("loss_unit", "over")} | run_comparison.in_link()


def _panel(run: Run, config: RunConfig, unit: str, others: list[Run], state: str) -> None:
    if run_controls.consume_change():
        st.rerun()
    try:
        _, _, status = run.read()
    except CharlabError:  # it was deleted in another window
        st.rerun()
    events = _readable_events(run)
    _figures_and_controls(run, config, status, events, unit)
    baselines = _reference_lines(config, bool(events))
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _chart(run, config, status, events, unit, others, baselines)
    with right:
        below = 0 if present.is_on() else _DOORS_HEIGHT
        training = config.train if _is_training(config, status) else None
        sample = run_comparison.samples(run, events, _picture_height() - _SLIDER_HEIGHT - below, training)
        with present.details("doors"):
            _doors(run, status)
        if sample:
            run_comparison.about_sample(sample)
    with present.details("about-run"):
        _about(run, config, status, events, unit, bool(baselines))
        run_comparison.table(config, others)
    if state != status.state:  # which the rest of the page says, too
        st.rerun()


def _figures_and_controls(run: Run, config: RunConfig, status: Status, events: list[dict], unit: str) -> None:
    """One row: the progress, the figures, and the controls."""
    active = status.state in store.ACTIVE
    with present.details("progress"):
        left, middle, right = st.columns([3.6, 5.6, 6.3], vertical_alignment="center")
    with left:
        _progress(run, config, status)
    with middle:
        _figures(config, status, events, unit)
    with right if not present.is_on() else st.container() if active else present.details("controls"):
        run_controls.buttons(run, config, status)
    if active and present.is_on():  # Pause and Stop are the two controls then
        st.html("<style>.st-key-start { display: none; }</style>")


def _chart(
    run: Run,
    config: RunConfig,
    status: Status,
    events: list[dict],
    unit: str,
    others: list[Run],
    baselines: list[tuple[str, float]],
) -> None:
    laid = [{"label": "this run" if others else "", "events": events}, *run_comparison.overlay(others)]
    figure = loss.loss_figure(laid, unit, st.session_state.over, baselines)
    if not figure.data:
        st.info(_without_chart(status, events, unit))
        return
    plotly_chart(
        figure,
        key=f"loss-{run.id}",
        height=_picture_height(),
        filename=f"loss-{download_names.of_run(config)}",
        label=f"Progress of {config.name}, {_TITLES[unit]}: training solid, validation dashed.",
    )


def _is_training(config: RunConfig, status: Status) -> bool:
    """Whether epochs are still to come, as far as anybody knows; an n-gram model has none."""
    return status.state == "running" and kinds.of(config.model).trained


def _picture_height() -> int:
    return _PRESENT_HEIGHT if present.is_on() else _PICTURE_HEIGHT


def _without_chart(status: Status, events: list[dict], unit: str) -> str:
    """Why there is no curve, in place of empty axes."""
    if unit == "accuracy" and any(event["event"] in ("step", "epoch") for event in events):
        return "The accuracy of this run was not measured: choose the loss in bits or nats."
    if status.state == "queued":
        return "The curve appears here once the run has started."
    if status.state in store.ACTIVE:
        return "The curve begins here with the first step."
    return "There is no curve: the run ended before its first step."


def _about(run: Run, config: RunConfig, status: Status, events: list[dict], unit: str, baselines: bool) -> None:
    """What stands below the picture: what it shows, and the run in sentences."""
    left, right = st.columns([3, 2], gap="medium")
    findings = _findings(config)
    with left:
        st.caption(_caption(config, unit, baselines))
        if config.coverage and (counted := config.coverage.counted()):
            st.caption(plain(counted))
        preview.show_findings(findings)
        for note in config.notes:
            if note not in findings:
                st.info(plain(in_page_words(note)))
    with right:
        if said := _gap(events, unit):
            st.caption(said)
        if status.best_epoch:
            st.caption(diagnosis.saved_weights(status.best_epoch, status.epoch))
        run_comparison.words(run, config, events, status, unit)
        with st.expander("Command-line equivalent"):
            command(shell_commands.training_command(config))


def _caption(config: RunConfig, unit: str, baselines: bool) -> str:
    if unit == "accuracy":
        meaning = "How often the most likely character is the actual one: higher is better."
    else:
        grey = " Grey lines are baselines without a network." if baselines else ""
        meaning = f"How wrong the predictions still are: lower is better.{grey}"
    return (
        f"{meaning} *Training*: on the text the model learns from. *Validation*: on "
        f"{splits.described(config.train)}, which it never learns from."
    )


def _reference_lines(config: RunConfig, started: bool) -> list[tuple[str, float]]:
    if not started:
        return []
    model, train = config.model, config.train
    alphabet = (model.alphabet, model.alphabet_limit, model.lower_case)
    try:
        return _baselines((config.corpus_sha256, *alphabet, train.split, train.validation_share), config)
    except CharlabError:  # the text is gone: the run can still be shown
        return []


@st.cache_data(show_spinner=False, max_entries=50)
def _baselines(key: Hashable, _config: RunConfig) -> list[tuple[str, float]]:
    """Names and losses in nats of the baselines, over the same characters of the same validation set. `key` has
    all of the configuration that they depend on."""
    model = _config.model
    text = models.training_text(_config, download=False)
    vocab = encoding.make_vocab(text.text, model)
    ids, size = encoding.text_ids(text.text, vocab, model), len(vocab)
    division = splits.divide(ids, vocab, _config.train)
    ids = division.ids
    if coverage.drops_unknown(model):  # the baselines choose among the characters that occur
        occurring, ids = np.unique(ids, return_inverse=True)
        size = len(occurring) + 1
    losses = ngram.baselines(ids[: division.start], ids[division.start :][:50_000], size)
    names = ["uniform baseline", "unigram baseline", "bigram baseline", "trigram baseline"]
    lines = list(zip(names, losses, strict=True))
    if text.entropy_bits is not None:
        lines.append(("entropy of the source", text.entropy_bits * diagnosis.NATS["bits"]))
    return lines


def _findings(config: RunConfig) -> tuple[str, ...]:
    """What the run's validation set measures, in sentences; none where its text is not on this machine."""
    train, model = config.train, config.model
    key = (config.corpus_sha256, model.alphabet, model.alphabet_limit, model.lower_case)
    try:
        return _examined((*key, train.split, train.validation_share), config)
    except CharlabError:  # the text is gone, or cannot be split as an imported run says
        return ()


@st.cache_data(show_spinner=False, max_entries=100)
def _examined(key: Hashable, _config: RunConfig) -> tuple[str, ...]:
    """`validation.findings`, with the alphabet of the text: that of an imported run may be any, and what is cached
    is for everyone's runs."""
    text = models.training_text(_config, download=False).text
    vocab = encoding.make_vocab(text, _config.model)
    return validation.findings(encoding.text_ids(text, vocab, _config.model), vocab, _config.train)


def _progress(run: Run, config: RunConfig, status: Status) -> None:
    st.markdown(f"**{run_picker.STATES[status.state].capitalize()}**")
    if status.state == "queued":
        _in_line(run)
    if status.reason:
        reason = run_controls.reason_for_reader(run, status)
        (st.error if status.state == "failed" else st.info)(plain(in_page_words(reason)))
    if startup.show(status):
        pass  # its clock has not begun
    elif config.train.minutes:
        share, whole = status.seconds / (60 * config.train.minutes), limits.in_minutes(config.train.minutes)
        st.progress(min(1.0, share), f"{_clock(status.seconds)} of {whole}, epoch {status.epoch:.1f}")
    elif kinds.of(config.model).trained:
        st.progress(
            min(1.0, status.epoch / config.train.epochs), f"Epoch {status.epoch:.1f} of {config.train.epochs}"
        )


def _figures(config: RunConfig, status: Status, events: list[dict], unit: str) -> None:
    """Time, speed and the best validation figure so far, in the chart's unit."""
    steps = [event for event in events if event["event"] == "step"]
    row = st.container(horizontal=True, horizontal_alignment="distribute", gap="small")
    speed = (steps[-1] if steps else status.results).get("characters_per_second")
    if status.state in store.ACTIVE:
        seconds = limits.seconds_left(status)
        left = "" if seconds is None else _clock(seconds)
        row.metric("Time left", left or "...", width="content")
    else:
        row.metric("Time taken", _clock(status.seconds), width="content")
    row.metric("Characters/s", f"{speed:,.0f}" if speed else "...", width="content")
    value, error, meaning = _validation(events, unit)
    label = "Validation, %" if unit == "accuracy" else f"Validation, {unit}"
    row.metric(label, value, delta=error, delta_color="off", delta_arrow="off", help=meaning, width="content")


def _validation(events: list[dict], unit: str) -> tuple[str, str | None, str]:
    """The best validation figure so far, its standard error, and what they mean."""
    evaluations = [event for event in events if event["event"] == "epoch"]
    if unit == "accuracy":
        shares = [event["val_accuracy"] for event in evaluations if event.get("val_accuracy") is not None]
        meaning = "The highest validation accuracy so far: how often the most likely character is the actual one."
        return f"{100 * max(shares):.1f}" if shares else "...", None, meaning
    best = min(evaluations, key=lambda event: event["val_loss"], default={})
    divisor = diagnosis.NATS[unit]
    meaning = (
        f"The lowest validation loss so far, in {unit} per character. After ±: its standard error. On another "
        "text of the same kind and length the loss would typically differ by about as much."
    )
    error = diagnosis.plus_minus(best["val_error"] / divisor) if best.get("val_error") else None
    return f"{best['val_loss'] / divisor:.3f}" if best else "...", error, meaning


def _gap(events: list[dict], unit: str) -> str:
    """How far apart the training and the validation loss are; "" for accuracy, which is not measured so."""
    return diagnosis.gap(events, unit) if unit in diagnosis.NATS else ""


def _in_line(run: Run) -> None:
    """Show a waiting run's position in the queue, its expected start, and the runs to watch until then."""
    place, seconds = queue.place_in_line(run), queue.expected_start(run)
    number = f"Number {place}" if place > 1 else "Next"
    when = f", in about {_clock(seconds)}" if seconds and seconds > 5 else ""
    st.write(f"{number} in the queue. It starts automatically{when}.")
    for index, (other, _) in enumerate(queue.running(run.path.parent)[:3]):
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
    run_controls.mark_changed()


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


def _readable_events(run: Run) -> list[dict[str, Any]]:
    """The run's events; where they cannot be read a sentence, and the rest of the panel without them."""
    try:
        return _events(run)
    except CharlabError as error:
        st.error(plain(str(error)))
        return []


def _events(run: Run) -> list[dict[str, Any]]:
    """The run's events; those read at the last tick are not read again."""
    known = st.session_state.setdefault("events", {})
    events, place = known.get(run.id, ([], 0))
    if run.events_length() < place:  # a resume removed the events it repeats
        events, place = [], 0
    new, place = run.events(place)
    known.clear()
    known[run.id] = (events + new, place)
    return known[run.id][0]


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}" if minutes >= 60 else f"{minutes}:{seconds:02d} min"
