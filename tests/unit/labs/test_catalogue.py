"""What is known of labs: their models ship, are small and as good as promised, and their runs are told apart."""

import pytest

from charlab.core.config import ModelConfig, TrainConfig
from charlab.core.vocab import Vocab
from charlab.errors import ConfigError, ModelError, RunError
from charlab.export import formats
from charlab.labs import catalogue, scripts
from charlab.labs.catalogue import LABS, SHIPPED
from charlab.labs.reber import data, network
from charlab.labs.trainers import TRAINERS
from charlab.runs import models, queue, store, watch
from charlab.runs.permissions import OPERATOR, Actor
from charlab.runs.quotas import MAX_WAITING
from charlab.runs.store import RunConfig

LAB = LABS["reber"]


def test_every_lab_has_a_trainer_and_a_model_that_ships():
    assert set(TRAINERS) == set(LABS)
    for lab in LABS.values():
        assert lab.shipped.config().task == lab.name and lab.shipped.status().state == "done"
        assert f"| {lab.name} | validation loss " in (SHIPPED / "README.md").read_text(encoding="utf-8")
    assert sum(path.stat().st_size for path in SHIPPED.rglob("*")) < 3_000_000


def test_the_model_that_ships_is_the_recipe_unchanged_and_reaches_its_figures():
    run = LAB.shipped
    config = run.config()
    assert (config.model, config.train) == (LAB.model, LAB.train)
    drawn, judge = data.draw(config.train.seed), network.Judge(config.model, run.weights())
    assert drawn.sha256 == config.corpus_sha256
    right = (judge.verdicts(drawn.validation.texts) > 0.5) == drawn.validation.good
    assert right.mean() >= 0.995 > data.counting_accuracy(drawn)
    assert (judge.verdicts(drawn.swaps.texts) < 0.5).mean() >= 0.98
    bad, good = judge.verdicts(data.TRICKY)
    assert bad < 0.5 < good


def test_it_forgets_what_is_too_far_away():
    near, *_, far = network.memory_curve(network.Judge(LAB.model, LAB.shipped.weights()), [5, 10, 15, 90])
    assert near == 1 and far < 0.8


def test_a_labs_run_is_no_language_model_and_waits_in_the_same_queue():
    ours = LAB.create(LAB.config(epochs=1), OPERATOR)
    text = RunConfig("a text", "custom", "shakespeare", "", ModelConfig(), TrainConfig())
    other = store.create(text, Vocab("abc"))
    assert [run.id for run in queue.waiting()] == sorted([ours.id, other.id], key=lambda one: one != ours.id)
    assert [known.id for known in LAB.runs()] == [ours.id]
    assert [known.id for known in watch.of_task(watch.runs())] == [other.id]
    judge = LAB.shipped.weights()
    for run in (ours, other):
        run.write_weights(judge, "best")
    assert ours.id not in [info.name for info in models.available_models()]
    with pytest.raises(ModelError, match="belongs to the lab"):
        models.load(ours.id)


def test_a_language_models_configuration_does_not_name_a_task():
    config = RunConfig("a text", "custom", "shakespeare", "", ModelConfig(), TrainConfig())
    assert "task" not in config.to_json() and RunConfig.from_json(config.to_json()).task == ""
    ours = LAB.config()
    assert ours.to_json()["task"] == "reber" and RunConfig.from_json(ours.to_json()) == ours


def test_a_run_of_something_else_is_refused():
    other = store.create(
        RunConfig("a text", "custom", "shakespeare", "", ModelConfig(), TrainConfig()), Vocab("abc")
    )
    with pytest.raises(ConfigError, match="belongs to the Train page"):
        catalogue.find_run(LAB, other.id)
    with pytest.raises(ConfigError, match="There is no lab 'knitting'. Labs: reber"):
        catalogue.find("knitting")
    with pytest.raises(ConfigError, match="'units'"):
        LAB.config(units=10)


def test_a_labs_run_has_its_own_formats_and_the_others_are_refused_before_anything_is_written(tmp_path):
    table = formats.make(LAB.shipped, "csv").decode()
    assert table.startswith("event,epoch,step")
    for name in ("bundle", "savedmodel"):
        with pytest.raises(ConfigError, match=f"csv, script, keras. Received: '{name}'"):
            formats.export(LAB.shipped, name, str(tmp_path / "file"))
    assert not list(tmp_path.iterdir())
    program = tmp_path / "judge.py"
    formats.export(LAB.shipped, "script", str(program), lab_script=scripts.standalone)
    assert program.read_text(encoding="utf-8") == scripts.standalone(LAB.shipped.config())


def test_a_student_has_as_many_labs_in_the_queue_as_runs():
    student = Actor("student", "a-browser")
    for _ in range(MAX_WAITING):
        assert LAB.create(LAB.config(), student).config().owner == "a-browser"
    with pytest.raises(RunError, match="each browser may have 2"):
        LAB.create(LAB.config(), student)
