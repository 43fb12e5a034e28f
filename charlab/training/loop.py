"""The training loop: steps, epochs, evaluation, checkpoints, and when to end.

The Learner does everything that needs TensorFlow, the Recorder everything on disk.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from charlab.errors import RunError
from charlab.runs import budget, checkpoints, limits, schema
from charlab.runs.checkpoints import Progress
from charlab.runs.recorder import Recorder, is_kept
from charlab.runs.stop_signal import StopSignal
from charlab.runs.store import Run, RunConfig
from charlab.training.tasks import Task

if TYPE_CHECKING:
    from charlab.training.learner import Learner

CHECKPOINT_SECONDS = 30.0
_DECISIONS = ("continue", "save", "pause", "stop", "done")


def prepare(learner: Learner, task: Task, before_part: Callable[[], None] = lambda: None) -> None:
    """Evaluate the untrained network, which the learner remembers, and trace the step on the first batch. What
    `before_part` raises ends it; what was done by then stays."""
    learner.trace_evaluation(task.validation)  # first: two threads that trace take turns
    before_part()
    with learner.rehearsing(task.rows(0)):
        learner.evaluate(task.validation, before_part)


class TrainingLoop:
    """One session of a run: from the start or a checkpoint to its end, a pause or a stop."""

    def __init__(
        self, run: Run, config: RunConfig, task: Task, learner: Learner, recorder: Recorder, stop: StopSignal
    ) -> None:
        self.run, self.learner, self.recorder, self.stop = run, learner, recorder, stop
        self.task, self.train_config = task, config.train
        self.steps_per_epoch = task.steps_per_epoch
        self.log_every = budget.log_interval(self.steps_per_epoch)
        self.budget = budget.Budget(self.train_config, self.steps_per_epoch)
        self.evaluation_seconds = 0.0  # of the latest evaluation, with saving
        self.progress = Progress()
        self.pending: list = []  # losses and accuracies of steps that may still be under way
        self.stopwatch = budget.Stopwatch(task.characters_per_step)
        self.saved_at, self.saved_step = time.monotonic(), -1

    def train(self) -> None:
        """Train until the budget is spent or the StopSignal asks for an end, and record how the session ended."""
        self.recorder.starting("first step")
        self._resume()
        if self.progress.evaluated_step < 0:
            prepare(self.learner, self.task)
            self._close_epoch()
        decision, rate = self._decide()
        while decision in ("continue", "save"):
            if decision == "save":
                self._save()
            self._step(rate)
            decision, rate = self._decide()
        if self.pending:
            self._read_results()
        self.recorder.clock.stop()
        self._write_status(at_once=True)  # the last evaluation may take long
        if decision in ("stop", "done") and self.progress.evaluated_step != self.progress.step:
            self._close_epoch()
        elif self.saved_step != self.progress.step:
            self._save()
        few = limits.few_steps(self.train_config, self.progress.step, self.stop.most_seconds)
        state = {"pause": "paused", "stop": "stopped", "done": "done"}[decision]
        self.recorder.end(state, few if state == "done" else self.stop.reason)

    # Deciding

    def _decide(self) -> tuple[str, float]:
        """What to do next, and the next step's learning rate; the chief decides for all machines."""
        seconds = self.recorder.clock.seconds()
        progress = self.budget.progress(self.progress.step, seconds)
        rate = budget.learning_rate(self.train_config, self.progress.step, progress)
        here = np.array([_DECISIONS.index(self._decide_here(seconds)), rate])
        decision, rate = self.learner.share(here)
        return _DECISIONS[int(round(decision))], float(rate)

    def _decide_here(self, seconds: float) -> str:
        if self.budget.is_spent(self.progress.step, seconds, self.stopwatch.step_seconds):
            return "done"
        if self.train_config.patience and self.progress.whole_epochs_since_best >= self.train_config.patience:
            return "done"
        if request := self.stop.requested(seconds):
            return request
        return "save" if time.monotonic() - self.saved_at > CHECKPOINT_SECONDS else "continue"

    # Training

    def _step(self, rate: float) -> None:
        progress = self.progress
        if progress.step % self.steps_per_epoch == 0:
            self.learner.reset_state()
        self.pending.append(self.learner.step(self.task.rows(progress.step), progress.step, rate))
        progress.step += 1
        if self.stopwatch.is_first():
            self._read_results()  # wait for it: compiling is in the first step's time
            self.recorder.started_training()
        is_whole_epoch = progress.step % self.steps_per_epoch == 0
        if progress.step % self.log_every == 0 or is_whole_epoch:
            self._report(rate)
        if is_whole_epoch:
            self._close_epoch()

    def _read_results(self) -> None:
        """Wait for the steps under way and add up their losses. Raises RunError where one is not finite."""
        results, self.pending = [pending.numpy() for pending in self.pending], []
        seconds = self.stopwatch.lap(len(results))
        self.recorder.clock.step_ended()
        if seconds:
            self.progress.training_seconds += seconds
            self.progress.training_characters += len(results) * self.stopwatch.characters_per_step
        for loss, accuracy, *counted in results:
            if not loss <= schema.MAX_LOSS:  # NaN included
                raise RunError(self._diverged(loss))
            weight = int(counted[0]) if counted else 1  # where all targets count, each step counts as much
            self.progress.epoch_loss += float(loss) * weight
            self.progress.epoch_weight += weight
            self.progress.event_loss += float(loss) * weight
            self.progress.event_accuracy += float(accuracy) * weight
            self.progress.event_weight += weight

    def _diverged(self, loss: float = math.nan) -> str:
        large = "the loss or the weights are too large to go on"
        problem = large if math.isfinite(loss) else "the loss is no longer a number"
        clip = "" if self.train_config.clip_norm else ", or limit the gradient norm (clip_norm), to 1 for example"
        return (
            f"Training diverged near step {self.progress.step}: {problem}. Try a smaller "
            f"learning rate than {self.train_config.learning_rate:g}{clip}. "
            "The weights saved before that are kept."
        )

    def _report(self, rate: float) -> None:
        self._read_results()
        progress = self.progress
        if not progress.event_weight:  # none of the characters since the last event could be read
            return
        self.recorder.event(
            {
                "event": "step",
                "step": progress.step,
                "epoch": round(progress.step / self.steps_per_epoch, 4),
                "loss": progress.event_loss / progress.event_weight,
                "accuracy": progress.event_accuracy / progress.event_weight,
                "learning_rate": rate,
                "characters_per_second": round(self.stopwatch.characters_per_second),
                "seconds": self._seconds(),
            }
        )
        progress.event_loss = progress.event_accuracy = 0.0
        progress.event_weight = 0
        self._write_status()

    def _write_status(self, **more: Any) -> None:
        """Record in the run's status how far training is."""
        self.recorder.update_status(
            epoch=round(self.progress.step / self.steps_per_epoch, 4),
            step=self.progress.step,
            total_steps=self.budget.total_steps,
            seconds_left=self._seconds_left(),
            **more,
        )

    def _seconds_left(self) -> float | None:
        if self.train_config.minutes is not None:
            return max(0.0, self.train_config.minutes * 60 - self.recorder.clock.seconds())
        if self.budget.total_steps is None or not self.stopwatch.step_seconds:
            return None
        steps = self.budget.total_steps - self.progress.step
        evaluations = math.ceil(steps / self.steps_per_epoch)
        return steps * self.stopwatch.step_seconds + evaluations * self.evaluation_seconds

    # Evaluating and saving

    def _close_epoch(self) -> None:
        """Evaluate the weights, save them and generate a sample: after each epoch, before the first (as epoch 0),
        and where training ends in the middle of one."""
        began = time.monotonic()
        if self.pending:
            self._read_results()
        progress, seconds = self.progress, self._seconds()  # the evaluation is of the weights at this time
        epoch, within = math.ceil(progress.step / self.steps_per_epoch), progress.step % self.steps_per_epoch
        loss, accuracy, error = self.learner.evaluate(self.task.validation)
        weights = self.learner.weights()
        if not loss <= schema.MAX_LOSS or not all(map(schema.is_usable, weights.values())):
            raise RunError(self._diverged(loss))
        if progress.epoch_weight:
            progress.train_loss = progress.epoch_loss / progress.epoch_weight
        progress.note_validation(progress.step, epoch, within == 0, loss)
        # The loss of an epoch is a mean over weights that were still changing. This is that of the same weights as
        # the validation loss, measured in the same way: the two can be compared. An untrained network has no gap.
        sample, is_trained = self.task.sample, progress.step > 0
        after = self.learner.evaluate(sample)[0] if is_trained and sample.characters else None
        more = {"train_loss_after": after} | self.task.more_figures(self.learner)
        self.recorder.event(self._epoch_event(loss, accuracy, error, seconds) | more)
        is_best = progress.best_epoch == epoch and progress.best_val_loss == loss
        names = [f"epoch-{epoch:03d}"] if is_kept(epoch) else []
        names += ["last", "best"] if is_best else ["last"]
        for weights_name in names:
            self.recorder.weights(weights, weights_name)
        if shown := self.task.shown(weights):
            self.recorder.sample(*shown, self._epochs(), progress.step)
        if within == 0:
            progress.epoch_loss, progress.epoch_weight = 0.0, 0
        results = self._results(seconds) | more
        self._write_status(best_epoch=progress.best_epoch, results=results)
        self._save()
        self.evaluation_seconds = time.monotonic() - began
        self.stopwatch.restart()

    def _epochs(self) -> float:
        """Epochs trained: 3, or 2.82 where training ended inside one."""
        epochs = self.progress.step / self.steps_per_epoch
        return int(epochs) if epochs.is_integer() else round(epochs, 2)

    def _epoch_event(self, loss: float, accuracy: float, error: float | None, seconds: float) -> dict[str, Any]:
        event = {"event": "epoch", "epoch": self._epochs(), "step": self.progress.step}
        if math.isfinite(self.progress.train_loss):
            event["loss"] = self.progress.train_loss
        return event | {
            "val_loss": loss,
            "val_accuracy": accuracy,
            "val_error": error,
            "characters_per_second": round(self._mean_speed()),
            "seconds": seconds,
        }

    def _results(self, seconds: float) -> dict[str, Any]:
        progress = self.progress
        return {
            "run": self.run.id,
            "epochs": self._epochs(),
            "steps": progress.step,
            "train_loss": _finite_or_none(progress.train_loss),
            "val_loss": progress.val_loss,
            "best_val_loss": progress.best_val_loss,
            "characters_per_second": round(self._mean_speed()),
            "seconds": seconds,
        }

    def _seconds(self) -> float:
        """What the run's clock shows, as it is recorded."""
        return round(self.recorder.clock.seconds(), 3)

    def _mean_speed(self) -> float:
        seconds = self.progress.training_seconds
        return self.progress.training_characters / seconds if seconds else 0.0

    def _save(self) -> None:
        """Write a checkpoint. Raises RunError where the weights are no longer finite."""
        if self.pending:
            self._read_results()
        arrays = self.learner.arrays()
        if not _are_finite(arrays):
            raise RunError(self._diverged())
        self.progress.seconds = self.recorder.clock.seconds()
        self.recorder.checkpoint(self.progress, arrays)
        self.saved_at, self.saved_step = time.monotonic(), self.progress.step
        self.stopwatch.restart()

    def _resume(self) -> None:
        """Continue from the checkpoint, if the chief has one; the other machines take over its arrays."""
        has_checkpoint = bool(self.learner.share(np.array([float(checkpoints.exists(self.run))]))[0])
        if not has_checkpoint:
            return
        arrays = self.learner.arrays()
        if self.recorder.chief:
            self.progress, arrays = checkpoints.load(self.run)
        self.progress = Progress.from_numbers(self.learner.share(self.progress.to_numbers()))
        # Sorted, because all machines have to share the same array at the same time
        self.learner.load({name: self.learner.share(arrays[name]) for name in sorted(arrays)})
        self.recorder.resume(self.progress)
        self.saved_step = self.progress.step


def _are_finite(arrays: dict[str, np.ndarray]) -> bool:
    return all(np.isfinite(array).all() for array in arrays.values())


def _finite_or_none(number: float) -> float | None:
    return number if math.isfinite(number) else None
