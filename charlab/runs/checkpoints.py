"""The state of training, written to disk and read back: everything a resumed run needs.

One safetensors file in the run's checkpoint folder: arrays by name, and the Progress as JSON in its metadata.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from charlab import files
from charlab.errors import RunError
from charlab.runs import store

_FORMER_NAMES = {  # of fields in checkpoints of version 0.1.0
    "graded_step": "evaluated_step",
    "epoch_steps": "epoch_weight",
    "event_steps": "event_weight",
}


@dataclass
class Progress:
    """How far training is, and the sums kept on the way. All fields are numbers."""

    step: int = 0  # steps taken
    seconds: float = 0.0  # wall-clock, from the end of the first step, over all sessions
    events_length: int = 0  # bytes of metrics.jsonl
    # Sums over the steps since the epoch began, and since the last event. A step weighs as much as it has targets
    # that count, or 1 where all of them do.
    epoch_loss: float = 0.0
    epoch_weight: int = 0
    event_loss: float = 0.0
    event_accuracy: float = 0.0
    event_weight: int = 0
    # Training alone, without evaluation and saving
    training_seconds: float = 0.0
    training_characters: int = 0
    # Validation
    evaluated_step: int = -1  # the step after which it was last evaluated; -1 for never
    train_loss: float = float("nan")
    val_loss: float = float("nan")
    best_val_loss: float = float("inf")
    best_epoch: int = -1
    whole_epochs_since_best: int = 0

    def note_validation(self, step: int, epoch: int, is_whole: bool, loss: float) -> None:
        """Note the validation loss after a step, in nats: at an epoch's end where `is_whole`, else within one."""
        self.val_loss, self.evaluated_step = loss, step
        if loss < self.best_val_loss:
            self.best_val_loss, self.best_epoch = loss, epoch
            self.whole_epochs_since_best = 0
        elif is_whole:
            self.whole_epochs_since_best += 1

    def to_numbers(self) -> np.ndarray:
        """All fields in their order as float64, exactly: to send them from one machine to the others."""
        return np.array(dataclasses.astuple(self), np.float64)

    @classmethod
    def from_numbers(cls, numbers: np.ndarray) -> Progress:
        """The reverse of `to_numbers`."""
        fields = dataclasses.fields(cls)
        values: dict[str, Any] = {
            field.name: int(number) if field.type == "int" else float(number)
            for field, number in zip(fields, numbers, strict=True)
        }
        return cls(**values)


def exists(run: store.Run) -> bool:
    """Whether a run can be resumed from a checkpoint."""
    return _path(run).exists()


def save(run: store.Run, progress: Progress, arrays: dict[str, np.ndarray]) -> None:
    """Write a checkpoint in place of the one before it."""
    files.write_arrays(_path(run), arrays, {"progress": json.dumps(dataclasses.asdict(progress))})


def load(run: store.Run) -> tuple[Progress, dict[str, np.ndarray]]:
    """The progress, and arrays by name. Raises RunError where the file is no whole checkpoint of this version."""
    from safetensors import safe_open

    arrays = files.read_arrays(_path(run))
    with safe_open(_path(run), framework="numpy") as file:
        metadata = file.metadata() or {}
    try:
        fields = json.loads(metadata["progress"])
        progress = Progress(**{_FORMER_NAMES.get(name, name): value for name, value in fields.items()})
        _check(progress)
        return progress, arrays
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise RunError(
            f"{_path(run)} is not a checkpoint that can be resumed from. Delete it to start the run again."
        ) from error


def _check(progress: Progress) -> None:
    """Raises ValueError where a field has another type than declared, or is below -1, which stands for never."""
    for field in dataclasses.fields(progress):
        value = getattr(progress, field.name)
        if type(value) not in ((int,) if field.type == "int" else (int, float)) or value < -1:
            raise ValueError(field.name)


def _path(run: store.Run):
    return run.checkpoint_path / "state.safetensors"
