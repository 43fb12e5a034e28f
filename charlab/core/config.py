"""What a model is, how it is trained and how it writes: three frozen dataclasses, checked when they are made.

Knows nothing of texts, files or networks. The presets, and where each comes from, are in presets.py.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Real
from typing import Any, ClassVar, Self

from charlab.errors import ConfigError

KINDS = ("gru", "lstm", "transformer", "ngram")
RECURRENT = ("gru", "lstm")
ALPHABETS = ("corpus", "code-points")
BATCH_SCHEDULES = ("windows", "chunks", "streams")
OPTIMIZERS = ("adam", "adamw", "muon", "rmsprop", "sgd")
LEARNING_RATE_SCHEDULES = ("constant", "cosine")
PRECISIONS = ("float32", "mixed_float16", "mixed_bfloat16")
ACCELERATORS = ("auto", "cpu", "gpu", "mirrored", "tpu", "multi-worker")


@dataclass(frozen=True)
class _Config:
    """What the three have in common: their limits are checked, and they go to JSON and back."""

    choices: ClassVar[dict[str, tuple]] = {}
    limits: ClassVar[dict[str, tuple[float, float]]] = {}

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = self._checked(field.name, str(field.type), getattr(self, field.name))
            object.__setattr__(self, field.name, value)
        self._check()

    def _checked(self, name: str, hint: str, value: Any) -> Any:
        """A setting's value in the type its hint names. Raises ConfigError where type or limits do not allow it."""
        if value is None and "None" in hint:
            return None
        if hint.startswith("tuple"):
            if isinstance(value, str) or not isinstance(value, Iterable):
                raise ConfigError(f"{name} must be a list of numbers. Received: {value!r}.")
            return tuple(self._checked(name, "float", number) for number in value)
        wanted: type[Any] = {"int": int, "float": float, "bool": bool, "str": str}[hint.split(" |")[0]]
        if wanted is float and isinstance(value, Real) and not isinstance(value, bool):
            value = float(value)
        if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
            raise ConfigError(f"{name} must be {_TYPE_WORDS[wanted]}. Received: {value!r}.")
        if name in self.choices and value not in self.choices[name]:
            raise ConfigError(f"{name} must be one of {', '.join(self.choices[name])}. Received: {value!r}.")
        if name in self.limits and not self.limits[name][0] <= value <= self.limits[name][1]:
            least, most = self.limits[name]
            raise ConfigError(f"{name} must lie between {least:g} and {most:g}. Received: {value!r}.")
        return value

    def _check(self) -> None:
        """What no single field can tell."""

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        known = {field.name for field in dataclasses.fields(cls)}
        unknown = sorted(set(data) - known)
        if unknown:
            raise ConfigError(f"There is no setting {unknown[0]!r}. There are: {', '.join(sorted(known))}.")
        return cls(**data)

    def replace(self, **changes: Any) -> Self:
        """The same with some settings changed, and checked again."""
        return self.from_json(self.to_json() | changes)


_TYPE_WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}


@dataclass(frozen=True)
class ModelConfig(_Config):
    """A network's shape. Settings that a kind does not use are left at their defaults.

    embedding 0 means one-hot input. `context` is the number of characters that a Transformer can look back;
    `order` the number of characters, the next one included, that an n-gram model counts.
    Dropouts are the shares of values set to zero while training. In a recurrent network `input_dropout` is on
    each layer's input (one mask for a whole window, as Keras's own `dropout`), `recurrent_dropout` on its state
    (likewise), `output_dropout` on the last layer's output. In a Transformer they are on the embedding and on
    what each block adds; it has no `recurrent_dropout`.
    """

    kind: str = "gru"
    layers: int = 1
    units: int = 256
    embedding: int = 64
    heads: int = 4
    context: int = 256
    order: int = 5
    input_dropout: float = 0.0
    output_dropout: float = 0.0
    recurrent_dropout: float = 0.0
    alphabet: str = "corpus"
    lower_case: bool = False

    choices: ClassVar = {"kind": KINDS, "alphabet": ALPHABETS}
    limits: ClassVar = {
        "layers": (1, 12), "units": (1, 4096), "embedding": (0, 4096), "heads": (1, 64), "context": (2, 4096),
        "order": (1, 12), "input_dropout": (0, 0.95), "output_dropout": (0, 0.95), "recurrent_dropout": (0, 0.95),
    }  # fmt: skip

    def _check(self) -> None:
        if self.kind in RECURRENT and self.layers > 4:
            raise ConfigError(f"A {self.kind.upper()} has one to four layers here. Received: {self.layers}.")
        if self.kind == "transformer" and self.units % self.heads:
            raise ConfigError(
                f"The heads share the units evenly: {self.units} units cannot be divided among {self.heads} heads."
            )


