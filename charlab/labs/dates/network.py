"""Translators of dates in NumPy: an encoder reads the date in words, a decoder writes it in ISO form.

Both are LSTMs, computed by the step that core/recurrent.py writes out. The versions differ in what the decoder
learns of the date: the encoder's last state once, the same at every step, or by attention each of its states.
Names in shape comments: N dates, T characters read, L characters written, V characters that can be written, E
numbers of an embedding, U units.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from charlab.core.config import ModelConfig
from charlab.core.ops import dense, softmax
from charlab.core.recurrent import plain_lstm_step
from charlab.errors import ConfigError, ModelError
from charlab.labs.dates.data import INPUT_IDS, OUTPUT_IDS, START

MODEL = ModelConfig(kind="lstm", units=128, embedding=32)
FORWARD, BACKWARD = "encoder", "encoder_back"
Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Version:
    """One way to join encoder and decoder."""

    name: str
    title: str
    about: str
    repeats: bool = False  # the decoder reads the encoder's last state at every step, and nothing else
    attends: bool = False  # the decoder looks at all states of the encoder, which skips padding
    samples: bool = False  # in training it is given more and more often what it has written itself
    reads_both_ways: bool = False  # half of the encoder's units read the date from its end

    @property
    def encoders(self) -> tuple[str, ...]:
        """Names of the LSTMs that read the date; they share the units evenly."""
        return (FORWARD, BACKWARD) if self.reads_both_ways else (FORWARD,)


_ONE_WAY = (
    Version(
        "repeated",
        "Repeated vector",
        "The encoder's last state is all that the decoder is given, again at every step.",
        repeats=True,
    ),
    Version(
        "teacher",
        "Teacher forcing",
        "The decoder begins with the encoder's state and reads the character before: in training the right one.",
    ),
    Version(
        "scheduled",
        "Scheduled sampling",
        "As with teacher forcing, but in training it reads more and more often what it has written itself.",
        samples=True,
    ),
    Version(
        "attention",
        "Attention",
        "The decoder looks at every character of the date and weighs which of them matter now.",
        attends=True,
    ),
)


def _both_ways(version: Version) -> Version:
    return replace(
        version,
        name=f"{version.name}-bidirectional",
        title=f"{version.title}, bidirectional",
        about=f"{version.about} Half of the encoder reads the date backwards.",
        reads_both_ways=True,
    )


VERSIONS = {version.name: version for version in (*_ONE_WAY, *map(_both_ways, _ONE_WAY))}
# Of each version's recipe; the first is the lab's.
_EPOCHS = {"attention": 3, "teacher": 6, "scheduled": 12, "repeated": 10}
EPOCHS = _EPOCHS | {f"{name}-bidirectional": epochs for name, epochs in _EPOCHS.items()}


def find_version(name: str) -> Version:
    """The version of that name. Raises ConfigError with the names there are."""
    if name not in VERSIONS:
        raise ConfigError(f"There is no version {name!r}. Versions: {', '.join(VERSIONS)}.")
    return VERSIONS[name]


def version_of(model: ModelConfig, weights: dict[str, np.ndarray]) -> Version:
    """The first version that has weights of these names and shapes: networks that differ only in how they are
    trained are the same. Raises ModelError where there is none."""
    received = {name: array.shape for name, array in weights.items()}
    for version in VERSIONS.values():
        if model.units % len(version.encoders) == 0 and shapes(version, model) == received:
            return version
    raise ModelError("These weights are of no version of the lab's network. Choose a run of the dates lab.")


def shapes(version: Version, model: ModelConfig = MODEL) -> Shapes:
    """Every weight by name, with its shape. Raises ConfigError where two encoders cannot share the units."""
    E, U, each = model.embedding, model.units, model.units // len(version.encoders)
    if U % len(version.encoders):
        raise ConfigError(f"Two encoders share the units evenly: choose an even number. Received: {U}.")
    found: Shapes = {"encoder/embedding": (INPUT_IDS, E)}
    for encoder in version.encoders:
        found |= _lstm_shapes(encoder, E, each)
    if not version.repeats:
        found["decoder/embedding"] = (START + 1, E)
    found |= _lstm_shapes("decoder", U if version.repeats else E, U)
    if version.attends:
        found["combine/kernel"] = (2 * U, U)
    return found | {"head/kernel": (U, OUTPUT_IDS), "head/bias": (OUTPUT_IDS,)}


def _lstm_shapes(name: str, inputs: int, U: int) -> Shapes:
    parts = {"kernel": (inputs, 4 * U), "recurrent_kernel": (U, 4 * U), "bias": (4 * U,)}
    return {f"{name}/{part}": shape for part, shape in parts.items()}


def parameter_count(version: Version, model: ModelConfig = MODEL) -> int:
    """How many numbers training changes."""
    return sum(math.prod(shape) for shape in shapes(version, model).values())


@dataclass(frozen=True)
class Encoded:
    """What the encoder makes of dates: its state after each character, and after the last one."""

    states: np.ndarray  # [N, T, U]
    is_character: np.ndarray  # [N, T], False for padding
    hidden: np.ndarray  # [N, U]
    cell: np.ndarray  # [N, U]


@dataclass(frozen=True)
class State:
    """The decoder's state between two characters."""

    hidden: np.ndarray  # [N, U]
    cell: np.ndarray  # [N, U]
    encoded: Encoded

    def select(self, rows: np.ndarray) -> State:
        """The state of these rows, in this order; a row may come several times."""
        encoded = Encoded(**{name: array[rows] for name, array in vars(self.encoded).items()})
        return State(self.hidden[rows], self.cell[rows], encoded)


