"""Write step by step: one character at a time, by random numbers or by hand, with branches to return to.

The state of a session is its Branches (charlab/explain/branching.py) and a reader of the model's predictions.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import StopException

from charlab.charts import along_text, distribution
from charlab.core.display import in_line, named
from charlab.explain import branching
from charlab.explain.branching import Branches, Choice, Reader
from charlab.export.reading_page import in_percent
from charlab.runs.models import Model
from pages.parts.explainer.text_strip import alphabet
from pages.parts.shared import page_state, present, sampling_inputs, url_state
from pages.parts.shared.character_strip import character_strip, keys_help
from pages.parts.shared.chart import plotly_chart
from pages.parts.shared.safe_text import plain
from pages.parts.shared.shared_cache import SharedCache, size_of

_MAX_BUTTONS = 10  # of the most likely characters
_HEIGHT = 144  # pixels, four lines: the end of a longer text scrolls into sight
_BEFORE = 60  # characters of the text shown before the branch
_SHOWN_OF_A_BRANCH = 80
_READERS: SharedCache[Reader] = SharedCache(
    32 * 2**20, lambda reader: size_of({name: part for name, part in vars(reader).items() if name != "_predictor"})
)
_ABANDONED = 10.0  # seconds without an update, after which playing has ended


@dataclass
class _Session:
    """One reader's branches, for one model and one text."""

    key: tuple[str, str]
    text: str
    reader: Reader
    branches: Branches = field(default_factory=Branches)
    code: str = ""  # the branch in the page's link
    playing: bool = False
    due: float = 0.0  # when the next character is due, by time.monotonic


def show(model: Model, text: str) -> dict[str, Any]:
    """Draw the view for a text to continue; returns the settings for the page's link."""
    for setting in ("explainer.temperature", "explainer.seed", "walk", "walk_speed"):
        url_state.read(setting)
    session = _session(model, text)
    if session.playing and time.monotonic() - session.due > _ABANDONED:
        session.playing = False  # the reader has left the page
    every = 1 / st.session_state.walk_speed if session.playing else None
    st.fragment(_view, run_every=every)(model, session, every)
    return _settings(session)


def _session(model: Model, text: str) -> _Session:
    """The current session; a new one for another model or text, or if a link describes one."""
    key, code = (model.digest, text), st.session_state.walk
    session = st.session_state.get("walk_session")
    if session is None or session.key != key:
        if session is not None and code == session.code:
            code = ""  # it belongs to the previous text
        session = _Session(key, text, _reader(model, text).fork())
        session.branches = branching.from_code(code, session.reader, model.vocab)
    elif code != session.code:
        session.branches, session.playing = branching.from_code(code, session.reader, model.vocab), False
    st.session_state.walk_session = session
    _settings(session)
    return session


def _reader(model: Model, text: str) -> Reader:
    """A text read to its end, once for everyone who continues it."""
    read = lambda: Reader(model.predictor, model.vocab, text)  # noqa: E731
    return _READERS.get((model.digest, text), read, st.spinner("Reading ..."))


def _settings(session: _Session) -> dict[str, Any]:
    """The settings for the page's link, with the current branch."""
    st.session_state.walk = session.code = branching.to_code(session.branches)
    shared = ("explainer.temperature", "explainer.seed")
    return {"walk": session.code or None} | {key: st.session_state[key] for key in shared}


def _view(model: Model, session: _Session, every: float | None) -> None:
    """The whole view, redrawn at each step. `every` is the interval at which the browser asks for the next one.

    The Stop of Streamlit's own bar ends what plays: the browser would go on asking for steps.
    """
    try:
        _draw(model, session, every)
    except StopException:
        session.playing = False
        raise


def _draw(model: Model, session: _Session, every: float | None) -> None:
    if session.playing and time.monotonic() >= session.due:
        _step(model, session)
        session.due = time.monotonic() + 0.8 / st.session_state.walk_speed
    if (1 / st.session_state.walk_speed if session.playing else None) != every:
        st.rerun()  # the speed has changed
    choice = None if session.branches.is_full else _next_choice(model, session)
    with st.container(gap="xsmall"):
        if choice:
            _random_number(model, choice)
        else:
            st.info(f"A branch has at most {branching.MAX_CHOICES} characters. Go back, or restart.")
        _buttons(model, session)
        _written(model, session)
    with present.details("what-if"):
        if choice:
            _alternatives(model, session, choice)
        _sliders()
        if choice:
            _explanation()
        _branches(model, session)
        _table(model, session)
    settings = _settings(session)
    if not session.playing:  # browsers limit how often an address may change
        url_state.write(settings, keep_others=True)