@dataclass(frozen=True)
class TrainConfig(_Config):
    """How a model is trained.

    The budget is `epochs`, or `minutes` of wall-clock from the command's start to saved weights, or, with
    `patience`, at most so many epochs, ending when validation has not improved for `patience` of them.

    `batches` is the schedule that says where in the text the rows of a batch lie: "windows" at random places,
    "chunks" (the text cut every `shift` characters, 0 meaning `sequence_length` + 1, and shuffled), or
    "streams" (`batch_size` places that are read on from, the hidden state carried from batch to batch).
    `state_resets` is the share of these streams, drawn anew before each step, whose state is set back to zero: a
    network that never meets an empty state while it learns does not know how to begin.
    `steps_per_epoch` 0 means once through the text. `batch_size` is the global batch, over all replicas.
    `optimizer` "muon" turns what the gradients of a layer's kernel ask for into a step of equal length in all
    directions (Jordan et al., 2024), with `beta_1` for its momentum; embeddings, biases, norms and the head it
    leaves to AdamW with both betas.
    `embedding_range`: before training, a recurrent network's embedding has numbers from minus to plus this.
    """

    epochs: int = 5
    minutes: float | None = None
    patience: int | None = None
    batch_size: int = 64
    sequence_length: int = 64
    batches: str = "windows"
    shift: int = 0
    steps_per_epoch: int = 0
    state_resets: float = 0.0
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    learning_rate_schedule: str = "constant"
    warm_up_steps: int = 0
    beta_1: float = 0.9
    beta_2: float = 0.999
    weight_decay: float = 0.0
    clip_norm: float | None = None
    embedding_range: float = 0.05
    validation_share: float = 0.1
    precision: str = "float32"
    accelerator: str = "auto"
    seed: int = 1
    seed_text: str = ""

    choices: ClassVar = {
        "batches": BATCH_SCHEDULES, "optimizer": OPTIMIZERS, "learning_rate_schedule": LEARNING_RATE_SCHEDULES,
        "precision": PRECISIONS, "accelerator": ACCELERATORS,
    }  # fmt: skip
    limits: ClassVar = {
        "epochs": (1, 10_000), "minutes": (0.05, 10_000), "patience": (1, 1000), "batch_size": (1, 65_536),
        "sequence_length": (1, 4096), "shift": (0, 4096), "steps_per_epoch": (0, 10_000_000),
        "state_resets": (0, 1),
        "learning_rate": (1e-7, 10), "warm_up_steps": (0, 1_000_000), "beta_1": (0, 0.9999),
        "beta_2": (0, 0.99999), "embedding_range": (1e-6, 10),
        "weight_decay": (0, 1), "clip_norm": (1e-3, 1000), "validation_share": (0.01, 0.5),
        "seed": (0, 2**31 - 1),
    }  # fmt: skip


@dataclass(frozen=True)
class SampleConfig(_Config):
    """How characters are chosen from a model's probabilities.

    temperature 0 always takes the most likely character; top_k keeps the k most likely ones, top_p the smallest
    set whose probabilities sum to at least p (nucleus sampling, Holtzman et al., 2020). Each sample has its own
    stream of random numbers, made from `seed` and the sample's index.

    `temperatures` compares temperatures: one sample for each, all with the first sample's random numbers, so that
    only temperature differs. `temperature` and `samples` are not used then.
    """

    length: int = 250
    samples: int = 1
    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    seed: int = 1
    temperatures: tuple[float, ...] = ()

    limits: ClassVar = {
        "length": (1, 100_000), "samples": (1, 64), "temperature": (0, 100), "top_k": (1, 100_000),
        "top_p": (1e-6, 1), "seed": (0, 2**31 - 1), "temperatures": (0, 100),
    }  # fmt: skip

    def _check(self) -> None:
        most = self.limits["samples"][1]
        if len(self.temperatures) > most:
            raise ConfigError(f"At most {most} temperatures can be compared. Received: {len(self.temperatures)}.")

    @property
    def rows(self) -> int:
        """How many samples are written side by side: N in shape comments."""
        return len(self.temperatures) or self.samples

    def to_json(self) -> dict[str, Any]:
        """Every setting by name; `temperatures` only where there are any."""
        data = super().to_json() | {"temperatures": list(self.temperatures)}
        return data if self.temperatures else {name: data[name] for name in data if name != "temperatures"}
