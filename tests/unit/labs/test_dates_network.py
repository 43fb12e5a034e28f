"""The translators of the dates lab in NumPy: sizes, padding, attention, and that they agree with Keras."""

import numpy as np
import pytest

from charlab.core.recurrent import plain_lstm_step
from charlab.errors import ConfigError, ModelError
from charlab.labs.dates import data, network
from charlab.labs.dates.network import MODEL, VERSIONS, Translator
from helpers.dates import ISOS, SMALL, TEXTS, random_weights, translator


def teacher_forced(one: Translator, rows: np.ndarray, isos: list[str]) -> tuple[np.ndarray, list]:
    """Logits [N, L, V] where each character is read after the right one before it, and attention of each step."""
    right, state, found, attention = data.written_ids(isos), one.read(rows), [], []
    for t in range(data.WRITTEN):
        before = right[:, t - 1] if t else np.full(len(rows), data.START)
        logits, state, weights = one.step(before, state)
        found.append(logits)
        attention.append(weights)
    return np.stack(found, 1), attention


def test_the_versions_have_as_many_parameters_as_the_lectures_with_each_character_once():
    counts = {name: network.parameter_count(VERSIONS[name]) for name in network.VERSIONS}
    assert counts["repeated"] == 216_812
    assert counts["teacher"] == counts["scheduled"] == 168_076
    assert counts["attention"] == 200_844
    halves = 2 * 4 * (32 + 64 + 1) * 64  # two encoders of 64 units in place of one of 128
    assert counts["attention-bidirectional"] == 200_844 - 4 * (32 + 128 + 1) * 128 + halves


def test_the_encoder_computes_the_lstm_that_the_core_writes_out():
    weights = random_weights(VERSIONS["teacher"])
    hidden, cell = np.zeros((1, 6), np.float32), np.zeros((1, 6), np.float32)
    for i in data.ids(["May 01, 2020"])[0]:
        layer = [weights[f"encoder/{part}"] for part in ("kernel", "recurrent_kernel", "bias")]
        hidden, cell = plain_lstm_step(weights["encoder/embedding"][None, i], hidden, cell, *layer)
    state = Translator(VERSIONS["teacher"], SMALL, weights).read(data.ids(["May 01, 2020"]))
    assert np.abs(state.hidden - hidden).max() < 1e-6 and np.abs(state.cell - cell).max() < 1e-6


@pytest.mark.parametrize("name", VERSIONS)
def test_dates_side_by_side_are_read_as_one_by_one(name):
    one, rows = translator(name), data.ids(TEXTS)
    together = teacher_forced(one, rows, ISOS)[0]
    for i, (row, iso) in enumerate(zip(rows, ISOS, strict=True)):
        assert np.abs(teacher_forced(one, row[None], [iso])[0][0] - together[i]).max() < 1e-5


@pytest.mark.parametrize("name", ["attention", "attention-bidirectional"])
def test_attention_sums_to_one_and_padding_gets_none_and_changes_nothing(name):
    one = translator(name)
    logits, attention = teacher_forced(one, data.ids(TEXTS), ISOS)
    for weights in attention:
        assert np.abs(weights.sum(1) - 1).max() < 1e-6
        assert not weights[data.ids(TEXTS) == 0].any() and (weights[data.ids(TEXTS) > 0] > 0).all()
    longer, _ = teacher_forced(one, data.ids(TEXTS, 30), ISOS)
    assert np.abs(longer - logits).max() < 1e-5


@pytest.mark.parametrize("name", ["repeated", "teacher", "scheduled", "teacher-bidirectional"])
def test_without_attention_padding_is_read_as_in_the_lecture(name):
    one = translator(name)
    short, long = (teacher_forced(one, data.ids(TEXTS[:1], length), ISOS[:1])[0] for length in (12, 18))
    assert np.abs(short - long).max() > 0.001


def test_the_other_direction_reads_the_date_from_its_end():
    """An encoder that reads both ways, its halves exchanged, reads a reversed date as the first read the date."""
    version, text = VERSIONS["attention-bidirectional"], "May 01, 2020"
    weights = random_weights(version)
    exchanged = {name.replace("_back", "/x"): weights[name] for name in weights if "_back" in name}
    exchanged = {name.replace("/x", ""): array for name, array in exchanged.items()}
    back = {
        name.replace("encoder/", "encoder_back/"): weights[name]
        for name in weights
        if name.startswith("encoder/") and "embedding" not in name
    }
    other = Translator(version, SMALL, weights | exchanged | back)
    here = Translator(version, SMALL, weights).read(data.ids([text])).encoded
    there = other.read(data.ids([text[::-1]])).encoded
    assert np.abs(here.states[0, :12, :3] - there.states[0, :12, 3:][::-1]).max() < 1e-6
    assert np.abs(here.hidden[0] - np.roll(there.hidden[0], 3)).max() < 1e-6


@pytest.mark.parametrize("name", VERSIONS)
def test_it_agrees_with_keras_layers_and_with_the_network_that_is_trained(name):
    pytest.importorskip("tensorflow")
    from functools import partial

    from charlab.labs.dates import stock
    from charlab.labs.dates.keras_network import DateNetwork
    from charlab.training import keras_networks

    version = VERSIONS[name]
    weights, rows = random_weights(version, MODEL), data.Dates(tuple(TEXTS), tuple(ISOS)).rows()
    logits, _ = teacher_forced(Translator(version, MODEL, weights), rows[:, :18], ISOS)
    probabilities = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    before = np.column_stack([np.full(len(rows), data.START), rows[:, 18:-1]])
    in_keras = stock.stock_network(version, MODEL, weights)
    assert in_keras.count_params() == network.parameter_count(version)
    given = rows[:, :18] if version.repeats else [rows[:, :18], before]
    assert np.abs(in_keras.predict(given, verbose=0) - probabilities).max() < 1e-5
    twin = keras_networks.build(MODEL, data.OUTPUT_IDS, network_class=partial(DateNetwork, version))
    keras_networks.load_arrays(twin, weights)
    assert np.abs(twin(rows)[0].numpy() - logits).max() < 1e-5


def test_unknown_versions_and_weights_of_another_are_refused():
    with pytest.raises(ConfigError, match="'knitting'.*attention"):
        network.find_version("knitting")
    with pytest.raises(ConfigError, match="even number.*7"):
        network.shapes(VERSIONS["teacher-bidirectional"], SMALL.replace(units=7))
    with pytest.raises(ModelError, match="combine/kernel"):
        Translator(VERSIONS["attention"], SMALL, random_weights(VERSIONS["teacher"]))
    with pytest.raises(ModelError, match="decoder/embedding"):
        Translator(VERSIONS["teacher"], SMALL, random_weights(VERSIONS["repeated"]))


def test_a_version_is_known_by_its_weights_but_not_how_it_was_trained():
    for name, version in VERSIONS.items():
        found = network.version_of(SMALL, random_weights(version))
        assert found.name == name.replace("scheduled", "teacher")
    with pytest.raises(ModelError, match="no version"):
        network.version_of(SMALL, {})
