"""Recurrent networks that the browser's engine trains: their gradients are those of float64."""

import numpy as np
import pytest

from charlab.core import kinds
from charlab.core.config import ModelConfig
from charlab.corpora import batching
from helpers.javascript import evaluate_js, kernels, of_shapes, off_by, shaped

V, UNKNOWN, B, T, STEP, SEED = 21, 20, 3, 7, 4, 5
DROPOUTS = {"input_dropout": 0.3, "recurrent_dropout": 0.4, "output_dropout": 0.2}
NETWORKS = {
    "gru": ModelConfig(kind="gru", units=20, embedding=10),
    "gru, one-hot, two layers": ModelConfig(kind="gru", units=16, embedding=0, layers=2),
    "gru, two layers, dropout": ModelConfig(kind="gru", units=20, embedding=10, layers=2, **DROPOUTS),
    "lstm, two layers": ModelConfig(kind="lstm", units=20, embedding=10, layers=2),
    "lstm, one-hot, dropout": ModelConfig(kind="lstm", units=33, embedding=0, **DROPOUTS),
}

READ = """
import { RecurrentTraining } from "./recurrent_training.js";
const main = ({ wasm, ...given }) => [read(given, wasm), read(given, null)];
const read = ({ model, vocabularySize, rows, length, ids, starts, arrays, state, key }, wasm) => {
  const network = new RecurrentTraining(model, vocabularySize, rows, length, wasm), unknown = vocabularySize - 1;
  network.setArrays(arrays);
  network.setState(state);
  const counted = network.setRows(ids, starts, unknown), figures = network.forward(1 / counted, key);
  network.backward();
  network.carryState();
  return { counted, ...figures, gradients: network.arrays(network.toGradient), after: network.state() };
};
"""


class Float64:
    """The equations of charlab.core.recurrent in float64 with the server's dropout, gradients by TensorFlow."""

    def __init__(self, model, arrays, state, key):
        import tensorflow as tf

        self.tf, self.model, self.key = tf, model, None if key is None else tf.constant(key, tf.int64)
        self.weights = {name: tf.Variable(array, dtype=tf.float64) for name, array in arrays.items()}
        self.state = [tf.constant(array, tf.float64) for array in state]

    def read(self, rows):
        """Rows [B, T + 1] -> mean loss, right predictions, gradients by name, state after."""
        with self.tf.GradientTape() as tape:
            logits, after = self._logits(rows[:, :-1])
            counts = rows[:, 1:] != UNKNOWN
            losses = self.tf.nn.sparse_softmax_cross_entropy_with_logits(rows[:, 1:], logits)
            loss = self.tf.reduce_sum(losses * counts) / counts.sum()
        gradients = tape.gradient(loss, self.weights)
        right = int(((logits.numpy().argmax(-1) == rows[:, 1:]) & counts).sum())
        return loss.numpy(), right, {name: gradient.numpy() for name, gradient in gradients.items()}, after

    def _logits(self, ids):
        from charlab.training.keras_networks import drop

        tf, model, w = self.tf, self.model, self.weights
        x, after = tf.one_hot(ids, V, dtype=tf.float64), []
        if model.embedding:
            x = x @ w["embedding"]
        each = len(self.state) // model.layers
        for i in range(model.layers):
            x = drop(x, model.input_dropout, self.key, 2 * i, same_along=1)
            state, read = self.state[each * i : each * (i + 1)], []
            mask = drop(tf.ones_like(state[0]), model.recurrent_dropout, self.key, 2 * i + 1)
            parts = [w[f"layer_{i}/{part}"] for part in ("kernel", "recurrent_kernel", "bias")]
            for t in range(T):
                state = (self._gru if model.kind == "gru" else self._lstm)(x[:, t], state, mask, *parts)
                read.append(state[0])
            x, after = tf.stack(read), [*after, *state]  # x [T, B, U]
            x = x if i == model.layers - 1 else tf.transpose(x, (1, 0, 2))
        x = tf.transpose(drop(x, model.output_dropout, self.key, 2 * model.layers), (1, 0, 2))
        return x @ w["head/kernel"] + w["head/bias"], after

    def _gru(self, x, state, mask, kernel, recurrent_kernel, bias):
        tf, (hidden,) = self.tf, state
        x_update, x_reset, x_candidate = tf.split(x @ kernel + bias[0], 3, 1)
        h_update, h_reset, h_candidate = tf.split((hidden * mask) @ recurrent_kernel + bias[1], 3, 1)
        update, reset = tf.sigmoid(x_update + h_update), tf.sigmoid(x_reset + h_reset)
        return [update * hidden + (1 - update) * tf.tanh(x_candidate + reset * h_candidate)]

    def _lstm(self, x, state, mask, kernel, recurrent_kernel, bias):
        tf, (hidden, cell) = self.tf, state
        sums = x @ kernel + (hidden * mask) @ recurrent_kernel + bias
        input, forget, candidate, output = tf.split(sums, 4, 1)
        cell = tf.sigmoid(forget) * cell + tf.sigmoid(input) * tf.tanh(candidate)
        return [tf.sigmoid(output) * tf.tanh(cell), cell]


@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_are_those_of_float64_with_simd_and_without(name):
    model, random = NETWORKS[name], np.random.default_rng(3)
    shapes = kinds.of(model).shapes(model, V)
    arrays = {name: random.normal(0, 0.4, shape).astype(np.float32) for name, shape in shapes.items()}
    number = model.layers * (1 if model.kind == "gru" else 2)
    state = [random.uniform(-1, 1, (B, model.units)).astype(np.float32) for _ in range(number)]
    ids = random.integers(V, size=60, dtype=np.uint8)
    ids[5::10] = UNKNOWN
    starts, key = [0, 25, 40], [SEED, STEP] if model.output_dropout else None
    given = {"model": model.to_json(), "vocabularySize": V, "rows": B, "length": T, "ids": ids, "starts": starts}
    results = evaluate_js(READ, arrays=of_shapes(arrays), state=state, key=key, wasm=kernels(), **given)
    rows = batching.gather(ids, np.array(starts), T)
    loss, right, gradients, after = Float64(model, arrays, state, key and [SEED * 64, STEP]).read(rows)
    for result in results:
        assert result["counted"] == (rows[:, 1:] != UNKNOWN).sum() < B * T
        assert result["loss"] / result["counted"] == pytest.approx(loss, abs=1e-6)
        assert result["correct"] == right
        for mine, exact in zip(result["after"], after, strict=True):
            assert off_by(mine.reshape(B, -1), exact.numpy()) < 1e-6
        found = shaped(result["gradients"])
        assert {name: array.shape for name, array in found.items()} == shapes
        assert max(off_by(array, gradients[name]) for name, array in found.items()) < 5e-6
