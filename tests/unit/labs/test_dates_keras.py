"""The translators in Keras compute what NumPy and Keras's own layers do, and far faster in one compiled graph."""

import numpy as np
import pytest

from charlab.errors import ConfigError
from charlab.labs import catalogue
from charlab.labs.dates import data, decoding, network
from charlab.labs.dates.network import MODEL, VERSIONS, Translator
from helpers.dates import ISOS, TEXTS, random_weights

pytest.importorskip("tensorflow")
import keras  # noqa: E402
import tensorflow as tf  # noqa: E402

from charlab.labs.dates import speeds, stock, train  # noqa: E402
from charlab.training import keras_networks  # noqa: E402

LAB = catalogue.LABS["dates"]
ROWS = data.Dates(tuple(TEXTS), tuple(ISOS)).rows()


@pytest.mark.parametrize("name", ["attention-bidirectional", "teacher"])
def test_gradients_are_those_of_keras_own_layers(name):
    """Those of bptt.py and of padding by gates, against Keras's LSTM, masking and attention."""
    version = VERSIONS[name]
    weights = random_weights(version, MODEL)
    learner = train.LEARNERS[name](MODEL, LAB.train.replace(batch_size=len(ROWS)), data.OUTPUT_IDS)
    keras_networks.load_arrays(learner.network, weights)
    rows = tf.constant(ROWS)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(learner._losses(rows, (), tf.zeros(2, tf.int64))[0])
    named = learner.network.named()
    ours = dict(zip(named, tape.gradient(loss, [one.value for one in named.values()]), strict=True))
    in_keras = stock.stock_network(version, MODEL, weights)
    before = np.column_stack([np.full(len(ROWS), data.START), ROWS[:, 18:-1]])
    with tf.GradientTape() as tape:
        probabilities = in_keras([ROWS[:, :18], before])
        expected = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(ROWS[:, 18:], probabilities))
    assert abs(loss - expected) < 1e-5
    theirs = [tf.convert_to_tensor(one) for one in tape.gradient(expected, in_keras.trainable_variables)]
    assert len(theirs) == len(ours)
    for layer in in_keras.layers:
        if layer.weights:
            for name, variable in zip(stock._names(layer.name, version, weights), layer.weights, strict=True):
                place = [variable is one for one in in_keras.trainable_variables].index(True)
                assert np.abs(theirs[place] - ours[name]).max() < 1e-6, name


def test_scheduled_sampling_reads_its_own_characters_where_the_row_says_so():
    version = VERSIONS["scheduled"]
    weights = random_weights(version, MODEL)
    learner = train.LEARNERS["scheduled"](MODEL, LAB.train.replace(batch_size=len(ROWS)), data.OUTPUT_IDS)
    keras_networks.load_arrays(learner.network, weights)

    def logits(own: float) -> np.ndarray:
        rows = np.column_stack([ROWS, np.full((len(ROWS), 9), own)]).astype(np.int32)
        return learner.network(tf.constant(rows), (), key=tf.zeros(2, tf.int64))[0].numpy()

    assert np.abs(logits(0) - learner.network(tf.constant(ROWS))[0].numpy()).max() < 1e-5  # as by the teacher
    written = decoding.write(Translator(version, MODEL, weights), ROWS[:, :18])
    probabilities = tf.nn.softmax(logits(1)).numpy()
    assert np.abs(probabilities - written.probabilities).max() < 1e-5  # as it writes by itself
    assert (written.ids != ROWS[:, 18:]).any()


@pytest.mark.parametrize("name", ["teacher", "attention", "repeated"])
def test_one_compiled_graph_writes_what_numpy_writes(name):
    version = VERSIONS[name]
    weights = random_weights(version, MODEL, seed=3)
    written = decoding.write(Translator(version, MODEL, weights), ROWS[:, :18]).ids
    assert (speeds.compiled_greedy(version, MODEL, weights)(tf.constant(ROWS[:, :18])).numpy() == written).all()


def test_predict_per_character_writes_the_same_far_more_slowly():
    version = VERSIONS["teacher"]
    measured = speeds.compare_speeds(version, MODEL, random_weights(version, MODEL), TEXTS[:2], times=1)
    assert measured.are_equal and measured.ratio == measured.predict / measured.graph > 10
    with pytest.raises(ConfigError, match="Repeated vector"):
        speeds.compare_speeds(VERSIONS["repeated"], MODEL, {}, TEXTS)


def test_parameters_of_the_lectures_other_networks():
    general = stock.encoder_decoder(VERSIONS["teacher"], 100, 100, 100, embedding=10, units=512)
    assert general.count_params() == 2_195_508 == 2_194_508 + 100 * 10  # the latter shares one embedding
    layers = keras.layers
    bidirectional = keras.Sequential(
        [
            keras.Input([None, 10]),
            layers.GRU(10, return_sequences=True),
            layers.Bidirectional(layers.GRU(10, return_sequences=True)),
        ]
    )
    assert [layer.count_params() for layer in bidirectional.layers] == [660, 1320]
    ours = {name: shape for name, shape in network.shapes(VERSIONS["teacher"]).items()}
    lectures_extra = ours["encoder/embedding"][1]  # a row for the second "0"
    assert network.parameter_count(VERSIONS["teacher"]) + lectures_extra == 168_108


def test_the_keras_file_translates_as_the_run_does(tmp_path):
    version = VERSIONS["attention-bidirectional"]
    weights = random_weights(version, MODEL, seed=2)
    stock.write_keras(tmp_path / "dates.keras", MODEL, weights)
    loaded = keras.saving.load_model(tmp_path / "dates.keras")
    written = decoding.write(Translator(version, MODEL, weights), ROWS[:, :18]).ids
    assert (speeds.predict_per_character(loaded, ROWS[:, :18]) == written).all()
