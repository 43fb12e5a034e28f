"""Write step by step: one character at a time, by random numbers or by hand, with branches to return to.

A session's Branches (charlab/explain/branching.py) are here, with a reader of the model's predictions. Along a
branch, and to another temperature or seed, people move in the browser (step_by_step.js), which has got the logits
with each answer; what it asks for comes with where it is.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from streamlit.runtime.scriptrunner import StopException, get_script_run_ctx

from charlab.charts import along_text, distribution
from charlab.charts.base import literal
from charlab.core.display import in_line, named, visible
from charlab.errors import CharlabError, ConfigError
from charlab.explain import branching
from charlab.explain.branching import Branches, Choice, Reader
from charlab.runs.models import Model
from pages.parts.explainer import next_character, readings
from pages.parts.shared import header_stop, present, served_files, url_state
from pages.parts.shared.character_strip import drawing, keys_help
from pages.parts.shared.chart import frame
from pages.parts.shared.safe_text import as_label, in_order
from pages.parts.shared.shared_cache import SharedCache, size_of

_CHART, _STRIP = 180, 144  # pixels; the end of a text of more than four lines scrolls into sight
_BEFORE = 60  # characters of the text shown before the branch
_SHOWN_OF_A_BRANCH = 80
_KEY = "walk_view"
_SPEEDS = {"min": -1, "max": 2, "step": 1}  # powers of two: characters per second
_READERS: SharedCache[Reader] = SharedCache(
    32 * 2**20, lambda reader: size_of({name: part for name, part in vars(reader).items() if name != "_predictor"})
)
_MOST_SENT = 10_000  # names of an alphabet: those of tokens are more
_ALPHABETS: SharedCache[bytes] = SharedCache(8 * 2**20)
_mount = served_files.component("charlab_step_by_step", Path(__file__).with_suffix(".js"), isolate_styles=False)


@dataclass
class _Session:
    """One reader's branches, for one model and one text."""

    key: str
    text: Sequence[str]  # its characters, or tokens
    reader: Reader
    branches: Branches = field(default_factory=Branches)
    code: str = ""  # the branch in the page's link
    is_playing: bool = False
    is_stopped: bool = False  # by the Stop of Streamlit's own bar
    turn: int = 0  # the last thing that the browser said, by its own counting
    known: tuple[int, ...] = ()  # what was written where the browser had the logits of
    known_rows: int = 0  # so many positions


def show(model: Model, text: str) -> dict[str, Any]:
    """Draw the view for a text to continue; returns the settings for the page's link."""
    for setting in ("explainer.temperature", "explainer.seed", "walk"):
        url_state.read(setting)
    session = _session(model, text)
    st.fragment(_view)(model, session)
    with present.details("help"):
        _explanation(model.vocab.unit)
    return _settings(session)


def random_numbers(request: Request) -> Response:
    """The random numbers of a seed, as little-endian numbers in double precision."""
    try:
        numbers = branching.random_numbers(int(request.path_params["seed"]))
    except (ValueError, ConfigError):
        return PlainTextResponse("A random seed is a whole number from 0 on.", 400)
    packed = gzip.compress(numbers.astype("<f8").tobytes(), compresslevel=1, mtime=0)
    return Response(packed, media_type="application/octet-stream", headers=served_files.KEEP)


def _session(model: Model, text: str) -> _Session:
    """The current session; a new one for another model or text, or if a link describes one."""
    key, code = readings.key_of(model.digest, model.vocab.split(text)), st.session_state.walk
    session = st.session_state.get("walk_session")
    if session is None or session.key != key:
        if session is not None and code == session.code:
            code = ""  # it belongs to the previous text
        turn = session.turn if session else 0
        session = _Session(key, model.vocab.split(text), _reader(model, text).fork(), turn=turn)
        session.branches = branching.from_code(code, session.reader, model.vocab)
    elif code != session.code:
        position = branching.position_of(session.branches, code)
        if position is None:
            session.branches = branching.from_code(code, session.reader, model.vocab)
        else:
            session.branches = branching.move_to(session.branches, position)
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


def _view(model: Model, session: _Session) -> None:
    """What the browser draws: this alone runs again where it asks for something.

    The Stop of Streamlit's own bar ends what plays, and leaves this whole. One that comes too late for this answer
    counts for the next.
    """
    session.is_stopped |= _has_stopped()
    told = session.is_stopped
    header_stop.finish(partial(_draw, model, session))
    session.is_stopped = not told and _has_stopped()


