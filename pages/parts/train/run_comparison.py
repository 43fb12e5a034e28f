"""A run compared with earlier ones, its diagnosis, and the text that it generated after each epoch."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

import streamlit as st

from charlab.core.config import TrainConfig
from charlab.corpora import catalogue
from charlab.errors import CharlabError
from charlab.runs import control, diagnosis, limits, permissions, store
from charlab.runs.store import Run, RunConfig, Status
from pages.parts.shared import browser_cookie, dates, gone, page_state, present, url_state
from pages.parts.shared.page_words import in_page_words
from pages.parts.shared.safe_text import as_label, exact, plain


def pick_others(run: Run, notice: Any) -> list[Run]:
    """Pick up to four other runs to compare with this one; `in_link` puts them into the address. `notice` is for
    a sentence on one that was deleted."""
    others = {other.id: other for other in store.all_runs(run.path.parent) if other.id != run.id}
    gone.tell_of_others("others", {run.id, *others}, "run", notice)
    if not others:
        st.session_state.pop("others", None)
        return []
    url_state.read("others", choices=others)
    titles = dates.told_apart(
        {name: _name(other) for name, other in others.items()},
        {name: _created(other) for name, other in others.items()},
    )
    chosen = st.multiselect(
        "Compare with",
        list(others),
        format_func=titles.get,
        key="others",
        persist_state="session",
        max_selections=page_state.limits("others")[1],
        placeholder="Earlier runs, in grey",
        select_all=False,
    )
    return [others[name] for name in chosen]


def in_link() -> dict[str, str | None]:
    """The chosen runs, as the page's address holds them."""
    return {"others": ",".join(url_state.value("others") or []) or None}


def overlay(others: Sequence[Run]) -> list[dict[str, Any]]:
    """Labels and events of other runs as `charts.loss_figure` takes them; unreadable ones are left out."""
    found = []
    for label, (run, _) in _readable(others).items():
        with contextlib.suppress(CharlabError):
            found.append({"label": label, "events": _events(str(run.path), run.events_length())})
    return found


def _readable(others: Sequence[Run]) -> dict[str, tuple[Run, RunConfig]]:
    """Other runs that can be read, by what they are called in the chart and in the table."""
    found = {}
    for other in others:
        with contextlib.suppress(CharlabError):
            found[other.id] = other, other.config()
    labels = dates.told_apart(
        {name: config.name for name, (_, config) in found.items()},
        {name: config.created for name, (_, config) in found.items()},
    )
    return {labels[name]: facts for name, facts in found.items()}


@st.cache_data(show_spinner=False, max_entries=16)
def _events(path: str, length: int) -> list[dict[str, Any]]:
    """A run's events, read anew when their file has another `length`."""
    return store.Run(path).events()[0]


def table(config: RunConfig, others: Sequence[Run]) -> None:
    """Show how this run and others differ; with a warning where losses cannot be compared."""
    named = _readable(others)
    if not named:
        return
    configs = [config, *(other for _, other in named.values())]
    st.subheader("Differences")
    if warning := diagnosis.not_comparable(configs):
        st.warning(plain(warning))
    rows = diagnosis.differences(configs)
    if not rows:
        st.caption("Same settings: only randomness and hardware differ.")
        return
    head = ["", "this run", *map(plain, named)]
    lines = [head, ["---"] * len(head), *([plain(name), *map(_cell, values)] for name, values in rows)]
    st.markdown("\n".join(f"| {' | '.join(line)} |" for line in lines))


