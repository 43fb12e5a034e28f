import pytest

from charlab.core import summary
from charlab.core.config import ModelConfig, TrainConfig
from charlab.runs import checkpoints, store, time_estimate, watch
from charlab.runs.presets import PRESETS
from charlab.runs.time_estimate import MeasuredSpeed
from helpers.tiny import make_run

GRU, TRAIN = ModelConfig(units=256), TrainConfig(epochs=2, batch_size=10, sequence_length=100, accelerator="cpu")


def speed(model=GRU, per_second=1000.0, **train):
    return MeasuredSpeed(model, TRAIN.replace(**train), 66, per_second)


def test_the_same_model_takes_what_it_took():
    # 90,000 training characters, 90 batches of windows per epoch; 10,000 evaluated after each of two epochs
    seconds = time_estimate.estimate_seconds(GRU, TRAIN, 100_000, 66, [speed()])
    assert seconds == pytest.approx(2 * (90_000 + 10_000 / 3) / 1000)
    assert time_estimate.characters_seen(GRU, TRAIN, 100_000, 66, []) == 180_000


def test_the_newest_runs_count_and_those_with_the_same_batches_before_others():
    measured = [speed(per_second=10.0, batch_size=1), *[speed(per_second=2000.0)] * 5, speed(per_second=1.0)]
    assert time_estimate.expected_speed(GRU, TRAIN, 66, measured) == 2000
    assert time_estimate.expected_speed(GRU, TRAIN, 66, measured[:1]) == 10


def test_another_model_is_scaled_by_its_operations():
    larger = GRU.replace(units=1024)
    expected = time_estimate.expected_speed(larger, TRAIN, 66, [speed()])
    by_parameters = summary.parameter_count(GRU, 66) / summary.parameter_count(larger, 66)
    assert expected == pytest.approx(1000 * by_parameters, rel=0.1)
    near = speed(larger.replace(units=1000), 50.0)
    assert time_estimate.expected_speed(larger, TRAIN, 66, [speed(), near]) == pytest.approx(
        50 * (1000 / 1024) ** 2, rel=0.05
    )


def test_an_embedding_is_looked_up_and_one_hot_input_is_multiplied():
    wide = summary.operations(GRU.replace(embedding=64), TRAIN, 100_000)
    head = 6 * (256 + 1) * 100_000
    assert wide == pytest.approx(head, rel=0.02)
    one_hot = GRU.replace(embedding=0)
    assert summary.operations(one_hot, TRAIN, 66) == 6 * summary.parameter_count(one_hot, 66)


def test_nothing_is_guessed_where_nothing_was_measured():
    assert time_estimate.estimate_seconds(GRU, TRAIN, 100_000, 66, []) is None
    elsewhere = [speed(accelerator="gpu"), speed(precision="mixed_float16"), speed(ModelConfig(kind="ngram"))]
    assert time_estimate.estimate_seconds(GRU, TRAIN, 100_000, 66, elsewhere) is None


def test_minutes_are_minutes_and_what_is_read_in_them_hangs_on_the_speed():
    train = TRAIN.replace(minutes=2.0)
    assert time_estimate.estimate_seconds(GRU, train, 100_000, 66, []) == 120
    assert time_estimate.characters_seen(GRU, train, 100_000, 66, []) is None
    assert time_estimate.characters_seen(GRU, train, 100_000, 66, [speed()]) == 120_000


def measured(*runs: store.Run, **more) -> list[time_estimate.MeasuredSpeed]:
    return time_estimate.measured_speeds(map(watch.KnownRun, runs), **more)


def test_speeds_are_read_from_runs():
    run, empty, imported = make_run(), make_run(name="empty"), make_run(name="from another machine")
    for event in (
        {"event": "epoch", "epoch": 0, "step": 0, "val_loss": 3.0, "characters_per_second": 0, "seconds": 4.0},
        {"event": "step", "epoch": 0.5, "step": 9, "loss": 2.0, "characters_per_second": 900, "seconds": 5.0},
    ):
        run.append_event(event)
        imported.append_event(event)
    for trained in (run, empty):
        checkpoints.save(trained, checkpoints.Progress(), {})
    (found,) = measured(empty, imported, run)
    assert (found.characters_per_second, found.vocabulary_size) == (900, len(run.vocab()))
    later = {"event": "epoch", "epoch": 1, "step": 18, "val_loss": 2.0, "characters_per_second": 800}
    run.append_event(later | {"seconds": 9.0})
    assert measured(run)[0].characters_per_second == 800
    assert measured(store.Run(run.path / "nowhere")) == []
    assert len(measured(*[run] * 9, most=4)) == 4


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (2, "a few seconds"),
        (41, "about 40 seconds"),
        (59, "about 1 minute"),
        (100, "about 1 minute 40 seconds"),
        (598, "about 10 minutes"),
        (1500, "about 25 minutes"),
        (3599, "about 1 hour"),
        (7800, "about 2 hours 10 minutes"),
        (400_000, "about 5 days"),
    ],
)
def test_times_in_words(seconds, words):
    assert time_estimate.duration(seconds) == words


@pytest.mark.parametrize("name", PRESETS)
def test_layers_have_all_parameters_of_the_network(name):
    model = PRESETS[name].model
    layers = summary.layers(model, 66)
    if model.kind == "ngram":
        assert layers == []
    else:
        assert sum(layer.parameters for layer in layers) == summary.parameter_count(model, 66)
        assert len(layers) == model.layers + 2 and layers[-1].outputs == 66
