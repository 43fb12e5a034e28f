"""The values of a run as TensorBoard logs, if the tensorboard package is installed."""

from __future__ import annotations

import importlib.util
import logging
from typing import Any

from charlab import os_errors
from charlab.core import kinds
from charlab.runs.store import Run, RunConfig

log = logging.getLogger(__name__)

# TensorBoard's name of a figure -> the kind of event that has it, and its name there.
_FIGURES = {
    "loss/training": ("step", "loss"),
    "loss/validation": ("epoch", "val_loss"),
    "accuracy/training": ("step", "accuracy"),
    "accuracy/validation": ("epoch", "val_accuracy"),
    "learning_rate": ("step", "learning_rate"),
    "characters_per_second": ("step", "characters_per_second"),
}


def import_writer() -> Any:
    """TensorBoard's writer, which imports TensorFlow; None where the tensorboard package is missing."""
    if importlib.util.find_spec("tensorboard") is None:
        return None
    from tensorboard.summary import Writer

    return Writer


class TensorBoardWriter:
    """Writes the figures of a run's events over its steps; does nothing where tensorboard is missing.

    Nor for an n-gram model: counting has no curve, and tensorboard's writer would import TensorFlow for it.
    """

    def __init__(self, run: Run, config: RunConfig) -> None:
        self._writer = None
        counted = not kinds.of(config.model).trained
        if not counted and (writer := import_writer()):
            self._writer = writer(str(run.tensorboard_path))

    def add(self, event: dict[str, Any]) -> None:
        """Write the figures of one event, where it has any."""
        if self._writer is None:
            return
        for name, (kind, key) in _FIGURES.items():
            if event["event"] == kind and event.get(key) is not None:
                self._writer.add_scalar(name, float(event[key]), event["step"])
        if event["event"] == "epoch":
            self._writer.flush()

    def close(self) -> None:
        """Close the log; nothing can be added afterwards. An end that cannot be written is left out."""
        writer, self._writer = self._writer, None
        if writer is not None:
            try:
                writer.close()
            except Exception as error:  # of TensorFlow's file systems, which have exceptions of their own
                log.warning("TensorBoard's log was not closed: %s", os_errors.sentence(error) or error)
