"""The translators of dates in Keras: their network, their learners and their batches, for the training loop.

LSTMs read whole windows by training/bptt.py, as language models do. `stock_network` is the same in Keras's own
layers, as the lecture puts them together.
Names in shape comments: B dates a batch, T characters read, L characters written, V characters that can be
written, E numbers of an embedding, U units.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from charlab.core.config import ModelConfig
from charlab.corpora import batch_means
from charlab.corpora.batching import ValidationRows
from charlab.errors import ConfigError
from charlab.labs.dates import data, decoding, network
from charlab.labs.dates.data import INPUT_IDS, LENGTH, OUTPUT_IDS, START, WRITTEN, Data
from charlab.labs.dates.network import BACKWARD, Translator, Version
from charlab.runs.store import RunConfig
from charlab.training import bptt, keras_networks
from charlab.training.learner import Learner
from charlab.training.learners import Learners
from charlab.training.tasks import Task

_SAMPLED = 1_000  # dates of the training set, evaluated after each epoch
_RISE = 10  # epochs until scheduled sampling gives the network only what it has written itself
_CLOSED = 1e4  # the sum inside a gate that opens it altogether; with a minus it closes it


class DateNetwork(keras_networks.Network):
    """Encoder and decoder: rows [B, T + L ...] of ids -> logits [B, L, V]."""

    def __init__(
        self,
        version: Version,
        config: ModelConfig,
        vocabulary_size: int,
        seeds: Iterator[int],
        policy: keras.DTypePolicy,
        use_manual_bptt: bool,
        embedding_range: float,
    ) -> None:
        super().__init__(config, vocabulary_size, seeds, policy)
        self.version = version
        for name, shape in network.shapes(version, config).items():
            initializer = _initializer(name, next(seeds), embedding_range)
            weight = self.add_weight(shape=shape, initializer=initializer, name=_attribute(name))
            setattr(self, _attribute(name), weight)
        self.built = True

    def named(self) -> dict[str, keras.Variable]:
        return {name: getattr(self, _attribute(name)) for name in network.shapes(self.version, self.config)}

    def start(self, rows: int) -> keras_networks.State:
        """An empty tuple: rows are independent."""
        return ()

    def call(
        self, rows: tf.Tensor, state: keras_networks.State = (), key: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, keras_networks.State]:
        """Read dates [B, T] and write, each character after the right one before it: rows are the dates in words,
        [B, T], their ISO form [B, L], and in training with scheduled sampling 1 where the network is given what it
        has written itself, [B, L - 1]. A key means training."""
        encoded = self.encode(rows[:, :LENGTH])
        right = rows[:, LENGTH : LENGTH + WRITTEN]
        if key is not None and self.version.samples:
            return self._write(encoded, right, rows[:, LENGTH + WRITTEN :] > 0), ()
        _, _, hidden, cell = encoded
        if self.version.repeats:
            x = tf.tile((hidden @ self._weight("decoder/kernel"))[None], (WRITTEN, 1, 1))  # [L, B, 4U]
            hidden, cell = tf.zeros_like(hidden), tf.zeros_like(cell)
        else:
            given = tf.concat([tf.fill((rows.shape[0], 1), START), right[:, :-1]], 1)
            x = self._looked_up("decoder", given, START + 1)
        states, _, _ = self._lstm("decoder", x, hidden, cell)  # [L, B, U]
        return self._logits(self._attend(tf.transpose(states, (1, 0, 2)), encoded)), ()

    def greedy(self, ids: tf.Tensor) -> tf.Tensor:
        """Translate dates, ids [B, T] -> ids [B, L], each character the most likely one after those before it."""
        logits = self._write(self.encode(ids), None, None)
        return _most_likely(logits)

    def encode(self, ids: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
        """Read ids [B, T] -> the states [B, T, U], where there are characters [B, T], and the last state and cell
        [B, U]. With attention padding changes nothing: its gates keep the cell as it is."""
        is_character = ids > 0
        is_last = is_character & ~tf.pad(is_character[:, 1:], [[0, 0], [0, 1]])
        parts = []
        for name in self.version.encoders:
            x = self._looked_up(name, ids, INPUT_IDS)  # [T, B, 4u]
            if self.version.attends:
                x = tf.where(tf.transpose(is_character)[:, :, None], x, _kept_as_it_is(x))
            x = x[::-1] if name == BACKWARD else x
            zeros = tf.zeros((ids.shape[0], x.shape[2] // 4), x.dtype)
            states, hidden, cell = self._lstm(name, x, zeros, zeros)
            if name == BACKWARD:
                states = states[::-1]
            elif self.version.attends:
                hidden = tf.einsum("bt,tbu->bu", tf.cast(is_last, states.dtype), states)
            parts.append((states, hidden, cell))
        states, hidden, cell = (tf.concat(part, -1) for part in zip(*parts, strict=True))
        return tf.transpose(states, (1, 0, 2)), is_character, hidden, cell

    def _write(
        self,
        encoded: tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor],
        right: tf.Tensor | None,
        is_own: tf.Tensor | None,
    ) -> tf.Tensor:
        """Write character by character, reading what was written: -> logits [B, L, V]. Where right characters
        [B, L] are given, they are read instead but where `is_own` [B, L - 1]."""
        _, _, hidden, cell = encoded
        given, logits = tf.fill(hidden.shape[:1], START), []
        repeated = hidden @ self._weight("decoder/kernel") if self.version.repeats else None
        if self.version.repeats:
            hidden, cell = tf.zeros_like(hidden), tf.zeros_like(cell)
        for position in range(WRITTEN):
            x = self._looked_up("decoder", given[:, None], START + 1)[0] if repeated is None else repeated
            hidden, cell = self._step(x, hidden, cell)
            logits.append(self._logits(self._attend(hidden[:, None], encoded))[:, 0])
            given = _most_likely(logits[-1])
            if right is not None and is_own is not None and position + 1 < WRITTEN:
                given = tf.where(is_own[:, position], given, right[:, position])
        return tf.stack(logits, 1)

    def _attend(self, states: tf.Tensor, encoded: tuple[tf.Tensor, ...]) -> tf.Tensor:
        """What the head reads of the decoder's states [B, L, U]: with attention, joined with the context."""
        if not self.version.attends:
            return states
        seen, is_character = encoded[:2]
        scores = tf.matmul(states, seen, transpose_b=True)  # [B, L, T]
        scores = tf.where(is_character[:, None], scores, tf.cast(-_CLOSED, scores.dtype))
        context = tf.nn.softmax(scores) @ seen  # [B, L, U]
        return tf.tanh(tf.concat([context, states], -1) @ self._weight("combine/kernel"))

    def _logits(self, states: tf.Tensor) -> tf.Tensor:
        """The head: states [..., U] -> logits [..., V], float32 whatever the rest is."""
        kernel, bias = (tf.cast(self._weight(f"head/{part}"), tf.float32) for part in ("kernel", "bias"))
        return tf.cast(states, tf.float32) @ kernel + bias

    def _looked_up(self, name: str, ids: tf.Tensor, number: int) -> tf.Tensor:
        """What characters add to the sums inside an LSTM's gates: ids [B, T] -> [T, B, 4U]."""
        side = "decoder" if name == "decoder" else "encoder"
        table = self._weight(f"{side}/embedding") @ self._weight(f"{name}/kernel")
        return tf.one_hot(tf.transpose(ids), number, dtype=table.dtype) @ table

    def _lstm(
        self, name: str, x: tf.Tensor, hidden: tf.Tensor, cell: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        return bptt.lstm(x, hidden, cell, self._weight(f"{name}/recurrent_kernel"), self._weight(f"{name}/bias"))

    def _step(self, x: tf.Tensor, hidden: tf.Tensor, cell: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The decoder's LSTM over one character: what it adds x [B, 4U], state and cell before -> after [B, U]."""
        sums = x + hidden @ self._weight("decoder/recurrent_kernel") + self._weight("decoder/bias")
        enter, forget, candidate, leave = tf.split(sums, 4, 1)
        cell = tf.sigmoid(forget) * cell + tf.sigmoid(enter) * tf.tanh(candidate)
        return tf.sigmoid(leave) * tf.tanh(cell), cell

    def _weight(self, name: str) -> tf.Tensor:
        return tf.cast(getattr(self, _attribute(name)).value, self.compute_dtype)


class DateLearner(Learner):
    """Learns rows of dates in words with their ISO form, by the cross-entropy of each character written."""

    version: Version

    def _build_network(self, model: ModelConfig, vocabulary_size: int, on_cpu: bool) -> keras_networks.Network:
        config = self.train_config
        make = partial(DateNetwork, self.version)
        return keras_networks.build(
            model, OUTPUT_IDS, config.seed, config.precision, on_cpu, config.embedding_range, make
        )

    def _losses(
        self, rows: tf.Tensor, state: keras_networks.State, key: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, tf.Tensor, keras_networks.State]:
        logits, state = self.network(rows, state, key=key)
        targets = rows[:, LENGTH : LENGTH + WRITTEN]
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
        return losses, tf.cast(_most_likely(logits) == targets, tf.float32), state


LEARNERS: dict[str, type[DateLearner]] = {  # by version: a kept learner is found again by its class
    name: type("DateLearner", (DateLearner,), {"version": version}) for name, version in network.VERSIONS.items()
}


class DateTask(Task):
    """Dates in an order that is drawn anew for each epoch; those that fill no batch wait for the next one."""

    def __init__(self, config: RunConfig, drawn: Data, version: Version) -> None:
        self._config, self._drawn, self._version = config, drawn, version
        self._rows, size = drawn.training.rows(), config.train.batch_size
        whole = len(self._rows) // size
        self.steps_per_epoch = min(whole, config.train.steps_per_epoch or whole)
        letters = sum(map(len, drawn.training.texts)) / len(self._rows)
        self.characters_per_step = round(size * (letters + WRITTEN))
        self.validation = _evaluated(drawn.validation.rows())
        self.sample = _evaluated(self._rows[:: len(self._rows) // _SAMPLED])
        self._order: tuple[int, np.ndarray] = (-1, np.empty(0, int))  # of an epoch

    def rows(self, step: int) -> np.ndarray:
        """Dates in words and in ISO form [B, T + L], and with scheduled sampling where the network is given its
        own characters [B, L - 1], with a probability that rises from 0 to 1 over ten epochs."""
        epoch, within = divmod(step, self.steps_per_epoch)
        seed, size = self._config.train.seed, self._config.train.batch_size
        if epoch != self._order[0]:
            self._order = epoch, np.random.default_rng([seed, epoch]).permutation(len(self._rows))
        rows = self._rows[self._order[1][within * size : (within + 1) * size]]
        if not self._version.samples:
            return rows
        uniforms = np.random.default_rng([seed, step, 1]).random((size, WRITTEN - 1))
        return np.column_stack([rows, uniforms < own_share(epoch)]).astype(np.int32)

    def more_figures(self, learner: Learner) -> dict[str, float]:
        """The share of the validation set's dates that the network translates without a fault by itself."""
        translator = Translator(self._version, self._config.model, learner.weights())
        written = decoding.write(translator, data.ids(self._drawn.validation.texts))
        return {"exact": decoding.exact_share(written, self._drawn.validation)}


def own_share(epoch: int) -> float:
    """With scheduled sampling (Bengio et al., 2015), how often the network reads what it has written itself in an
    epoch, counted from 0."""
    return min(1.0, epoch / _RISE)


def build(config: RunConfig, drawn: Data, learners: Learners) -> tuple[Task, Learner]:
    """The task of a run, and a learner at its beginning. Raises ConfigError where its version is not known."""
    version = network.find_version(config.preset)
    network.shapes(version, config.model)
    learner = learners.learner(config, OUTPUT_IDS, learner_class=LEARNERS[version.name])
    return DateTask(config, drawn, version), learner


def encoder_decoder(
    version: Version, read: int, given: int, written: int, embedding: int, units: int
) -> keras.Model:
    """Encoder and decoder in Keras's own layers, for any numbers of ids: those that are read, those that the
    decoder is given, and those that it may write. The lecture's general one has 100 of each, embeddings of 10 and
    LSTMs of 512: ids read [N, T] and ids before each character [N, L] -> probabilities [N, L, V]. With a repeated
    vector it takes only ids read."""
    layers = keras.layers
    x, before = keras.Input([None], dtype="int32"), keras.Input([None], dtype="int32")
    embedded = layers.Embedding(read, embedding, mask_zero=version.attends, name="encoder_embedding")(x)
    each = units // len(version.encoders)
    lstm: keras.layers.Layer = layers.LSTM(each, return_sequences=True, return_state=True, name="encoder")
    if version.reads_both_ways:
        lstm = layers.Bidirectional(lstm, name="encoder")
    seen, *states = lstm(embedded)
    hidden, cell = (states[i::2] for i in (0, 1))  # of each direction
    hidden, cell = (layers.Concatenate()(part) if len(part) > 1 else part[0] for part in (hidden, cell))
    decoder = layers.LSTM(units, return_sequences=True, name="decoder")
    if version.repeats:
        output = decoder(layers.RepeatVector(WRITTEN)(hidden))
    else:
        table = layers.Embedding(given, embedding, name="decoder_embedding")
        output = decoder(table(before), initial_state=[hidden, cell])
    if version.attends:
        context = layers.Attention(score_mode="dot")([output, seen])
        joined = layers.Concatenate()([context, output])
        output = layers.Dense(units, activation="tanh", use_bias=False, name="combine")(joined)
    probabilities = layers.Dense(written, activation="softmax", name="head")(output)
    return keras.Model(x if version.repeats else [x, before], probabilities)


def stock_network(version: Version, model: ModelConfig, weights: dict[str, np.ndarray]) -> keras.Model:
    """A trained translator in Keras's own layers: `encoder_decoder` with the weights of a run."""
    stock = encoder_decoder(version, INPUT_IDS, START + 1, OUTPUT_IDS, model.embedding, model.units)
    for layer in stock.layers:
        if layer.weights:
            layer.set_weights([weights[name] for name in _names(layer.name, version, weights)])
    return stock


def _names(layer: str, version: Version, weights: dict[str, np.ndarray]) -> list[str]:
    """The names of the weights that a layer of `encoder_decoder` has, in Keras's order."""
    if layer.endswith("_embedding"):
        return [layer.replace("_", "/")]
    parts = version.encoders if layer == "encoder" else (layer,)
    kinds = ("kernel", "recurrent_kernel", "bias")
    return [name for part in parts for kind in kinds if (name := f"{part}/{kind}") in weights]


def write_keras(path: Path, model: ModelConfig, weights: dict[str, np.ndarray]) -> None:
    """A .keras file of `stock_network`."""
    stock_network(network.version_of(model, weights), model, weights).save(path)


def predict_per_character(stock: keras.Model, rows: np.ndarray) -> np.ndarray:
    """The lecture's way to write: `predict` on everything once per character: ids [N, T] -> ids [N, L]."""
    given = np.full((len(rows), WRITTEN), START, np.int32)
    written = np.zeros((len(rows), WRITTEN), np.int32)
    for position in range(WRITTEN):
        written[:, position] = stock.predict([rows, given], verbose=0)[:, position, 1:].argmax(-1) + 1
        given[:, 1:] = written[:, :-1]
    return written


def compiled_greedy(version: Version, model: ModelConfig, weights: dict[str, np.ndarray]) -> Callable:
    """All characters in one compiled graph: a function of ids [N, T] -> ids [N, L], compiled at its first call."""
    make = partial(DateNetwork, version)
    translator = keras_networks.build(model, OUTPUT_IDS, network_class=make)
    keras_networks.load_arrays(translator, weights)
    return tf.function(translator.greedy, autograph=False, jit_compile=True)


@dataclass(frozen=True)
class Speeds:
    """How long it takes to write the same dates in two ways, in milliseconds (median), compiled before."""

    predict: float
    graph: float
    are_equal: bool  # whether both wrote the same

    @property
    def ratio(self) -> float:
        """How many times as long `predict` per character takes."""
        return self.predict / self.graph


def compare_speeds(
    version: Version, model: ModelConfig, weights: dict[str, np.ndarray], texts: Sequence[str], times: int = 5
) -> Speeds:
    """Measure `predict` per character against one compiled graph on some dates, each so many times. Raises
    ConfigError for a repeated vector, which is not given what it has written: one `predict` writes all."""
    if version.repeats:
        raise ConfigError(f"“{version.title}” writes all characters at once. Compare another version.")
    rows = data.ids(texts)
    stock, graph = stock_network(version, model, weights), compiled_greedy(version, model, weights)
    ways = (lambda: predict_per_character(stock, rows)), (lambda: graph(tf.constant(rows)).numpy())
    first, second = (way() for way in ways)  # compiles
    predict, together = (_milliseconds(way, number) for way, number in zip(ways, (times, 10 * times), strict=True))
    return Speeds(predict, together, bool((first == second).all()))


def _milliseconds(work: Callable[[], object], times: int) -> float:
    measured = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        measured.append(time.perf_counter() - began)
    return 1000 * float(np.median(measured))


def _evaluated(rows: np.ndarray) -> ValidationRows:
    """Dates to be evaluated, every character of whose ISO form counts."""
    # Dates are independent, so blocks of any of them give the standard error of the mean.
    blocks = np.arange(len(rows))[:, None] % batch_means.BLOCKS + np.zeros((1, WRITTEN), int)
    return ValidationRows(rows, np.ones((len(rows), WRITTEN), bool), blocks.astype(np.uint8))


def _most_likely(logits: tf.Tensor) -> tf.Tensor:
    """The ids of the most likely characters: logits [..., V] -> [...]. Padding is none."""
    return tf.argmax(logits[..., 1:], -1, output_type=tf.int32) + 1


def _kept_as_it_is(x: tf.Tensor) -> tf.Tensor:
    """What closes an LSTM's input gate and opens its forget gate, so that its cell stays as it is: [1, 1, 4U]."""
    U = x.shape[2] // 4
    return tf.constant(np.repeat([-_CLOSED, _CLOSED, 0, 0], U)[None, None], x.dtype)


def _attribute(name: str) -> str:
    return "weight_" + name.replace("/", "_")


def _initializer(name: str, seed: int, embedding_range: float) -> keras.Initializer:
    """As Keras's layers begin; an LSTM's forget gates with a bias of 1 (Jozefowicz et al., 2015)."""
    layer, part = name.split("/")
    if part == "embedding":
        return keras.initializers.RandomUniform(-embedding_range, embedding_range, seed=seed)
    if part == "kernel":
        return keras.initializers.GlorotUniform(seed=seed)
    if part == "recurrent_kernel":
        return keras.initializers.Orthogonal(seed=seed)
    return keras.initializers.Zeros() if layer == "head" else _forgetting_little


def _forgetting_little(shape: tuple[int, ...], dtype: str | None = None) -> tf.Tensor:
    return tf.constant(np.repeat([0, 1, 0, 0], shape[0] // 4), dtype or "float32")
