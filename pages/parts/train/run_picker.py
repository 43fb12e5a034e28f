"""Which run the Train page shows: the one just started, the link's, or the reader's newest; never a stranger's."""

from __future__ import annotations

import time

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from charlab.errors import CharlabError
from charlab.runs import control, diagnosis, run_names, store, watch
from charlab.runs.store import Run, RunConfig, Status
from charlab.runs.watch import KnownRun
from pages.parts.shared import browser_cookie, dates, gone, owner_filter, present, stable_selectbox, url_state
from pages.parts.shared.safe_text import as_label, plain
from pages.parts.train import run_controls

STATES = {
    "queued": "waiting in the queue", "running": "training", "pausing": "pausing", "paused": "paused",
    "stopping": "stopping", "stopped": "stopped", "done": "done", "failed": "failed",
}  # fmt: skip

_FOR_NEW = "for_new_run"  # whether the reader came by a link for a new run
_Facts = tuple[RunConfig, Status] | str  # or why the run cannot be read, in a sentence


def note_link() -> bool:
    """Note whether the reader comes by a link to the settings of a new run, without a run: what Start will do is
    then shown first, and older runs once they are chosen. Returns whether the reader comes so now."""
    if url_state.has_arrived():
        active = any(facts[1].state in store.ACTIVE for facts in _readable(_own(watch.listing())))
        is_new = bool(url_state.opened("preset")) and not url_state.opened("run") and not active
        st.session_state[_FOR_NEW] = is_new
        if is_new:
            st.session_state.pop("run", None)
        return is_new
    return False


def _readable(found: dict[str, _Facts]) -> list[tuple[RunConfig, Status]]:
    return [facts for facts in found.values() if not isinstance(facts, str)]


def shows_one() -> bool:
    """Whether a reader who has just come sees a run."""
    return bool(url_state.opened("run") or st.session_state.get("run") or _own(watch.listing()))


def pick_run(row: DeltaGenerator) -> Run | None:
    """Pick a run in `row`: first the one just started, the link's, or the reader's newest. None where the reader
    has none and has chosen none, or has yet to choose one in place of one that was deleted."""
    listing = watch.listing()
    found = listing.get(_found)
    is_gone = gone.is_gone("run", listing.get(_names), "Run")
    if not found:
        _empty_state()
        return None
    run_controls.offer_to_resume(listing.get(_interrupted))
    own = _own(listing)
    if not is_gone:
        newest = None if st.session_state.get(_FOR_NEW) else next(iter(own), None)
        url_state.read("run", default=newest, choices=found)
    picker = row.container(key="pick-run", gap=None)
    shown = owner_filter.choose_owner(
        found,
        own,
        label="Runs",
        key="whose",
        picked="run",
        help="Mine: the runs started in this browser.",
        place=row,
    )
    if st.session_state.run is not None and st.session_state.run not in shown:
        st.session_state.run = next(iter(shown))
    owner = None if shown is found else browser_cookie.actor().owner
    titles = listing.get(_titles, owner, time.strftime("%x"))
    chosen = stable_selectbox.select(
        "Run", titles, key="run", place=picker, label_visibility="collapsed", placeholder="Choose a run to watch"
    )
    if chosen:
        picker.container(key="run-in-full").caption(plain(titles[chosen]))
    elif not is_gone:
        _empty_state()
    return next(known.run for known in listing.runs if known.id == chosen) if chosen else None


def _own(listing: watch.Listing) -> dict[str, _Facts]:
    """The runs started in this browser; where the server is one person's, all of them."""
    return (
        listing.get(_of_owner, browser_cookie.actor().owner) if browser_cookie.is_class() else listing.get(_found)
    )


# What does not depend on the reader is found once for all, until a run changes


def _of_owner(runs: tuple[KnownRun, ...], owner: str) -> dict[str, _Facts]:
    found = _found(runs).items()
    return {
        name: facts for name, facts in found if owner and not isinstance(facts, str) and facts[0].owner == owner
    }


def _found(runs: tuple[KnownRun, ...]) -> dict[str, _Facts]:
    return {run.id: _facts(run) for run in watch.of_task(runs)}


def _names(runs: tuple[KnownRun, ...]) -> dict[str, str]:
    found = _found(runs)
    return {
        run.id: run_names.name_of(run.run.path) if isinstance(facts := found[run.id], str) else facts[0].name
        for run in watch.of_task(runs)
    }


def _interrupted(runs: tuple[KnownRun, ...]) -> list[KnownRun]:
    return [run for run in runs if not isinstance(facts := _facts(run), str) and _was_interrupted(facts[1])]


def _was_interrupted(status: Status) -> bool:
    return status.state == "paused" and status.reason == control.SERVER_STOPPED


def _titles(runs: tuple[KnownRun, ...], owner: str | None, day: str) -> dict[str, str]:
    """What the runs of an owner are called, or everyone's; `day` is today, which some titles name."""
    found = _found(runs)
    shown = found if owner is None else _of_owner(runs, owner)
    return stable_selectbox.unique_titles({name: _title(facts) for name, facts in shown.items()})


def _facts(run: KnownRun) -> _Facts:
    try:
        config, _, status = run.read()
    except CharlabError as problem:
        return str(problem)
    return config, status


def _title(facts: _Facts) -> str:
    """What tells a run apart: its name, when it was made, its state, and its loss where that stays as it is."""
    if isinstance(facts, str):
        return facts
    config, status = facts
    words = [as_label(config.name), dates.in_words(config.created), STATES[status.state]]
    loss = status.results.get("best_val_loss")
    if loss is not None and status.state not in store.ACTIVE:
        words.append(f"{loss / diagnosis.NATS['bits']:.2f} bits")
    return " · ".join(words)


def _empty_state() -> None:
    """Explain what a run will show, where there is none to see."""
    words = (
        "Press Start: the loss appears here within a few seconds, and next to it the text that the "
        "model generates after every epoch."
    )
    if not present.is_on():  # which has no choice of texts
        words += (
            " Three texts to begin with: **Tiny Shakespeare** (plays: almost verse after a minute), **Names of "
            "the Unicode characters** (the model invents new ones), **Coin flips** (nothing to learn: the loss "
            "stays at 1 bit per character)."
        )
    st.info(words)
