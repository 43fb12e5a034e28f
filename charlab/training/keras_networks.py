"""The networks of charlab.core in Keras, over whole windows, for training.

`call(ids [B, T], state, key) -> (logits [B, T, V], state)`. The hidden state goes in and comes out as an argument,
so that one training step serves every accelerator.
Names in shape comments: B rows, T characters a row, V ids, D numbers an input vector, U units, H heads.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf, sqrt

import keras
import numpy as np
import tensorflow as tf

from charlab.core.config import ModelConfig
from charlab.errors import ConfigError, ModelError
from charlab.training import bptt, fused_ops

State = tuple[tf.Tensor, ...]
EVALUATED = 16_384  # characters evaluated at once
_PARTS = ("kernel", "recurrent_kernel", "bias")
PLACES = 64  # more than any network here has layers of dropout: so the keys of two seeds never coincide


def build(
    config: ModelConfig,
    vocabulary_size: int,
    seed: int = 1,
    precision: str = "float32",
    use_manual_bptt: bool = False,
    embedding_range: float = 0.05,
    network_class: Callable[..., Network] | None = None,
) -> Network:
    """The Keras twin of a GRU, an LSTM or a Transformer, its weights drawn from `seed`; with `network_class` a
    network that has another head.

    With `use_manual_bptt` a GRU or an LSTM reads by bptt.py, which is faster on a CPU, in place of Keras's
    layers, which cuDNN takes over on a GPU. `embedding_range` is that of its embedding's first values, 0.05
    as with Keras's layer; a Transformer's are drawn otherwise. Call it inside the scope of the strategy that
    will train it. Raises ConfigError for an n-gram model.
    """
    if config.kind not in TWINS:
        raise ConfigError(f"Only networks have a Keras twin. Received: {config.kind!r}.")
    policy = keras.DTypePolicy(precision)
    twin, options = TWINS[config.kind], {"use_manual_bptt": use_manual_bptt, "embedding_range": embedding_range}
    make = network_class or twin.network
    return make(config, vocabulary_size, _seeds(seed), policy, **(options if twin.states else {}))


def to_arrays(network: Network) -> dict[str, np.ndarray]:
    """All weights by their names in `core.predictor.weight_shapes`, float32."""
    return {name: variable.numpy() for name, variable in network.named().items()}


def load_arrays(network: Network, arrays: dict[str, np.ndarray]) -> None:
    """Set all weights. Raises ModelError where a name or a shape is off."""
    named = network.named()
    for name in sorted(set(named) | set(arrays)):
        wanted = tuple(named[name].shape) if name in named else "absent"
        received = arrays[name].shape if name in arrays else "nothing"
        if wanted != received:
            raise ModelError(f"The weight {name!r} should be {wanted}. Received: {received}.")
    for name, variable in named.items():
        variable.assign(arrays[name])


def dropout_key(seed: int, step: tf.Tensor, replica: tf.Tensor | int, replicas: int) -> tf.Tensor:
    """What all random numbers of one step on one replica are made from: int64 [2].

    A key is a function of its arguments and of nothing that came before, so a resumed run draws what the
    uninterrupted one would have drawn.
    """
    place = tf.cast(step, tf.int64) * replicas + tf.cast(replica, tf.int64)
    return tf.stack([tf.constant(seed * PLACES, tf.int64), place])


def drop(x: tf.Tensor, rate: float, key: tf.Tensor | None, place: int, same_along: int | None = None) -> tf.Tensor:
    """Dropout (Srivastava et al., 2014): set a share of the values to zero, scale up the rest; not without a key.

    With `same_along` the time axis, the same numbers are dropped at each character (Gal and Ghahramani, 2016).
    """
    if key is None or rate == 0:
        return x
    shape = tf.stack([1 if axis == same_along else tf.shape(x)[axis] for axis in range(len(x.shape))])
    kept = tf.random.stateless_uniform(shape, key + tf.constant([place, 0], tf.int64)) >= rate
    return x * (tf.cast(kept, x.dtype) / tf.cast(1 - rate, x.dtype))


def reset_some(state: State, share: float, key: tf.Tensor) -> State:
    """The state with a share of its rows, drawn by the key, reset to zero."""
    if not state or share == 0:
        return state
    uniforms = tf.random.stateless_uniform(
        (tf.shape(state[0])[0], 1), key + tf.constant([PLACES - 1, 0], tf.int64)
    )
    return tuple(part * tf.cast(uniforms >= share, part.dtype) for part in state)


class Network(keras.Model, ABC):
    """What the networks share: the input table, the dense head, and weights by name."""

    def __init__(
        self, config: ModelConfig, vocabulary_size: int, seeds: Iterator[int], policy: keras.DTypePolicy
    ) -> None:
        super().__init__(dtype=policy)
        self.config, self.vocabulary_size = config, vocabulary_size

    @abstractmethod
    def named(self) -> dict[str, keras.Variable]:
        """Every weight by its name in `core.predictor.weight_shapes`."""

    @abstractmethod
    def start(self, rows: int) -> State:
        """The state before the first character."""

    def _one_hot(self, ids: tf.Tensor) -> tf.Tensor:
        """[B, T] -> [B, T, V]. Times a table it picks the table's rows; the gradient is then a plain product too,
        with one order of additions on every accelerator."""
        return tf.one_hot(ids, self.vocabulary_size, dtype=self.compute_dtype)

    def _head(self, width: int, initializer: keras.Initializer) -> keras.layers.Dense:
        """The last layer, in float32 whatever the rest is: a softmax of half-precision logits is too rough."""
        head = keras.layers.Dense(
            self.vocabulary_size, kernel_initializer=initializer, dtype="float32", name="head"
        )
        head.build((None, None, width))
        return head


class RecurrentNetwork(Network):
    """GRU or LSTM layers on one-hot or embedded characters."""

    def __init__(
        self,
        config: ModelConfig,
        vocabulary_size: int,
        seeds: Iterator[int],
        policy: keras.DTypePolicy,
        use_manual_bptt: bool,
        embedding_range: float,
    ) -> None:
        super().__init__(config, vocabulary_size, seeds, policy)
        self.use_manual_bptt = use_manual_bptt
        width = config.embedding or vocabulary_size
        self.embedding = None
        if config.embedding:
            uniform = keras.initializers.RandomUniform(-embedding_range, embedding_range, seed=next(seeds))
            self.embedding = self.add_weight(shape=(vocabulary_size, width), initializer=uniform, name="embedding")
        self.recurrent = []
        for _ in range(config.layers):
            self.recurrent.append(_recurrent_layer(config, seeds, policy))
            self.recurrent[-1].build((None, None, width))
            width = config.units
        self.head = self._head(width, keras.initializers.GlorotUniform(seed=next(seeds)))
        self.built = True

    def start(self, rows: int) -> State:
        """Zeros [B, U]: one array a layer for a GRU, two for an LSTM (hidden state and cell)."""
        arrays = self.config.layers * TWINS[self.config.kind].states
        return tuple(tf.zeros((rows, self.config.units), self.compute_dtype) for _ in range(arrays))

    def call(self, ids: tf.Tensor, state: State, key: tf.Tensor | None = None) -> tuple[tf.Tensor, State]:
        """Read windows: ids [B, T] -> logits [B, T, V] float32 and the state after them. A key means training."""
        if self.use_manual_bptt or (key is not None and self.config.recurrent_dropout):
            logits, state = self._read_with_manual_bptt(tf.transpose(ids), state, key)
            return tf.transpose(logits, (1, 0, 2)), state
        config, each = self.config, len(state) // self.config.layers
        x, after = self._one_hot(ids), []
        if self.embedding is not None:
            x = x @ self.embedding  # [B, T, D]
        for i, layer in enumerate(self.recurrent):
            x = drop(x, config.input_dropout, key, 2 * i, same_along=1)
            x, *layer_state = layer(x, initial_state=list(state[each * i : each * (i + 1)]))  # [B, T, U]
            after += layer_state
        x = drop(x, config.output_dropout, key, 2 * config.layers)
        return self.head(x), tuple(after)

    def _read_with_manual_bptt(
        self, ids: tf.Tensor, state: State, key: tf.Tensor | None
    ) -> tuple[tf.Tensor, State]:
        """The same by bptt.py, time first: ids [T, B] -> logits [T, B, V]."""
        config, each = self.config, len(state) // self.config.layers
        x, after = self._one_hot(ids), []
        for i, layer in enumerate(self.recurrent):
            kernel, recurrent_kernel, bias = (getattr(layer.cell, part).value for part in _PARTS)
            if i == 0 and self.embedding is not None:
                if key is None or not config.input_dropout:
                    kernel = self.embedding @ kernel  # [V, gates * U]: then a character's row is only picked
                else:
                    x = _product(x, self.embedding)  # [T, B, D]
            x = _product(drop(x, config.input_dropout, key, 2 * i, same_along=0), kernel)  # [T, B, gates * U]
            before = state[each * i : each * (i + 1)]
            mask = None
            if key is not None and config.recurrent_dropout:
                mask = drop(tf.ones_like(before[0]), config.recurrent_dropout, key, 2 * i + 1)
            x, *layer_state = TWINS[config.kind].read(x, *before, recurrent_kernel, bias, mask)
            after += layer_state  # and x is [T, B, U]
        return self.head(drop(x, config.output_dropout, key, 2 * config.layers)), tuple(after)

    def named(self) -> dict[str, keras.Variable]:
        result = {} if self.embedding is None else {"embedding": self.embedding}
        for i, layer in enumerate(self.recurrent):
            for part in _PARTS:
                result[f"layer_{i}/{part}"] = getattr(layer.cell, part)
        return result | {"head/kernel": self.head.kernel, "head/bias": self.head.bias}


def _product(x: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """x [T, B, D], kernel [D, G] -> [T, B, G], as one product."""
    T, B, D = x.shape
    return tf.reshape(tf.reshape(x, (T * B, D)) @ kernel, (T, B, kernel.shape[1]))


def _recurrent_layer(config: ModelConfig, seeds: Iterator[int], policy: keras.DTypePolicy) -> keras.layers.RNN:
    return TWINS[config.kind].layer(
        config.units,
        kernel_initializer=keras.initializers.GlorotUniform(seed=next(seeds)),
        recurrent_initializer=keras.initializers.Orthogonal(seed=next(seeds)),
        return_sequences=True,
        return_state=True,
        dtype=policy,
    )


class TransformerNetwork(Network):
    """Pre-norm decoder with learned positions (Radford et al., 2019). It has no state: it reads whole windows."""

    def __init__(
        self, config: ModelConfig, vocabulary_size: int, seeds: Iterator[int], policy: keras.DTypePolicy
    ) -> None:
        super().__init__(config, vocabulary_size, seeds, policy)
        D = config.units
        self.embedding = self.add_weight(shape=(vocabulary_size, D), initializer=_normal(seeds), name="embedding")
        self.position = self.add_weight(shape=(config.context, D), initializer=_normal(seeds), name="position")
        self.blocks = [Block(config, seeds, policy) for _ in range(config.layers)]
        self.norm = _layer_norm(D, policy)
        self.head = self._head(D, _normal(seeds))
        self.built = True

    def start(self, rows: int) -> State:
        """An empty tuple: there is no state."""
        return ()

    def call(self, ids: tf.Tensor, state: State = (), key: tf.Tensor | None = None) -> tuple[tf.Tensor, State]:
        """Read windows: ids [B, T], T at most `context` -> logits [B, T, V] float32. A key means training."""
        T = ids.shape[1]
        if T > self.config.context:
            raise ConfigError(f"Windows of {T} characters do not fit in a context of {self.config.context}.")
        x = self._one_hot(ids) @ self.embedding + self.position[:T]  # [B, T, D]
        x = drop(x, self.config.input_dropout, key, 0)
        for i, block in enumerate(self.blocks):
            x = block(x, key=key, place=1 + 2 * i)
        return self.head(self.norm(x)), ()

    def named(self) -> dict[str, keras.Variable]:
        result = {"embedding": self.embedding, "position": self.position}
        for i, block in enumerate(self.blocks):
            for part in ("attention", "projection", "expand", "contract"):
                dense = getattr(block, part)
                result |= {f"block_{i}/{part}/kernel": dense.kernel, f"block_{i}/{part}/bias": dense.bias}
            for part in ("norm_1", "norm_2"):
                norm = getattr(block, part)
                result |= {f"block_{i}/{part}/scale": norm.gamma, f"block_{i}/{part}/offset": norm.beta}
        result |= {"norm/scale": self.norm.gamma, "norm/offset": self.norm.beta}
        return result | {"head/kernel": self.head.kernel, "head/bias": self.head.bias}


class Block(keras.layers.Layer):
    """Attention over the characters before, then a small network for each character by itself; both are added."""

    def __init__(self, config: ModelConfig, seeds: Iterator[int], policy: keras.DTypePolicy) -> None:
        super().__init__(dtype=policy)
        D, self.heads, self.dropout = config.units, config.heads, config.output_dropout
        # What is added to the stream of numbers starts smaller the more blocks add to it, as in GPT-2.
        smaller = 1 / sqrt(2 * config.layers)
        self.norm_1, self.norm_2 = _layer_norm(D, policy), _layer_norm(D, policy)
        self.attention = _dense(D, 3 * D, _normal(seeds), policy)
        self.projection = _dense(D, D, _normal(seeds, smaller), policy)
        self.expand = _dense(D, 4 * D, _normal(seeds), policy)
        self.contract = _dense(4 * D, D, _normal(seeds, smaller), policy)
        self.built = True

    def call(self, x: tf.Tensor, key: tf.Tensor | None, place: int) -> tf.Tensor:
        x = x + drop(self._attend(self.norm_1(x)), self.dropout, key, place)  # [B, T, D]
        wide = fused_ops.gelu(self.expand(self.norm_2(x)))  # [B, T, 4D]
        return x + drop(self.contract(wide), self.dropout, key, place + 1)

    def _attend(self, x: tf.Tensor) -> tf.Tensor:
        T, D = x.shape[1:]
        split = tf.reshape(self.attention(x), (-1, T, 3, self.heads, D // self.heads))
        query, key, value = tf.unstack(tf.transpose(split, (2, 0, 3, 1, 4)))  # [B, H, T, D / H] each
        scores = tf.matmul(query, key, transpose_b=True) / sqrt(D // self.heads)  # [B, H, T, T]
        later = np.triu(np.ones((T, T), bool), 1)  # no character may look at what comes after it
        scores = tf.where(later, scores.dtype.min, scores)
        seen = tf.nn.softmax(scores) @ value  # [B, H, T, D / H]
        return self.projection(tf.reshape(tf.transpose(seen, (0, 2, 1, 3)), (-1, T, D)))


def _dense(
    inputs: int, units: int, initializer: keras.Initializer, policy: keras.DTypePolicy
) -> keras.layers.Dense:
    layer = keras.layers.Dense(units, kernel_initializer=initializer, dtype=policy)
    layer.build((None, None, inputs))
    return layer


class LayerNorm(keras.layers.LayerNormalization):
    """Keras's layer with the gradient written out; as there, float32 inside, whatever the precision."""

    def call(self, x: tf.Tensor) -> tf.Tensor:
        x, scale, offset = (tf.cast(part, tf.float32) for part in (x, self.gamma, self.beta))
        return tf.cast(fused_ops.layer_norm(x, scale, offset), self.compute_dtype)


