"""GPT-2 loaded: its network and its tokens, one copy for everyone. It generates by core/generation.py like every
other model; a text to explain is read here, all its tokens at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from charlab.core.reading import Reading, log_softmax
from charlab.corpora import downloads
from charlab.errors import CharlabError, UnavailableError
from charlab.files import Mark, mark
from charlab.labs.gpt2 import permission, weights
from charlab.labs.gpt2.download import SMALL, Source
from charlab.labs.gpt2.network import Gpt2
from charlab.labs.gpt2.tokens import TokenVocab
from charlab.runs import memory
from charlab.runs.permissions import Actor

MAX_TOKENS = 256  # of a text that is explained, where the network's context is not shorter
_ROWS = 16  # tokens whose probabilities are computed at once: all V of each, in double precision


@dataclass(frozen=True)
class LoadedGpt2:
    """A network, its vocabulary, and where both are from."""

    source: Source
    predictor: Gpt2
    vocab: TokenVocab

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits that say which weights these are."""
        return self.source.sha256[:12]


@dataclass(frozen=True)
class TokenReading(Reading):
    """What the network expected after each token. `text` has the tokens, where other Readings have characters."""

    text: tuple[str, ...]  # type: ignore[assignment]  # [T]
    attention: dict[str, np.ndarray]  # "block_0/attention" [H, T, T], as the Predictor's `activations`


def load(actor: Actor, source: Source = SMALL) -> LoadedGpt2:
    """The model that has been downloaded. Raises UnavailableError where it has not, where the actor may not use
    it, and where there is too little memory; ModelError where a file is damaged."""
    permission.check(actor)
    found, (merges, _) = mark(source.path), downloads.find(source.merges)
    if found is None or merges is None:
        how = "`charlab lab gpt2 download` downloads it"
        raise UnavailableError(f"The weights of GPT-2 are not on this machine yet: {how}. {source.about}")
    return _load(source, found, merges)


def is_loaded() -> bool:
    """Whether this process has loaded GPT-2."""
    return _load.cache_info().currsize > 0


def explain(model: LoadedGpt2, text: str) -> TokenReading:
    """What the network expected after each token of a text, and where its attention went. Raises CharlabError
    where the text is empty or too long."""
    if not text:
        raise CharlabError("There is no text to explain. Give at least one character.")
    ids = checked_ids(model.vocab, text, model.predictor.context)
    logits, attention = model.predictor.read(ids)
    return reading(model.vocab.split(text), ids, logits, attention)


def checked_ids(vocab: TokenVocab, text: str, context: int) -> np.ndarray:
    """The ids of a text that is explained: [T]. Raises CharlabError where it is too long."""
    ids, most = vocab.encode(text), min(MAX_TOKENS, context)
    if len(ids) > most:
        raise CharlabError(
            f"GPT-2 reads texts of up to {most} tokens here. This one has {len(ids):,}. Shorten it."
        )
    return ids


def reading(
    tokens: tuple[str, ...], ids: np.ndarray, logits: np.ndarray, attention: dict[str, np.ndarray]
) -> TokenReading:
    """As core.reading.explain has it, in less memory: single precision at the end, and a few rows at a time."""
    T = len(ids)
    probabilities, entropies = np.empty_like(logits), np.empty(T)
    actual, ranks = np.empty(T), np.empty(T)  # of the next token; the last one has none
    following = np.append(ids[1:], 0).astype(np.int64)
    for first in range(0, T, _ROWS):
        rows = slice(first, first + _ROWS)
        log_probabilities = log_softmax(logits[rows])  # [_ROWS, V]
        actual[rows] = np.take_along_axis(log_probabilities, following[rows, None], axis=1)[:, 0]
        ranks[rows] = 1 + (log_probabilities > actual[rows, None]).sum(axis=1)
        probabilities[rows] = np.exp(log_probabilities)
        entropies[rows] = -(probabilities[rows] * log_probabilities).sum(axis=1) / np.log(2)
    return TokenReading(
        text=tokens,
        logits=logits,
        probabilities=probabilities,
        next_ids=following[:-1],
        next_probabilities=np.exp(actual[:-1]),
        bits=-actual[:-1] / np.log(2),
        ranks=ranks[:-1],
        entropies=entropies,
        attention=attention,
    )


@lru_cache(maxsize=1)
def _load(source: Source, found: Mark, merges: bytes) -> LoadedGpt2:
    free = memory.free_bytes()
    if free is not None and free < source.aligned:
        raise UnavailableError(
            f"{source.title} takes {source.aligned / 1e6:,.0f} MB of memory, and {free / 1e6:,.0f} MB are free. "
            "Close other programs."
        )
    predictor = Gpt2(weights.read(source.path), source.network, source.tokens)
    return LoadedGpt2(source, predictor, TokenVocab(merges.decode("utf-8")))
