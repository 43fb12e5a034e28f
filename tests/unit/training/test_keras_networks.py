"""The Keras networks compared with the NumPy networks, number by number; and what their dropout does."""

import numpy as np
import pytest

from charlab.core import predictor
from charlab.core.config import ModelConfig
from charlab.corpora import batching
from charlab.errors import ConfigError, ModelError
from charlab.runs.presets import PRESETS
from helpers.tiny import TINY, random_weights

tf = pytest.importorskip("tensorflow")
import keras  # noqa: E402

from charlab.training import keras_networks  # noqa: E402

V = 30
WITH_STATE_DROPOUT = {
    "gru-masked": ModelConfig(kind="gru", layers=2, units=16, embedding=8, recurrent_dropout=0.3),
    "lstm-masked": ModelConfig(kind="lstm", layers=2, units=16, embedding=8, recurrent_dropout=0.3),
}
RECURRENT = {name: config for name, config in TINY.items() if config.kind != "transformer"} | WITH_STATE_DROPOUT


def twins(config, scale=0.5):
    """The two networks with the same random weights."""
    weights = random_weights(config, V, scale=scale)
    twin = keras_networks.build(config, V)
    keras_networks.load_arrays(twin, weights)
    return twin, predictor.build_predictor(config, V, weights)


def compiled(twin):
    """The twin as it is trained: in a graph. Called as it is, it would step through a window in Python."""
    return tf.function(lambda ids, state, key=None: twin(ids, state, key=key))


def read(predictor, ids):
    """Logits of a NumPy network for ids [N, T], one character at a time: [N, T, V]."""
    state, rows = predictor.start(len(ids)), []
    for column in ids.T:
        logits, state = predictor.step(column, state)
        rows.append(logits.copy())
    return np.stack(rows, axis=1)


def some_ids(rows, length, seed=0):
    return np.random.default_rng(seed).integers(0, V, (rows, length))


@pytest.mark.parametrize("config", RECURRENT.values(), ids=RECURRENT)
def test_recurrent_twins_agree_also_after_500_characters(config):
    twin, predictor = twins(config)
    ids = some_ids(3, 520)
    logits, _ = compiled(twin)(tf.constant(ids), twin.start(3))
    assert np.abs(read(predictor, ids) - logits).max() < 1e-4
    assert np.abs(logits).max() > 0.5  # and they say something


@pytest.mark.parametrize("config", RECURRENT.values(), ids=RECURRENT)
def test_a_window_read_in_two_parts_is_the_window(config):
    twin, _ = twins(config)
    ids = some_ids(2, 40)
    whole, after = twin(ids, twin.start(2))
    first, state = twin(ids[:, :15], twin.start(2))
    second, state = twin(ids[:, 15:], state)
    assert np.allclose(whole, tf.concat([first, second], 1), atol=1e-5)
    assert all(np.allclose(a, b, atol=1e-5) for a, b in zip(after, state, strict=True))


@pytest.mark.parametrize("context", [32, 33])
def test_transformer_twins_agree_also_where_the_cache_is_rebuilt(context):
    """500 characters are many times the context: the twin reads, as rows, what the cache would hold."""
    config = TINY["transformer"].replace(context=context)
    twin, predictor = twins(config)
    ids = some_ids(1, 520)
    rows = batching.validation_rows(ids[0], unknown_id=-1, context=context, window=10_000)
    logits, _ = twin(rows.ids[:, :-1], ())
    assert np.abs(read(predictor, ids[:, :-1])[0] - logits.numpy()[rows.counts]).max() < 1e-4


def test_transformer_twins_agree_within_one_window():
    twin, predictor = twins(TINY["transformer"])
    ids = some_ids(3, 32)
    assert np.abs(read(predictor, ids) - twin(ids)[0]).max() < 1e-4


def test_a_transformer_reads_no_more_than_its_context():
    twin, _ = twins(TINY["transformer"])
    with pytest.raises(ConfigError, match="33 characters do not fit in a context of 32"):
        twin(some_ids(1, 33))