def _next_choice(model: Model, session: _Session) -> Choice:
    """The choice that the random number of this position makes."""
    logits = session.reader.logits(session.branches.ids)
    temperature, seed = st.session_state["explainer.temperature"], st.session_state["explainer.seed"]
    return branching.next_choice(logits, model.vocab, temperature, seed, session.branches.position)


def _step(model: Model, session: _Session) -> None:
    if not session.branches.is_full:
        session.branches = branching.append_choice(session.branches, _next_choice(model, session))
    session.playing = session.playing and not session.branches.is_full


def _written(model: Model, session: _Session) -> None:
    """The end of the text and the branch, one cell per character; a click or an arrow key moves along it."""
    before, path = session.text[-_BEFORE:], session.branches.path
    bits = [choice.bits for choice in path]

    def choose(index: int) -> None:
        session.branches, session.playing = branching.move_to(session.branches, index - len(before)), False

    characters = [*before, *branching.decode(path, model.vocab), along_text.END]
    blank: list[float | None] = [None] * len(before)
    character_strip(
        characters,
        [*blank, *(min(1.0, value / 8) for value in bits), None],
        key="walk_strip",
        label="Written text, one cell per character",
        chosen=len(before) + session.branches.position,
        on_choose=choose,
        values=[*blank, *(value if value < 99 else None for value in bits), None],
        unit="bits at this temperature",
        legend=("0 bits: likely", "8+ bits: unlikely"),
        height=present.taller(_HEIGHT),
        first_position=len(session.text) - len(before) + 1,
    )
    position = session.branches.position
    manual = sum(choice.manual for choice in path[:position])
    with present.details("written"):
        st.caption(
            f"{position} {'character' if position == 1 else 'characters'} written, {manual} of them chosen by "
            "you. Click a character to go back to it, or use the arrow keys once the text has focus."
            + keys_help(characters)
        )


def _random_number(model: Model, choice: Choice) -> None:
    characters = alphabet(model)
    figure = distribution.sampling_chart(characters, choice.sampling_probabilities, choice.uniform, choice.id)
    left, right = choice.span
    words = (
        f"The random number {choice.uniform:.3f} falls on “{named(characters[choice.id])}”, whose segment runs "
        f"from {left:.3f} to {right:.3f}: a probability of {in_percent(choice.probability)}."
    )
    plotly_chart(
        json.dumps(figure), key="random_number", height=present.taller(180), label=words, filename="random-number"
    )
    with present.details("random-number"):
        st.write(plain(words))


def _explanation() -> None:
    with st.popover("What am I looking at?", icon=":material/help:"):
        st.write(
            "All characters that the model knows lie side by side on a line from 0 to 1. The more likely a "
            "character, the wider its segment. A random number between 0 and 1 chooses the character on whose "
            "segment it falls. So likely characters come often, and unlikely ones now and then."
        )
        st.write(
            "Move the temperature: the segments change their widths, the random number stays. Each position in "
            "the text has its own random number."
        )
        st.write(
            "**Step** writes the character that the random number falls on. **Play** does so again and again. "
            "**Back** and **Restart** go to an earlier position without deleting what was written. **New random "
            "numbers** changes the random seed: from there on, other random numbers choose the characters."
        )


def _buttons(model: Model, session: _Session) -> None:
    """What is pressed again and again. No button has a tooltip: it would cover the sentence above the row."""
    full, first = session.branches.is_full, session.branches.position == 0

    def paused(action: Callable[[], Branches]) -> Callable[[], None]:
        def change() -> None:
            session.playing = False
            session.branches = action()

        return change

    def step() -> Branches:
        return branching.append_choice(session.branches, _next_choice(model, session))

    def play(playing: bool) -> None:
        session.playing, session.due = playing, time.monotonic()

    def reseed() -> None:
        st.session_state["explainer.seed"] = secrets.randbelow(10_000)

    row = st.container(horizontal=True)
    row.button(
        "Step",
        icon=":material/arrow_forward:",
        key="walk_step",
        type="primary",
        disabled=full,
        on_click=paused(step),
    )
    row.button(
        "Pause" if session.playing else "Play",
        disabled=full,
        key="walk_play",
        on_click=play,
        args=(not session.playing,),  # what the button says, also where the run that it began was stopped
        icon=":material/pause:" if session.playing else ":material/play_arrow:",
    )
    others = present.details("other-buttons", row, horizontal=True, width="content")
    others.button(
        "Back",
        icon=":material/arrow_back:",
        key="walk_back",
        disabled=first,
        on_click=paused(lambda: branching.step_back(session.branches)),
    )
    others.button(
        "Restart",
        icon=":material/first_page:",
        key="walk_first",
        disabled=first,
        on_click=paused(lambda: branching.move_to(session.branches, 0)),
    )
    others.button("New random numbers", icon=":material/casino:", key="walk_dice", on_click=reseed)


