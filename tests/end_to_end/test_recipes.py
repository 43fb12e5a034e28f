"""Every preset trains: on the shortest text that is accepted, for a few steps."""

import math

import pytest

from charlab.core import reading
from charlab.corpora import catalogue, encoding
from charlab.runs import models, plan
from charlab.runs.permissions import OPERATOR
from charlab.runs.presets import PRESETS
from charlab.training.train import train_run
from helpers.slow_tests import one_in

TEXT = "".join(f"{a} and {b} are {a + b}.\n" for a in range(12) for b in range(12))[:2000]
# What a few steps of the large ones may be made smaller by; kind, layers, units and schedule stay the preset's.
SMALLER = {
    "cloud-tpu-lstm": {"batch_size": 8, "steps_per_epoch": 1, "sequence_length": 32},
    "tutorial-gru": {"sequence_length": 32},
    "chapter16-stateless": {"shift": 25},
    "chapter16-stateful": {"epochs": 2},
}


@pytest.mark.parametrize("name", one_in(2, PRESETS))
def test_a_preset_trains_on_the_shortest_text(name, tmp_path):
    path = tmp_path / "short.txt"
    path.write_text(TEXT, encoding="utf-8", newline="\n")
    text = catalogue.load(str(path))
    chosen = PRESETS[name]
    changes = {"epochs": 1, "accelerator": "cpu"} | SMALLER.get(name, {})
    model, train = plan.change(chosen.model, chosen.train, changes)
    run = plan.plan_run(text, name, model, train).create(OPERATOR)
    config = run.config()
    with run.lock():
        status = train_run(run)
    assert status.state == "done", status.reason
    assert math.isfinite(status.results["val_loss"])
    trained = models.load(run.id)
    ids = encoding.text_ids(TEXT, trained.vocab, config.model)
    ids = ids[encoding.split_at(len(ids), config.train.validation_share) :]
    evaluated = reading.evaluate(trained.predictor, trained.vocab, ids)
    assert evaluated.loss_nats == pytest.approx(status.results["best_val_loss"], abs=1e-4)
