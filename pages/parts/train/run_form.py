"""The form of a new run: the text, the model, the accelerator and how long to train."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import streamlit as st

from charlab.corpora import catalogue
from charlab.corpora.catalogue import Corpus
from charlab.errors import CharlabError
from charlab.runs import accelerators, devices, limits, plan, queue, time_estimate
from charlab.runs.plan import RunPlan
from charlab.runs.presets import PRESETS, Preset
from pages.parts.shared import browser_cookie, dates, page_state, url_state
from pages.parts.shared.safe_text import as_label, plain
from pages.parts.train import settings_form

_CPU_ONLY = ("auto", "cpu", "mirrored")  # what a machine with nothing but its CPU has
_LONG_SECONDS = 60.0  # of waiting for a place on the server
_LEFT = "device_left"  # whether a model took the place of the device that was chosen


def texts_here() -> dict[str, Corpus]:
    """Every text that can be chosen, by name."""
    return {corpus.name: corpus for corpus in [*catalogue.CORPORA.values(), *catalogue.stored()]}


def read_link(texts: dict[str, Corpus]) -> None:
    """Give the form's settings their values, before any of it is drawn."""
    url_state.read("corpus", choices=texts)
    for key in ("preset", "minutes"):
        url_state.read(key)
    url_state.read("accelerator", default=devices.NAME if is_device_first() else "auto")
    name = st.session_state.preset
    for key in (f"budget.{name}", f"epochs.{name}"):
        url_state.read(key)


def summary(texts: dict[str, Corpus]) -> str:
    """The form in one line: the text, the model, how long to train, and how many settings were changed."""
    state = st.session_state
    preset = PRESETS[state.preset]
    words = [_titles(texts)[state.corpus], preset.title]
    if settings_form.is_trained(preset):
        in_minutes = state[f"budget.{preset.name}"] == "minutes"
        epochs = state[f"epochs.{preset.name}"]
        words.append(limits.in_minutes(state.minutes) if in_minutes else f"{epochs} epoch{'s' * (epochs > 1)}")
        if state.accelerator == devices.NAME:
            words.append("on this device")
    if changed := len(settings_form.in_link(preset)):
        words.append(f"{changed} changed setting{'s' * (changed > 1)}")
    return ", ".join(words)


def pick_corpus(texts: dict[str, Corpus]) -> Corpus:
    """Draw a select box of all texts, with the facts of the chosen one."""
    titles = _titles(texts)
    name = st.selectbox("Text", texts, format_func=titles.get, key="corpus", persist_state="session")
    corpus = texts[name]
    st.caption(plain(_facts(corpus)))
    return corpus


def _titles(texts: dict[str, Corpus]) -> dict[str, str]:
    """What each text is called, told apart where several have one title."""
    return dates.told_apart(
        {name: as_label(corpus.title) for name, corpus in texts.items()},
        {name: corpus.added for name, corpus in texts.items()},
    )


def _facts(corpus: Corpus) -> str:
    size = (
        f"{corpus.characters / 1e6:.1f} M"
        if corpus.characters >= 1e6
        else f"{round(corpus.characters, -3) / 1e3:.0f} k"
    )
    if corpus.characters < 10_000:
        size = f"{corpus.characters:,}"
    facts = f"{size} characters, {corpus.alphabet_size:,} distinct. {corpus.about}"
    if corpus.entropy_bits is not None:
        facts += f" No model can do better than {corpus.entropy_bits:.3f} bits per character."
    if not corpus.is_here():
        facts += " It is downloaded when a run starts."
    return f"{facts} Licence: {corpus.licence}."


def pick_preset() -> Preset:
    """Draw a select box of all presets, with a description of the chosen one."""
    name = st.selectbox(
        "Model", PRESETS, format_func=lambda name: PRESETS[name].title, key="preset", persist_state="session"
    )
    preset = PRESETS[name]
    st.caption(plain(preset.summary), help=plain(preset.about))
    return preset


def is_device_first() -> bool:
    """Whether the reader's own device is the first choice: in a class, where the server's queue is long, and where
    the server cannot train networks."""
    return browser_cookie.is_class() or bool(accelerators.why_no_tensorflow()) or _is_long(_wait())


def tell_queue(planned: RunPlan) -> None:
    """Say where a run would wait for the server, and the reader's device could begin now."""
    seconds = _wait()
    if devices.why_not(planned.model, planned.train, planned.text.vocabulary_size) or not _is_long(seconds):
        return
    when = f"in {time_estimate.duration(seconds)}" if seconds else "after the runs before it"
    st.caption(f"On the server it would start {when}. This device could start now: choose it as accelerator.")


def _wait() -> float | None:
    """In how many seconds a run would start that joins the queue now; None where nobody knows."""
    try:
        return queue.expected_wait()
    except CharlabError:  # a run is being deleted
        return 0.0


def _is_long(seconds: float | None) -> bool:
    return seconds is None or seconds > _LONG_SECONDS


