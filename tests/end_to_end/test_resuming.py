"""Tiny networks really trained: paused, stopped and resumed, evaluated, and on two machines."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from charlab.core.predictor import build_predictor
from charlab.corpora import encoding
from helpers.tiny import TINY
from helpers.training_runs import IDS, STEPS, TEXT, TINIER, VOCAB

from helpers.training_runs import StopAfter, assert_equal_weights, events, make, train, without_times  # isort: skip
from charlab.core import reading
from helpers.slow_tests import slow

pytest.importorskip("tensorflow")


@pytest.mark.parametrize(
    "kind, batches", [("gru", "streams"), slow(("lstm", "chunks")), ("transformer", "windows")]
)
def test_a_resumed_run_is_the_uninterrupted_one(kind, batches):
    """Paused in the middle of an epoch and resumed: all weights are the same bit by bit."""
    settings = {
        "batches": batches,
        "learning_rate_schedule": "cosine",
        "clip_norm": 1.0,
        "optimizer": "adamw",
        "state_resets": 0.2 if batches == "streams" else 0.0,
    }
    whole, parts = make(TINIER[kind], **settings), make(TINIER[kind], **settings)
    assert train(whole).state == "done"
    assert train(parts, stop=StopAfter(STEPS + 5, "pause")).state == "paused"
    assert train(parts).state == "done"
    assert_equal_weights(whole, parts)
    assert without_times(whole) == without_times(parts)
    assert whole.recorded_status().results["val_loss"] < events(whole, "epoch")[0]["val_loss"] - 0.3


def test_a_run_that_was_stopped_can_go_on():
    whole, parts = make(TINY["gru-one-hot"]), make(TINY["gru-one-hot"])
    train(whole)
    assert train(parts, stop=StopAfter(5, "stop")).state == "stopped"
    assert train(parts, stop=StopAfter(9, "pause")).state == "paused"
    train(parts)
    assert all((whole.weights("last")[name] == array).all() for name, array in parts.weights("last").items())


def test_what_is_saved_is_what_was_evaluated():
    run = make(TINIER["lstm"], epochs=2, learning_rate=0.05)
    results = train(run).results
    predictor = build_predictor(run.config().model, len(VOCAB), run.weights("best"))
    evaluation = reading.evaluate(predictor, VOCAB, IDS[encoding.split_at(len(IDS), 0.1) :])
    assert evaluation.loss_nats == pytest.approx(results["best_val_loss"], abs=1e-5)
    last = events(run, "epoch")[-1]
    assert evaluation.accuracy == pytest.approx(last["val_accuracy"], abs=1e-6)


WORKER = """
import json, os, sys
from charlab.runs import store
from charlab.training import train
run = store.Run(sys.argv[1])
with run.lock():
    status = train.train_run(run, run.vocab().encode(open(sys.argv[2], encoding="utf-8").read()))
print(json.dumps([status.state, status.reason, run.weight_names(), status.results.get("val_loss")]))
"""


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@pytest.mark.slow
def test_two_machines_train_as_one(tmp_path):
    """Two processes joined through TF_CONFIG: the first writes the run, and the result is that of one machine."""
    text = tmp_path / "text.txt"
    text.write_text(TEXT, encoding="utf-8", newline="\n")
    alone = make(TINY["gru-one-hot"], accelerator="cpu")
    joined = [make(TINY["gru-one-hot"], accelerator="multi-worker") for _ in range(2)]
    cluster = {"worker": [f"127.0.0.1:{port}" for port in free_ports(2)]}
    processes = []
    for index, run in enumerate(joined):
        config = json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}})
        environment = os.environ | {"TF_CONFIG": config, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
        command = [sys.executable, "-c", WORKER, str(run.path), str(text)]
        processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment))
    answers = [json.loads(process.communicate(timeout=300)[0].splitlines()[-1]) for process in processes]
    assert [answer[0] for answer in answers] == ["done", "done"]
    assert "best" in answers[0][2] and answers[1][2] == []
    assert answers[0][3] == answers[1][3]
    train(alone)
    for name, array in alone.weights("last").items():
        assert np.allclose(array, joined[0].weights("last")[name], atol=1e-3)
    assert Path(joined[1].path / "status.json").read_text().find("queued") > 0