@pytest.mark.parametrize("config", [*TINY.values(), *WITH_STATE_DROPOUT.values()])
def test_weights_have_the_agreed_names_and_shapes_and_come_back(config):
    twin = keras_networks.build(config, V, seed=3)
    arrays = keras_networks.to_arrays(twin)
    assert {name: array.shape for name, array in arrays.items()} == predictor.weight_shapes(config, V)
    assert {array.dtype for array in arrays.values()} == {np.dtype("float32")}
    assert len(twin.trainable_variables) == len(arrays)
    other = keras_networks.build(config, V, seed=4)
    keras_networks.load_arrays(other, arrays)
    assert all((keras_networks.to_arrays(other)[name] == array).all() for name, array in arrays.items())


def test_weights_that_do_not_fit_are_refused():
    twin = keras_networks.build(TINY["gru"], V)
    arrays = keras_networks.to_arrays(twin)
    with pytest.raises(ModelError, match="'head/bias' should be .30,.* Received: .31,"):
        keras_networks.load_arrays(twin, arrays | {"head/bias": np.zeros(31, np.float32)})
    with pytest.raises(ModelError, match="'other' should be absent"):
        keras_networks.load_arrays(twin, arrays | {"other": np.zeros(3, np.float32)})


@pytest.mark.parametrize("config", TINY.values(), ids=TINY)
def test_first_weights_are_drawn_from_the_seed(config):
    one, same, other = (keras_networks.to_arrays(keras_networks.build(config, V, seed)) for seed in (1, 1, 2))
    assert all((one[name] == same[name]).all() for name in one)
    for name in one:
        if not name.endswith(("bias", "scale", "offset")):
            assert (one[name] != other[name]).any()
    drawn = [array for name, array in one.items() if array.ndim == 2 and not name.endswith("bias")]
    assert len({array.ravel()[0] for array in drawn}) == len(drawn)  # each weight has draws of its own


@pytest.mark.parametrize(
    "preset, vocabulary_size, part, parameters",
    [("tutorial-gru", 66, "layer_0", 3_938_304), ("tutorial-gru", 66, "", 4_022_850)],
)
def test_parameter_counts_are_those_of_the_sources(preset, vocabulary_size, part, parameters):
    """TensorFlow's tutorial prints 16,896 + 3,938,304 + 67,650 for its three layers."""
    arrays = keras_networks.to_arrays(keras_networks.build(PRESETS[preset].model, vocabulary_size))
    assert sum(array.size for name, array in arrays.items() if name.startswith(part)) == parameters


def test_an_ngram_has_no_twin():
    with pytest.raises(ConfigError, match="Received: 'ngram'"):
        keras_networks.build(ModelConfig(kind="ngram"), V)


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("config", TINY.values(), ids=TINY)
def test_half_precision_gives_nearly_the_same_logits_in_float32(config, precision):
    twin, half = keras_networks.build(config, V, 1), keras_networks.build(config, V, 1, precision)
    ids = some_ids(2, 20)
    exact, rough = twin(ids, twin.start(2))[0], half(ids, half.start(2))[0]
    assert rough.dtype == tf.float32
    assert 0 < np.abs(exact - rough).max() < 0.02
    assert {array.dtype for array in keras_networks.to_arrays(half).values()} == {np.dtype("float32")}


