"""Train an n-gram model: count the text in one pass, without gradients and without TensorFlow."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np

from charlab.core import ngram, reading
from charlab.core.predictor import build_predictor
from charlab.core.vocab import Vocab
from charlab.corpora import batch_means, splits
from charlab.runs.recorder import Recorder
from charlab.runs.store import Run, RunConfig


def train_ngram(run: Run, config: RunConfig, vocab: Vocab, ids: np.ndarray, recorder: Recorder) -> None:
    """Count the training part of ids [n], evaluate the model on the rest, and record both as the one epoch.

    Epoch 0 is the uniform model, before anything was counted. The training loss is measured on as many characters
    of the training part as there are in the validation part.
    """
    division = splits.divide(ids, vocab, config.train)
    uniform = {"val_loss": math.log(len(vocab)), "val_accuracy": 1 / len(vocab)}
    recorder.event({"event": "epoch", "epoch": 0, "step": 0} | uniform | _clock(recorder, 0))

    recorder.clock.step_ended()
    recorder.started_training()
    began = time.perf_counter()
    weights = ngram.count(division.training, len(vocab), config.model.order)
    speed = round(division.start / (time.perf_counter() - began))
    recorder.clock.step_ended()
    recorder.clock.stop()
    predictor = build_predictor(config.model, len(vocab), weights)
    validation = reading.evaluate(predictor, vocab, division.validation)
    training = reading.evaluate(predictor, vocab, division.training[: len(division.validation)])

    figures: dict[str, float | None] = {
        "loss": training.loss_nats,
        "val_loss": validation.loss_nats,
        "val_accuracy": validation.accuracy,
        "val_error": batch_means.standard_error_of(validation.losses),
        "train_loss_after": training.loss_nats,
    }
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
        "train_loss_after": training.loss_nats,
    } | _clock(recorder, speed)
    recorder.update_status(epoch=1.0, step=1, total_steps=1, seconds_left=0.0, best_epoch=1, results=results)
    recorder.end("done")


def _clock(recorder: Recorder, speed: int) -> dict[str, Any]:
    return {"characters_per_second": speed, "seconds": round(recorder.clock.seconds(), 3)}
