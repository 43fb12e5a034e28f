"""Readings of texts, made once for everyone on the server, and what browsers get of them.

A browser asks for what it shows of a reading by its key, a hash of the model's weights and of the text, so that it
may keep every answer. A reading is kept for as long as there is room; the page's next run makes it again.
"""

from __future__ import annotations

import hashlib
import math
import time
import zlib
from collections.abc import Callable, Hashable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import orjson
import streamlit as st
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from streamlit.runtime.scriptrunner import ScriptRunContext, get_script_run_ctx

from charlab import __version__
from charlab.charts import along_text
from charlab.charts.base import literal
from charlab.core.display import isolated, named, visible
from charlab.core.reading import Reading
from charlab.core.vocab import Vocab
from charlab.explain import evidence
from charlab.runs import writers
from charlab.runs.models import Model
from pages.parts.shared import served_files
from pages.parts.shared.character_strip import on_letters
from pages.parts.shared.shared_cache import SharedCache

_WORDS = "Reading ..."
_LONG = 0.3  # seconds of waiting after which a spinner says it
_PART = 2**18  # bytes of logits that a browser gets at once: no text makes a larger answer, where a row is smaller


@dataclass(frozen=True)
class _Kept:
    """A reading, and what its ids stand for."""

    reading: Reading
    alphabet: tuple[str, ...]  # [V], the unknown one last
    unit: str  # "character" or "token"

    @classmethod
    def by(cls, vocab: Vocab, reading: Reading) -> _Kept:
        return cls(reading, vocab.alphabet, vocab.unit)


_READINGS: SharedCache[_Kept] = SharedCache(64 * 2**20)
_ANSWERS: SharedCache[bytes] = SharedCache(32 * 2**20)
_FIGURES: SharedCache[str] = SharedCache(16 * 2**20)


def read(model: Model, text: str) -> Reading:
    """What a model expected at each position of a text."""
    return _kept(model, text).reading


def compute(model: Model, text: str) -> Reading:
    """A reading that is not kept, made by a writer: the many short steps of a network in a page's own thread would
    hold up all others, and be held up by them (docs/architecture.md).

    The first one of a server is made here, while a writer starts.
    """
    script, pool = get_script_run_ctx(), writers.pool()
    if script and pool.is_running:
        with suppress(writers.WeightsChanged), ExitStack() as shown:  # changed since the page has loaded the model
            return writers.read(model, text, script.session_id, _checks(script, shown))
    elif script:
        with suppress(OSError):  # whoever needs it says it
            pool.prepare()
    with st.spinner(_WORDS):
        return model.explain(text)


def _checks(script: ScriptRunContext, shown: ExitStack) -> Callable[[], None]:
    """What a wait calls ten times a second: the header's Stop ends it, and a spinner says it once it is long. For
    each short wait, a spinner would cost the server 1 ms."""
    until = time.monotonic() + _LONG

    def check() -> None:
        nonlocal until
        script.yield_check()
        if time.monotonic() > until:
            until = math.inf
            shown.enter_context(st.spinner(_WORDS))

    return check


def read_in_positions_of(reading: Reading, model: Model, text: str) -> tuple[Reading, Reading]:
    """Another model's reading of a text with accents in its own form, and that in the positions of the first."""
    whole = read(model, text)
    if whole.text == reading.text:
        return whole, whole
    key = key_of(model.digest, whole.text, reading.text)
    aligned = lambda: _Kept.by(model.vocab, evidence.aligned(reading, whole))  # noqa: E731
    return whole, _READINGS.get(key, aligned).reading


def address(model: Model, reading: Reading, own_text: str | None = None) -> str:
    """Where browsers find a reading, with "{what}" for what they want of it; `own_text` is that of the model where
    the reading is in another's positions."""
    texts = [reading.text] if own_text in (None, reading.text) else [own_text, reading.text]
    return f"{served_files.root()}/reading/{key_of(model.digest, *texts)}/{{what}}?{__version__}"


def figure(key: Hashable, draw: Callable[[], str]) -> str:
    """A figure's JSON, drawn once for everyone. The key says all that it depends on."""
    return _FIGURES.get(key, draw)


def is_quick(request: Request) -> bool:
    """Whether a part takes no longer than the thread that would make it."""
    return request.path_params["what"].partition("-")[0] in ("head", "logits")


