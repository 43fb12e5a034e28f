"""Training an n-gram model: it is counted, without TensorFlow."""

import math
import subprocess
import sys

from charlab.core import reading
from charlab.core.config import ModelConfig
from charlab.core.predictor import build_predictor
from charlab.corpora import encoding
from helpers.training_runs import IDS, RESULTS, TEXT, VOCAB, events, make


def test_counting_needs_no_tensorflow():
    code = "import sys; from charlab import cli; sys.exit(cli.main(sys.argv[1:]) or 'tensorflow' in sys.modules)"
    command = [sys.executable, "-c", code, "train", "--corpus", "coin-flips", "--preset", "ngram"]
    assert subprocess.run(command, capture_output=True).returncode == 0


def test_an_ngram_model_is_counted_without_tensorflow():
    run = make(ModelConfig(kind="ngram", order=4))
    code = """
import sys
sys.modules["tensorflow"] = sys.modules["keras"] = None
from charlab.runs import schema, store
from charlab.training import train
run = store.Run(sys.argv[1])
with run.lock():
    status = train.train_run(run, run.vocab().encode(sys.argv[2]))
print(status.state, status.reason)
"""
    result = subprocess.run([sys.executable, "-c", code, str(run.path), TEXT], capture_output=True, text=True)
    assert result.stdout.split() == ["done"], result.stderr
    status = run.recorded_status()
    assert set(status.results) == RESULTS and status.best_epoch == 1
    assert run.weight_names() == ["epoch-001", "best", "last"]
    uniform, counted = events(run, "epoch")
    assert uniform["val_loss"] == math.log(len(VOCAB)) and "loss" not in uniform
    predictor = build_predictor(run.config().model, len(VOCAB), run.weights("best"))
    evaluation = reading.evaluate(predictor, VOCAB, IDS[encoding.split_at(len(IDS), 0.1) :])
    assert counted["val_loss"] == evaluation.loss_nats == status.results["val_loss"] < 0.5
    assert [event["text"] for event in events(run, "sample")][0].count("fox") > 2