@pytest.mark.parametrize("precision", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_layer_norm_is_that_of_keras_in_every_precision(precision):
    policy = keras.DTypePolicy(precision)
    ours, theirs = (
        keras_networks.LayerNorm(epsilon=1e-5, dtype=policy),
        keras.layers.LayerNormalization(epsilon=1e-5, dtype=policy),
    )
    x = tf.constant(
        np.random.default_rng(0).normal(0, 200, (4, 6, 16)), policy.compute_dtype
    )  # its squares overflow
    weights = np.random.default_rng(1).normal(size=(2, 16))
    results = []
    for layer in (ours, theirs):
        layer.build(x.shape)
        layer.set_weights(weights)
        results.append(layer(x))
    assert results[0].dtype == results[1].dtype == policy.compute_dtype
    np.testing.assert_allclose(
        *(tf.cast(result, tf.float32) for result in results), atol=1e-5 if precision == "float32" else 0.02
    )


# Dropout

DROPOUTS = {
    "input": (TINY["gru"].replace(input_dropout=0.5), TINY["transformer"].replace(input_dropout=0.5)),
    "output": (TINY["lstm"].replace(output_dropout=0.5), TINY["transformer"].replace(output_dropout=0.5)),
    "recurrent": tuple(WITH_STATE_DROPOUT.values()),
}


@pytest.mark.parametrize("config", [config for pair in DROPOUTS.values() for config in pair])
def test_dropout_is_a_function_of_seed_step_and_replica(config):
    twin, _ = twins(config)
    ids = tf.constant(some_ids(4, 12))

    read_once = compiled(twin)

    def logits(seed=1, step=5, replica=0, replicas=2):
        key = keras_networks.dropout_key(seed, tf.constant(step), replica, replicas)
        return read_once(ids, twin.start(4), key)[0].numpy()

    assert (logits() == logits()).all()
    for other in ({"seed": 2}, {"step": 6}, {"replica": 1}):
        assert (logits() != logits(**other)).any()
    without = read_once(ids, twin.start(4))[0].numpy()
    assert (without == read_once(ids, twin.start(4))[0].numpy()).all()
    assert (without != logits()).any()


def test_no_two_places_share_random_numbers():
    x = tf.ones((2, 3, 50))
    masks = set()
    for seed, step, replica, place in np.ndindex(2, 2, 2, 4):
        key = keras_networks.dropout_key(seed, tf.constant(step), replica, 2)
        masks.add(keras_networks.drop(x, 0.5, key, place).numpy().tobytes())
    assert len(masks) == 32


def test_dropout_drops_its_share_and_scales_up_the_rest():
    key = keras_networks.dropout_key(1, tf.constant(1), 0, 1)
    dropped = keras_networks.drop(tf.ones((50, 40, 30)), 0.3, key, 0).numpy()
    assert set(np.unique(dropped)) == {np.float32(0), np.float32(1 / np.float32(0.7))}
    assert abs((dropped == 0).mean() - 0.3) < 0.01
    window = keras_networks.drop(tf.ones((50, 40, 30)), 0.3, key, 0, same_along=1).numpy()
    assert (window == window[:, :1]).all()
    assert abs((window == 0).mean() - 0.3) < 0.05
    x = tf.ones(3)
    assert keras_networks.drop(x, 0.0, key, 0) is x and keras_networks.drop(x, 0.5, None, 0) is x


def test_some_rows_begin_anew_whole_and_the_others_go_on():
    state = tuple(tf.ones((4000, 3)) for _ in range(2))
    keys = [keras_networks.dropout_key(1, tf.constant(i), 0, 1) for i in (1, 2)]
    first, second = (keras_networks.reset_some(state, 0.1, key) for key in keys)
    hidden, cell = (part.numpy() for part in first)
    assert set(np.unique(hidden)) == {0, 1} and (hidden == hidden[:, :1]).all() and (hidden == cell).all()
    assert abs((hidden == 0).mean() - 0.1) < 0.02
    assert (hidden != second[0].numpy()).any()
    assert keras_networks.reset_some((), 0.1, keras_networks.dropout_key(1, tf.constant(1), 0, 1)) == ()


def test_a_dropped_state_still_remembers():
    """Dropout on the state acts where it meets the kernel; what is kept is not multiplied at every character."""
    config = WITH_STATE_DROPOUT["gru-masked"].replace(layers=1, recurrent_dropout=0.5)
    twin = keras_networks.build(config, V)
    arrays = keras_networks.to_arrays(twin)
    keep = np.zeros_like(arrays["layer_0/bias"])
    keep[0, :16] = 50.0  # the update gate is 1: keep everything
    keras_networks.load_arrays(twin, arrays | {"layer_0/bias": keep})
    before = (tf.random.stateless_uniform((4, 16), (1, 2)),)
    _, after = twin(some_ids(4, 30), before, key=keras_networks.dropout_key(1, tf.constant(1), 0, 1))
    assert np.allclose(after[0], before[0], atol=1e-5)