def _sliders() -> None:
    first_column, second_column, third_column = st.columns(3)
    sampling_inputs.temperature("explainer.temperature", first_column)
    second_column.select_slider(
        "Speed, characters per second",
        page_state.choices("walk_speed"),
        key="walk_speed",
        persist_state="session",
        format_func=lambda speed: f"{speed:g}",
    )
    third_column.number_input(
        "Random seed",
        *page_state.limits("explainer.seed"),
        key="explainer.seed",
        persist_state="session",
        help="The same seed gives the same random numbers.",
    )


def _alternatives(model: Model, session: _Session, choice: Choice) -> None:
    """Another character by hand: buttons for the most likely ones, and a list of all."""

    def choose(chosen: int | None) -> None:
        if chosen is not None:
            session.playing = False
            manual = branching.choose_manually(choice, chosen, model.vocab)
            session.branches = branching.append_choice(session.branches, manual)

    st.markdown("**What if?** Choose the next character yourself.")
    row = st.container(horizontal=True)
    logits = session.reader.logits(session.branches.ids)
    for number, i in enumerate(branching.most_likely(logits, model.vocab, _MAX_BUTTONS)):
        row.button(
            plain(f"{named(model.vocab.characters[i])}  {in_percent(float(choice.sampling_probabilities[i]))}"),
            key=f"walk_hand_{number}",
            on_click=choose,
            args=(i,),
        )
    row.selectbox(
        "Any other character",
        range(model.vocab.unknown_id),
        index=None,
        key="walk_any",
        width=220,
        placeholder="Any other character",
        label_visibility="collapsed",
        format_func=lambda i: named(model.vocab.characters[i]),
        on_change=lambda: choose(_take("walk_any")),
    )


def _take(key: str) -> Any:
    """The value of a widget, which is empty afterwards."""
    value, st.session_state[key] = st.session_state[key], None
    return value


def _branches(model: Model, session: _Session) -> None:
    """Every branch, with a button to return to it."""
    branches = session.branches
    if len(branches.paths) < 2:
        return

    def switch(branch: int) -> None:
        session.branches, session.playing = branching.switch_branch(session.branches, branch), False

    most = branching.MAX_BRANCHES
    st.markdown(f"**{len(branches.paths)} branches** from the same beginning. The latest {most} are kept.")
    for branch, path in enumerate(branches.paths):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                f"Branch {branch + 1}",
                key=f"walk_path_{branch}",
                on_click=switch,
                args=(branch,),
                type="primary" if branch == branches.branch else "secondary",
                help="Go to the end of this branch.",
            )
            text = branching.decode(path, model.vocab)
            dots = "…" if len(text) > _SHOWN_OF_A_BRANCH else ""
            current = "current: " if branch == branches.branch else ""
            st.markdown(plain(f"{current}“{in_line(dots + text[-_SHOWN_OF_A_BRANCH:])}”"), width="stretch")


def _table(model: Model, session: _Session) -> None:
    path = session.branches.path[: session.branches.position]
    if not path:
        return
    with st.expander("As a table", on_change="rerun", key="walk_table") as opened:
        if not opened.open:
            return
        rows = [
            {
                "position": len(session.text) + number,
                "character": named(model.vocab.characters[choice.id]),
                "chosen by": "you" if choice.manual else "random number",
                "random number": round(choice.uniform, 3),
                "probability, %": round(100 * choice.probability, 2),
                "temperature": choice.temperature,
            }
            for number, choice in enumerate(path, 1)
        ]
        st.dataframe(rows, hide_index=True, width="stretch")