def _has_stopped() -> bool:
    """Whether the reader has stopped this run of the script."""
    try:
        if script := get_script_run_ctx():
            script.yield_check()
    except StopException:
        return True
    return False


def _draw(model: Model, session: _Session) -> None:
    _mount(
        key=_KEY,
        data=_data(model, session),
        on_moved_change=partial(_hear, model, session, _KEY, "moved"),
        on_asked_change=partial(_hear, model, session, _KEY, "asked"),
    )
    settings = _settings(session)
    if not session.is_playing:  # browsers limit how often an address may change
        url_state.write(settings, keep_others=True)


# What the browser says


def _hear(model: Model, session: _Session, key: str, event: str) -> None:
    """The reader has moved, or asks for something, and says from where: the component `key` tells it."""
    said = st.session_state.get(key, {}).get(event)  # nothing, where the reader has left the view meanwhile
    if not isinstance(said, dict):
        return
    next_character.moved(said, ("temperature", "seed"))
    session.turn, session.is_playing = _whole(said, "turn"), said.get("isPlaying") is True
    session.branches = branching.move_to(session.branches, _whole(said, "written"))
    session.known, session.known_rows = _ids(session.branches.path), _whole(said, "known")
    if event == "moved":
        url_state.follow(_settings(session))
    elif not (session.is_playing and session.is_stopped):
        with suppress(CharlabError):  # no browser of ours asks for what there is not
            session.branches = _act(model, session, said)


def _act(model: Model, session: _Session, said: dict[str, Any]) -> Branches:
    """The branches after what the reader asks for."""
    branches, act = session.branches, said.get("act")
    if act == "branch":
        return branching.switch_branch(branches, _whole(said, "branch"))
    if act not in ("step", "hand") or branches.is_full:
        return branches
    temperature, seed = st.session_state["explainer.temperature"], st.session_state["explainer.seed"]
    logits = session.reader.logits(branches.ids)
    choice = branching.next_choice(logits, model.vocab, temperature, seed, branches.position)
    if act == "hand":
        choice = branching.choose_manually(choice, _whole(said, "id"), model.vocab)
    return branching.append_choice(branches, choice)


def _whole(said: dict[str, Any], name: str) -> int:
    """A whole number of what the browser says; -1 where it says none."""
    value = said.get(name)
    return value if type(value) is int else -1


# What the browser gets


def _data(model: Model, session: _Session) -> dict[str, Any]:
    branches = session.branches
    ids = _ids(branches.path)
    kind, rows = _logits(session, ids)
    return {
        "session": session.key,
        "turn": session.turn,
        "isStopped": session.is_stopped,
        "place": {name: st.session_state[f"explainer.{name}"] for name in ("temperature", "seed")},
        "written": branches.position,
        "code": branching.to_code(branching.move_to(branches, len(ids))),
        "ids": ids,
        "path": [_in_table(choice) for choice in branches.path],
        "type": kind,
        "rows": rows,
        "numbers": f"{served_files.root()}/random-numbers/{{seed}}",
        "unknown": model.vocab.unknown_id,
        "length": len(session.text),
        "before": len(session.text[-_BEFORE:]),
        "most": branching.MAX_CHOICES,
        "limits": {name: next_character.limits(name) for name in ("temperature", "seed")} | {"speed": _SPEEDS},
        "branches": _branches(model, branches),
        "chart": frame(present.taller(_CHART)),
        "segments": _segments(),
        "unit": model.vocab.unit,
        **_alphabet(model),
        **_strip(model, session),
    }


def _ids(path: Sequence[Choice]) -> tuple[int, ...]:
    return tuple(choice.id for choice in path)


def _in_table(choice: Choice) -> tuple[float, bool, float, float]:
    return round(choice.uniform, 3), choice.manual, round(100 * choice.probability, 2), choice.temperature


def _logits(session: _Session, ids: tuple[int, ...]) -> tuple[str, list[tuple[int, str]]]:
    """The type of the logits, and in base64 those that the browser lacks, each with how much was read."""
    alike = next(
        (i for i, (a, b) in enumerate(zip(ids, session.known, strict=False)) if a != b), len(session.known)
    )
    first, last = min(max(session.known_rows, 0), alike + 1), min(len(ids), branching.MAX_CHOICES - 1)
    rows = [(length, readings.stored(session.reader.logits(ids[:length]))) for length in range(first, last + 1)]
    kind = str(rows[0][1].dtype) if rows else ""
    return kind, [
        (length, base64.b64encode(row.astype(row.dtype.newbyteorder("<"))).decode()) for length, row in rows
    ]


