"""The directory of a run that a device trains, written through the one Recorder.

What the device says of its steps is written as it says it. What is said of the validation set was measured here.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from charlab.browser.uploads import Place, Upload
from charlab.corpora import batching
from charlab.runs import checkpoints, models
from charlab.runs.budget import Budget
from charlab.runs.checkpoints import Progress
from charlab.runs.grading import Grade
from charlab.runs.recorder import Recorder, is_kept
from charlab.runs.store import Run, RunConfig


@dataclass(eq=False)
class Sent:
    """Weights that came: from where in training, in which sending of the device, and under which name and digest
    a writer process finds them."""

    arrays: dict[str, np.ndarray]
    place: Place
    sending: int
    weights_name: str
    digest: str
    tries: int = 0  # to evaluate them


class Record:
    """What is on the disk of a run in training, and what has to be known to write it. The caller holds the run's
    lock. `characters` are those of its training text."""

    def __init__(self, run: Run, config: RunConfig, characters: int) -> None:
        self.run, self.config = run, config
        self.steps_per_epoch = len(batching.offsets(config.train, characters, 0))
        self.budget = Budget(config.train, self.steps_per_epoch)
        self.progress = checkpoints.load(run)[0] if checkpoints.exists(run) else Progress()
        self.base = self.place = self.saved_place()  # where the device began, and how far it says that it is
        self.event_place = self.base  # of its latest event
        self.sending = 0
        self.first: Sent | None = None  # the untrained network, until it is evaluated
        self.latest: Sent | None = None
        self._speed = 0
        self.recorder = Recorder(run, config, time.time())
        self.recorder.begin()

    @property
    def first_started(self) -> float:
        """When the run's first session began, in seconds since 1970."""
        return self.recorder.status.started or 0.0

    def saved_place(self) -> Place:
        """The place of the last weights that came, those in the checkpoint."""
        progress = self.progress
        return Place(progress.step, progress.seconds, round(progress.step / self.steps_per_epoch, 4))

    # What the device says

    def continue_at(self, base: Place) -> None:
        """Go on at a place: what was recorded after it is removed, and will be recorded again."""
        self.base = self.place = self.event_place = base
        self.sending += 1
        self.first = self.latest = None
        events, _ = self.run.events()
        kept = [event for event in events if event.get("step", 0) <= base.step]
        if len(kept) < len(events):
            self.run.write_events(kept)
        if self.progress.evaluated_step > base.step:
            self.progress.evaluated_step = -1
        self.recorder.clock.continue_from(base.seconds)

    def write(self, upload: Upload) -> None:
        """Record events and weights, and how far training is."""
        for event in upload.events:
            self.recorder.event(event)
            self.event_place = Place(event["step"], event["seconds"], event["epoch"])
            self._speed = event["characters_per_second"]
        for place in filter(None, (self.event_place, upload.place)):
            if place.step > self.place.step:
                self.place = place
        self.recorder.clock.continue_from(self.place.seconds)
        if upload.place:
            self._save(upload.weights, upload.place)
        self._write_status()

    def _save(self, arrays: dict[str, np.ndarray], place: Place) -> None:
        """Write weights as the last ones, with what another device needs to go on from them."""
        name = "last" if place.step else "epoch-000"  # which no later ones replace before it is evaluated
        for weights_name in dict.fromkeys([name, "last"]):
            self.recorder.weights(arrays, weights_name)
        self.latest = Sent(arrays, place, self.sending, name, models.weights_digest(arrays))
        if not place.step:
            self.first = self.latest
        self._checkpoint()

    def _checkpoint(self) -> None:
        if self.latest:
            place = self.latest.place
            self.progress.step, self.progress.seconds = place.step, place.seconds
            arrays = {f"model/{name}": array for name, array in self.latest.arrays.items()}
            self.recorder.checkpoint(self.progress, arrays)

    def _write_status(self, **more: Any) -> None:
        self.recorder.update_status(
            epoch=round(self.place.step / self.steps_per_epoch, 4),
            step=self.place.step,
            total_steps=self.budget.total_steps,
            seconds_left=self._seconds_left(),
            **more,
        )

    def _seconds_left(self) -> float | None:
        minutes, total = self.config.train.minutes, self.budget.total_steps
        taken = self.place.step - self.base.step
        if minutes is not None:
            return max(0.0, 60 * minutes - self.place.seconds)
        if taken <= 0 or total is None:
            return None
        return (total - self.place.step) * (self.place.seconds - self.base.seconds) / taken

    # What was measured here

    def to_grade(self) -> Sent | None:
        """The weights to be evaluated next: the untrained ones, else the latest, unless they have been."""
        sent = self.first or self.latest
        return None if sent is None or sent.place.step == self.progress.evaluated_step else sent

    def grade(self, sent: Sent, grade: Grade) -> None:
        """Record what was measured of weights: figures, the text, and where they are kept the weights."""
        place, progress = sent.place, self.progress
        epoch, within = math.ceil(place.step / self.steps_per_epoch), place.step % self.steps_per_epoch
        progress.note_validation(place.step, epoch, within == 0, grade.loss)
        is_best = progress.best_epoch == epoch and progress.best_val_loss == grade.loss
        for weights_name in [f"epoch-{epoch:03d}"] * is_kept(epoch) + ["best"] * is_best:
            self.recorder.weights(sent.arrays, weights_name)
        epochs = place.step / self.steps_per_epoch
        where = {"epoch": round(epochs, 2) if within else int(epochs), "step": place.step}
        more: dict[str, Any] = {"characters_per_second": self._speed, "seconds": round(place.seconds, 3)}
        more |= {"train_loss_after": grade.train_loss if place.step else None}
        measured = {"val_loss": grade.loss, "val_accuracy": grade.accuracy, "val_error": grade.error}
        self.recorder.event({"event": "epoch"} | where | measured | more)
        self.recorder.event(
            {"event": "sample"} | where | {"seed_text": self.config.train.seed_text, "text": grade.text}
        )
        if sent is self.first:
            self.first = None
        results = {"run": self.run.id, "epochs": where["epoch"], "steps": place.step, "train_loss": None}
        results |= {"val_loss": grade.loss, "best_val_loss": progress.best_val_loss} | more
        self._write_status(best_epoch=progress.best_epoch, results=results)
        self._checkpoint()

    def is_out_of_patience(self) -> bool:
        """Whether early stopping ends the run."""
        patience = self.config.train.patience
        return bool(patience and self.progress.whole_epochs_since_best >= patience)


def weights_of(run: Run) -> dict[str, np.ndarray]:
    """The last weights that came of a run that has a checkpoint."""
    _, arrays = checkpoints.load(run)
    return {name.removeprefix("model/"): array for name, array in arrays.items()}
