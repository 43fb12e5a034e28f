"""Write with it: one character at a time, by a random number or by hand, and every path to go back to.

The state of a session is one Walk (charlab/explain/branching.py) and what the model has read for it.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from charlab.charts import distribution
from charlab.core.display import named, visible
from charlab.explain import branching
from charlab.explain.branching import Move, Reader, Walk
from charlab.runs.models import Model
from pages.parts.shared import page_state, url_state
from pages.parts.shared.character_strip import character_strip
from pages.parts.shared.chart import plotly_chart
from pages.parts.shared.safe_text import plain

_BY_HAND = 10  # buttons of the likeliest characters
_BEFORE = 60  # characters of the text that are shown before the path
_SHOWN_OF_A_PATH = 80
_LEFT_ALONE = 10.0  # seconds without a tick, after which playing has ended
_END = "▯"


@dataclass
class _Session:
    """What one reader's walk needs, for one model and one text."""

    key: tuple[str, str]
    text: str
    reader: Reader
    walk: Walk = field(default_factory=Walk)
    code: str = ""  # what the page's link tells of it
    playing: bool = False
    due: float = 0.0  # when the next character is, by time.monotonic


def show(model: Model, text: str) -> dict[str, Any]:
    """Draw the view for a text to go on from; returns the settings that belong into the page's link."""
    for setting in ("explainer.temperature", "explainer.seed", "walk", "walk_speed"):
        url_state.read(setting)
    session = _session(model, text)
    if session.playing and time.monotonic() - session.due > _LEFT_ALONE:
        session.playing = False  # the reader was elsewhere
    every = 1 / st.session_state.walk_speed if session.playing else None
    st.fragment(_view, run_every=every)(model, session, every)
    return _settings(session)


def _session(model: Model, text: str) -> _Session:
    """The walk as it stands; a new one for another model or text, or where a link tells of one."""
    key, code = (model.digest, text), st.session_state.walk
    session = st.session_state.get("walk_session")
    if session is None or session.key != key:
        if session is not None and code == session.code:
            code = ""  # it belongs to the text before
        session = _Session(key, text, _reader(model.digest, text, model).another())
        session.walk = branching.from_code(code, session.reader, model.vocab)
    elif code != session.code:
        session.walk, session.playing = branching.from_code(code, session.reader, model.vocab), False
    st.session_state.walk_session = session
    _settings(session)
    return session


@st.cache_resource(show_spinner="Reading ...", max_entries=32)
def _reader(digest: str, text: str, _model: Model) -> Reader:
    """A text read to its end: once for everybody who goes on from there."""
    return Reader(_model.predictor, _model.vocab, text)


def _settings(session: _Session) -> dict[str, Any]:
    """What the page's link holds, the walk as it stands now."""
    st.session_state.walk = session.code = branching.to_code(session.walk)
    shared = ("explainer.temperature", "explainer.seed")
    return {"walk": session.code or None} | {key: st.session_state[key] for key in shared}


def _view(model: Model, session: _Session, every: float | None) -> None:
    """All of it, drawn anew at each step. `every` is the pace at which the browser asks for the next one."""
    if session.playing and time.monotonic() >= session.due:
        _step(model, session)
        session.due = time.monotonic() + 0.8 / st.session_state.walk_speed
    if (1 / st.session_state.walk_speed if session.playing else None) != every:
        st.rerun()  # another pace
    _written(model, session)
    if session.walk.is_full:
        st.info(f"A path has at most {branching.MAX_CHOICES} characters. Go back, or start again.")
        _controls(model, session)
    else:
        move = _expected(model, session)
        _needle(model, move)
        _controls(model, session)
        _choices(model, session, move)
    _branches(model, session)
    _table(model, session)
    settings = _settings(session)
    if not session.playing:  # a browser lets an address change so often only
        url_state.write(settings, keep_others=True)


def _expected(model: Model, session: _Session) -> Move:
    """The move that the random number of this place makes."""
    logits = session.reader.logits(session.walk.ids)
    temperature, seed = st.session_state["explainer.temperature"], st.session_state["explainer.seed"]
    return branching.expect(logits, model.vocab, temperature, seed, session.walk.place)


def _step(model: Model, session: _Session) -> None:
    if not session.walk.is_full:
        session.walk = branching.go_on(session.walk, _expected(model, session))
    session.playing = session.playing and not session.walk.is_full


def _written(model: Model, session: _Session) -> None:
    """The text's end and the path, a cell a character; a click or an arrow key goes to a place of it."""
    before, path = session.text[-_BEFORE:], session.walk.path
    bits = [move.bits for move in path]

    def choose(index: int) -> None:
        session.walk, session.playing = branching.go_to(session.walk, index - len(before)), False

    characters = [*before, *branching.written(path, model.vocab), _END]
    blank: list[float | None] = [None] * len(before)
    character_strip(
        characters,
        [*blank, *(min(1.0, value / 8) for value in bits), None],
        key="walk_strip",
        label="What is written, a cell a character",
        chosen=len(before) + session.walk.place,
        on_choose=choose,
        values=[*blank, *(value if value < 99 else None for value in bits), None],
        unit="bits at its temperature",
        legend=("0 bits, likely", "8 bits and more, unlikely"),
        height=220 if len(characters) > 400 else None,
    )
    hands = sum(move.by_hand for move in path[: session.walk.place])
    st.caption(
        f"{session.walk.place} characters written, {hands} of them chosen by you. Go back with a click on a "
        "character, or with the arrow keys once the text is chosen."
    )