def _layer_norm(width: int, policy: keras.DTypePolicy) -> LayerNorm:
    layer = LayerNorm(epsilon=fused_ops.EPSILON, dtype=policy)
    layer.build((None, None, width))
    return layer


def _normal(seeds: Iterator[int], factor: float = 1.0) -> keras.Initializer:
    return keras.initializers.RandomNormal(stddev=0.02 * factor, seed=next(seeds))


def _seeds(seed: int) -> Iterator[int]:
    """A seed for each weight, all from one."""
    generator = np.random.default_rng(seed)
    while True:
        yield int(generator.integers(2**31))


@dataclass(frozen=True)
class Twin:
    """What a kind of network is in Keras, and how a CPU trains it fastest (measured in docs/performance.md)."""

    network: Callable[..., Network]
    min_rows: int  # of a batch, for each core that works on its own
    max_units: float = inf  # up to which cores work on their own: more fill a core's cache
    use_xla: bool = False
    evaluated: int = EVALUATED  # characters at once: a recurrent network needs many rows, a Transformer the cache
    optimizes_graph: bool = True  # by Grappler before the first step: 2 s for a Transformer, for nothing
    layer: type[keras.layers.RNN] = keras.layers.RNN  # Keras's, where it has a hidden state
    read: Callable[..., tuple] = tuple  # the same by bptt.py
    states: int = 0  # arrays of a layer's hidden state


TWINS = {
    "gru": Twin(RecurrentNetwork, 16, 384, layer=keras.layers.GRU, read=bptt.gru, states=1),
    "lstm": Twin(RecurrentNetwork, 16, 384, layer=keras.layers.LSTM, read=bptt.lstm, states=2),
    "transformer": Twin(TransformerNetwork, 4, use_xla=True, evaluated=4_096, optimizes_graph=False),
}
