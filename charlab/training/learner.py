"""A network, its optimizer and the compiled steps that train and evaluate it, on any strategy.

One `strategy.run` around one GradientTape step serves a CPU, a GPU, several, a TPU and several machines. Every
worker gets the whole batch, which is a few kilobytes, and each replica takes its rows by its number: so batches do
not depend on the strategy.
Names in shape comments: B rows a global batch, T characters a row, L characters a validation row.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import partial
from hashlib import sha256

import keras
import numpy as np
import tensorflow as tf

from charlab.core.config import ModelConfig, TrainConfig
from charlab.corpora import batch_means
from charlab.corpora.batching import ValidationRows
from charlab.errors import ConfigError, RunError
from charlab.training import keras_networks, strategies
from charlab.training.optimizers import make_optimizer


class Learner:
    """Everything that training changes: weights, optimizer state, and with "streams" the hidden state."""

    def __init__(
        self,
        model_config: ModelConfig,
        train_config: TrainConfig,
        vocabulary_size: int,
        strategy: tf.distribute.Strategy | None = None,
        skips_unknown: bool = False,
    ) -> None:
        """With `skips_unknown`, targets that are the unknown character are left out of loss, accuracy and
        gradients, as evaluation leaves them out. It costs a little: only for texts that have such characters."""
        self.train_config, self.strategy = train_config, strategy or tf.distribute.get_strategy()
        self.skips_unknown, self._unknown_id = skips_unknown, vocabulary_size - 1
        self.replicas = self.strategy.num_replicas_in_sync
        if train_config.batch_size % self.replicas:
            fitting = max(1, train_config.batch_size // self.replicas) * self.replicas
            raise ConfigError(
                f"{self.replicas} replicas share a batch evenly: choose a batch_size of {fitting}, for example. "
                f"Received: {train_config.batch_size}."
            )
        with self.strategy.scope():
            on_cpu = strategies.is_cpu(self.strategy)
            self.network = self._build_network(model_config, vocabulary_size, on_cpu)
            self.optimizer = self._build_optimizer()
            self.optimizer.build(self.network.trainable_variables)
        self.groups = row_groups(model_config, train_config.batch_size) if on_cpu and self.replicas == 1 else 1
        # XLA speeds up a Transformer whose rows stay together, and slows down recurrent networks; on a TPU, XLA
        # compiles everything already.
        is_tpu = isinstance(self.strategy, tf.distribute.TPUStrategy)
        twin = keras_networks.TWINS[model_config.kind]
        self._jit = twin.use_xla and self.groups == 1 and not is_tpu
        self._evaluated = twin.evaluated if on_cpu else keras_networks.EVALUATED
        self._optimizes_graph = twin.optimizes_graph or not on_cpu
        self._set_grappler()
        self._compile()
        self._state = self._start_state()
        self._is_untrained = True
        self._untrained: dict[bytes, tuple[float, float, float | None]] = {}  # results of `evaluate`, by its rows

    # What a lab's learner has of its own

    def _build_network(self, model: ModelConfig, vocabulary_size: int, on_cpu: bool) -> keras_networks.Network:
        config = self.train_config
        return keras_networks.build(
            model, vocabulary_size, config.seed, config.precision, on_cpu, config.embedding_range
        )

    def _build_optimizer(self) -> keras.Optimizer:
        return make_optimizer(self.train_config)

    def _losses(
        self, rows: tf.Tensor, state: keras_networks.State, key: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, tf.Tensor, keras_networks.State]:
        """The loss of each prediction in nats and 1 where it is right, [_, T] each, and the state after rows
        [_, T + 1]. A key means training."""
        inputs, targets = rows[:, :-1], rows[:, 1:]
        logits, state = self.network(inputs, state, key=key)  # [_, T, V]
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
        return losses, tf.cast(_most_likely(logits) == targets, tf.float32), state

    def _counted(self, rows: tf.Tensor) -> tf.Tensor | None:
        """Which predictions of rows [_, T + 1] count in training, bool [_, T]; None where all do."""
        return rows[:, 1:] != self._unknown_id if self.skips_unknown else None

    # Training

    def step(self, rows: np.ndarray, step: int, rate: float) -> tf.Tensor:
        """One step on rows [B, T + 1] at a learning rate: float32 [2], mean loss in nats and accuracy; with
        `skips_unknown` float32 [3], the third being how many targets they are means over.

        The tensor returned may still be under way: reading it waits for the step.
        """
        self._is_untrained = False
        self.optimizer.learning_rate = rate
        figures, state = self._take_step(rows, step)
        if self.train_config.batches == "streams":
            self._state = state
        return figures

    def _take_step(self, rows: np.ndarray, step: int) -> tuple[tf.Tensor, keras_networks.State]:
        return self._train(tf.constant(rows), self._state, tf.constant(step, tf.int64))

    def reset_state(self) -> None:
        """Set the hidden state to that before the first character."""
        self._state = self._start_state()

    def begin_again(self, arrays: dict[str, np.ndarray], train_config: TrainConfig) -> None:
        """Set everything that training changes to `arrays`, those that it had when it was made. The configuration
        may differ from the one before only in what the compiled steps do not contain."""
        self._set_grappler()
        self.load(arrays)
        self.optimizer.learning_rate = train_config.learning_rate
        self.train_config = train_config
        self.reset_state()
        self._is_untrained = True

    @contextmanager
    def rehearsing(self, rows: np.ndarray) -> Iterator[None]:
        """Within it, the step is traced and compiled in another thread, unless that is done, by taking one on rows
        [B, T + 1]. Tracing takes one core, and an evaluation meanwhile what is left.

        Its learning rate is 0: no weight changes, and at the end everything else is set back. Replicas would have
        to take turns in what they share with each other: with several, the first step is the one that is traced.
        """
        if self.replicas > 1 or self._train.experimental_get_tracing_count():
            yield
            return
        beginning = self.arrays()
        self.optimizer.learning_rate = 0.0
        with ThreadPoolExecutor(1) as meanwhile:
            try:
                step = meanwhile.submit(self._take_step, rows, 0)
                yield
                step.result()
            finally:
                wait([step])
                self.begin_again(beginning, self.train_config)

    # Evaluation

    def evaluate(
        self, rows: ValidationRows, before_batch: Callable[[], None] = lambda: None
    ) -> tuple[float, float, float | None]:
        """Mean loss in nats, accuracy, and the loss's standard error, over all characters that count. Those of the
        untrained network are computed once for the same rows. What `before_batch` raises ends the evaluation."""
        if not self._is_untrained:
            return self._evaluate_rows(rows, before_batch)
        key = sha256(b"".join(array.tobytes() for array in (rows.ids, rows.counts, rows.blocks))).digest()
        if key not in self._untrained:
            self._untrained[key] = self._evaluate_rows(rows, before_batch)
        return self._untrained[key]

    def _evaluate_rows(
        self, rows: ValidationRows, before_batch: Callable[[], None]
    ) -> tuple[float, float, float | None]:
        parts, counts, at_once = (rows.ids, rows.counts, rows.blocks), rows.counts, self._evaluated_at_once(rows)
        missing = -len(counts) % at_once  # rows that fill up the last batch and do not count
        padded = [np.pad(array, ((0, missing), (0, 0))) for array in parts]
        sums = np.zeros(2 + batch_means.BLOCKS)
        for first in range(0, len(padded[0]), at_once):
            before_batch()
            sums += self._evaluate(*(tf.constant(array[first : first + at_once]) for array in padded)).numpy()
        loss, accuracy = sums[:2] / rows.characters
        of_blocks = np.bincount(rows.blocks[counts], minlength=batch_means.BLOCKS)
        return float(loss), float(accuracy), batch_means.standard_error(sums[2:], of_blocks)

    def trace_evaluation(self, rows: ValidationRows) -> None:
        """Trace and compile the evaluation of such rows, unless that is done."""
        at_once = self._evaluated_at_once(rows)
        parts = (rows.ids, rows.counts, rows.blocks)
        self._evaluate.get_concrete_function(*(tf.TensorSpec((at_once, *p.shape[1:]), p.dtype) for p in parts))

    def _evaluated_at_once(self, rows: ValidationRows) -> int:
        """How many rows are evaluated at once: as many for each replica and group."""
        together = self.replicas * self.groups
        most = max(1, self._evaluated // rows.counts.shape[1] // together) * together
        return min(most, -(-len(rows.counts) // together) * together)

    # Going to disk and back

    def weights(self) -> dict[str, np.ndarray]:
        """The network's weights by their names in `core.predictor.weight_shapes`, float32."""
        return keras_networks.to_arrays(self.network)

    def arrays(self) -> dict[str, np.ndarray]:
        """Everything that a resumed run needs, as arrays by name. On several machines, all must call it."""
        result = {f"model/{name}": array for name, array in self.weights().items()}
        for i, variable in enumerate(self.optimizer.variables):
            result[f"optimizer/{i}"] = np.atleast_1d(variable.numpy())  # a scalar becomes an array of one
        if self.train_config.batches == "streams":
            for i, part in enumerate(self._as_float32(self._state)):
                result[f"state/{i}"] = self.strategy.gather(part, axis=0).numpy()  # [B, U]
        return result

    def load(self, arrays: dict[str, np.ndarray]) -> None:
        """Restore what `arrays` returned. Raises RunError where names or shapes differ from this learner's."""
        self._is_untrained = False
        wanted = {name: array.shape for name, array in self.arrays().items()}
        if wanted != {name: array.shape for name, array in arrays.items()}:
            raise RunError("The checkpoint does not fit the run's configuration. Start a new run.")
        keras_networks.load_arrays(self.network, {name: arrays[f"model/{name}"] for name in self.network.named()})
        for i, variable in enumerate(self.optimizer.variables):
            variable.assign(arrays[f"optimizer/{i}"].reshape(variable.shape))
        if self.train_config.batches == "streams":
            self._state = self._spread(tuple(tf.constant(arrays[f"state/{i}"]) for i in range(len(self._state))))

    def share(self, values: np.ndarray) -> np.ndarray:
        """The chief's values on every machine; with one machine, the values as they are."""
        if not strategies.is_multi_worker(self.strategy):
            return values
        return self.strategy.experimental_local_results(self._share(tf.constant(values)))[0].numpy()

    # The compiled steps

    def _set_grappler(self) -> None:
        """Whether Grappler works on the steps before they are first taken: for the whole process, so each learner
        says it when it begins."""
        tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": not self._optimizes_graph})

    def _compile(self) -> None:
        """Compile the replica's steps. All arguments that change are tensors: each step is traced once.

        No step branches on a tensor's value, so autograph, which takes a second, is off.
        """
        strategy, function = self.strategy, partial(tf.function, autograph=False)
        self._gradients = function(self._replica_gradients, jit_compile=True if self._jit else None)
        self._evaluate_group = function(self._replica_evaluate_group, jit_compile=True if self._jit else None)

        @function
        def train(
            rows: tf.Tensor, state: keras_networks.State, step: tf.Tensor
        ) -> tuple[tf.Tensor, keras_networks.State]:
            figures, state = strategy.run(self._replica_step, (rows, state, step))
            return strategy.reduce("SUM", figures, axis=None), state

        @function
        def evaluate(ids: tf.Tensor, counts: tf.Tensor, blocks: tf.Tensor) -> tf.Tensor:
            return strategy.reduce("SUM", strategy.run(self._replica_evaluate, (ids, counts, blocks)), axis=None)

        @function
        def spread(state: keras_networks.State) -> keras_networks.State:
            return strategy.run(lambda parts: tuple(self._replica_rows(part) for part in parts), (state,))

        @function
        def as_float32(state: keras_networks.State) -> keras_networks.State:
            return strategy.run(lambda parts: tuple(tf.cast(part, tf.float32) for part in parts), (state,))

        @function
        def share(values: tf.Tensor) -> tf.Tensor:
            return strategy.run(_from_first_replica, (values,))

        self._train, self._evaluate = train, evaluate
        self._spread_rows, self._as_float32, self._share = spread, as_float32, share

    def _replica_step(
        self, rows: tf.Tensor, state: keras_networks.State, step: tf.Tensor
    ) -> tuple[tf.Tensor, keras_networks.State]:
        context, groups = tf.distribute.get_replica_context(), self.groups
        first, places = context.replica_id_in_sync_group * groups, self.replicas * groups
        keys = [keras_networks.dropout_key(self.train_config.seed, step, first + i, places) for i in range(groups)]
        if self.train_config.batches == "streams":
            state = keras_networks.reset_some(state, self.train_config.state_resets, keys[0])
        weight = self._weight_of_targets(rows)
        figures, state, gradients = self._gradients_of_groups(self._replica_rows(rows), state, keys, weight)
        # Summed over replicas before the optimizer sees them, so that all clip by the same norm and stay equal.
        gradients = context.all_reduce(tf.distribute.ReduceOp.SUM, gradients)
        self.optimizer.apply(gradients, self.network.trainable_variables)
        return figures, state

    def _gradients_of_groups(
        self, rows: tf.Tensor, state: keras_networks.State, keys: list[tf.Tensor], weight: float | tf.Tensor
    ) -> tuple[tf.Tensor, keras_networks.State, list[tf.Tensor]]:
        """One key per group of rows. The groups' graphs share only the weights: each core works on one."""
        groups = len(keys)
        states = list(zip(*(tf.split(part, groups) for part in state), strict=True)) or [()] * groups
        parts = zip(tf.split(rows, groups), states, keys, strict=True)
        figures, after, gradients = zip(*(self._gradients(*part, weight) for part in parts), strict=True)
        state = tuple(tf.concat(part, 0) for part in zip(*after, strict=True))
        return tf.add_n(figures), state, [tf.add_n(of_one) for of_one in zip(*gradients, strict=True)]

    def _weight_of_targets(self, rows: tf.Tensor) -> float | tf.Tensor:
        """What each target that counts adds to the mean over all rows of the global batch [B, T + 1]."""
        counts = self._counted(rows)
        if counts is None:
            return 1.0 / (self.train_config.batch_size * self.train_config.sequence_length)
        counted = tf.reduce_sum(tf.cast(counts, tf.int32))
        return 1.0 / tf.cast(tf.maximum(counted, 1), tf.float32)  # where none counts, the loss is 0

    def _replica_gradients(
        self, rows: tf.Tensor, state: keras_networks.State, key: tf.Tensor, weight: float | tf.Tensor
    ) -> tuple[tf.Tensor, keras_networks.State, list[tf.Tensor]]:
        """This replica's part of the global batch's mean loss, and its gradients: rows [B / replicas, T + 1]."""
        counted = self._counted(rows)
        counts = None if counted is None else tf.cast(counted, tf.float32)
        with tf.GradientTape() as tape:
            losses, correct, state = self._losses(rows, state, key)  # [B / replicas, T]
            losses = losses if counts is None else losses * counts
            loss = tf.reduce_sum(losses) * weight
            scaled = self.optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled, [variable.value for variable in self.network.trainable_variables])
        if counts is None:
            return tf.stack([loss, tf.reduce_sum(correct) * weight]), state, gradients
        accuracy = tf.reduce_sum(correct * counts) * weight
        return tf.stack([loss, accuracy, tf.reduce_sum(counts)]), state, gradients

    def _replica_evaluate(self, ids: tf.Tensor, counts: tf.Tensor, blocks: tf.Tensor) -> tf.Tensor:
        parts = [tf.split(self._replica_rows(whole), self.groups) for whole in (ids, counts, blocks)]
        return tf.add_n([self._evaluate_group(*part) for part in zip(*parts, strict=True)])

    def _replica_evaluate_group(self, ids: tf.Tensor, counts: tf.Tensor, blocks: tf.Tensor) -> tf.Tensor:
        """Sum of losses, number of correct predictions, and the sum of losses of each block, of those that count:
        rows [_, L + 1] -> [2 + BLOCKS]."""
        losses, correct, _ = self._losses(ids, self.network.start(ids.shape[0]))  # [_, L]
        counts = tf.cast(counts, tf.float32)
        figures = tf.stack([tf.reduce_sum(losses * counts), tf.reduce_sum(correct * counts)])
        is_in = tf.one_hot(blocks, batch_means.BLOCKS)  # [_, L, BLOCKS]
        return tf.concat([figures, tf.einsum("rl,rlb->b", losses * counts, is_in)], 0)

    def _replica_rows(self, whole: tf.Tensor) -> tf.Tensor:
        """This replica's rows of a tensor that holds all of them."""
        rows = whole.shape[0] // self.replicas
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        first = tf.stack([replica * rows] + [0] * (len(whole.shape) - 1))
        return tf.slice(whole, first, [rows, *whole.shape[1:]])

    def _start_state(self) -> keras_networks.State:
        return self._spread(self.network.start(self.train_config.batch_size))

    def _spread(self, state: keras_networks.State) -> keras_networks.State:
        """A state of B rows, each replica given its own."""
        state = tuple(tf.cast(part, self.network.compute_dtype) for part in state)
        return self._spread_rows(state) if state else ()


def row_groups(config: ModelConfig, rows: int) -> int:
    """Into how many groups a CPU cuts the rows of a batch, to compute them at the same time.

    The products of a recurrent network's step, one character for all rows, are too small for several cores to
    share, and half of a Transformer's time is spent outside products; so each core gets rows of its own. Where a
    recurrent network's weights fill a core's cache, several cores share one product instead.
    """
    twin = keras_networks.TWINS[config.kind]
    if config.units > twin.max_units:
        return 1
    numbers = range(1, min(os.cpu_count() or 1, rows // twin.min_rows) + 1)
    return max((number for number in numbers if rows % number == 0), default=1)


def _most_likely(logits: tf.Tensor) -> tf.Tensor:
    return tf.argmax(logits, axis=-1, output_type=tf.int32)


def _from_first_replica(values: tf.Tensor) -> tf.Tensor:
    context = tf.distribute.get_replica_context()
    values = tf.where(tf.equal(context.replica_id_in_sync_group, 0), values, tf.zeros_like(values))
    return context.all_reduce(tf.distribute.ReduceOp.SUM, values)
