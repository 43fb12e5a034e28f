"""What can be chosen for a run of the sentiment lab: network, masking, texts, number of labels, word vectors."""

from __future__ import annotations

from dataclasses import dataclass

from charlab.core.config import ModelConfig, TrainConfig
from charlab.errors import ConfigError

TEXTS = {"sentences": 52, "reviews": 400}  # where texts come from, and how many words of each are read
LABELS = (100, 300, 1_000)  # training texts with a label, where not all are used
VECTORS = ("learned", "glove")
VECTOR_SIZE = 100  # numbers of a pretrained vector
_FEW_STEPS = 20  # an epoch of few labels: they are gone through several times


@dataclass(frozen=True)
class Network:
    """A network that reads words: what it is called, its layers, and how it is trained."""

    name: str
    title: str
    about: str
    takes: str  # its training on two cores, all labels
    model: ModelConfig  # of a mean, only the embedding is used
    train: TrainConfig
    recurrent: bool = True
    both_ways: bool = False  # a second GRU reads the text from its end
    longest: int | None = None  # words that it reads of a text, where fewer than the text has


def _train(**settings: object) -> TrainConfig:
    return TrainConfig().replace(**{"batch_size": 32, "sequence_length": TEXTS["sentences"]} | settings)


def _gru(**settings: object) -> ModelConfig:
    return ModelConfig(kind="gru").replace(**{"units": 32, "embedding": 32} | settings)


NETWORKS = {
    one.name: one
    for one in (
        Network(
            "gru",
            "GRU, 32 units",
            "It reads word by word and keeps a state of 32 numbers.",
            "about 20 seconds",
            _gru(input_dropout=0.5),
            _train(epochs=4, learning_rate=0.0005),
        ),
        Network(
            "mean",
            "Mean of word vectors",
            "It adds up what each word says by itself: the order of words does not matter.",
            "about 4 seconds",
            _gru(units=16, embedding=16),
            _train(epochs=4, learning_rate=0.003),
            recurrent=False,
        ),
        Network(
            "bidirectional",
            "Two GRUs, one from each end",
            "A second GRU reads the text backwards; both states are judged together.",
            "about half a minute",
            _gru(input_dropout=0.5),
            _train(epochs=4, learning_rate=0.0005),
            both_ways=True,
        ),
        Network(
            "lecture",
            "The lecture's: two layers of 128 units",
            "Word vectors of 128 numbers and two GRU layers: 1.6 million parameters.",
            "about a minute and a half",
            _gru(units=128, embedding=128, layers=2),
            _train(epochs=5),
            longest=64,
        ),
    )
}


@dataclass(frozen=True)
class Form:
    """The choices of one run. Raises ConfigError for what does not exist, or does not go together."""

    network: str = "gru"
    masked: bool = True
    texts: str = "sentences"
    labels: int = 0  # 0: all
    vectors: str = "learned"

    def __post_init__(self) -> None:
        _check("network", self.network, tuple(NETWORKS))
        _check("texts", self.texts, tuple(TEXTS))
        _check("vectors", self.vectors, VECTORS)
        if self.labels and not 20 <= self.labels <= 5_000:
            raise ConfigError(f"labels must be 0, for all, or 20 to 5000. Received: {self.labels}.")
        if self.vectors == "glove" and self.network != "mean":
            raise ConfigError(f"Pretrained vectors go with the network mean. Received: {self.network!r}.")

    @property
    def code(self) -> str:
        """The choices in one word, as a run's configuration has them: "gru", "mean-300-glove"."""
        parts = [self.network, "" if self.masked else "unmasked", "reviews" if self.texts == "reviews" else ""]
        parts += [str(self.labels or ""), "glove" if self.vectors == "glove" else ""]
        return "-".join(filter(None, parts))

    @classmethod
    def from_code(cls, code: str) -> Form:
        """The reverse of `code`. Raises ConfigError where it is none."""
        network, *more = code.split("-")
        labels = next((int(part) for part in more if part.isdecimal()), 0)
        form = cls(
            network,
            masked="unmasked" not in more,
            texts="reviews" if "reviews" in more else "sentences",
            labels=labels,
            vectors="glove" if "glove" in more else "learned",
        )
        if form.code != code:
            raise ConfigError(f"This run's network is not known here. Received: {code!r}.")
        return form

    @property
    def record(self) -> Network:
        """What its network is."""
        return NETWORKS[self.network]

    @property
    def title(self) -> str:
        """What a run of it is called."""
        parts = [
            self.record.title,
            "" if self.masked else "no masking",
            "" if self.texts == "sentences" else "reviews",
        ]
        parts += [f"{self.labels:,} labels" if self.labels else "", "GloVe" if self.vectors == "glove" else ""]
        return ", ".join(filter(None, parts))

    @property
    def model(self) -> ModelConfig:
        """The network's shape; pretrained vectors have a size of their own."""
        model = self.record.model
        return model.replace(embedding=VECTOR_SIZE, units=VECTOR_SIZE) if self.vectors == "glove" else model

    @property
    def train(self) -> TrainConfig:
        """How a run of it is trained."""
        changes: dict[str, object] = {}
        longest = self.record.longest or TEXTS[self.texts]
        changes["sequence_length"] = min(longest, TEXTS[self.texts])
        if self.texts == "reviews" and self.network == "mean":
            changes |= {"epochs": 4, "learning_rate": 0.005, "batch_size": 128}
        if self.labels:
            changes |= {"steps_per_epoch": _FEW_STEPS, "epochs": 10}
        if self.vectors == "glove":
            changes |= {"learning_rate": 0.01}
        return self.record.train.replace(**changes)


def _check(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ConfigError(f"{name} must be one of {', '.join(choices)}. Received: {value!r}.")