def words(run: Run, config: RunConfig, events: Sequence[dict[str, Any]], status: Status, unit: str) -> None:
    """Show the diagnosis of the run so far, where there is one."""
    corpus = catalogue.CORPORA.get(config.corpus)
    bits = corpus.entropy_bits if corpus else None
    try:
        alphabet_size = len(run.vocab().characters)
    except CharlabError:  # the panel says so
        return
    said = diagnosis.diagnose(
        config,
        events,
        bits * diagnosis.NATS["bits"] if bits is not None else None,
        alphabet_size,
        state=status.state,
        used_up=limits.is_used_up(status),
        final=status.state == "done" and bool(control.why_not_longer(run, config)),
        may_act=permissions.may_act(browser_cookie.actor(), run),
        unit=unit if unit in diagnosis.NATS else "bits",
    )
    if said:
        st.subheader("Summary")
        for sentence in said:
            st.markdown(plain(in_page_words(sentence)))


def samples(
    run: Run, events: Sequence[dict[str, Any]], height: int = 240, training: TrainConfig | None = None
) -> dict[str, Any] | None:
    """Show the generated texts, one per epoch, on a slider that follows the newest until the reader moves it; the
    text's box has `height` pixels. Returns the event of the text that is shown, if there is one. Where `training`
    has the settings of a run that is training now, its first text says when the next one comes."""
    found = [event for event in events if event["event"] == "sample"]
    if not found:
        return None
    if len(found) == 1:
        place = 0
        st.caption(_after(found[0]) + (_next_text(found[0], training) if training else ""))
    else:
        place = _pick_sample(run, _epochs(found))
    sample = found[place]
    exact(sample["seed_text"] + sample["text"], height=height)
    return sample


def about_sample(sample: dict[str, Any]) -> None:
    """Say what a generated text continues, and why those of all epochs can be compared."""
    with present.details("about-samples"):
        st.caption(
            plain(f"{_after(sample)}, continuing “{sample['seed_text'].strip()}”. ")
            + "Every epoch uses the same prompt and the same random numbers: only the model has changed."
        )


def _after(sample: dict[str, Any]) -> str:
    return "Untrained" if sample.get("step") == 0 else f"After epoch {sample['epoch']:g}"


def _next_text(sample: dict[str, Any], training: TrainConfig) -> str:
    """When the text after this one comes."""
    time_is_up = ", or when the time is up" if training.minutes else ""
    return f". Next text at the end of epoch {int(sample['epoch']) + 1}{time_is_up}."


def _epochs(found: Sequence[dict[str, Any]]) -> list[str]:
    """Each text's epoch, with its step where several texts have the same: a slider knows its places by their
    labels."""
    labels = [f"{sample['epoch']:g}" for sample in found]
    often = Counter(labels)
    return [
        f"{label} (step {sample.get('step', place):,})" if often[label] > 1 else label
        for place, (label, sample) in enumerate(zip(labels, found, strict=True))
    ]


def _pick_sample(run: Run, epochs: list[str]) -> int:
    """Draw the slider of the texts; returns the place of the chosen one.

    As long as it follows the newest, each new text gets a new slider: a browser may still send the place of the
    one before, which would look like a reader's choice.
    """
    newest = len(epochs) - 1
    slider = st.session_state.setdefault(f"samples-{run.id}", {"number": 0, "newest": newest, "held": None})
    if slider["held"] is not None and slider["held"] >= newest:  # a resume has cut the texts after it
        slider["held"] = None
    if slider["held"] is None and slider["newest"] != newest:
        slider["number"] += 1
    slider["newest"] = newest
    number = slider["number"]
    key = f"sample_of-{run.id}.{number}"
    st.session_state.setdefault(key, newest)

    def hold() -> None:
        if number == slider["number"]:
            slider["held"] = st.session_state[key] if st.session_state[key] < slider["newest"] else None

    place: int = st.select_slider(
        "Text after epoch", list(range(len(epochs))), format_func=epochs.__getitem__, key=key, on_change=hold
    )
    return place


def _cell(text: str) -> str:
    return plain(text) if text else "–"


def _created(run: Run) -> float | None:
    try:
        return run.config().created
    except CharlabError:
        return None


def _name(run: Run) -> str:
    try:
        return as_label(run.read()[0].name)
    except CharlabError as problem:
        return str(problem)