def answer(request: Request) -> Response:
    """A part of a reading as JSON, or the logits of some rows as little-endian numbers."""
    key, what = request.path_params["key"], request.path_params["what"]
    name, _, first = what.partition("-")
    kept = _READINGS.find(key)
    if name not in _PARTS or not (first or "0").isdecimal() or len(first) > 6:
        return PlainTextResponse("There is no such part of a reading.", 400)
    if kept is None:
        return PlainTextResponse("The server has forgotten this reading.", 404)
    pack = lambda: packed(_PARTS[name](kept, int(first or 0)), repeats=name != "logits")  # noqa: E731
    kind = "application/octet-stream" if name == "logits" else "application/json"
    return Response(_ANSWERS.get((key, what), pack), media_type=kind, headers=served_files.KEEP)


def packed(part: bytes, repeats: bool = True) -> bytes:
    """Compressed by gzip. Where nothing `repeats`, as in logits, looking for it takes three times as long."""
    strategy = zlib.Z_DEFAULT_STRATEGY if repeats else zlib.Z_HUFFMAN_ONLY
    packer = zlib.compressobj(1, zlib.DEFLATED, 16 + zlib.MAX_WBITS, strategy=strategy)
    return packer.compress(part) + packer.flush()


def _kept(model: Model, text: str) -> _Kept:
    key = key_of(model.digest, model.vocab.split(text))
    return _READINGS.get(key, lambda: _Kept.by(model.vocab, compute(model, text)))


def key_of(digest: str, *texts: Sequence[str]) -> str:
    """What an answer is of: a model's weights and a text, or the same text in two forms."""
    joined = "\0".join(text if isinstance(text, str) else "\1".join(text) for text in texts)
    hashed = hashlib.sha256(joined.encode("utf-8", "surrogatepass"))
    return f"{digest}-{hashed.hexdigest()[:24]}"


def _head(kept: _Kept, _first: int) -> bytes:
    """What is said of every position; words.js reads it. Of each text only its distinct characters are named."""
    reading, distinct = kept.reading, sorted(set(kept.reading.text))
    drawn = {c: visible(c) for c in distinct}
    names, labels = names_of(kept.alphabet)
    said = {
        "text": list(reading.text),
        "drawn": {c: form for c, form in drawn.items() if form != c},
        "onLetters": on_letters(reading.text),
        "leftward": sorted({form for c in distinct for form in (c, drawn[c]) if isolated(form) != form}),
        "names": {c: named(c) for c in distinct if named(c) != c},
        "alphabet": names,
        "labels": labels if labels != names else None,
        "unknown": len(kept.alphabet) - 1,
        "unit": kept.unit,
        "next": reading.next_ids,
        "type": str(stored(reading.logits).dtype),
        "rows": _rows(reading.logits),
        "probabilities": reading.next_probabilities,
        "bits": reading.bits,
        "ranks": reading.ranks,
        "entropies": reading.entropies,
    }
    return orjson.dumps(said, option=orjson.OPT_SERIALIZE_NUMPY)  # NaN is null; a fifth of the time of `json`


@lru_cache(maxsize=64)
def names_of(characters: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """The names of an alphabet's characters, and these in Plotly's markup."""
    names = [named(character) for character in characters]
    return names, [literal(name) for name in names]


def _logits(kept: _Kept, first: int) -> bytes:
    rows = stored(kept.reading.logits)[first : first + _rows(kept.reading.logits)]
    return rows.astype(rows.dtype.newbyteorder("<")).tobytes()


def _heatmap(kept: _Kept, first: int) -> bytes:
    reading = kept.reading
    figure = along_text.heatmap_figure(
        reading.text, kept.alphabet, reading.probabilities, reading.bits, first, reading.entropies, kept.unit
    )
    return figure.to_json().encode()


def _along(kept: _Kept, _first: int) -> bytes:
    reading = kept.reading
    return along_text.surprise_figure(reading.text, reading.bits, reading.entropies, kept.unit).to_json().encode()


_PARTS: dict[str, Callable[[_Kept, int], bytes]] = {
    "head": _head,
    "logits": _logits,
    "heatmap": _heatmap,
    "along": _along,
}


def stored(logits: np.ndarray) -> np.ndarray:
    """Networks compute in single precision; what an n-gram model counts needs double."""
    return logits if logits.dtype == np.float32 else logits.astype(np.float64)


def _rows(logits: np.ndarray) -> int:
    """How many rows browsers get at once."""
    return max(1, _PART // (stored(logits[:1]).itemsize * logits.shape[1]))
