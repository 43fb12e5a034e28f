"""Learners of a process that trains several runs: a step that is traced already computes the same, bit by bit."""

import ast

import pytest

from charlab.core.config import TrainConfig
from charlab.corpora import batching
from charlab.errors import UnavailableError
from charlab.runs import checkpoints
from helpers.project import ROOT, parsed
from helpers.slow_tests import slow
from helpers.training_runs import IDS, TINIER, VOCAB, assert_equal_weights, make, train, without_times

pytest.importorskip("tensorflow")
from charlab.training import learners as kept  # noqa: E402
from charlab.training.learners import Learners  # noqa: E402
from charlab.training.train import prepare  # noqa: E402


@pytest.mark.parametrize(
    "kind, optimizer", [("gru", "adamw"), slow(("lstm", "adam")), slow(("transformer", "muon"))]
)
def test_a_run_with_a_step_that_is_used_again_equals_one_in_a_process_of_its_own(kind, optimizer, monkeypatch):
    settings = {"epochs": 2, "optimizer": optimizer, "weight_decay": 0.01, "clip_norm": 1.0}
    traced, learners = [], Learners(kept=2)
    count_learners(monkeypatch, traced)
    before = make(TINIER[kind], **settings | {"learning_rate": 0.5, "warm_up_steps": 9, "epochs": 1})
    assert train(before, learners=learners).state == "done"
    warm, cold = make(TINIER[kind], **settings), make(TINIER[kind], **settings)
    evaluated = count_evaluations(monkeypatch)
    assert train(warm, learners=learners).state == train(cold).state == "done"
    assert len(traced) == 2  # the first run's, and that of the cold one
    assert (
        evaluated.count(traced[0]) == 4 < evaluated.count(traced[1])
    )  # the untrained network was evaluated before
    assert_equal_weights(cold, warm)
    assert without_times(cold)[2:] == without_times(warm)[2:]
    (ours, arrays), (theirs, others) = checkpoints.load(warm), checkpoints.load(cold)
    assert ours.step == theirs.step and arrays.keys() == others.keys()
    assert all(arrays[name].tobytes() == others[name].tobytes() for name in others)


@pytest.mark.parametrize("kind, batches", [("gru", "streams"), slow(("transformer", "windows"))])
def test_a_run_that_was_prepared_traces_and_evaluates_no_more_and_is_the_same(kind, batches, monkeypatch):
    settings = {"epochs": 1, "batches": batches, "clip_norm": 1.0}
    prepared, cold = make(TINIER[kind], **settings), make(TINIER[kind], **settings)
    evaluated, learners, parts = count_evaluations(monkeypatch), Learners(kept=2), []
    prepare(prepared.config(), VOCAB, learners, lambda: parts.append(1))
    prepare(prepared.config(), VOCAB, learners, lambda: parts.append(1))
    (learner,) = evaluated  # the text repeats itself: the sample of the training set is the validation set
    assert len(parts) == 3  # one batch of text, and a step; the second time a step
    assert train(prepared, learners=learners).state == train(cold).state == "done"
    assert evaluated.count(learner) == 3 and len(set(evaluated)) == 2
    assert learner._train.experimental_get_tracing_count() == 1
    assert_equal_weights(cold, prepared)
    assert without_times(cold)[2:] == without_times(prepared)[2:]


@pytest.mark.parametrize("part, interrupted", [(1, 0), (2, 1)], ids=["tracing", "evaluating"])
def test_what_was_prepared_until_something_else_is_asked_for_stays(part, interrupted, monkeypatch):
    class Asked(Exception):
        pass

    def look_up():
        looked.append(1)
        if len(looked) == part:
            raise Asked

    run, learners, looked = make(TINIER["gru"], epochs=1), Learners(kept=2), []
    evaluated = count_evaluations(monkeypatch)
    with pytest.raises(Asked):
        prepare(run.config(), VOCAB, learners, look_up)
    assert train(run, learners=learners).state == "done" and len(set(evaluated)) == 1
    assert len(evaluated) == interrupted + 1 + 2  # before, untrained, and after the epoch


