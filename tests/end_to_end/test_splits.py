"""What a run records of its validation set is what `evaluate` finds there, for every split and kind of network."""

import itertools
import json

import numpy as np
import pytest

from charlab import cli
from charlab.core.config import SPLITS, ModelConfig, TrainConfig
from charlab.corpora import catalogue, uploads
from charlab.runs import plan, store
from charlab.runs.permissions import OPERATOR
from charlab.training.train import train_run
from helpers import cases
from helpers.slow_tests import one_in, slow
from helpers.tiny import TINY
from helpers.training_runs import StopAfter, assert_equal_weights, without_times

pytest.importorskip("tensorflow")

TRAIN = TrainConfig(epochs=1, batch_size=16, sequence_length=32, steps_per_epoch=20, learning_rate=0.01)
MODELS = {
    "gru": TINY["gru"],
    "lstm": TINY["lstm"].replace(layers=1),
    "transformer": TINY["transformer"].replace(layers=1),
    "ngram": ModelConfig(kind="ngram", order=4),
}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CHARLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CHARLAB_RUNS", str(tmp_path / "runs"))


def made(kind: str, **settings) -> store.Run:
    text = uploads.read_pasted(cases.names_sorted(2_000))
    name = catalogue.store(text)
    planned = plan.plan_run(catalogue.load(name), "custom", MODELS[kind], TRAIN.replace(**settings))
    return planned.create(OPERATOR)


def train(run: store.Run, **how) -> store.Status:
    with run.lock():
        return train_run(run, **how)


@pytest.mark.parametrize(("kind", "split"), one_in(4, itertools.product(MODELS, SPLITS)))
def test_evaluate_finds_what_the_run_recorded(kind, split, capsys):
    run = made(kind, split=split)
    results = train(run).results
    command = ["evaluate", run.id, "--corpus", run.config().corpus, "--split", "val", "--json"]
    assert cli.main(command) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert said["loss_nats"] == pytest.approx(results["best_val_loss"], abs=2e-5)
    last = [event for event in run.events()[0] if event["event"] == "epoch"][-1]
    assert last["val_error"] == pytest.approx(said["standard_error_nats"], abs=1e-5)
    assert said["standard_error_bits"] == pytest.approx(said["standard_error_nats"] / np.log(2))
    assert 0.005 < said["standard_error_nats"] < 0.3
    assert cli.main(command[:-1]) == 0
    assert f"{said['loss_nats']:.4f} ± {said['standard_error_nats']:.4f} nats" in capsys.readouterr().out
    assert said["characters"] == pytest.approx(0.1 * len(cases.names_sorted(2_000)), abs=20)


def test_the_splits_hold_out_different_parts():
    losses = {split: train(made("ngram", split=split)).results["val_loss"] for split in SPLITS}
    assert losses["end"] > losses["blocks"] > losses["lines"]


@pytest.mark.parametrize(("split", "batches"), [("lines", "streams"), slow(("blocks", "chunks"))])
def test_a_resumed_run_is_the_uninterrupted_one_for_every_split(split, batches):
    settings = {"split": split, "batches": batches, "epochs": 2}
    whole, parts = made("gru", **settings), made("gru", **settings)
    assert train(whole).state == "done"
    assert train(parts, stop=StopAfter(13, "pause")).state == "paused"
    assert train(parts).state == "done"
    assert_equal_weights(whole, parts)
    events = [event for event in without_times(whole) if event["event"] != "sample"]
    assert events == [event for event in without_times(parts) if event["event"] != "sample"]
    assert len(events) > 2


def test_the_command_line_names_a_licence_and_leaves_it_out_on_request(tmp_path, capsys):
    file = tmp_path / "boat.txt"
    file.write_text(cases.gutenberg(), encoding="utf-8")
    command = ["train", "--corpus", str(file), "--preset", "ngram", "--json"]
    assert cli.main(command) == 0
    said = capsys.readouterr().err
    assert "boat.txt contains the header and the licence of Project Gutenberg" in said
    assert "--remove-licence leaves them out" in said
    assert "The validation set (the last 10% of the text) differs from the rest" in said
    assert cli.main([*command, "--remove-licence"]) == 0
    printed = capsys.readouterr()
    run = store.find(json.loads(printed.out.splitlines()[-1])["run"])
    assert "Removed the header and the licence" in printed.err and "differs from the rest" not in printed.err
    assert run.config().reading["without_licence"] and "differs" not in " ".join(run.config().notes)
    assert plan.run_ids(run.config(), run.vocab()).size == len(cases.sentences(150_000).strip()) + 1
    assert cli.main(["evaluate", run.id, "--corpus", str(file), "--json"]) == 0
    document = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert document["loss_nats"] == pytest.approx(run.status().results["val_loss"], abs=1e-6)