def has_accelerators() -> bool:
    """Whether there is more than the server's CPU to choose from that is worth a place in the row."""
    found = any(row["available"] and row["name"] not in _CPU_ONLY for row in _rows())
    return found or st.session_state.accelerator == devices.NAME or is_device_first()


def pick_accelerator(preset: Preset, changes: dict[str, Any]) -> str:
    """Draw a select box of the accelerators of this machine, and the reader's device where that can train the
    preset with these changes."""
    rows = _rows()
    available = [row["name"] for row in rows if row["available"]] or ["cpu"]
    options = ["auto", *(name for name in available if name != "auto")]
    counted, why_not = not settings_form.is_trained(preset), _why_not_on_device(preset, changes)
    if not counted and not why_not:
        options.insert(0 if is_device_first() else len(options), devices.NAME)
    _leave_or_return(options)
    if st.session_state.accelerator not in options:
        if rows:
            st.warning(f"This machine has no {plain(st.session_state.accelerator)} accelerator. Auto is selected.")
        st.session_state.accelerator = "auto"
    titles = {row["name"]: row["title"] for row in rows} | {"auto": "Auto", devices.NAME: "This device"}
    chosen = st.selectbox(
        "Accelerator",
        options,
        key="accelerator",
        persist_state="session",
        disabled=counted,
        format_func=lambda name: titles.get(name, name.upper()),
        help="An n-gram model needs no accelerator."
        if counted
        else "Auto picks the fastest one of the server. This device trains in your browser, without waiting.",
    )
    if why_not and not counted and st.session_state.get(_LEFT):
        st.caption(plain(f"{why_not} The server trains it."))
    return chosen


def _leave_or_return(options: list[str]) -> None:
    """Take the server where the chosen device cannot train the model, and the device again where it can."""
    state = st.session_state
    if state.accelerator == devices.NAME and devices.NAME not in options:
        state.accelerator, state[_LEFT] = "auto", True
    elif state.get(_LEFT) and devices.NAME in options:
        if state.accelerator == "auto":
            state.accelerator = devices.NAME
        state[_LEFT] = False


def _why_not_on_device(preset: Preset, changes: dict[str, Any]) -> str:
    """Why a device cannot train that, in a sentence; "" where it can, or where the settings are wrong."""
    try:
        return devices.why_not(*plan.change(preset.model, preset.train, changes))
    except CharlabError:
        return ""


def tell_missing_accelerators() -> None:
    """List the accelerators that this machine lacks, with the reasons."""
    found = _survey()
    if not found.done():
        _until_surveyed()
    elif found.exception():
        st.caption(plain(str(found.exception())))
    elif missing := [row for row in _rows() if not row["available"]]:
        st.caption("Accelerators not available here")
        for row in missing:
            st.caption(f"**{plain(row['title'])}**: {plain(row['reason'])}")


def _rows() -> list[dict[str, Any]]:
    """The accelerators of this machine, none as long as they are not known."""
    found = _survey()
    return found.result() if found.done() and not found.exception() else []


@st.fragment(run_every=1.0)
def _until_surveyed() -> None:
    st.caption("Checking available accelerators ...")
    if _survey().done():
        st.rerun()


@st.cache_resource(show_spinner=False, ttl=3600)
def _survey() -> Future:
    """The accelerators of this machine, found once an hour by a separate process while the page goes on."""
    pool = ThreadPoolExecutor(1)
    try:
        return pool.submit(accelerators.survey)
    finally:
        pool.shutdown(wait=False)


def pick_budget(preset: Preset) -> dict[str, Any]:
    """Draw a choice of epochs or minutes; returns it as a setting of the training."""
    if not settings_form.is_trained(preset):
        st.text_input("Train for", "one pass (seconds)", disabled=True, help="An n-gram model counts only once.")
        return {}
    choice = f"budget.{preset.name}"
    kind = st.segmented_control(
        "Train for",
        page_state.choices(choice),
        format_func=str.capitalize,
        key=choice,
        required=True,
        persist_state="session",
        width="stretch",
    )
    if kind == "minutes":
        minutes = st.slider(
            "Minutes",
            *page_state.limits("minutes"),
            step=0.5,
            key="minutes",
            persist_state="session",
            help="Time of training: starting TensorFlow and saving at the end are not counted. The learning rate "
            "follows the clock.",
        )
        return {"minutes": minutes}
    key = f"epochs.{preset.name}"
    epochs = st.slider(
        "Epochs",
        *page_state.limits(key),
        key=key,
        persist_state="session",
        help="How many times the model goes through the text.",
    )
    return {"epochs": epochs}


def in_link(preset: Preset) -> dict[str, Any]:
    """The settings that the page's address holds: the choices, and whatever differs from the preset."""
    state = st.session_state
    chosen = {"corpus": state.corpus, "preset": preset.name, "accelerator": state.accelerator}
    if settings_form.is_trained(preset):
        choice = f"budget.{preset.name}"
        length = "minutes" if state[choice] == "minutes" else f"epochs.{preset.name}"
        chosen[choice] = state[choice]
        chosen |= {length: state[length]}
    return chosen | settings_form.in_link(preset)
