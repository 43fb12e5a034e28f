import json

import pytest

from charlab.core.config import ModelConfig, SampleConfig, TrainConfig
from charlab.errors import ConfigError
from charlab.runs.presets import PRESETS, preset


@pytest.mark.parametrize("name", PRESETS)
def test_presets_survive_json(name):
    chosen = preset(name)
    assert ModelConfig.from_json(chosen.model.to_json()) == chosen.model
    assert TrainConfig.from_json(chosen.train.to_json()) == chosen.train
    assert chosen.name == name and chosen.about.endswith(".")


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: ModelConfig(kind="rnn"), "gru, lstm"),
        (lambda: ModelConfig(units=0), "between 1 and"),
        (lambda: ModelConfig(units=True), "whole number"),
        (lambda: ModelConfig(kind="lstm", layers=5), "between 1 and 4 for kind lstm"),
        (lambda: ModelConfig(kind="transformer", units=30, heads=4), "divided"),
        (lambda: TrainConfig(learning_rate="fast"), "a number"),
        (lambda: TrainConfig(epochs=2.5), "whole number"),
        (lambda: TrainConfig(minutes=0), "between"),
        (lambda: SampleConfig(temperature=-1), "between 0"),
        (lambda: SampleConfig(top_p=-0.1), "between"),
        (lambda: SampleConfig(top_k=-1), "between"),
        (lambda: SampleConfig(top_k=False), "whole number"),
        (lambda: SampleConfig(top_p=True), "a number"),
        (lambda: ModelConfig.from_json({"unit": 3}), "units"),
        (lambda: preset("gru"), "quick-gru"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_would(make, word):
    with pytest.raises(ConfigError, match=word):
        make()


def test_whole_numbers_are_taken_where_a_number_is_wanted():
    assert isinstance(TrainConfig(minutes=2).minutes, float)


@pytest.mark.parametrize("off", [{"top_k": 0}, {"top_p": 0}, {"top_p": 1}, {"top_p": 1.0}, {"top_k": None}])
def test_top_k_and_top_p_are_off_at_0_and_where_all_is_kept(off):
    assert SampleConfig(**off) == SampleConfig() == SampleConfig().replace(**off)


@pytest.mark.parametrize("temperatures", [(), (0.5, 1.0)])
def test_temperatures_survive_json_and_are_only_there_where_some_are_compared(temperatures):
    config = SampleConfig(seed=3, temperatures=temperatures)
    data = config.to_json()
    assert SampleConfig.from_json(json.loads(json.dumps(data))) == config
    assert ("temperatures" in data) == bool(temperatures)
    assert hash(config) == hash(SampleConfig(seed=3, temperatures=list(temperatures)))


def test_replace_checks_again():
    with pytest.raises(ConfigError):
        ModelConfig().replace(layers=0)


def test_the_tutorials_gru_has_its_published_size():
    from charlab.core.predictor import weight_shapes

    shape = weight_shapes(preset("tutorial-gru").model, 66)
    gru = [shape["layer_0/kernel"], shape["layer_0/recurrent_kernel"], shape["layer_0/bias"]]
    assert sum(a * b for a, b in gru) == 3_938_304
    assert shape["embedding"] == (66, 256) and shape["head/kernel"] == (1024, 66)
