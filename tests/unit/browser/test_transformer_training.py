"""A Transformer that the browser's engine trains: its gradients are those of float64, its weights the server's."""

import numpy as np
import pytest

from charlab.core import kinds
from charlab.core.config import ModelConfig, TrainConfig
from charlab.core.predictor import build_predictor
from charlab.corpora import batching
from helpers.javascript import evaluate_js, kernels, of_shapes, off_by, shaped

V, UNKNOWN, B, STEP, SEED = 67, 66, 3, 4, 5
DROPOUTS = {"input_dropout": 0.3, "output_dropout": 0.2}
NETWORKS = {
    "one head, a full context": (ModelConfig(kind="transformer", units=16, layers=1, heads=1, context=32), 32),
    "odd widths, a short row": (ModelConfig(kind="transformer", units=40, layers=2, heads=2, context=24), 7),
    "dropout": (ModelConfig(kind="transformer", units=36, layers=2, heads=4, context=21, **DROPOUTS), 20),
}
READ = """
import { TransformerTraining } from "./transformer_training.js";
const main = ({ wasm, ...given }) => [read(given, wasm), read(given, null)];
const read = ({ model, vocabularySize, rows, length, ids, starts, arrays, key }, wasm) => {
  const network = new TransformerTraining(model, vocabularySize, rows, length, wasm, "adamw");
  network.setArrays(arrays);
  const counted = network.setRows(ids, starts, vocabularySize - 1), figures = network.forward(1 / counted, key);
  network.backward();
  const { weights, count, floats, toGradient } = network;
  const gradients = network.arrays(toGradient), from = weights + toGradient;
  const inAll = Object.values(gradients).reduce((sum, { values }) => sum + values.filter(Boolean).length, 0);
  const padding = floats.subarray(from, from + count).filter(Boolean).length - inAll;
  return { counted, ...figures, gradients, padding };
};
"""


def float64(model, arrays, rows, key):
    """Mean loss, right predictions and gradients by name for rows [B, T + 1]: the equations of
    charlab.core.transformer in float64 with the server's dropout, differentiated by TensorFlow."""
    import tensorflow as tf

    from charlab.training.keras_networks import drop

    w = {name: tf.Variable(array, dtype=tf.float64) for name, array in arrays.items()}
    key, T, D = None if key is None else tf.constant(key, tf.int64), rows.shape[1] - 1, model.units

    def norm(name, x):
        mean, variance = tf.nn.moments(x, [-1], keepdims=True)
        return (x - mean) / tf.sqrt(variance + 1e-5) * w[f"{name}/scale"] + w[f"{name}/offset"]

    def dense(name, x):
        return x @ w[f"{name}/kernel"] + w[f"{name}/bias"]

    def attend(x):
        split = tf.reshape(x, (B, T, 3, model.heads, D // model.heads))
        query, key, value = tf.unstack(tf.transpose(split, (2, 0, 3, 1, 4)))
        scores = query @ tf.transpose(key, (0, 1, 3, 2)) / np.sqrt(D // model.heads)
        scores = tf.where(np.triu(np.ones((T, T), bool), 1), tf.constant(-1e300, tf.float64), scores)
        return tf.reshape(tf.transpose(tf.nn.softmax(scores) @ value, (0, 2, 1, 3)), (B, T, D))

    with tf.GradientTape() as tape:
        x = tf.one_hot(rows[:, :-1], V, dtype=tf.float64) @ w["embedding"] + w["position"][:T]
        x = drop(x, model.input_dropout, key, 0)
        for i in range(model.layers):
            seen = attend(dense(f"block_{i}/attention", norm(f"block_{i}/norm_1", x)))
            x += drop(dense(f"block_{i}/projection", seen), model.output_dropout, key, 1 + 2 * i)
            wide = tf.nn.gelu(dense(f"block_{i}/expand", norm(f"block_{i}/norm_2", x)), approximate=True)
            x += drop(dense(f"block_{i}/contract", wide), model.output_dropout, key, 2 + 2 * i)
        logits, counts = dense("head", norm("norm", x)), rows[:, 1:] != UNKNOWN
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(rows[:, 1:], logits)
        loss = tf.reduce_sum(losses * counts) / counts.sum()
    gradients = {name: tf.convert_to_tensor(found).numpy() for name, found in tape.gradient(loss, w).items()}
    right = int(((logits.numpy().argmax(-1) == rows[:, 1:]) & counts).sum())
    return loss.numpy(), right, gradients


@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_are_those_of_float64_with_simd_and_without(name):
    (model, T), random = NETWORKS[name], np.random.default_rng(3)
    shapes = kinds.of(model).shapes(model, V)
    arrays = {name: random.normal(0, 0.3, shape).astype(np.float32) for name, shape in shapes.items()}
    ids = random.integers(V, size=80, dtype=np.uint8)
    ids[5::10] = UNKNOWN
    starts, key = [0, 25, 40], [SEED, STEP] if model.output_dropout else None
    given = {"model": model.to_json(), "vocabularySize": V, "rows": B, "length": T, "ids": ids, "starts": starts}
    results = evaluate_js(READ, arrays=of_shapes(arrays), key=key, wasm=kernels(), **given)
    rows = batching.gather(ids, np.array(starts), T)
    loss, right, gradients = float64(model, arrays, rows, key and [SEED * 64, STEP])
    for result in results:
        assert result["counted"] == (rows[:, 1:] != UNKNOWN).sum() < B * T
        assert result["loss"] / result["counted"] == pytest.approx(loss, abs=1e-6)
        assert result["correct"] == right and result["padding"] == 0
        found = shaped(result["gradients"])
        assert {name: array.shape for name, array in found.items()} == shapes
        assert max(off_by(array, gradients[name]) for name, array in found.items()) < 5e-6


LEARN = """
import { Training } from "./training.js";
const main = ({ characters, ...given }) => {
  const training = new Training(given), { network } = training;
  for (let step = 0; step < 5; step++) training.takeStep();
  const { floats, weights, count, V, W, rows, length } = network, arrays = network.arrays();
  const inAll = Object.values(arrays).reduce((sum, { values }) => sum + values.filter(Boolean).length, 0);
  network.setRows(characters, new Array(rows).fill(0), V);
  network.forward(0, null);
  network.dense(network.logits, network.norm.result, "head", W, network.U); // gradients lie over the logits
  const places = Array.from({ length }, (_, t) => network.logits + t * W);
  const logits = places.map((place) => floats.slice(place, place + V));
  const padding = floats.subarray(weights, weights + count).filter(Boolean).length - inAll;
  return { logits, padding, arrays };
};
"""


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_after_some_steps_it_predicts_what_the_core_does_and_padding_is_zero(optimizer):
    model = ModelConfig(kind="transformer", units=40, layers=2, heads=2, context=24)
    train = TrainConfig(
        batch_size=3, sequence_length=20, optimizer=optimizer, weight_decay=0.1, learning_rate=0.01
    )
    ids = np.random.default_rng(6).integers(V - 1, size=2000, dtype=np.uint8)
    given = {"model": model.to_json(), "train": train.to_json(), "vocabularySize": V, "ids": ids}
    result = evaluate_js(LEARN, characters=ids[:21], wasm=kernels(), **given)
    predictor = build_predictor(model, V, shaped(result["arrays"]))
    assert result["padding"] == 0
    state = predictor.start(1)
    for id_, mine in zip(ids, result["logits"], strict=False):
        wanted, state = predictor.step(np.array([id_]), state)
        np.testing.assert_allclose(mine, wanted[0], rtol=0, atol=1e-5)