def count_learners(monkeypatch, traced):
    from charlab.training import learner

    class Counting(learner.Learner):
        def __init__(self, *arguments):
            traced.append(self)
            super().__init__(*arguments)

    monkeypatch.setattr(learner, "Learner", Counting)


def count_evaluations(monkeypatch):
    from charlab.training.learner import Learner

    evaluated, evaluate = [], Learner._evaluate_rows
    monkeypatch.setattr(
        Learner, "_evaluate_rows", lambda self, *given: (evaluated.append(self), evaluate(self, *given))[1]
    )
    return evaluated


def test_a_learner_that_goes_on_from_a_checkpoint_is_evaluated_anew():
    learners = Learners(kept=1)
    run = make(TINIER["gru"], epochs=1)
    first = train(run, learners=learners)
    learner = learners.learner(run.config(), len(run.vocab()), False)
    rows = batching.validation_rows(IDS[-200:], VOCAB.unknown_id, None)
    untrained = learner.evaluate(rows)
    learner.load(checkpoints.load(run)[1])
    trained = learner.evaluate(rows)
    assert first.state == "done" and trained[0] < untrained[0] == learner_at_start(learners, run).evaluate(rows)[0]


def learner_at_start(learners, run):
    return learners.learner(run.config(), len(run.vocab()), False)


def test_the_latest_learners_are_kept_and_others_made_anew(monkeypatch):
    traced, learners = [], Learners(kept=2)
    count_learners(monkeypatch, traced)
    gru = TINIER["gru"].replace(layers=1)
    runs = [make(gru, seed=seed, batch_size=size).config() for seed, size in ((1, 8), (2, 8), (1, 4), (1, 8))]

    def get(config, unknown=False):
        learners.strategy(config)
        return learners.learner(config, 20, unknown)

    first = get(runs[0])
    assert get(runs[0]) is first and get(runs[1]) is not first and get(runs[0]) is first
    assert get(runs[2]) not in (first, traced[1]) and get(runs[0]) is first
    assert get(runs[1]) is not traced[1]  # it had made room
    assert get(runs[0], unknown=True) is not first and len(learners._kept) == 2


def test_a_process_takes_only_runs_that_divide_the_machine_as_its_first_did(monkeypatch):
    learners = Learners(kept=1)
    monkeypatch.setattr(kept.strategies, "resolve", lambda name: "cpu" if name == "auto" else name)
    monkeypatch.setattr(kept, "_row_groups", lambda config: config.train.batch_size // 4)
    eight, four = make(batch_size=8).config(), make(batch_size=4).config()
    assert learners.fit(eight) and learners.fit(four)
    assert not learners.fit(make(accelerator="mirrored").config())
    assert not learners.fit(make(accelerator="multi-worker").config())

    def none(name, groups):
        raise UnavailableError("This machine has no GPU.")

    monkeypatch.setattr(kept.strategies, "choose", none)
    with pytest.raises(UnavailableError):
        learners.strategy(make(accelerator="gpu").config())
    assert learners.fit(four)  # nothing was divided
    monkeypatch.setattr(kept.strategies, "choose", lambda name, groups: "strategy")
    assert learners.strategy(eight) == learners.strategy(eight) == "strategy"
    assert learners.fit(eight) and learners.fit(make(batch_size=8, accelerator="cpu").config())
    assert not learners.fit(four) and not learners.fit(make(batch_size=8, accelerator="gpu").config())


def test_what_may_differ_between_runs_of_a_learner_is_not_in_its_steps():
    """Of these settings the learner reads none but the learning rate, which each step sets."""
    read = {
        node.attr
        for name in ("learner", "optimizers", "keras_networks", "muon", "bptt", "fused_ops")
        for node in ast.walk(parsed(ROOT / f"charlab/training/{name}.py"))
        if isinstance(node, ast.Attribute) and "config" in ast.unparse(node.value)
    }
    assert "batch_size" in read and "weight_decay" in read
    assert set(kept.OUTSIDE_GRAPH) & read == {"learning_rate"}
    assert set(kept.OUTSIDE_GRAPH) < set(TrainConfig().to_json())
