"""Training where nothing is learned by gradients: an n-gram model is counted in one pass. Needs no TensorFlow."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np

from charlab.core import ngram, reading
from charlab.core.predictor import build_predictor
from charlab.corpora import encoding
from charlab.runs.store import Run
from charlab.training.recorder import Recorder


def train_ngram(run: Run, ids: np.ndarray, recorder: Recorder) -> None:
    """Count the training part of ids [n], grade the model on the rest, and write both down as the one epoch.

    Epoch 0 is the model that has counted nothing: every character is as likely as any other. The training loss is
    measured on as much of the training part as there is to validate on.
    """
    config, vocab = run.config(), run.vocab()
    split = encoding.split_at(len(ids), config.train.validation_share)
    uniform = {"val_loss": math.log(len(vocab)), "val_accuracy": 1 / len(vocab)}
    recorder.event({"event": "epoch", "epoch": 0, "step": 0} | uniform | _clock(recorder, 0))

    began = time.perf_counter()
    weights = ngram.count(ids[:split], len(vocab), config.model.order)
    speed = round(split / (time.perf_counter() - began))
    predictor = build_predictor(config.model, len(vocab), weights)
    validation = reading.evaluate(predictor, vocab, ids[split:])
    training = reading.evaluate(predictor, vocab, ids[: min(split, len(ids) - split)])

    figures = {"loss": training.loss_nats, "val_loss": validation.loss_nats, "val_accuracy": validation.accuracy}
    recorder.event({"event": "epoch", "epoch": 1, "step": 1} | figures | _clock(recorder, speed))
    for weights_name in ("epoch-001", "last", "best"):
        recorder.weights(weights, weights_name)
    recorder.sample(predictor, vocab, config.train.seed_text, epoch=1, step=1)
    results = {
        "run": run.id,
        "epochs": 1,
        "steps": 1,
        "train_loss": training.loss_nats,
        "val_loss": validation.loss_nats,
        "best_val_loss": validation.loss_nats,
    } | _clock(recorder, speed)
    recorder.tell(epoch=1.0, step=1, total_steps=1, seconds_left=0.0, best_epoch=1, results=results)
    recorder.end("done")


def _clock(recorder: Recorder, speed: int) -> dict[str, Any]:
    return {"characters_per_second": speed, "seconds": round(recorder.seconds(), 3)}
