"""Samples side by side: the request, the text as it is generated, and the result."""

from __future__ import annotations

import time
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from charlab.core.config import SampleConfig
from charlab.core.generation import beginning
from charlab.errors import CharlabError
from charlab.runs import writers
from charlab.runs.models import Model
from pages.parts.shared import model_picker, page_state, stable_selectbox
from pages.parts.shared.safe_text import exact, plain

MODES = page_state.choices("mode")
MODE_LABELS = dict(zip(MODES, ("Samples", "Compare temperatures", "Compare models"), strict=True))
_COLUMNS = 3
_MAX_REMEMBERED = 10
_WORDS_SECONDS = 1.0  # from one sentence on what there is to wait for to the next
_LIVE_SECONDS = 2.0  # texts that took no longer follow the slider of the temperature, also on a busy server
_OUTDATED = "samples_outdated"  # its texts are grey: playground.css

Boxes = tuple[Any, Any]  # on the page: a sample's text, and its measurements


@dataclass(frozen=True)
class GenerationRequest:
    """Everything that a result depends on; equal requests generate the same text."""

    mode: str
    seed_text: str
    config: SampleConfig
    sources: tuple[tuple[str, str], ...]  # a model's name and which of its weights, for each model
    digests: tuple[str, ...]  # of their weights
    as_in_alphabet: bool = True  # accents of the prompt are read in the form that a model's alphabet has

    def read_by(self, model: Model, text: str) -> str:
        """The prompt, or the beginning of it, as a model reads it."""
        return model.read_prompt(text) if self.as_in_alphabet else text


@dataclass
class Sample:
    """One text, which grows while it is generated."""

    title: str
    model: Model
    temperature: float
    text: str = ""
    probabilities: array[float] = field(default_factory=lambda: array("d"))  # the model's, of each part
    ids: list[int] = field(default_factory=list)  # of a model whose text does not tell them: of tokens

    @property
    def unit(self) -> str:
        """What the parts of the text are: "character" or "token"."""
        return self.model.vocab.unit

    @property
    def parts(self) -> Sequence[str]:
        """The text, one part for each probability: its characters or tokens."""
        return [self.model.vocab.alphabet[i] for i in self.ids] if self.ids else self.text

    def add(self, text: str, ids: list[int], probabilities: np.ndarray) -> None:
        """Add a new piece of text, whose parts have these probabilities."""
        self.ids += ids
        self.text = self.model.vocab.decode(self.ids) if ids else self.text + text
        self.probabilities.frombytes(probabilities.tobytes())

    @property
    def bits(self) -> np.ndarray:
        """The model's surprise at each generated part: [T]."""
        return -np.log2(np.asarray(self.probabilities))


@dataclass
class GenerationResult:
    """A result, complete or as far as it had come when it was stopped."""

    request: GenerationRequest
    samples: list[Sample]
    began: float
    seconds: float = 0.0
    is_live: bool = False  # it followed the slider
    place: int = 0  # of two on the page: another one than the older text's, unless it takes that text's place
    indexes: dict[str, Any] = field(default_factory=dict)  # over the training texts, by their sha256
    compared: dict[int, Any] = field(default_factory=dict)  # passages that copied_passages.py found in each sample

    @property
    def read(self) -> str:
        """What the models read before the first generated character."""
        return self.request.seed_text or beginning(self.samples[0].model.vocab)

    @property
    def length(self) -> int:
        """Characters, or tokens, generated in each sample."""
        return len(self.samples[0].ids or self.samples[0].text)

    def can_follow(self, request: GenerationRequest) -> bool:
        """Whether only the temperature is another one, and generating again is quick."""
        config = self.request.config.replace(temperature=request.config.temperature)
        only_temperature = replace(self.request, config=config) == request != self.request
        is_complete = self.length == self.request.config.length
        return only_temperature and is_complete and self.seconds <= _LIVE_SECONDS


def is_generating() -> bool:
    """Whether a changed setting interrupted the generation: it starts again with that setting."""
    return st.session_state.get("writing", False)


def stop() -> None:
    """End the generation; what is there stays."""
    st.session_state.writing = False


def last_result() -> GenerationResult | None:
    return st.session_state.get("written")


def prepare() -> None:
    """Have a writer ready before the reader presses Generate."""
    with suppress(OSError):  # Generate says it
        writers.pool().prepare()


@contextmanager
def generation(request: GenerationRequest, models: list[Model], is_live: bool) -> Iterator[Generation]:
    """Let the server's writers generate the samples, while the page draws what is around them. The work ends with
    the block, whatever ends that: a changed setting, the reader's Stop, a closed page.

    `is_live` is for samples that follow the slider: until they are complete, the older ones stay.
    """
    restarted, older = is_generating(), last_result()
    result = GenerationResult(request, new_samples(request, models), time.time(), is_live=is_live)
    if older:
        result.place = older.place if is_live else 1 - older.place
    sources = [(model, request.read_by(model, request.seed_text)) for model in models]
    if not is_live:
        st.session_state.writing = True
        _remember(result, restarted)
    try:
        with writers.pool().generate(_script().session_id, sources, request.config) as job:
            yield Generation(result, job)
    except writers.WeightsChanged:
        model_picker.forget()
        st.rerun()
    except CharlabError:
        stop()
        raise


