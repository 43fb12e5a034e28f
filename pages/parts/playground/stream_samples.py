"""Samples side by side: the request, the text as it is generated, and the result."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import streamlit as st

from charlab.core.config import SampleConfig
from charlab.core.generation import Step, beginning, chosen_probabilities, generate
from charlab.errors import CharlabError
from charlab.runs.models import Model
from pages.parts.shared import page_state, stable_selectbox
from pages.parts.shared.safe_text import exact, plain

MODES = page_state.choices("mode")
MODE_LABELS = dict(zip(MODES, ("Samples", "Compare temperatures", "Compare models"), strict=True))
_REFRESH_SECONDS = 0.08
_DRAWING_SECONDS = 0.01  # that a browser takes for one text, at most
_COLUMNS = 3
_MAX_REMEMBERED = 10
_CLEARING_SECONDS = 0.05
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
    probabilities: array[float] = field(default_factory=lambda: array("d"))  # the model's, of each character

    @property
    def bits(self) -> np.ndarray:
        """The model's surprise at each generated character: [T]."""
        return -np.log2(np.asarray(self.probabilities))


@dataclass
class GenerationResult:
    """A result, complete or as far as it had come when it was stopped."""

    request: GenerationRequest
    samples: list[Sample]
    began: float
    seconds: float = 0.0
    is_live: bool = False  # it followed the slider
    indexes: dict[str, Any] = field(default_factory=dict)  # over the training texts, by their sha256
    compared: dict[int, Any] = field(default_factory=dict)  # passages that copied_passages.py found in each sample

    @property
    def read(self) -> str:
        """What the models read before the first generated character."""
        return self.request.seed_text or beginning(self.samples[0].model.vocab)

    @property
    def length(self) -> int:
        """Characters generated in each sample."""
        return len(self.samples[0].text)

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
    st.session_state.writing = False


def last_result() -> GenerationResult | None:
    return st.session_state.get("written")


def cleared() -> Any:
    """A container without the older text while a new one is generated."""
    stage = st.empty()
    if last_result():
        time.sleep(_CLEARING_SECONDS)  # lets the browser empty the place before it is filled again
    return stage.container()


def generate_samples(
    request: GenerationRequest, models: list[Model], boxes: list[Boxes] | None = None
) -> GenerationResult:
    """Generate the samples; text appears in the boxes as it is generated, and stays if the reader stops it.

    Without boxes, nothing is drawn: the reader sees the older texts until `places` has room for these.
    """
    restarted = is_generating()
    st.session_state.writing = True
    result = GenerationResult(request, new_samples(request, models), time.time(), is_live=boxes is None)
    _remember(result, restarted)
    try:
        _stream(result, models, boxes)
    except CharlabError:
        stop()
        raise
    stop()
    return result


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


def _stream(result: GenerationResult, models: list[Model], boxes: list[Boxes] | None) -> None:
    """Take a step of every model in turn, and draw every few hundredths of a second, where there are boxes."""
    request = result.request
    show = _Progress(result, boxes) if boxes else None
    started = time.perf_counter()
    streams = [
        generate(
            m.predictor, m.vocab, request.read_by(m, request.seed_text), request.config, show and show.reading
        )
        for m in models
    ]
    for position in range(request.config.length):
        row = 0
        for stream, model in zip(streams, models, strict=False):
            row = _add(result.samples, row, next(stream), model)
        result.seconds = time.perf_counter() - started
        if show:
            show.generated(position)
        else:
            is_generating()  # where the session is read, a changed setting can end this run


class _Progress:
    """What a reader sees of a generation, redrawn no more often than a browser can follow."""

    def __init__(self, result: GenerationResult, boxes: list[Boxes]) -> None:
        self._result, self._boxes = result, boxes
        self._say("Reading the prompt.")
        self._draw()
        pause = max(_REFRESH_SECONDS, _DRAWING_SECONDS * len(boxes))  # faster, and the browser would lag behind
        self._redraw = _every_so_often(pause, lambda _: self._draw())
        self.reading = _every_so_often(
            _REFRESH_SECONDS, lambda n: self._say(f"Reading the prompt: {n:,} characters.")
        )

    def generated(self, position: int) -> None:
        if position == 0:
            self._say("Generating.")
            self._draw()
        self._redraw(position)

    def _say(self, words: str) -> None:
        """In the place of the measurements, so that nothing moves when these are known."""
        for _, place in self._boxes:
            place.caption(words)

    def _draw(self) -> None:
        for (place, _), sample in zip(self._boxes, self._result.samples, strict=True):
            exact(self._result.request.seed_text + sample.text, place)


def _add(samples: list[Sample], row: int, step: Step, model: Model) -> int:
    """Give each sample of a step its character; returns the row after the last."""
    chosen = chosen_probabilities(step)
    for character, probability in zip(model.vocab.decode(step.ids), chosen, strict=True):
        samples[row].text += character
        samples[row].probabilities.append(float(probability))
        row += 1
    return row


def _every_so_often(pause: float, do: Callable[[int], None]) -> Callable[[int], None]:
    """Call `do` only where the last call is `pause` seconds ago, and for a fifth of the time at most."""
    state = {"next": time.perf_counter() + pause}

    def perhaps(value: int) -> None:
        before = time.perf_counter()
        if before >= state["next"]:
            do(value)
            now = time.perf_counter()
            state["next"] = now + max(pause, 4 * (now - before))

    return perhaps
