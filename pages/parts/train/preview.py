"""The training data before a start: a batch, its text, the layers of the network, and the training time.

Nothing is downloaded here: a text that is not on this machine yet is described by its known facts.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import numpy as np
import streamlit as st

from charlab.charts import dataset
from charlab.core import kinds, summary
from charlab.core.config import ModelConfig, TrainConfig
from charlab.core.display import visible
from charlab.core.vocab import Vocab
from charlab.corpora import batching, catalogue, encoding, splits
from charlab.corpora.catalogue import Corpus
from charlab.errors import CharlabError
from charlab.runs import devices, limits, models, plan, time_estimate, validation, watch
from charlab.runs.plan import RunPlan, TextFacts
from charlab.runs.store import RunConfig
from charlab.runs.time_estimate import MeasuredSpeed
from pages.parts.shared.chart import plotly_chart
from pages.parts.shared.page_words import in_page_words
from pages.parts.shared.safe_text import exact, plain

_BEGINNING = 400  # characters of the text that are shown
_PIECE = 7  # characters shown with their ids
_STEPS = 3
_LARGE_ALPHABET = 512  # ids; their cost in parameters is shown without being asked for
_BATCH_ORDERS = {
    "windows": "**Random windows**: every row begins at a random position, drawn anew at every step. Rows may "
    "overlap; some positions are read often, some never.",
    "chunks": "**Shuffled chunks**: the text is cut into chunks, the chunks are shuffled, and each is read once "
    "per epoch.",
    "streams": "**Streams**: the text is cut into as many equal parts as the batch has rows, and at each "
    "step every row continues where the step before it ended (the marks move slightly to the right). So the "
    "hidden state can be carried from step to step.",
}


@dataclass(frozen=True)
class Source:
    """A text as a model reads it, without the text."""

    facts: TextFacts
    counts: np.ndarray  # [V - 1]
    beginning: str

    @property
    def vocab(self) -> Vocab:
        return self.facts.known_vocab()

    @property
    def ids(self) -> np.ndarray:
        """[T], in the smallest unsigned type."""
        return self.facts.known_ids()

    @property
    def distinct(self) -> int:
        """How many distinct characters the model reads: code points that never occur do not count."""
        return int((self.counts > 0).sum())


def in_short(planned: RunPlan) -> str:
    """One line: how large a model, how long it will take here."""
    model, train, measured = planned.model, planned.train, _measured()
    characters, size = planned.text.characters, planned.text.vocabulary_size
    if not kinds.of(model).trained:
        return f"{summary.describe_parameters(model, size).capitalize()}  |  a few seconds"
    layers = f"{model.layers} layers of {model.units}" if model.layers > 1 else kinds.of(model).size(model)
    network = f"{kinds.of(model).title}, {layers}, {summary.describe_parameters(model, size)}"
    takes = _time(model, train, characters, size, measured)
    return f"{network}  |  {takes}" if takes else network


def coverage_words(planned: RunPlan) -> None:
    """How much of the text the model can read, where that is not all of it: a warning where it is too little."""
    if planned.coverage:
        (st.warning if planned.text.fitting else st.caption)(plain(in_page_words(" ".join(planned.coverage))))
    if kinds.of(planned.model).trained and planned.text.vocabulary_size > _LARGE_ALPHABET:
        st.caption(alphabet_cost(planned))


def alphabet_cost(planned: RunPlan) -> str:
    """What the alphabet costs in parameters, in a sentence; "" for an n-gram model, which has none."""
    if not kinds.of(planned.model).trained:
        return ""
    cost, of_all = planned.alphabet_cost()
    return (
        f"Alphabet of {planned.text.vocabulary_size - 1:,} characters: the input (embedding) and output layers "
        f"have {cost / 1e6:.2f} M of the {of_all / 1e6:.2f} M parameters."
    )


def validation_words(planned: RunPlan) -> None:
    """What the validation set measures, where there is something to say."""
    show_findings(planned.validation)


def show_findings(sentences: Iterable[str]) -> None:
    """Sentences of `validation.findings`: warnings, but for a proposal."""
    for sentence in sentences:
        (st.info if sentence == validation.LIST_PROPOSAL else st.warning)(plain(in_page_words(sentence)))


def examined(facts: TextFacts, train: TrainConfig) -> tuple[str, ...]:
    """`plan.examined`, once for each text, alphabet and split."""
    vocab = facts.known_vocab()
    key = (facts.sha256, vocab.characters, vocab.lower_case, facts.characters, train.split, train.validation_share)
    return _examined(key, facts, train)


@st.cache_data(show_spinner=False, max_entries=100)
def _examined(key: Hashable, _facts: TextFacts, _train: TrainConfig) -> tuple[str, ...]:
    return plan.examined(_facts, _train)


def show(planned: RunPlan, source: Source | None) -> None:
    """Four tabs: one batch, the text, the layers, the time. Only the open one is computed."""
    model, train = planned.model, planned.train
    characters, size = planned.text.characters, planned.text.vocabulary_size
    tabs = st.tabs(["One batch", "Text", "Network", "Training time"], key="feeding.tab", on_change="rerun")
    parts = (
        lambda: _one_batch(source, model, train) if source else _not_here(),
        lambda: _text(source, planned) if source else _not_here(),
        lambda: _layers(model, size),
        lambda: _how_long(model, train, characters, size, planned.notes),
    )
    for tab, part in zip(tabs, parts, strict=True):
        if tab.open:
            with tab:
                part()


def _not_here() -> None:
    st.info(
        "This text is not on this machine yet. It is downloaded when a run starts, and is shown here after that."
    )


def _one_batch(source: Source, model: ModelConfig, train: TrainConfig) -> None:
    st.markdown("A model reads numbers: each character of the alphabet has its own, the id.")
    piece = source.ids[:_PIECE]
    shown = source.vocab.alphabet
    letters, ids = [plain(visible(shown[i])) for i in piece], [str(i) for i in piece]
    rows = [[*letters, "..."], ["---"] * (len(piece) + 1), [*ids, "..."]]
    st.markdown("\n".join(f"| {' | '.join(row)} |" for row in rows))
    if not kinds.of(model).trained:
        st.markdown(
            f"An n-gram model needs no batches: it goes through the text once and counts which character follows "
            f"every {model.order - 1} characters."
        )
        return
    try:
        division = splits.divide(source.ids, source.vocab, train)
        epoch_offsets = batching.offsets(train, division.start, epoch=0)
    except CharlabError as error:
        st.warning(plain(str(error)))
        return
    steps = len(epoch_offsets)
    offsets = [epoch_offsets[step] for step in range(min(_STEPS, steps))]
    rows = [batching.gather(division.ids, begins, train.sequence_length) for begins in offsets]
    places = [division.places(begins) for begins in offsets]
    st.markdown(
        f"At every step the model reads {train.batch_size:,} rows of {train.sequence_length} characters in "
        "parallel and predicts the next character at each position: the *target* is the *input* shifted by one "
        "character. The colour shows where in the text a row begins."
    )
    rows_shown = min(dataset.ROWS_SHOWN, train.batch_size)
    plotly_chart(
        dataset.batch_figure(shown, rows, places, len(source.ids), division.spans),
        key="feeding-batch",
        height=700,
        filename="batch",
        label=f"The first {len(rows)} batches, {train.batches}: the position of their rows in the "
        f"text, and the input over the target of {rows_shown} rows.",
    )
    st.caption(
        f"{_BATCH_ORDERS[train.batches]} {_held_out(train)} Shown: {rows_shown} of "
        f"{train.batch_size:,} rows and the first {min(dataset.COLUMNS_SHOWN, train.sequence_length)} of "
        f"{train.sequence_length} characters, of the first {len(rows)} of {steps:,} steps of an epoch."
    )


def _held_out(train: TrainConfig) -> str:
    words = f"Grey: the validation set, {splits.described(train)}."
    return f"{words} Positions are those in the shuffled lines." if train.split == "lines" else words


def _text(source: Source, planned: RunPlan) -> None:
    st.write(f"{len(source.ids):,} characters, {source.distinct:,} distinct. The text begins:")
    exact(source.beginning, height=200)
    plotly_chart(
        dataset.alphabet_figure(source.vocab.characters, source.counts),
        key="feeding-alphabet",
        height=260,
        filename="alphabet",
        label="How often each character occurs in the text, most frequent first.",
    )
    if source.distinct > dataset.MAX_DISTINCT:
        st.caption(f"The {dataset.MAX_DISTINCT} most frequent of {source.distinct:,} characters.")
    coverage_words(planned)


def _layers(model: ModelConfig, size: int) -> None:
    layers = summary.layers(model, size)
    if not layers:
        st.markdown(
            f"An n-gram model has no layers. It counts which character follows the last {model.order - 1}, "
            f"{model.order - 2} ... characters of the text, and mixes these counts."
        )
        return
    parameters = sum(layer.parameters for layer in layers)
    st.markdown(
        f"Each character passes through these layers from top to bottom. They have {parameters:,} parameters, the "
        f"numbers that training changes. The {size:,} ids are {size - 1:,} characters and one for unknown "
        "characters."
    )
    plotly_chart(
        dataset.layers_figure(layers),
        key="feeding-layers",
        height=70 + 76 * len(layers),
        filename="layers",
        label="; ".join(f"{layer.name}: {layer.does}, {layer.parameters:,} parameters" for layer in layers),
    )


def _how_long(model: ModelConfig, train: TrainConfig, characters: int, size: int, notes: tuple[str, ...]) -> None:
    measured = _measured()
    try:
        seen = time_estimate.characters_seen(model, train, characters, size, measured)
        a_pass = encoding.split_at(characters, train.validation_share)
        if not kinds.of(model).trained:
            st.markdown(f"It reads {seen:,} characters once, which takes seconds.")
            return
        steps = time_estimate.steps(train, characters)
    except CharlabError as error:
        st.warning(plain(str(error)))
        return
    takes = _time(model, train, characters, size, measured)
    words = [f"**{takes.capitalize()}.**"] if takes else []
    if seen is not None:
        passes = f", {seen / a_pass:,.1f} times the training set" if seen else ""
        words.append(f"The model will see {'about ' if train.minutes else ''}{_amount(seen)} characters{passes}.")
    words.append(
        f"An epoch has {steps:,} steps of {train.batch_size:,} rows of {train.sequence_length} characters."
    )
    st.markdown(" ".join(words))
    if measured and train.minutes is None:
        known = time_estimate.was_measured(model, train, measured)
        st.caption(
            "Based on earlier runs of this model on this machine."
            if known
            else "A rough estimate: this model has not run on this machine yet, so the speed of the most similar "
            "model was scaled by its operations per character. Small batches and dropout make training slower."
        )
    for note in notes:
        st.caption(plain(note))


def _time(
    model: ModelConfig, train: TrainConfig, characters: int, size: int, measured: list[MeasuredSpeed]
) -> str:
    """How long it takes; "" where a device trains it, which the browser measures."""
    try:
        seconds = time_estimate.estimate_seconds(model, train, characters, size, measured)
    except CharlabError:
        return "the text is too short"
    on_device = train.accelerator == devices.NAME
    if seconds is None:
        return "" if on_device else "time estimate available after the first run"
    words = time_estimate.duration(seconds)
    if not time_estimate.was_measured(model, train, measured):
        words = words.replace("about", "roughly")
    cap = limits.minutes_cap()
    if cap is not None and seconds > 60 * cap:
        early = ", before its learning rate has decayed" if train.learning_rate_schedule == "cosine" else ""
        stopped = f"but this server stops it after {limits.in_minutes(cap)}{early}: set a time budget instead"
        return f"{words} on this machine, {stopped}"
    return f"{words} on this {'device' if on_device else 'machine'}"


def _amount(characters: int) -> str:
    if characters >= 1e6:
        return f"{characters / 1e6:,.{0 if characters >= 1e8 else 1}f} M"
    return f"{characters / 1e3:.0f} k" if characters >= 1e4 else f"{characters:,}"


@st.cache_resource(show_spinner=False, ttl=20)
def _measured() -> list[MeasuredSpeed]:
    return time_estimate.measured_speeds(watch.runs())


def source_here(corpus: Corpus, model: ModelConfig) -> Source | None:
    """The text as the model reads it, or None where this machine lacks it."""
    return _named(corpus.name, model)


def _named(corpus: str, model: ModelConfig) -> Source | None:
    try:
        return _source(corpus, model.alphabet, model.lower_case, model.alphabet_limit)
    except CharlabError:
        return None


def facts_of(config: RunConfig) -> TextFacts:
    """A run's text as its model reads it: the form's own, where that has it too. Raises CorpusError where the text
    is not on this machine."""
    source = _named(config.corpus, config.model)
    if source and source.facts.sha256 == config.corpus_sha256:
        return source.facts
    return plan.text_facts(models.training_text(config, download=False), config.model)


@st.cache_resource(show_spinner=False, max_entries=3)
def _source(name: str, alphabet: str, lower_case: bool, alphabet_limit: int) -> Source:
    text = catalogue.load(name, paths=False, download=False)
    model = ModelConfig(alphabet=alphabet, lower_case=lower_case, alphabet_limit=alphabet_limit)
    facts = plan.text_facts(text, model)
    vocab, ids = facts.known_vocab(), facts.known_ids()
    counts = np.bincount(ids, minlength=len(vocab))[: vocab.unknown_id]
    return Source(facts, counts, text.text[:_BEGINNING])
