"""What a model is, how it is trained and how it writes: three frozen dataclasses, checked when they are made.

A setting is declared once, in its field: default, label, help, least and most or choices, and which kinds of model
use it. The Train page, the command line, the comparison of runs and the exported script read it from there.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from numbers import Real
from typing import Any, Self

from charlab.core.vocab import ALPHABET_LIMIT, MAX_ALPHABET
from charlab.errors import ConfigError

KINDS = ("gru", "lstm", "transformer", "ngram")  # a record of each is in kinds.py
RECURRENT, TRANSFORMER, NGRAM = ("gru", "lstm"), ("transformer",), ("ngram",)
TRAINED = (*RECURRENT, *TRANSFORMER)  # by gradients
ALPHABETS = ("corpus", "code-points")
BATCH_ORDERS = ("windows", "chunks", "streams")
SPLITS = ("end", "lines", "blocks")
OPTIMIZERS = ("adam", "adamw", "muon", "rmsprop", "sgd")
SCHEDULES = ("constant", "cosine")
PRECISIONS = ("float32", "mixed_float16", "mixed_bfloat16")
ACCELERATORS = ("auto", "cpu", "gpu", "mirrored", "tpu", "multi-worker", "device")

GROUPS = ("Network", "Data", "Optimisation")  # the headings of settings on the Train page


@dataclass(frozen=True)
class Setting:
    """What is declared of a field. `value_type`, `optional` and `default` are read from the field itself."""

    label: str  # with its unit, where it has one
    help: str
    limits: tuple[float, float] | None = None
    choices: tuple[str, ...] = ()
    kinds: tuple[str, ...] = KINDS  # of model that use it
    group: str = ""  # its heading on the Train page; "" where it is chosen elsewhere or not at all
    step: float = 0.05  # of its number on the Train page, where that is no whole one
    compared: bool = True  # whether runs that differ in it were trained differently
    limits_of: Mapping[str, tuple[float, float]] | None = None  # narrower ones, by kind
    off: tuple[float, ...] = ()  # numbers that mean None
    value_type: type = str
    optional: bool = False
    default: Any = None

    @property
    def is_special(self) -> bool:
        """Whether there are networks that do not use it."""
        return not set(TRAINED) <= set(self.kinds)


def setting(default: Any, label: str, help: str, *allowed: Any, **more: Any) -> Any:
    """A field with its declaration. Allowed are a least and a most, or the choices, where there are such."""
    if allowed:
        more["choices" if isinstance(allowed[0], str) else "limits"] = allowed
    return dataclasses.field(default=default, metadata={"setting": Setting(label, help, **more)})


@functools.cache
def settings(config: type) -> dict[str, Setting]:
    """The settings of a configuration by name, in the order in which they are declared."""
    types: dict[str, type] = {"int": int, "float": float, "bool": bool, "str": str, "tuple[float, ...]": tuple}
    found = {}
    for field in dataclasses.fields(config):
        name, *none = str(field.type).split(" | ")
        facts: dict[str, Any] = {"value_type": types[name], "optional": bool(none), "default": field.default}
        found[field.name] = dataclasses.replace(field.metadata["setting"], **facts)
    return found


@dataclass(frozen=True)
class _Config:
    """What the three have in common: their limits are checked, and they go to JSON and back."""

    def __post_init__(self) -> None:
        for name, declared in settings(type(self)).items():  # type: ignore[arg-type] # of a class's hash
            object.__setattr__(self, name, self._checked(name, declared, getattr(self, name)))
        self._check()

    def _checked(self, name: str, declared: Setting, value: Any) -> Any:
        """A setting's value in its declared type. Raises ConfigError where type or limits do not allow it."""
        wanted: type[Any] = declared.value_type
        is_number = isinstance(value, Real) and not isinstance(value, bool)
        if (value is None and declared.optional) or (is_number and value in declared.off):
            return None
        if wanted is tuple:
            if isinstance(value, str) or not isinstance(value, Iterable):
                raise ConfigError(f"{name} must be a list of numbers. Received: {value!r}.")
            one = dataclasses.replace(declared, value_type=float)
            return tuple(self._checked(name, one, number) for number in value)
        if wanted is float and is_number:
            value = float(value)
        if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
            raise ConfigError(f"{name} must be {_TYPE_WORDS[wanted]}. Received: {value!r}.")
        if declared.choices and value not in declared.choices:
            raise ConfigError(f"{name} must be one of {', '.join(declared.choices)}. Received: {value!r}.")
        kind, limits_of = getattr(self, "kind", ""), declared.limits_of or {}
        limits = limits_of.get(kind, declared.limits)
        if limits and not limits[0] <= value <= limits[1]:
            where = f" for kind {kind}" if kind in limits_of else ""
            least, most = limits
            raise ConfigError(f"{name} must lie between {least:g} and {most:g}{where}. Received: {value!r}.")
        return value

    def _check(self) -> None:
        """What no single field can tell."""

    def to_json(self) -> dict[str, Any]:
        """Every setting by name, as config.json has it."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """The reverse of `to_json`; missing settings get their defaults. Raises ConfigError for unknown ones."""
        known = {field.name for field in dataclasses.fields(cls)}
        unknown = sorted(set(data) - known)
        if unknown:
            raise ConfigError(f"There is no setting {unknown[0]!r}. There are: {', '.join(sorted(known))}.")
        return cls(**data)

    def replace(self, **changes: Any) -> Self:
        """The same with some settings changed, and checked again."""
        return self.from_json(self.to_json() | changes)


_TYPE_WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
_SEEDS, _SHARES, _SAMPLES, _LAYERS = (0, 2**31 - 1), (0, 0.95), (1, 64), dict.fromkeys(RECURRENT, (1, 4))
_network, _data, _learning = (partial(setting, kinds=TRAINED, group=group) for group in GROUPS)


@dataclass(frozen=True)
class ModelConfig(_Config):
    """A network's shape. Settings that a kind does not use are left at their defaults.

    In a recurrent network `input_dropout` is on each layer's input (one mask for a whole window, as Keras's own
    `dropout`), `recurrent_dropout` on its state (likewise), `output_dropout` on the last layer's output. In a
    Transformer they are on the embedding and on what each block adds; it has no `recurrent_dropout`.
    """

    kind: str = setting("gru", "Kind of model", "Recurrent (GRU, LSTM), Transformer or n-gram.", *KINDS)
    layers: int = _network(1, "Layers", "Layers stacked on one another.", 1, 12, limits_of=_LAYERS)
    units: int = _network(256, "Units", "Width of each layer: numbers per character.", 1, 4096)
    embedding: int = _network(
        64, "Embedding size", "Numbers per character at the input; 0: one-hot input.", 0, 4096, kinds=RECURRENT
    )
    heads: int = _network(4, "Attention heads", "They share the units evenly.", 1, 64, kinds=TRANSFORMER)
    context: int = _network(256, "Context (characters)", "How far back it can look.", 2, 4096, kinds=TRANSFORMER)
    order: int = _network(
        5, "Order (characters)", "Length of counted sequences, the next character included.", 1, 12, kinds=NGRAM
    )
    input_dropout: float = _network(0.0, "Input dropout", "Share of the input zeroed in training.", *_SHARES)
    output_dropout: float = _network(0.0, "Output dropout", "Share of the output zeroed in training.", *_SHARES)
    recurrent_dropout: float = _network(
        0.0, "Recurrent dropout", "Share of the hidden state zeroed in training.", *_SHARES, kinds=RECURRENT
    )
    alphabet: str = _data(
        "corpus", "Alphabet", "The text's own characters, or code points 0 to 254.", *ALPHABETS, kinds=KINDS
    )
    alphabet_limit: int = _data(
        ALPHABET_LIMIT,
        "Alphabet limit (characters)",
        "The text's most frequent ones; all others become one unknown character.",
        128,
        MAX_ALPHABET,
        kinds=KINDS,
    )
    lower_case: bool = _data(False, "Lowercase only", "Capitals are read as lowercase letters.", kinds=KINDS)

    def _check(self) -> None:
        if self.uses("heads") and self.units % self.heads:
            raise ConfigError(
                f"The heads share the units evenly, and {self.units} units cannot be divided among {self.heads} "
                "heads. Choose a number of heads that divides the units."
            )

    def uses(self, name: str) -> bool:
        """Whether a model of this kind, or its training, uses a setting."""
        return self.kind in SETTINGS[name].kinds


@dataclass(frozen=True)
class TrainConfig(_Config):
    """How a model is trained, for `epochs`, or for `minutes` from the first step to the last.

    `batches` says where in the text the rows of a batch lie: "windows" at random places, "chunks" (the text cut
    every `shift` characters, 0 meaning `sequence_length` + 1, and shuffled), or "streams" (`batch_size` places
    that are read on from, the hidden state carried along). `state_resets` is the share of these streams whose
    state is set back to zero: a network that never meets an empty state does not learn how to begin.
    `optimizer` "muon" turns the gradients of kernels into steps of equal length in all directions (Jordan et
    al., 2024), with momentum `beta_1`; embeddings, biases, norms and the head it leaves to AdamW.
    """

    epochs: int = setting(5, "Epochs", "Passes through the text.", 1, 10_000, kinds=TRAINED)
    minutes: float | None = setting(
        None, "Minutes", "Time from the first step to the last, in place of epochs.", 0.05, 10_000, kinds=TRAINED
    )
    patience: int | None = _learning(
        None, "Early stopping (epochs)", "Stop after this many without a lower validation loss.", 1, 1000
    )
    batch_size: int = _data(64, "Batch size", "Rows of text in a batch, over all devices together.", 1, 65_536)
    sequence_length: int = _data(64, "Sequence length (characters)", "Length of a row of text.", 1, 4096)
    batches: str = _data(
        "windows", "Batches", "Random windows, shuffled chunks, or parallel streams.", *BATCH_ORDERS
    )
    shift: int = _data(
        0, "Chunk shift (characters)", "From one chunk's start to the next; 0: end to end.", 0, 4096
    )
    steps_per_epoch: int = _data(
        0, "Steps per epoch", "Batches of random windows; 0: once through the text.", 0, 10_000_000
    )
    state_resets: float = _data(0.0, "State resets", "Share of the streams reset before each step.", 0, 1)
    optimizer: str = _learning("adam", "Optimiser", "How gradients become updates of the weights.", *OPTIMIZERS)
    learning_rate: float = _learning(
        1e-3, "Learning rate", "Size of each update of the weights.", 1e-7, 10, step=0.0005
    )
    learning_rate_schedule: str = _learning(
        "constant", "Learning rate schedule", "Constant, or falling along a cosine until the end.", *SCHEDULES
    )
    warm_up_steps: int = _learning(
        0, "Warm-up steps", "Steps over which the learning rate rises to its full value.", 0, 1_000_000
    )
    beta_1: float = _learning(
        0.9, "Beta 1", "Decay rate of the mean gradient, in Adam and Muon.", 0, 0.9999, step=0.01
    )
    beta_2: float = _learning(
        0.999, "Beta 2", "Decay rate of the mean squared gradient, in Adam.", 0, 0.99999, step=0.001
    )
    weight_decay: float = _learning(
        0.0, "Weight decay", "How strongly weights are pulled towards zero.", 0, 1, step=0.01
    )
    clip_norm: float | None = _learning(
        None, "Gradient norm limit", "Larger gradients are scaled down to it.", 1e-3, 1000, step=0.1
    )
    embedding_range: float = _learning(
        0.05, "Embedding range", "Embeddings start between minus and plus this.", 1e-6, 10, kinds=RECURRENT
    )
    validation_share: float = _data(0.1, "Validation share", "Share of text held out.", 0.01, 0.5, kinds=KINDS)
    split: str = _data("end", "Split", "Held out: the end, shuffled lines, or blocks.", *SPLITS, kinds=KINDS)
    precision: str = _learning("float32", "Precision", "Half precision is faster on most GPUs.", *PRECISIONS)
    accelerator: str = setting("auto", "Accelerator", "Where training runs.", *ACCELERATORS, kinds=TRAINED)
    seed: int = _learning(1, "Random seed", "The same seed gives the same run.", *_SEEDS)
    seed_text: str = setting("", "Prompt", "Samples generated during training continue it.", compared=False)


SETTINGS = settings(ModelConfig) | settings(TrainConfig)  # all that describe a run


@dataclass(frozen=True)
class SampleConfig(_Config):
    """How characters are chosen from a model's probabilities.

    temperature 0 always takes the most likely character; top_k keeps the k most likely ones, top_p the smallest
    set whose probabilities sum to at least p (nucleus sampling, Holtzman et al., 2020). Each sample has its own
    stream of random numbers, made from `seed` and the sample's index.

    `temperatures` compares temperatures: one sample for each, all with the first sample's random numbers, so that
    only temperature differs. `temperature` and `samples` are not used then.
    """

    length: int = setting(250, "Length (characters)", "Characters to generate.", 1, 100_000)
    samples: int = setting(1, "Samples", "Texts generated at once.", *_SAMPLES)
    temperature: float = setting(
        1.0,
        "Temperature",
        "Divides the logits before softmax. 0 = greedy, 1 = unchanged, above 1 = flatter.",
        0,
        100,
    )
    top_k: int | None = setting(None, "Top-k", "Only the k most likely characters; 0: off.", 1, 100_000, off=(0,))
    top_p: float | None = setting(
        None,
        "Top-p",
        "The smallest set of characters whose probabilities sum to at least p; 0 or 1: off.",
        1e-6,
        1,
        off=(0, 1),
    )
    seed: int = setting(1, "Random seed", "The same seed gives the same text.", *_SEEDS)
    temperatures: tuple[float, ...] = setting((), "Temperatures", "One sample for each, to compare them.", 0, 100)

    def _check(self) -> None:
        if (number := len(self.temperatures)) > _SAMPLES[1]:
            raise ConfigError(f"At most {_SAMPLES[1]} temperatures can be compared. Received: {number}.")

    @property
    def rows(self) -> int:
        """How many samples are written side by side: N in shape comments."""
        return len(self.temperatures) or self.samples

    def to_json(self) -> dict[str, Any]:
        """Every setting by name; `temperatures` only where there are any."""
        data = super().to_json() | {"temperatures": list(self.temperatures)}
        return data if self.temperatures else {name: data[name] for name in data if name != "temperatures"}
