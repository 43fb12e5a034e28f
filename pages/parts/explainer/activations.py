"""The inside of a network along a text, computed once for everyone on the server, and what browsers get of it.

A browser asks by the key of the reading (readings.py), and may keep every answer. What it asks for is a figure, or
numbers: little-endian, in single precision.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import numpy as np
import streamlit as st
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from streamlit.runtime.scriptrunner import get_script_run_ctx

from charlab import __version__
from charlab.charts import internals
from charlab.errors import CharlabError, UnavailableError
from charlab.explain import probes
from charlab.explain.probes import Activations, Unit
from charlab.runs import writer, writers
from charlab.runs.models import Model
from pages.parts.explainer import readings
from pages.parts.shared import served_files
from pages.parts.shared.shared_cache import SharedCache

_PART = 2**18  # bytes of numbers that a browser gets at once, where a row is smaller


@dataclass(frozen=True)
class _Source:
    """What activations are of."""

    model: Model
    text: str


_ACTIVATIONS: SharedCache[Activations] = SharedCache(96 * 2**20)
_SOURCES: SharedCache[_Source] = SharedCache(64 * 2**20)
_ANSWERS: SharedCache[bytes] = SharedCache(16 * 2**20)


def of(model: Model, text: str, position: int = 0) -> tuple[Activations, range]:
    """A network's activations after reading the character at a position, and the part of the text that they
    belong to: all of it, or what the network holds at that moment."""
    part = probes.context_window(model.predictor, len(text), position)
    shown = text if len(part) == len(text) else text[part.start : part.stop]  # tokens are never too many
    spinner = st.spinner("Looking inside ...") if get_script_run_ctx() else None
    return _ACTIVATIONS.get((model.digest, shown), lambda: _computed(model, shown), spinner), part


def address(model: Model, text: str, what: str, **wanted: Any) -> str:
    """Where browsers find a part of the inside; they fill in "{first}" and "{at}" where the values have these."""
    key = readings.key_of(model.digest, text)
    _SOURCES.get(key, lambda: _Source(model, text))
    return f"{served_files.root()}/inside/{key}/{what}?{urlencode(wanted, safe='{}')}&{__version__}"


def rows_of_gates(parts: Mapping[str, np.ndarray]) -> int:
    """How many characters' gates browsers get at once; `parts` are those of one: [U] each."""
    return max(1, _PART // (4 * sum(len(values) for values in parts.values())))


def answer(request: Request) -> Response:
    """A figure as JSON, or numbers."""
    key, what, wanted = request.path_params["key"], request.path_params["what"], dict(request.query_params)
    source = _SOURCES.find(key)
    if what not in _PARTS:
        return PlainTextResponse("There is no such part of a network.", 400)
    if source is None:
        return PlainTextResponse("The server has forgotten this text.", 404)
    try:
        make, names = _PARTS[what]
        given = tuple(wanted.get(name, "") for name in names)
        pack = lambda: readings.packed(make(source, *given), repeats=what not in _NUMBERS)  # noqa: E731
        found = _ANSWERS.get((key, what, given), pack)
    except UnavailableError as problem:
        return PlainTextResponse(str(problem), 503)
    except (CharlabError, ValueError, KeyError, IndexError):
        return PlainTextResponse("There is no such part of this network.", 400)
    kind = "application/octet-stream" if what in _NUMBERS else "application/json"
    return Response(found, media_type=kind, headers=served_files.KEEP)


def _computed(model: Model, text: str) -> Activations:
    """In half precision, finer than a pixel: 5,000 characters of two layers of 512 LSTM units take 61 MB. By a
    writer, where there is one, for the reasons of `readings.compute`."""
    script = get_script_run_ctx()
    if writers.pool().is_running:
        with suppress(writers.WeightsChanged):
            asked = (script.session_id, script.yield_check) if script else ()
            return writers.activations(model, _whole(text), *asked)
    return writer.activations(model, _whole(text))


def _whole(text: Sequence[str]) -> str:
    """A text of characters as it is, and that of tokens, which know it."""
    return text if isinstance(text, str) else text.whole  # type: ignore[attr-defined]


# What browsers ask for: each function gets the values of the address, and raises for those that do not exist


def _unit(source: _Source, name: str, feature: str, first: str) -> bytes:
    unit, text = Unit.parse(name), source.text
    values = probes.column(of(source.model, text)[0], unit)
    if values is None:
        raise KeyError(name)
    shown = None
    if feature:
        shown = (feature, probes.features(text)[feature], probes.correlate(values, text)[feature])
    middle = _index(first, text) + internals.MAX_STEPS // 2
    return internals.unit_figure(text, values, middle, unit.label, shown).to_json().encode()


def _states(source: _Source, name: str, first: str) -> bytes:
    unit, middle = Unit.parse(name), _index(first, source.text) + internals.MAX_STEPS // 2
    values = of(source.model, source.text)[0][unit.array]
    return internals.states_figure(source.text, values, middle, unit.index).to_json().encode()


def _gates(source: _Source, layer: str, first: str) -> bytes:
    """[T, P, U]: after each character the values of every gate and state, as `probes.of_layer` orders them."""
    found, begin = of(source.model, source.text)[0], _index(first, source.text)
    parts = probes.of_layer(found, int(layer), 0)
    if not parts:
        raise KeyError(layer)
    rows = slice(begin, begin + rows_of_gates(parts))
    return _numbers(np.stack(list(probes.of_layer(found, int(layer), rows).values()), axis=1))


def _matrix(source: _Source, layer: str, head: str, at: str, first: str) -> bytes:
    weights, part = _attention(source, layer, head, at)
    middle = _index(first, source.text) + internals.MAX_MATRIX // 2
    unit = source.model.vocab.unit
    return internals.attention_figure(source.text, weights, middle, part.start, unit).to_json().encode()


def _weights(source: _Source, layer: str, head: str, at: str) -> bytes:
    """[T, T]: the attention of one head in the part of a position."""
    return _numbers(_attention(source, layer, head, at)[0])


def _heads(source: _Source, at: str) -> bytes:
    """[T, L * H, 3]: what `probes.attention_summary` says of every head after each character of a part."""
    layers = probes.attention(of(source.model, source.text, _index(at, source.text))[0]).values()
    return _numbers(np.stack([probes.attention_summaries(head) for layer in layers for head in layer], axis=1))


def _attention(source: _Source, layer: str, head: str, at: str) -> tuple[np.ndarray, range]:
    """The weights [T, T] of one head, both counted from 1, in the part of the text of a position."""
    activations, part = of(source.model, source.text, _index(at, source.text))
    layers = list(probes.attention(activations).values())
    if min(int(layer), int(head)) < 1:
        raise IndexError(layer, head)
    return layers[int(layer) - 1][int(head) - 1], part


def _index(written: str, text: str) -> int:
    """The index of a character of the text."""
    index = int(written)
    if not 0 <= index < len(text):
        raise IndexError(written)
    return index


def _numbers(values: np.ndarray) -> bytes:
    return np.asarray(values).astype("<f4").tobytes()


_PARTS: dict[str, tuple[Callable[..., bytes], tuple[str, ...]]] = {
    "unit": (_unit, ("unit", "feature", "first")),
    "states": (_states, ("unit", "first")),
    "gates": (_gates, ("layer", "first")),
    "matrix": (_matrix, ("layer", "head", "at", "first")),
    "weights": (_weights, ("layer", "head", "at")),
    "heads": (_heads, ("at",)),
}


_NUMBERS = {"gates", "weights", "heads"}


def parts(model: Model, text: str) -> list[tuple[int, int, int]]:
    """The parts of `of`: the first position that each belongs to, and its range of characters. A network holds one
    until it is full."""
    found, position = [], 0
    while position < len(text):
        part = probes.context_window(model.predictor, len(text), position)
        found.append((position, part.start, part.stop))
        position = part.stop
    return found
