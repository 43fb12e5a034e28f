"""The compiled steps: against Keras's own training, on one device and on two, and to disk and back."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from charlab.core import reading
from charlab.core.config import OPTIMIZERS, ModelConfig, TrainConfig
from charlab.core.predictor import build_predictor
from charlab.corpora import batch_means, batching
from charlab.errors import ConfigError, RunError
from charlab.training import strategies
from helpers.project import ROOT
from helpers.slow_tests import one_in
from helpers.tiny import TINY

tf = pytest.importorskip("tensorflow")
import keras  # noqa: E402

from charlab.training.learner import Learner, row_groups  # noqa: E402

V = 12
TRAIN = TrainConfig(batch_size=4, sequence_length=8, learning_rate=0.05)
CLIPPED = {"weight_decay": 0.1, "clip_norm": 0.2}
IDS = np.random.default_rng(0).integers(0, V - 1, 2000)


def rows(step, config=TRAIN):
    return batching.gather(IDS, batching.offsets(config, len(IDS), 0)[step], config.sequence_length)


@pytest.mark.parametrize("optimizer", one_in(2, OPTIMIZERS))
def test_a_step_is_what_keras_itself_would_do(optimizer):
    """The same network with keras.Model's own step, train_on_batch, on one-hot rows.

    (With keras.layers.Embedding, Keras takes the norm of its sparse gradient before equal rows are added up.)
    """
    learner = Learner(ModelConfig(units=8, embedding=4), TRAIN.replace(**CLIPPED, optimizer=optimizer), V)
    layers = [
        keras.layers.Dense(4, use_bias=False, name="embedding"),
        keras.layers.GRU(8, return_sequences=True),
        keras.layers.Dense(V, name="head"),
    ]
    peer = keras.Sequential(layers)
    peer.build((None, 8, V))
    peer.set_weights(list(learner.weights().values()))
    settings = {"learning_rate": 0.05, "weight_decay": 0.1, "global_clipnorm": 0.2}
    if optimizer == "muon":
        settings |= {"adam_weight_decay": 0.1, "momentum": 0.9, "exclude_layers": ["bias", "head"]}
    peers_optimizer = keras.optimizers.get({"class_name": optimizer, "config": settings})
    peers_optimizer.exclude_from_weight_decay(var_names=["bias"])
    peer.compile(peers_optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    for step in range(4):
        batch = rows(step)
        loss = peer.train_on_batch(np.eye(V, dtype=np.float32)[batch[:, :-1]], batch[:, 1:])
        assert learner.step(batch, step, 0.05).numpy()[0] == pytest.approx(float(loss), abs=0.1 if step else 1e-5)
    for ours, theirs in zip(learner.weights().values(), peer.get_weights(), strict=True):
        assert np.allclose(ours, theirs, atol=1e-4)


REHEARSED = [  # each optimizer once, those that differ least from another one in the slow tests
    pytest.param("gru", "adam", marks=pytest.mark.slow),
    ("gru", "adamw"),
    pytest.param("transformer", "muon", marks=pytest.mark.slow),
    pytest.param("lstm", "rmsprop", marks=pytest.mark.slow),
    pytest.param("lstm", "sgd", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("kind, optimizer", REHEARSED)
def test_a_rehearsal_traces_the_step_and_leaves_everything_as_it_was(kind, optimizer):
    config = TRAIN.replace(**CLIPPED, optimizer=optimizer, batches="streams" if kind == "gru" else "windows")
    learner, other = Learner(TINY[kind], config, V), Learner(TINY[kind], config, V)
    validation = batching.validation_rows(IDS[:200], V - 1, 16 if kind == "transformer" else None)
    beginning, untrained = learner.arrays(), other.evaluate(validation)
    with learner.rehearsing(rows(0)):
        while not int(learner.optimizer.iterations):  # its step has not been taken yet
            time.sleep(0.01)
        weights = learner.weights()
        assert all(array.tobytes() == beginning[f"model/{name}"].tobytes() for name, array in weights.items())
        assert learner.evaluate(validation) == untrained
    assert learner._train.experimental_get_tracing_count() == 1
    after = learner.arrays()
    assert all(after[name].tobytes() == array.tobytes() for name, array in beginning.items())
    for step in range(2):
        assert (
            learner.step(rows(step), step, 0.05).numpy().tolist()
            == other.step(rows(step), step, 0.05).numpy().tolist()
        )
    assert learner._train.experimental_get_tracing_count() == 1
    ours, theirs = learner.arrays(), other.arrays()
    assert all(ours[name].tobytes() == array.tobytes() for name, array in theirs.items())


def test_a_rehearsal_that_something_ends_waits_for_its_step_and_sets_back():
    learner = Learner(TINY["gru"], TRAIN, V)
    beginning = learner.arrays()
    with pytest.raises(KeyError), learner.rehearsing(rows(0)):
        raise KeyError
    assert learner._train.experimental_get_tracing_count() == 1
    after = learner.arrays()
    assert all(after[name].tobytes() == array.tobytes() for name, array in beginning.items())


@pytest.mark.parametrize("kind", TINY)
def test_it_learns_and_is_evaluated_as_the_numpy_network_is(kind, vocab):
    config = TRAIN.replace(sequence_length=16, learning_rate=0.02)
    ids = vocab.encode("the quick brown fox jumps over the lazy dog.\n" * 12).astype(np.int64)
    learner = Learner(TINY[kind], config, len(vocab))
    context = TINY[kind].context if kind == "transformer" else None
    validation = batching.validation_rows(ids[-100:], vocab.unknown_id, context)
    before = learner.evaluate(validation)[0]
    epoch_offsets = batching.offsets(config.replace(steps_per_epoch=40), len(ids), 0)
    for step in range(40):
        learner.step(batching.gather(ids, epoch_offsets[step], 16), step, 0.02)
    loss, accuracy, error = learner.evaluate(validation)
    assert before == pytest.approx(np.log(len(vocab)), abs=0.2) and loss < before - 0.5
    predictor = build_predictor(TINY[kind], len(vocab), learner.weights())
    theirs = reading.evaluate(predictor, vocab, ids[-100:])
    assert (loss, accuracy) == (pytest.approx(theirs.loss_nats, abs=1e-5), pytest.approx(theirs.accuracy))
    assert error == pytest.approx(batch_means.standard_error_of(theirs.losses), abs=1e-5) and 0.005 < error < loss


@pytest.mark.parametrize("kind", ["gru", "lstm"])
def test_keras_layers_and_our_loops_come_to_the_same(kind, monkeypatch):
    model, config = ModelConfig(kind=kind, layers=2, units=8, embedding=4), TRAIN.replace(batches="streams")
    ours = Learner(model, config, V)
    monkeypatch.setattr(strategies, "is_cpu", lambda strategy: False)
    theirs = Learner(model, config, V)
    assert ours.network.use_manual_bptt and not theirs.network.use_manual_bptt
    for step in range(4):
        figures = [learner.step(rows(step), step, 0.02).numpy() for learner in (ours, theirs)]
        assert np.allclose(*figures, atol=1e-4)
    assert_equal_arrays(ours.arrays(), theirs.arrays())


@pytest.mark.parametrize(
    ("model", "way"),
    [
        (ModelConfig(units=8, embedding=4), "streams"),
        (ModelConfig(kind="transformer", layers=1, units=8, heads=2, context=16), "windows"),
    ],
    ids=["gru", "transformer"],
)
def test_groups_of_rows_come_to_what_the_whole_batch_does(monkeypatch, model, way):
    config = TRAIN.replace(batches=way, clip_norm=0.3)
    monkeypatch.setattr("charlab.training.learner.row_groups", lambda model, rows: 1)
    validation = batching.validation_rows(IDS[:500], unknown_id=V - 1, window=16)
    whole = Learner(model, config, V)
    monkeypatch.setattr("charlab.training.learner.row_groups", lambda model, rows: 2)
    grouped = Learner(model, config, V)
    assert (whole.groups, grouped.groups) == (1, 2)
    for step in range(4):
        figures = [learner.step(rows(step), step, 0.02).numpy() for learner in (whole, grouped)]
        assert np.allclose(*figures, atol=1e-5)
    assert_equal_arrays(whole.arrays(), grouped.arrays())
    assert whole.evaluate(validation) == pytest.approx(grouped.evaluate(validation), abs=1e-5)


def assert_equal_arrays(ours, theirs):
    assert set(ours) == set(theirs)
    assert all(np.allclose(ours[name], theirs[name], atol=1e-4) for name in ours)


def test_each_core_reads_rows_of_its_own_while_the_weights_are_small(monkeypatch):
    for cores, rows_, groups in (
        (1, 64, 1),
        (2, 64, 2),
        (2, 31, 1),
        (2, 33, 1),
        (3, 64, 2),
        (8, 64, 4),
        (8, 7, 1),
    ):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        assert row_groups(ModelConfig(kind="gru", units=256), rows_) == groups
    assert row_groups(ModelConfig(kind="gru", units=1024), 64) == 1
    assert row_groups(ModelConfig(kind="transformer", units=1024), 16) == 4


@pytest.mark.parametrize("groups", [1, 2])
def test_unknown_targets_are_left_out_of_loss_accuracy_and_gradient(monkeypatch, groups):
    """A step of gradient descent against Keras's own layers on the mean over the targets that are known."""
    monkeypatch.setattr("charlab.training.learner.row_groups", lambda model, rows: groups)
    config = TRAIN.replace(optimizer="sgd")
    learner = Learner(ModelConfig(units=8, embedding=4), config, V, skips_unknown=True)
    batch = rows(0)
    batch[0, 1:] = batch[1, ::2] = V - 1  # a row without a known target, and one with four or five
    known = batch[:, 1:] != V - 1
    assert 0 < known.sum() < known.size

    before = learner.weights()
    peer = keras.Sequential(
        [keras.layers.Embedding(V, 4), keras.layers.GRU(8, return_sequences=True), keras.layers.Dense(V)]
    )
    peer.build((None, 8))
    peer.set_weights(list(before.values()))
    with tf.GradientTape() as tape:
        logits = tf.boolean_mask(peer(batch[:, :-1]), known)  # [known, V]
        loss = keras.losses.sparse_categorical_crossentropy(batch[:, 1:][known], logits, from_logits=True)
        loss = tf.reduce_mean(loss)
    gradients = tape.gradient(loss, peer.trainable_variables)
    accuracy = (logits.numpy().argmax(-1) == batch[:, 1:][known]).mean()

    figures = learner.step(batch, 0, 0.5).numpy()
    assert figures == pytest.approx([float(loss), accuracy, known.sum()], abs=1e-5)
    for (name, ours), theirs in zip(learner.weights().items(), gradients, strict=True):
        assert np.allclose((before[name] - ours) / 0.5, tf.convert_to_tensor(theirs), atol=1e-5), name


