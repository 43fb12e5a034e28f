"""A network that learns nothing, for tests in which only the order of events matters."""

import time
from contextlib import nullcontext

import numpy as np

from helpers.tiny import random_weights


class FakeLearner:
    """Returns the losses it is given, one per step and one per epoch, and counts its calls."""

    val_losses: list[float] = [3.0]
    losses: list[float] = [2.0]
    step_seconds = 0.0
    made: "FakeLearner"

    def __init__(self, model, config, vocabulary_size, strategy=None, skips_unknown=False):
        FakeLearner.made, self.train_config = self, config
        self.rates, self.rows, self.resets, self.evaluated, self.validation = [], [], 0, 0, None
        self._weights = random_weights(model, vocabulary_size)

    def step(self, rows, step, rate):
        self.rates.append(rate)
        self.rows.append(rows)
        time.sleep(self.step_seconds)
        return FakeTensor([self.losses[min(step, len(self.losses) - 1)], 0.5])

    def trace_evaluation(self, rows):
        pass

    def rehearsing(self, rows):
        return nullcontext()

    def evaluate(self, rows, before_batch=None):
        if before_batch:  # before the first step; a real one remembers the result
            return None
        self.validation = self.validation or rows
        if rows is not self.validation:  # the sample of the training set, which comes after it
            return 1.25, 0.5, 0.125
        self.evaluated += 1
        return self.val_losses[min(self.evaluated, len(self.val_losses)) - 1], 0.25, 0.125

    def reset_state(self):
        self.resets += 1

    def weights(self):
        return self._weights

    def arrays(self):
        return {"steps": np.array([len(self.rates)], np.float32)}

    def load(self, arrays):
        self.loaded = arrays

    def share(self, values):
        return values


class FakeTensor(list):
    def numpy(self):
        return np.array(self)