@dataclass
class Generation:
    """A result in the making, and the job that makes it."""

    result: GenerationResult
    job: writers.Job

    def stream(self, boxes: list[Boxes] | None = None) -> GenerationResult:
        """Wait until the samples are complete; text appears in the boxes as it is generated."""
        show = _Progress(self, boxes) if boxes else None
        for piece in writers.pieces(self.job, _script().yield_check):
            if piece:
                _add(self.result.samples, piece)
            self.result.seconds = self.job.seconds
            if show and not self.job.is_done:
                show.update(is_new=piece is not None)
        if self.result.is_live:
            _remember(self.result, restarted=False)
        stop()
        return self.result


def stage(result: GenerationResult) -> Any:
    """A container for a result. It is another one than that of an older text, which the browser clears with it."""
    return [st.empty(), st.empty()][result.place].container()


def places(samples: list[Sample], outdated: bool = False) -> list[Boxes]:
    """A title, an empty box for the text and one for its measurements, for each sample, in rows."""
    found = []
    columns = across(len(samples))
    word = " · outdated" if outdated else ""
    with st.container(key=_OUTDATED if outdated else None):
        for first in range(0, len(samples), columns):
            for column, sample in zip(st.columns(columns), samples[first : first + columns], strict=False):
                column.markdown(f"**{plain(sample.title)}**{word}")
                found.append((column.empty(), column.empty()))
    return found


def across(samples: int) -> int:
    """How many samples to put in one row."""
    return samples if samples in (1, 2, 4) else _COLUMNS


def new_samples(request: GenerationRequest, models: list[Model]) -> list[Sample]:
    """The samples of a request, all still without text."""
    if request.config.temperatures:
        return [Sample(f"Temperature {t:g}", models[0], t) for t in request.config.temperatures]
    temperature = request.config.temperature
    if request.mode == "side by side":
        return [Sample(title, model, temperature) for title, model in zip(names(models), models, strict=True)]
    return [Sample(f"Sample {n + 1}", models[0], temperature) for n in range(request.config.samples)]


def names(models: list[Model]) -> list[str]:
    """A unique title for each model."""
    epochs = [
        f", epoch {int(model.weights_name[6:])}" if model.weights_name.startswith("epoch") else ""
        for model in models
    ]
    titles = {str(n): model.config.name + epochs[n] for n, model in enumerate(models)}
    return list(stable_selectbox.unique_titles(titles).values())


def _remember(result: GenerationResult, restarted: bool) -> None:
    """Put this result first; no request twice, none that a changed setting interrupted, and of those that followed
    the slider one after another only the last."""
    st.session_state.written = result
    earlier = st.session_state.get("history", [])
    is_replaced = restarted or (result.is_live and earlier and earlier[0].is_live)
    earlier = earlier[1 if is_replaced else 0 :]
    others = [other for other in earlier if other.request != result.request]
    st.session_state.history = [result, *others][:_MAX_REMEMBERED]


class _Progress:
    """What a reader sees of a generation: a piece of all texts at a time, and what else there is to wait for."""

    def __init__(self, generation: Generation, boxes: list[Boxes]) -> None:
        self._generation, self._boxes = generation, boxes
        self._is_drawn, self._said, self._say_at = False, "", 0.0

    def update(self, is_new: bool) -> None:
        """Draw the texts where there is more of them, and otherwise say what the writer is doing."""
        if is_new or not self._is_drawn:
            self._draw()
            self._is_drawn = True
        if not is_new and time.monotonic() >= self._say_at and (words := self._words()) != self._said:
            self._said, self._say_at = words, time.monotonic() + _WORDS_SECONDS
            for _, place in self._boxes:  # of the measurements, so that nothing moves when these are known
                place.caption(words)

    def _words(self) -> str:
        job = self._generation.job
        if self._generation.result.length:
            return "Generating."
        if job.place:
            return f"Number {job.place} in line."
        read = f"{job.number_read:,} {self._generation.result.samples[0].unit}s"
        return f"Reading the prompt: {read}." if job.number_read else "Reading the prompt."

    def _draw(self) -> None:
        result = self._generation.result
        for (place, _), sample in zip(self._boxes, result.samples, strict=True):
            exact(result.request.seed_text + sample.text, place)


def _add(samples: list[Sample], piece: writers.Piece) -> None:
    """Give each sample its new characters, and their probabilities."""
    for sample, *new in zip(samples, piece.texts, piece.ids, piece.probabilities.T, strict=True):
        sample.add(*new)


def _script() -> Any:
    """The running script of this page."""
    return get_script_run_ctx()