def test_a_batch_without_a_known_target_changes_nothing():
    learner = Learner(ModelConfig(units=8, embedding=4), TRAIN.replace(optimizer="sgd"), V, skips_unknown=True)
    before = learner.weights()
    assert learner.step(np.full_like(rows(0), V - 1), 0, 0.5).numpy().tolist() == [0, 0, 0]
    assert all((learner.weights()[name] == before[name]).all() for name in before)


def test_where_every_target_is_known_the_step_is_that_of_the_plain_learner():
    """And the plain one's graph has no operation that would look for unknown targets."""
    model = ModelConfig(units=8, embedding=4)
    plain, skipping = Learner(model, TRAIN, V), Learner(model, TRAIN, V, skips_unknown=True)
    for step in range(3):
        ours, theirs = (learner.step(rows(step), step, 0.05).numpy() for learner in (skipping, plain))
        assert ours == pytest.approx([*theirs, 32], abs=1e-5)
    assert_equal_arrays(plain.arrays(), skipping.arrays())
    compared = {
        learner.skips_unknown: sum(
            operation.type == "NotEqual"
            for operation in learner._train.get_concrete_function(
                tf.constant(rows(0)), learner._state, tf.constant(0, tf.int64)
            ).graph.get_operations()
        )
        for learner in (plain, skipping)
    }
    assert compared == {False: 0, True: 1}