class Translator:
    """A trained network. Raises ModelError where weights are missing, or have other shapes."""

    start_id = START

    def __init__(self, version: Version, model: ModelConfig, weights: dict[str, np.ndarray]) -> None:
        wanted, received = shapes(version, model), {name: array.shape for name, array in weights.items()}
        if wrong := sorted(name for name in wanted | received if wanted.get(name) != received.get(name)):
            name = wrong[0]
            raise ModelError(
                f"The weights do not fit the lab's network: {name!r} should be {wanted.get(name, 'absent')}. "
                f"Received: {received.get(name, 'nothing')}."
            )
        self.version, self.model, self._weights = version, model, weights

    def read(self, ids: np.ndarray) -> State:
        """Read dates, ids [N, T] with padding only behind them: the state before the first character is written.

        With attention the encoder skips padding. Without it, as in the lecture, padding is read as a character: a
        date that is filled up to another length than in training ends in a state that the decoder does not know.
        """
        is_character = ids > 0
        lengths = is_character.sum(1) if self.version.attends else np.full(len(ids), ids.shape[1])
        x = self._weights["encoder/embedding"][ids]  # [N, T, E]
        parts = [self._encode(name, x, lengths) for name in self.version.encoders]
        states, hidden, cell = (np.concatenate(part, -1) for part in zip(*parts, strict=True))
        encoded = Encoded(states, is_character, hidden, cell)
        if self.version.repeats:  # the decoder's own state is empty: it reads the encoder's at each step
            return State(np.zeros_like(hidden), np.zeros_like(cell), encoded)
        return State(hidden, cell, encoded)

    def step(self, ids: np.ndarray, state: State) -> tuple[np.ndarray, State, np.ndarray | None]:
        """Read the character written last, ids [N] -> logits of the next one [N, V], the state after it, and with
        attention the weights of the characters read [N, T], whose sum is 1."""
        weights, encoded = self._weights, state.encoded
        x = encoded.hidden if self.version.repeats else weights["decoder/embedding"][ids]
        hidden, cell = plain_lstm_step(x, state.hidden, state.cell, *self._lstm("decoder"))
        output, attention = hidden, None
        if self.version.attends:
            attention = attend(hidden, encoded.states, encoded.is_character)
            context = np.einsum("nt,ntu->nu", attention, encoded.states)
            output = np.tanh(np.concatenate([context, hidden], -1) @ weights["combine/kernel"])
        logits = dense(output, weights["head/kernel"], weights["head/bias"])
        return logits, State(hidden, cell, encoded), attention

    def _encode(self, name: str, x: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Read x [N, T, E], of each row so many characters [N] -> the states after each character [N, T, U], and
        state and cell after the last one that is read [N, U]."""
        rows, T = np.arange(len(x))[:, None], x.shape[1]
        order = np.broadcast_to(np.arange(T), x.shape[:2])  # in which places are read
        if name == BACKWARD:
            order = np.where(order < lengths[:, None], lengths[:, None] - 1 - order, order)
            x = x[rows, order]
        lstm = self._lstm(name)
        hidden = cell = np.zeros((len(x), len(lstm[1])), np.float32)
        after = []
        for t in range(T):
            hidden, cell = plain_lstm_step(x[:, t], hidden, cell, *lstm)
            after.append((hidden, cell))
        states, cells = (np.stack(part, 1) for part in zip(*after, strict=True))  # [N, T, U]
        last = rows[:, 0], lengths - 1
        return states[rows, order], states[last], cells[last]  # an order that is reversed twice is the first one

    def _lstm(self, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        kernel, recurrent_kernel, bias = (
            self._weights[f"{name}/{part}"] for part in ("kernel", "recurrent_kernel", "bias")
        )
        return kernel, recurrent_kernel, bias


def attend(hidden: np.ndarray, states: np.ndarray, is_character: np.ndarray) -> np.ndarray:
    """Attention by dot products (Luong et al., 2015): the decoder's state [N, U], the encoder's [N, T, U] ->
    weights [N, T].

    Each row's sum is 1, and padding has exactly 0: its score is minus infinity.
    """
    scores = np.einsum("nu,ntu->nt", hidden, states)
    return softmax(np.where(is_character, scores, np.float32(-np.inf)))