def _alphabet(model: Model) -> dict[str, Any]:
    """The names of an alphabet's characters, or the address of one that is too large for every answer."""
    if len(model.vocab) <= _MOST_SENT:
        return _names(model.vocab.alphabet)
    _ALPHABETS.get(model.digest, lambda: readings.packed(json.dumps(_names(model.vocab.alphabet)).encode()))
    return {"alphabet": f"{served_files.root()}/alphabet/{model.digest}"}


def alphabet(request: Request) -> Response:
    """The names of a large alphabet, as JSON."""
    found = _ALPHABETS.find(request.path_params["digest"])
    if found is None:
        return PlainTextResponse("The server has forgotten this alphabet.", 404)
    return Response(found, media_type="application/json", headers=served_files.KEEP)


@lru_cache(maxsize=64)
def _names(characters: tuple[str, ...]) -> dict[str, Any]:
    """The names of an alphabet's characters; where they differ from these, their form in Plotly's markup in wide
    segments, and where it differs from that, in narrow ones."""
    names = [as_label(named(character)) for character in characters]
    labels, forms = ([literal(how(character)) for character in characters] for how in (named, visible))
    return {
        "names": names,
        "labels": {i: label for i, label in enumerate(labels) if label != names[i]},
        "forms": {i: form for i, form in enumerate(forms) if form != labels[i]},
    }


@lru_cache(maxsize=1)
def _segments() -> dict[str, Any]:
    """What segments.js needs besides a prediction."""
    return {
        "figure": distribution.sampling_chart(["a"], np.ones(1), 0.5, 0),
        "colours": distribution.SEGMENT_COLOURS,
        "least": distribution.MIN_SEGMENT,
        "labelled": distribution.MIN_LABELLED,
    }


def _strip(model: Model, session: _Session) -> dict[str, Any]:
    """The end of the text and the branch, one cell per character, and what is special about its keys."""
    before, path = session.text[-_BEFORE:], session.branches.path
    bits = [choice.bits for choice in path]
    characters = [*before, *(model.vocab.alphabet[choice.id] for choice in path), along_text.END]
    blank: list[float | None] = [None] * len(before)
    strip = drawing(
        characters,
        [*blank, *(min(1.0, value / 8) for value in bits), None],
        label=f"Written text, one cell per {model.vocab.unit}",
        values=[*blank, *(value if value < 99 else None for value in bits), None],
        unit="bits at this temperature",
        legend=("0 bits: likely", "8+ bits: unlikely"),
        height=present.taller(_STRIP),
        first_position=len(session.text) - len(before) + 1,
    )
    return {"strip": strip, "keys": keys_help(characters)}


def _branches(model: Model, branches: Branches) -> dict[str, Any]:
    """The end of every branch's text, and which is the current one."""
    texts = []
    for path in branches.paths if len(branches.paths) > 1 else ():
        text = branching.decode(path, model.vocab)
        dots = "…" if len(text) > _SHOWN_OF_A_BRANCH else ""
        texts.append(in_order(in_line(dots + text[-_SHOWN_OF_A_BRANCH:])))
    return {"texts": texts, "current": branches.branch, "most": branching.MAX_BRANCHES}


def _explanation(unit: str) -> None:
    with st.popover("What am I looking at?", icon=":material/help:"):
        st.write(
            f"All {unit}s that the model knows lie side by side on a line from 0 to 1. The more likely a {unit}, "
            f"the wider its segment. A random number between 0 and 1 chooses the {unit} on whose segment it "
            f"falls. So likely {unit}s come often, and unlikely ones now and then."
        )
        st.write(
            "Move the temperature: the segments change their widths, the random number stays. Each position in "
            "the text has its own random number."
        )
        st.write(
            f"**Step** writes the {unit} that the random number falls on. **Play** does so again and again. "
            "**Back** and **Restart** go to an earlier position without deleting what was written. **New random "
            f"numbers** changes the random seed: from there on, other random numbers choose the {unit}s."
        )
