"""The loops through time against Keras's layers, and against plain loops that TensorFlow itself differentiates."""

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow")
import keras  # noqa: E402

from charlab.training import bptt  # noqa: E402

T, B, U = 9, 6, 7
GATES, STATES = {"gru": 3, "lstm": 4}, {"gru": 1, "lstm": 2}


def some(*shape, seed):
    return tf.constant(np.random.default_rng(seed).normal(0, 0.7, shape), tf.float32)


def arguments(kind):
    """What the input adds, the states, the recurrent kernel and the biases."""
    G = GATES[kind] * U
    states = [some(B, U, seed=i) for i in range(STATES[kind])]
    bias = some(2, G, seed=5) if kind == "gru" else some(G, seed=5)
    return [some(T, B, G, seed=2), *states, some(U, G, seed=4), bias]


def keras_layer(kind, x, *rest):
    """The layer of Keras whose own kernel lets the input through as it is."""
    *states, kernel, bias = rest
    layer = {"gru": keras.layers.GRU, "lstm": keras.layers.LSTM}[kind](U, return_sequences=True, return_state=True)
    layer.build((None, None, x.shape[2]))
    layer.set_weights([np.eye(x.shape[2]), kernel, bias])
    with tf.GradientTape() as tape:
        tape.watch([x, *states])
        said, *last = layer(tf.transpose(x, (1, 0, 2)), initial_state=states)
        answers = (tf.transpose(said, (1, 0, 2)), *last)
        score = scored(answers)
    weights = [variable.value for variable in (layer.cell.recurrent_kernel, layer.cell.bias)]
    return answers, tape.gradient(score, [x, *states, *weights])


def plain_loop(kind, mask):
    """One character at a time, as in the papers."""

    def gru(x, state, kernel, bias):
        said = []
        for t in range(T):
            a, m = x[t] + bias[0], (state * mask) @ kernel + bias[1]
            update = tf.sigmoid(a[:, :U] + m[:, :U])
            reset = tf.sigmoid(a[:, U : 2 * U] + m[:, U : 2 * U])
            candidate = tf.tanh(a[:, 2 * U :] + reset * m[:, 2 * U :])
            state = update * state + (1 - update) * candidate
            said.append(state)
        return tf.stack(said), state

    def lstm(x, state, cell, kernel, bias):
        said = []
        for t in range(T):
            sums = tf.split(x[t] + (state * mask) @ kernel + bias, 4, 1)
            cell = tf.sigmoid(sums[1]) * cell + tf.sigmoid(sums[0]) * tf.tanh(sums[2])
            state = tf.sigmoid(sums[3]) * tf.tanh(cell)
            said.append(state)
        return tf.stack(said), state, cell

    return {"gru": gru, "lstm": lstm}[kind]


def scored(answers):
    """A weighted sum of all outputs and the last state, each number with a weight of its own."""
    return tf.add_n([tf.reduce_sum(one * some(*one.shape, seed=9 + i)) for i, one in enumerate(answers)])


def with_gradients(function, values):
    with tf.GradientTape() as tape:
        tape.watch(values)
        answers = function(*values)
        score = scored(answers)
    return answers, tape.gradient(score, values)


def assert_alike(one, other):
    for ours, theirs in zip(tf.nest.flatten(one), tf.nest.flatten(other), strict=True):
        assert np.allclose(ours, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", GATES)
def test_answers_and_gradients_are_those_of_kerass_layer(kind):
    values = arguments(kind)
    assert_alike(with_gradients(getattr(bptt, kind), values), keras_layer(kind, *values))


@pytest.mark.parametrize("kind", GATES)
def test_staggered_rows_change_no_product(kind, monkeypatch):
    values, function = arguments(kind), getattr(bptt, kind)
    as_they_are = with_gradients(function, values)
    x, kernel = some(B, U, seed=1), some(U, 3 * U, seed=2)
    widths = []
    monkeypatch.setattr(bptt.tf, "pad", lambda x, by, pad=tf.pad: widths.append(by) or pad(x, by))
    monkeypatch.setattr(bptt, "_PAGE", U)  # so that every kernel's rows are whole pages
    assert_alike(bptt._multiplier(kernel)(x), x @ kernel)
    assert_alike(with_gradients(function, values), as_they_are)
    assert len(widths) == 3  # of the product above, and of the kernel there and back


@pytest.mark.parametrize("kind", GATES)
def test_a_mask_is_on_the_state_where_it_meets_the_kernel(kind):
    values, mask = arguments(kind), tf.cast(some(B, U, seed=8) > 0, tf.float32) * 2
    ours = with_gradients(lambda *values: getattr(bptt, kind)(*values, mask=mask), values)
    assert_alike(ours, with_gradients(plain_loop(kind, mask), values))
    unmasked = getattr(bptt, kind)(*values)[0]
    assert np.abs(ours[0][0] - unmasked).max() > 0.1


@pytest.mark.parametrize("kind", GATES)
def test_it_is_the_same_compiled(kind):
    values, function = arguments(kind), getattr(bptt, kind)
    compiled = tf.function(lambda *values: with_gradients(function, list(values)), autograph=False)
    assert_alike(compiled(*values), with_gradients(function, values))
