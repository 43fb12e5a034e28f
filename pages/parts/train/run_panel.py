"""A run, live: its picker, loss, progress, generated text and controls."""

from __future__ import annotations

import time
from collections.abc import Hashable
from typing import Any

import numpy as np
import streamlit as st

from charlab.charts import loss
from charlab.core import kinds, ngram
from charlab.corpora import coverage, encoding, splits
from charlab.errors import CharlabError
from charlab.export import download_names
from charlab.runs import diagnosis, limits, models, queue, shell_commands, store, validation
from charlab.runs.store import Run, RunConfig, Status
from pages.parts.shared import browser_cookie, gone, owner_filter, page_state, stable_selectbox, url_state
from pages.parts.shared.chart import plotly_chart
from pages.parts.shared.page_words import in_page_words
from pages.parts.shared.safe_text import as_label, command, plain
from pages.parts.train import export_import, preview, run_comparison, run_controls, run_form, startup

_STATES = {
    "queued": "waiting in the queue", "running": "training", "pausing": "pausing", "paused": "paused",
    "stopping": "stopping", "stopped": "stopped", "done": "done", "failed": "failed",
}  # fmt: skip
_TICK_SECONDS = 1.0


def pick_run() -> Run | None:
    """Pick a run: first the one just started, the link's, or the newest. None where there is none, or where the
    reader has yet to choose one in place of one that was deleted."""
    runs = {run.id: run for run in store.all_runs()}
    found = {name: _facts(run) for name, run in runs.items()}
    is_gone = gone.is_gone("run", {name: _name(name, facts) for name, facts in found.items()}, "Run")
    if not found:
        run_form.empty_state()
        return None
    run_controls.offer_to_resume({name: facts[1] for name, facts in found.items() if not isinstance(facts, str)})
    left, right = st.columns([5, 2], vertical_alignment="bottom")
    mine = _mine(found)
    if not is_gone:
        url_state.read("run", default=next(iter(mine or found)), choices=found)
    shown = owner_filter.choose_owner(
        found,
        mine,
        label="Runs",
        key="whose",
        picked="run",
        help="Mine: the runs started in this browser.",
        place=right,
    )
    if not is_gone and st.session_state.run not in shown:
        st.session_state.run = next(iter(shown))
    titles = stable_selectbox.unique_titles({name: _title(facts) for name, facts in shown.items()})
    chosen = stable_selectbox.select("Run", titles, key="run", place=left)
    return runs[chosen] if chosen else None


_Facts = tuple[RunConfig, Status] | str  # or why the run cannot be read, in a sentence


def _mine(found: dict[str, _Facts]) -> dict[str, _Facts]:
    """The runs started in this browser."""
    me = browser_cookie.actor().owner
    return {
        name: facts for name, facts in found.items() if me and not isinstance(facts, str) and facts[0].owner == me
    }


def _facts(run: Run) -> _Facts:
    try:
        config, _, status = run.read()
    except CharlabError as problem:
        return str(problem)
    return config, status


def _name(run_id: str, facts: _Facts) -> str:
    return facts.split(" cannot be read")[0] if isinstance(facts, str) else facts[0].name


def _title(facts: _Facts) -> str:
    if isinstance(facts, str):
        return facts
    config, status = facts
    started = time.strftime("%d %b %H:%M:%S", time.localtime(config.created))
    return f"{as_label(config.name)}, {started}, {_STATES[status.state]}"