@pytest.mark.parametrize("model", [ModelConfig(units=8, embedding=4), TINY["transformer"]])
def test_evaluation_in_several_batches_gives_the_mean_over_all(model, monkeypatch):
    learner = Learner(model, TRAIN, V)
    validation = batching.validation_rows(IDS[:1001], unknown_id=V - 1, window=16)
    few = Learner(model, TRAIN, V)
    monkeypatch.setattr(few, "_evaluated", 16 * 5)
    assert few.evaluate(validation) == pytest.approx(learner.evaluate(validation), abs=1e-6)


def test_grappler_is_off_for_a_transformer_alone_also_when_learners_take_turns():
    def is_off() -> bool:
        return tf.config.optimizer.get_experimental_options()["disable_meta_optimizer"]

    gru, transformer = (Learner(model, TRAIN, V) for model in (ModelConfig(units=8), TINY["transformer"]))
    assert is_off()
    gru.begin_again(gru.arrays(), TRAIN)
    assert not is_off()
    transformer.begin_again(transformer.arrays(), TRAIN)
    assert is_off()


def test_the_hidden_state_is_carried_in_streams_alone():
    for batches, carried in (("streams", True), ("windows", False), ("chunks", False)):
        learner = Learner(ModelConfig(units=8, embedding=4), TRAIN.replace(batches=batches), V)
        first = learner.step(rows(0), 0, 0.0).numpy()[0]
        assert (learner.step(rows(0), 1, 0.0).numpy()[0] != first) == carried
        learner.reset_state()
        assert learner.step(rows(0), 2, 0.0).numpy()[0] == first


