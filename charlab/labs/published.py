"""GPT-2 among the models: listed, loaded and asked like the runs and the built-in ones.

It is no run: it has no training here, no epochs and no training text. Whoever lists or loads models for people
asks here.
"""

from __future__ import annotations

from charlab.core.config import TrainConfig
from charlab.core.reading import Reading
from charlab.labs import GPT2
from charlab.labs.gpt2 import download, permission
from charlab.labs.gpt2 import model as gpt2
from charlab.runs import models
from charlab.runs.models import Model, ModelInfo
from charlab.runs.permissions import OPERATOR, Actor
from charlab.runs.store import RunConfig, Status

NAME = GPT2
PROMPT = "This royal throne of kings, this sceptred isle"  # the lecture's
LECTURE = {"length": 40, "samples": 5, "temperature": 1.0, "top_p": 0.9}  # as it continues that
_WEB_TEXT = "WebText (8 million web pages, not published)"  # what it was trained on


class PublishedModel(Model):
    """A model that reads a text of tokens in one pass."""

    def check_text(self, text: str) -> None:
        gpt2.checked_ids(self.vocab, text, self.predictor.context)  # type: ignore[arg-type, attr-defined]

    def explain(self, text: str) -> Reading:
        return gpt2.explain(self, text)  # type: ignore[arg-type]  # it has what a LoadedGpt2 has

    def explain_logits(self, text: str, logits: object) -> Reading:
        vocab: gpt2.TokenVocab = self.vocab  # type: ignore[assignment]
        return gpt2.reading(vocab.split(text), vocab.encode(text), logits, {})  # type: ignore[arg-type]


def info() -> ModelInfo | None:
    """GPT-2 as a picker shows it, downloaded or not; None where it is switched off."""
    if permission.is_off():
        return None
    return ModelInfo(NAME, download.source().short_title, "published", "transformer", _WEB_TEXT, "done", None)


def survey() -> tuple[list[ModelInfo], list[str]]:
    """What `models.survey` says, with GPT-2 after the built-in models."""
    found, unreadable = models.survey()
    built_in = [one for one in found if one.where == "starter"]
    return [*built_in, *filter(None, [info()]), *found[len(built_in) :]], unreadable


def load(name: str, weights_name: str = "best", actor: Actor = OPERATOR) -> Model:
    """A model by its name, as `models.load`; GPT-2 for an actor who may use it. Raises UnavailableError."""
    if name != NAME:
        return models.load(name, weights_name)
    source = download.source()
    loaded = gpt2.load(actor, source)
    config = RunConfig(
        source.short_title, "", _WEB_TEXT, "", source.network, TrainConfig(seed_text=PROMPT), versions={}
    )
    status = Status("done")
    return PublishedModel(NAME, "best", loaded.predictor, loaded.vocab, config, status, loaded.digest, NAME)


def weight_names(name: str) -> list[str]:
    """The names of a model's weights. Raises ModelError where there is none of that name."""
    return ["best"] if name == NAME else models.find(name).weight_names()