def show(run: Run) -> None:
    """Draw the run's panel, which is redrawn every second while a worker has the run."""
    try:
        config, _, status = run.read()
    except CharlabError as error:
        st.error(plain(str(error)))
        run_controls.delete_unreadable(run)
        return
    url_state.read("loss_unit")
    url_state.read("over")
    first, second, third = st.columns([4, 5, 8], vertical_alignment="bottom")
    unit = first.segmented_control(
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
    second.segmented_control(
        "X-axis",
        page_state.choices("over"),
        format_func=str.capitalize,
        required=True,
        key="over",
        persist_state="session",
        wrap=True,
    )
    with third:
        others = run_comparison.pick_others(run)
    ticking = status.state in store.ACTIVE
    st.fragment(_panel, run_every=_TICK_SECONDS if ticking else None)(run, config, unit, others, ticking)
    if run.weight_names() and not ticking:
        with st.expander("Export", icon=":material/download:"):
            export_import.show(run)


def in_link() -> dict[str, Any]:
    """The panel's settings, as the page's address holds them."""
    return {key: url_state.value(key) for key in ("loss_unit", "over")} | run_comparison.in_link()


def _panel(run: Run, config: RunConfig, unit: str, others: list[Run], ticking: bool) -> None:
    if run_controls.consume_change():
        st.rerun()
    try:
        _, _, status = run.read()
    except CharlabError:  # it was deleted in another window
        st.rerun()
    events = _readable_events(run)
    left, right = st.columns([3, 2], gap="large")
    with left:
        _loss_chart(run, config, events, unit, others)
        findings = _findings(config)
        preview.show_findings(findings)
    with right:
        _progress(run, config, status, events, unit, without=findings)
        run_controls.buttons(run, config, status)
        _doors(run, status)
        run_comparison.words(run, config, events, status, unit)
        run_comparison.samples(run, events)
        with st.expander("Command-line equivalent"):
            command(shell_commands.training_command(config))
    run_comparison.table([config, *run_comparison.configs(others)])
    if ticking != (status.state in store.ACTIVE):
        st.rerun()


def _loss_chart(run: Run, config: RunConfig, events: list[dict], unit: str, others: list[Run]) -> None:
    st.subheader("Accuracy" if unit == "accuracy" else "Loss")
    laid = [{"label": "this run" if others else "", "events": events}, *run_comparison.overlay(others)]
    baselines = _reference_lines(config, bool(events))
    figure = loss.loss_figure(laid, unit, st.session_state.over, baselines)
    plotly_chart(
        figure,
        key=f"loss-{run.id}",
        height=440,
        filename=f"loss-{download_names.of_run(config)}",
        label=f"Progress of {config.name}, {unit}: training solid, validation dashed.",
    )
    if unit == "accuracy":
        meaning = "How often the most likely character is the actual one: higher is better."
    else:
        grey = " Grey lines are baselines without a network." if baselines else ""
        meaning = f"How wrong the predictions still are: lower is better.{grey}"
    st.caption(
        f"{meaning} *Training*: on the text the model learns from. *Validation*: on "
        f"{splits.described(config.train)}, which it never learns from."
    )
    if config.coverage and (counted := config.coverage.counted()):
        st.caption(plain(counted))


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


def _progress(
    run: Run, config: RunConfig, status: Status, events: list[dict], unit: str, without: tuple[str, ...]
) -> None:
    st.subheader(plain(_STATES[status.state].capitalize()))
    if status.state == "queued":
        _in_line(run)
    if status.reason:
        (st.error if status.state == "failed" else st.info)(plain(in_page_words(status.reason)))
    for note in config.notes:
        if note not in without:  # which is under the chart
            st.info(plain(in_page_words(note)))
    if startup.show(status):
        pass  # its clock has not begun
    elif config.train.minutes:
        share, whole = status.seconds / (60 * config.train.minutes), limits.in_minutes(config.train.minutes)
        st.progress(min(1.0, share), f"{_clock(status.seconds)} of {whole}, epoch {status.epoch:.1f}")
    elif kinds.of(config.model).trained:
        st.progress(
            min(1.0, status.epoch / config.train.epochs), f"Epoch {status.epoch:.1f} of {config.train.epochs}"
        )
    _figures(status, events, unit)


def _figures(status: Status, events: list[dict], unit: str) -> None:
    steps = [event for event in events if event["event"] == "step"]
    evaluations = [event for event in events if event["event"] == "epoch"]
    best = min(evaluations, key=lambda event: event["val_loss"], default={})
    unit = "nats" if unit == "nats" else "bits"
    divisor = diagnosis.NATS[unit]
    first, second, third = st.columns(3)
    speed = (steps[-1] if steps else status.results).get("characters_per_second")
    if status.state in store.ACTIVE:
        seconds = limits.seconds_left(status)
        left = "" if seconds is None else _clock(seconds)
        first.metric("Time left", left or "...")
    else:
        first.metric("Time taken", _clock(status.seconds))
    second.metric("Characters/s", f"{speed:,.0f}" if speed else "...")
    third.metric(
        f"Validation, {unit}",
        f"{best['val_loss'] / divisor:.3f}" if best else "...",
        delta=diagnosis.plus_minus(best["val_error"] / divisor) if best.get("val_error") else None,
        delta_color="off",
        delta_arrow="off",
        help=f"The lowest validation loss so far, in {unit} per character. After ±: its standard error. On "
        "another text of the same kind and length the loss would typically differ by about as much.",
    )
    if said := diagnosis.gap(events, unit):
        st.caption(said)
    if status.best_epoch:
        st.caption(diagnosis.saved_weights(status.best_epoch, status.epoch))


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
