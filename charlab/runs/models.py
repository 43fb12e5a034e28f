"""Models by name: the built-in ones (starters), the runs of this server, or a path to either.

A starter is a run directory without its text, so both are loaded in the same way.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from charlab.core.predictor import Predictor, Weights, build_predictor
from charlab.core.reading import Reading, explain
from charlab.core.vocab import Vocab
from charlab.corpora import catalogue, stored_texts
from charlab.corpora.encoding import in_alphabet
from charlab.errors import CharlabError, CorpusError, ModelError, RunError
from charlab.runs import store, watch
from charlab.runs.store import Run, RunConfig, Status
from charlab.runs.watch import KnownRun

STARTERS = Path(__file__).resolve().parent.parent / "starters"


@dataclass(frozen=True)
class ModelInfo:
    """The facts of a model that a picker shows before it is loaded."""

    name: str  # what `load` takes
    title: str
    where: str  # "starter", "run", or "published": by others, such as GPT-2
    kind: str
    corpus: str
    state: str
    val_loss: float | None  # nats per character, on the validation set of its own corpus
    owner: str = ""
    created: float = 0.0  # when its run was created, in seconds since 1970

    @property
    def bits(self) -> float | None:
        """The validation loss in bits per character."""
        return None if self.val_loss is None else self.val_loss / math.log(2)


@dataclass(frozen=True)
class Model:
    """A loaded model: what reads and predicts, and what is known of its training."""

    name: str
    weights_name: str  # "best", "last" or "epoch-003"
    predictor: Predictor
    vocab: Vocab
    config: RunConfig
    status: Status
    digest: str  # twelve hexadecimal digits of a hash of these weights
    source: str = ""  # by which a writer loads it; "" for the path of its folder

    @property
    def seed_text(self) -> str:
        """The prompt that suits the model's training text."""
        return self.config.train.seed_text

    def read_prompt(self, text: str) -> str:
        """A prompt as this model reads it: letters in the form that its alphabet has. Its own stays as it is."""
        return text if text == self.seed_text else in_alphabet(text, self.vocab)

    def check_text(self, text: str) -> None:
        """Raises CharlabError where the text is too long to be explained by this model."""

    def explain(self, text: str) -> Reading:
        """What the model expected after each part of a text. Raises CharlabError for an empty one."""
        return explain(self.predictor, self.vocab, text)

    def explain_logits(self, text: str, logits: np.ndarray) -> Reading:
        """The same, where the logits after each part are known: [T, V]."""
        return explain(_Recorded(logits), self.vocab, text)


class _Recorded:
    """A predictor that returns logits [T, V] which were computed before, for one text."""

    def __init__(self, rows: np.ndarray) -> None:
        self._rows, self.vocabulary_size = rows, rows.shape[1]

    def start(self, samples: int) -> int:
        return 0

    def step(self, ids: np.ndarray, state: int) -> tuple[np.ndarray, int]:
        return self._rows[state : state + 1], state + 1


def available_models() -> list[ModelInfo]:
    """Every model that has weights and can be read: the starters, then the runs, newest first."""
    return survey()[0]


def survey() -> tuple[list[ModelInfo], list[str]]:
    """Every model that has weights, and a sentence on each whose run cannot be read."""
    found, unreadable = watch.listing().get(_of_runs)
    return [*watch.listing(STARTERS).get(_of_starters), *found], list(unreadable)


def load(name: str, weights_name: str = "best") -> Model:
    """A starter's name, a run's id or a path -> its predictor and vocabulary. Raises ModelError or RunError."""
    run = find(name)
    config, vocab, status = run.read()
    if config.task:
        raise ModelError(f"{run.called} is no language model: it belongs to the lab “{config.task}”.")
    weights_name = run.stored_weights_name(weights_name)
    weights = run.weights(weights_name)
    predictor = build_predictor(config.model, len(vocab), weights)
    return Model(name, weights_name, predictor, vocab, config, status, weights_digest(weights))


def find(name: str) -> Run:
    """The run directory of that name. Raises ModelError with the models there are."""
    for path in (STARTERS / name, store.runs_folder() / name, Path(name)):
        if name and store.is_run(path):
            return Run(path)
    there = ", ".join(info.name for info in available_models()) or "none"
    raise ModelError(f"There is no model {name!r}. Available models: {there}. Or give the path of a run's folder.")


def stamp(name: str) -> float:
    """When a model's weights were last written: a new value means that they must be loaded again."""
    run = find(name)
    return max(
        (run.weights_path(weights_name).stat().st_mtime for weights_name in run.weight_names()), default=0.0
    )


def training_text(config: RunConfig, download: bool = True) -> catalogue.Text:
    """The text that a model was trained on. Raises CorpusError where it is not there, or has changed."""
    if stored_texts.is_name(config.corpus) and stored_texts.find(config.corpus) is None:
        raise CorpusError(
            f"The text “{corpus_title(config)}”, which this run was made for, is no longer on this machine. Add "
            "the same text again: the run finds it by its content."
        )
    text = catalogue.load(config.corpus, download=download, sha256=config.corpus_sha256)
    if text.sha256 != config.corpus_sha256:
        raise CorpusError(
            f"The text “{corpus_title(config)}” is not the one that this run was made for (its checksum differs). "
            "Start a new run on the text as it is now."
        )
    return text


def corpus_title(config: RunConfig) -> str:
    """What people call the text that a model was trained on."""
    return catalogue.title_of(config.corpus, config.corpus_title)


def corpus_text(config: RunConfig) -> str | None:
    """The text that a model was trained on, where this machine has it unchanged; else None."""
    try:
        return training_text(config, download=False).text
    except CharlabError:
        return None


def weights_digest(weights: Weights) -> str:
    """The first twelve hexadecimal digits of SHA-256 over the weights and their names."""
    result = hashlib.sha256()
    for name in sorted(weights):
        result.update(name.encode("utf-8"))
        result.update(weights[name].tobytes())
    return result.hexdigest()[:12]


def _of_starters(starters: tuple[KnownRun, ...]) -> list[ModelInfo]:
    return [info for starter in reversed(starters) if (info := _info(starter, "starter"))]


def _of_runs(runs: tuple[KnownRun, ...]) -> tuple[list[ModelInfo], list[str]]:
    found, unreadable = [], []
    for run in watch.of_task(runs):
        try:
            if info := run.get(_run_info):
                found.append(info)
        except RunError as problem:
            unreadable.append(str(problem))
    return found, unreadable


def _run_info(run: KnownRun) -> ModelInfo | None:
    return _info(run, "run")


def _info(run: KnownRun, where: str) -> ModelInfo | None:
    """What a picker shows of a run; None where it has no weights. Raises RunError where it cannot be read."""
    if not run.weight_names():
        return None
    config, _, status = run.read()
    loss = status.results.get("best_val_loss")
    kind, corpus = config.model.kind, config.corpus
    return ModelInfo(run.id, config.name, where, kind, corpus, status.state, loss, config.owner, config.created)
