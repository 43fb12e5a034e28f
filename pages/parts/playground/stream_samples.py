"""Samples side by side: the request, the text as it is generated, and the result."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
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
    request: GenerationRequest, models: list[Model]
) -> tuple[GenerationResult, list[tuple[Any, Any]]]:
    """Generate the samples; text appears as it is generated, and stays if the reader stops it.

    Returns the result and its boxes, as `places` gives them, to be filled with the finished samples.
    """
    restarted = is_generating()
    st.session_state.writing = True
    try:
        result = GenerationResult(request, _samples(request, models), time.time())
        _remember(result, restarted)
        boxes = places(result.samples)
        _stream(result, models, boxes)
    except CharlabError:
        stop()
        raise
    stop()
    return result, boxes


def places(samples: list[Sample]) -> list[tuple[Any, Any]]:
    """A title, an empty box for the text and one for its measurements, for each sample, in rows."""
    found = []
    columns = across(len(samples))
    for first in range(0, len(samples), columns):
        for column, sample in zip(st.columns(columns), samples[first : first + columns], strict=False):
            column.markdown(f"**{plain(sample.title)}**")
            found.append((column.empty(), column.empty()))
    return found


def across(samples: int) -> int:
    """How many samples to put in one row."""
    return samples if samples in (1, 2, 4) else _COLUMNS


def _samples(request: GenerationRequest, models: list[Model]) -> list[Sample]:
    if request.config.temperatures:
        return [Sample(f"Temperature {t:g}", models[0], t) for t in request.config.temperatures]
    temperature = request.config.temperature
    if request.mode == "side by side":
        return [Sample(title, model, temperature) for title, model in zip(_names(models), models, strict=True)]
    return [Sample(f"Sample {n + 1}", models[0], temperature) for n in range(request.config.samples)]


def _names(models: list[Model]) -> list[str]:
    """A unique title for each model."""
    epochs = [
        f", epoch {int(model.weights_name[6:])}" if model.weights_name.startswith("epoch") else ""
        for model in models
    ]
    titles = {str(n): model.config.name + epochs[n] for n, model in enumerate(models)}
    return list(stable_selectbox.unique_titles(titles).values())


def _remember(result: GenerationResult, restarted: bool) -> None:
    """Put this result first; no request twice, and none that a changed setting interrupted."""
    st.session_state.written = result
    earlier = st.session_state.get("history", [])[1 if restarted else 0 :]
    others = [other for other in earlier if other.request != result.request]
    st.session_state.history = [result, *others][:_MAX_REMEMBERED]


def _stream(result: GenerationResult, models: list[Model], boxes: list[tuple[Any, Any]]) -> None:
    """Take a step of every model in turn, and draw every few hundredths of a second."""
    texts = [box for box, _ in boxes]
    below = st.empty()
    below.caption("Reading the prompt.")
    _draw(texts, result)
    on_read = _every_so_often(_REFRESH_SECONDS, lambda n: below.caption(f"Reading the prompt: {n:,} characters."))
    pause = max(_REFRESH_SECONDS, _DRAWING_SECONDS * len(texts))  # faster would only make the browser lag behind
    redraw = _every_so_often(pause, lambda _: _draw(texts, result))
    started = time.perf_counter()
    request = result.request
    streams = [
        generate(m.predictor, m.vocab, request.read_by(m, request.seed_text), request.config, on_read)
        for m in models
    ]
    for position in range(request.config.length):
        row = 0
        for stream, model in zip(streams, models, strict=False):
            row = _add(result.samples, row, next(stream), model)
        result.seconds = time.perf_counter() - started
        if position == 0:
            below.caption("Generating.")
            _draw(texts, result)
        redraw(position)
    below.empty()


def _add(samples: list[Sample], row: int, step: Step, model: Model) -> int:
    """Give each sample of a step its character; returns the row after the last."""
    chosen = chosen_probabilities(step)
    for character, probability in zip(model.vocab.decode(step.ids), chosen, strict=True):
        samples[row].text += character
        samples[row].probabilities.append(float(probability))
        row += 1
    return row


def _draw(boxes: list[Any], result: GenerationResult) -> None:
    for box, sample in zip(boxes, result.samples, strict=True):
        exact(result.request.seed_text + sample.text, box)


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
