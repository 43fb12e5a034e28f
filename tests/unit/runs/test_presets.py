"""The presets against what their sources publish or print: layers, shapes and numbers of parameters."""

import string

import pytest

from charlab.core import predictor
from charlab.corpora import encoding
from charlab.runs.presets import PRESETS, preset

# Tiny Shakespeare's 65 characters: letters, and these.
SHAKESPEARE = "\n !$&',-.3:;?" + string.ascii_letters


def parts(name, vocabulary_size):
    """Parameters by layer: "embedding", "layer_0", ..., "head"."""
    model, found = preset(name).model, {}
    for weight, shape in predictor.weight_shapes(model, vocabulary_size).items():
        layer, size = weight.split("/")[0], 1
        for side in shape:
            size *= side
        found[layer] = found.get(layer, 0) + size
    return found


def gru(inputs, units):
    """Keras's GRU in TensorFlow 2: three gates, a bias for the input's product and one for the state's."""
    return 3 * units * (inputs + units + 2)


def lstm(inputs, units):
    """Four gates with one bias each."""
    return 4 * units * (inputs + units + 1)


def dense(inputs, outputs):
    return inputs * outputs + outputs


def test_the_tutorials_gru():
    """TensorFlow's tutorial prints 16,896, 3,938,304 and 67,650: 65 characters and the unknown one."""
    assert len(SHAKESPEARE) == 65
    size = len(encoding.make_vocab(SHAKESPEARE * 40, preset("tutorial-gru").model))
    assert size == 66
    assert parts("tutorial-gru", size) == {"embedding": 16_896, "layer_0": 3_938_304, "head": 67_650}
    assert (gru(256, 1024), dense(1024, 66), 66 * 256) == (3_938_304, 67_650, 16_896)
    train = preset("tutorial-gru").train
    assert (train.batches, train.sequence_length, train.batch_size, train.shift) == ("chunks", 100, 64, 0)
    assert (train.optimizer, train.learning_rate, train.epochs) == ("adam", 1e-3, 10)


def test_the_cloud_tpu_notebooks_lstm():
    """256 ids (code points below 255 and one more), an embedding of 512, two LSTM of 512."""
    size = len(encoding.make_vocab(SHAKESPEARE, preset("cloud-tpu-lstm").model))
    assert size == 256
    shapes = predictor.weight_shapes(preset("cloud-tpu-lstm").model, size)
    assert shapes["embedding"] == (256, 512) and shapes["head/kernel"] == (512, 256)
    assert parts("cloud-tpu-lstm", size) == {
        "embedding": 131_072,
        "layer_0": 2_099_200,
        "layer_1": 2_099_200,
        "head": 131_328,
    }
    assert (lstm(512, 512), dense(512, 256)) == (2_099_200, 131_328)
    train = preset("cloud-tpu-lstm").train
    assert (train.batches, train.sequence_length, train.batch_size) == ("windows", 100, 1024)
    assert (train.epochs, train.steps_per_epoch) == (10, 100)
    assert (train.optimizer, train.learning_rate) == ("rmsprop", 0.01)


@pytest.mark.parametrize("name", ["chapter16-stateless", "chapter16-stateful"])
def test_the_two_networks_of_chapter_16(name):
    """One-hot input of the lower-cased alphabet, two GRU of 128, a dense layer; the lecture's alphabet is 39.

    Here one id more stands for characters outside the alphabet: 384 weights of its own in the first layer, 129
    in the last.
    """
    published = {"layer_0": gru(39, 128), "layer_1": gru(128, 128), "head": dense(128, 39)}
    assert published == {"layer_0": 64_896, "layer_1": 99_072, "head": 5_031}
    assert parts(name, 39) == published
    size = len(encoding.make_vocab(SHAKESPEARE, preset(name).model))
    assert size == 40
    assert parts(name, size) == published | {"layer_0": 64_896 + 384, "head": 5_031 + 129}
    model, train = preset(name).model, preset(name).train
    assert (model.input_dropout, model.recurrent_dropout) == (0.2, 0.2)
    assert (train.sequence_length, train.batch_size, train.optimizer) == (100, 32, "adam")
    assert (train.batches, train.shift) == (("chunks", 1) if name.endswith("less") else ("streams", 0))


def test_the_stateful_one_trains_for_fifty_epochs():
    assert preset("chapter16-stateful").train.epochs == 50


@pytest.mark.parametrize("name", PRESETS)
def test_each_preset_says_where_it_comes_from(name):
    assert PRESETS[name].name == name and PRESETS[name].title and len(PRESETS[name].about) > 20