def _needle(model: Model, move: Move) -> None:
    characters = [*model.vocab.characters, "\ufffd"]
    figure = distribution.needle_figure(characters, move.shaped, move.uniform, move.id)
    left, right = move.span
    words = (
        f"The random number {move.uniform:.3f} falls on “{named(characters[move.id])}”, which has the bar "
        f"from {left:.3f} to {right:.3f}: a chance of {_percent(move.probability)}."
    )
    plotly_chart(figure, key="needle", height=190, label=words, filename="needle")
    st.write(plain(words))
    with st.popover("What am I looking at?", icon=":material/help:"):
        st.write(
            "All characters that the model knows lie side by side on a bar from 0 to 1. The likelier one is, the "
            "wider its piece. A random number between 0 and 1 is the needle: the character under it is written. "
            "So likely characters come often, and unlikely ones now and then."
        )
        st.write(
            "Move the temperature: the pieces change their widths, the needle stays. Each place in the text has "
            "its own random number; the dice throws new ones."
        )


def _controls(model: Model, session: _Session) -> None:
    full, first = session.walk.is_full, session.walk.place == 0

    def obey(action: Callable[[], Walk]) -> Callable[[], None]:
        def change() -> None:
            session.playing = False
            session.walk = action()

        return change

    def step() -> Walk:
        return branching.go_on(session.walk, _expected(model, session))

    def play() -> None:
        session.playing, session.due = not session.playing, time.monotonic()

    def throw() -> None:
        st.session_state["explainer.seed"] = secrets.randbelow(10_000)

    row = st.container(horizontal=True)
    row.button(
        "Step",
        icon=":material/arrow_forward:",
        key="walk_step",
        type="primary",
        disabled=full,
        on_click=obey(step),
        help="Write the character under the needle.",
    )
    row.button(
        "Back",
        icon=":material/arrow_back:",
        key="walk_back",
        disabled=first,
        on_click=obey(lambda: branching.back(session.walk)),
        help="One character back.",
    )
    row.button(
        "Pause" if session.playing else "Play",
        disabled=full,
        key="walk_play",
        on_click=play,
        icon=":material/pause:" if session.playing else ":material/play_arrow:",
        help="One step after the other.",
    )
    row.button(
        "To the start",
        icon=":material/first_page:",
        key="walk_first",
        disabled=first,
        on_click=obey(lambda: branching.go_to(session.walk, 0)),
        help="What was written stays.",
    )
    row.button(
        "Dice",
        icon=":material/casino:",
        key="walk_dice",
        on_click=throw,
        help="Another random seed: from here on the needle falls elsewhere.",
    )
    heat, pace, seed = st.columns(3)
    heat.slider(
        "Temperature",
        *page_state.limits("explainer.temperature"),
        step=0.05,
        key="explainer.temperature",
        persist_state="session",
        help="0 gives the likeliest character all of the bar; 2 makes the pieces more equal.",
    )
    pace.select_slider(
        "Speed of Play, characters a second",
        page_state.choices("walk_speed"),
        key="walk_speed",
        persist_state="session",
        format_func=lambda speed: f"{speed:g}",
    )
    seed.number_input(
        "Random seed",
        *page_state.limits("explainer.seed"),
        key="explainer.seed",
        persist_state="session",
        help="The same seed throws the same needles again.",
    )


def _choices(model: Model, session: _Session, move: Move) -> None:
    """Another character by hand: buttons of the likeliest, and a list of all."""

    def choose(chosen: int | None) -> None:
        if chosen is not None:
            session.playing = False
            session.walk = branching.go_on(session.walk, branching.by_hand(move, chosen, model.vocab))

    st.markdown("**What if?** Choose the next character yourself.")
    row = st.container(horizontal=True)
    logits = session.reader.logits(session.walk.ids)
    for number, i in enumerate(branching.likeliest(logits, model.vocab, _BY_HAND)):
        row.button(
            plain(f"{named(model.vocab.characters[i])}  {_percent(float(move.shaped[i]))}"),
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
        placeholder="any other character",
        label_visibility="collapsed",
        format_func=lambda i: named(model.vocab.characters[i]),
        on_change=lambda: choose(_taken("walk_any")),
    )


def _taken(key: str) -> Any:
    """A choice that is used up by being taken."""
    value, st.session_state[key] = st.session_state[key], None
    return value


def _branches(model: Model, session: _Session) -> None:
    """Every path that was taken, and the way back to each."""
    walk = session.walk
    if len(walk.paths) < 2:
        return

    def switch(at: int) -> None:
        session.walk, session.playing = branching.switch(session.walk, at), False

    most = branching.MAX_BRANCHES
    st.markdown(f"**{len(walk.paths)} paths** from the same beginning. The latest {most} are kept.")
    for at, path in enumerate(walk.paths):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                f"Path {at + 1}",
                key=f"walk_path_{at}",
                on_click=switch,
                args=(at,),
                type="primary" if at == walk.at else "secondary",
                help="Go to its end.",
            )
            text = "".join(map(visible, branching.written(path, model.vocab)))
            dots = "…" if len(text) > _SHOWN_OF_A_PATH else ""
            here = "here: " if at == walk.at else ""
            st.markdown(plain(f"{here}“{dots}{text[-_SHOWN_OF_A_PATH:]}”"), width="stretch")


def _table(model: Model, session: _Session) -> None:
    moves = session.walk.path[: session.walk.place]
    if not moves:
        return
    with st.expander("As a table"):
        rows = [
            {
                "character": named(model.vocab.characters[move.id]),
                "chosen by": "hand" if move.by_hand else "the needle",
                "random number": round(move.uniform, 3),
                "probability": round(move.probability, 4),
                "temperature": move.temperature,
            }
            for move in moves
        ]
        st.dataframe(rows, hide_index=False, width="stretch")


def _percent(probability: float) -> str:
    return f"{100 * probability:.1f} %" if probability >= 0.0005 or probability == 0 else "<0.1 %"