def test_streams_that_are_all_reset_read_every_row_from_its_beginning():
    config = TRAIN.replace(batches="streams", state_resets=1.0)
    learner = Learner(ModelConfig(units=8, embedding=4), config, V)
    first = learner.step(rows(0), 0, 0.0).numpy()[0]
    assert learner.step(rows(0), 1, 0.0).numpy()[0] == first


@pytest.mark.parametrize("precision", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_arrays_hold_all_that_the_next_step_depends_on(precision):
    model = ModelConfig(kind="lstm", units=8, embedding=4, recurrent_dropout=0.2)
    config = TRAIN.replace(batches="streams", optimizer="adamw", weight_decay=0.1, precision=precision)
    learner, other = Learner(model, config, V), Learner(model, config, V)
    for step in range(3):
        learner.step(rows(step), step, 0.05)
    other.load(learner.arrays())
    assert (learner.step(rows(3), 3, 0.05).numpy() == other.step(rows(3), 3, 0.05).numpy()).all()
    ours, theirs = learner.arrays(), other.arrays()
    assert all((ours[name] == theirs[name]).all() for name in ours)


def test_arrays_of_another_model_are_refused():
    learner = Learner(ModelConfig(units=8, embedding=4), TRAIN, V)
    other = Learner(ModelConfig(units=9, embedding=4), TRAIN, V)
    with pytest.raises(RunError, match="does not fit"):
        learner.load(other.arrays())


def test_float16_goes_on_where_a_gradient_overflows():
    """The loss is scaled by 32,768 at first; a step whose gradients overflow is left out and the scale halved."""
    learner = Learner(ModelConfig(units=8, embedding=4), TRAIN.replace(precision="mixed_float16"), V)
    learner.optimizer.dynamic_scale.assign(1e38)
    before = learner.weights()
    assert np.isfinite(learner.step(rows(0), 0, 0.05).numpy()).all()
    assert all((learner.weights()[name] == before[name]).all() for name in before)
    assert float(learner.optimizer.dynamic_scale) == pytest.approx(0.5e38)


def test_muon_turns_the_kernels_of_the_blocks_and_nothing_else():
    model = ModelConfig(kind="transformer", layers=1, units=8, heads=2, context=8)
    learner = Learner(model, TRAIN.replace(optimizer="muon"), V)
    variables, by_adam = learner.network.trainable_variables, learner.optimizer.adam_velocities
    turned = {id(variable) for variable, velocity in zip(variables, by_adam, strict=True) if velocity is None}
    names = {name for name, variable in learner.network.named().items() if id(variable) in turned}
    assert names == {f"block_0/{part}/kernel" for part in ("attention", "projection", "expand", "contract")}


def test_replicas_share_a_batch_evenly(monkeypatch):
    class Three:
        num_replicas_in_sync = 3

    with pytest.raises(ConfigError, match="choose a batch_size of 3, for example. Received: 4"):
        Learner(ModelConfig(units=8), TRAIN, V, Three())


def six_steps(accelerator):
    """Results of three networks on an accelerator: kind and precision -> [figures, evaluation, arrays]."""
    strategy, result = strategies.choose(accelerator), {}
    for kind, precision, skips_unknown in (
        ("gru", "float32", False),
        ("gru", "float32", True),
        ("gru", "mixed_float16", False),
        ("transformer", "float32", False),
    ):
        train = TrainConfig(
            batch_size=4,
            sequence_length=8,
            batches="streams",
            clip_norm=0.3,
            weight_decay=0.1,
            optimizer="muon" if kind == "transformer" else "adamw",
            precision=precision,
        )
        model = ModelConfig(kind=kind, units=8, embedding=8, heads=2, context=8)
        learner = Learner(model, train, 12, strategy, skips_unknown)
        ids = np.random.default_rng(0).integers(0, 12, 2000)
        epoch_offsets = batching.offsets(train, len(ids), 0)
        figures = [
            learner.step(batching.gather(ids, epoch_offsets[i], 8), i, 0.02).numpy().tolist() for i in range(6)
        ]
        evaluated = learner.evaluate(batching.validation_rows(ids[:300], 11, 8)) if kind == "gru" else 0
        arrays = learner.arrays()
        learner.load(arrays)
        again = learner.arrays()
        assert all((arrays[name] == again[name]).all() for name in arrays)
        for variable in learner.network.trainable_variables:
            replicas = [np.array(value) for value in strategy.experimental_local_results(variable.value)]
            assert len(replicas) == strategy.num_replicas_in_sync
            assert all((value == replicas[0]).all() for value in replicas)
        result[f"{kind} {skips_unknown} {precision}"] = [
            figures,
            evaluated,
            {name: array.tolist() for name, array in arrays.items()},
        ]
    return result


@pytest.mark.slow
def test_two_replicas_do_what_one_does():
    """The batch is split, gradients are summed, then clipped: the weights are the same but for rounding."""
    program = "import json, test_learner\nprint(json.dumps(test_learner.six_steps('mirrored')))"
    path = os.pathsep.join(str(folder) for folder in (Path(__file__).resolve().parent, ROOT / "tests", ROOT))
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": "-1", "PYTHONPATH": path}
    mirrored = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=400
    )
    assert mirrored.returncode == 0, mirrored.stderr[-2000:]
    results = [six_steps("cpu"), json.loads(mirrored.stdout.splitlines()[-1])]
    for case, (figures, evaluated, arrays) in results[0].items():
        tolerance = 1e-4 if case.endswith("float32") else 2e-2
        other_figures, other_evaluated, other_arrays = results[1][case]
        assert np.allclose(figures, other_figures, atol=tolerance)
        assert np.allclose(evaluated, other_evaluated, atol=tolerance)
        for name, array in arrays.items():
            assert np.shape(array) == np.shape(other_arrays[name])
            if name.startswith("model/"):
                assert np.allclose(array, other_arrays[name], atol=tolerance), name
