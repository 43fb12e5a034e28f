"""What this machine can train on, asked without starting TensorFlow in this process."""

from __future__ import annotations

import importlib.util
import sys
from typing import Any

from charlab.errors import UnavailableError, install_command
from charlab.runs import subprocesses


def why_no_tensorflow() -> str:
    """A sentence if networks cannot be trained on this machine, else an empty string."""
    if importlib.util.find_spec("tensorflow") is not None:
        return ""
    return (
        f"TensorFlow is not installed for this Python ({sys.version.split()[0]}), so networks cannot be trained "
        f"or exported to Keras here. To install it (Python 3.11 to 3.13): {install_command('train')}. Everything "
        "else works without it, training an n-gram model included."
    )


def survey(time_limit: float = 120.0) -> list[dict[str, Any]]:
    """The accelerators of this machine, found by a child process in a few seconds: `training.strategies.survey`.

    Raises UnavailableError where TensorFlow is missing, cannot be started, or takes over `time_limit` seconds.
    """
    if reason := why_no_tensorflow():
        raise UnavailableError(reason)
    try:
        return subprocesses.document("accelerators", time_limit=time_limit)
    except UnavailableError as error:
        raise UnavailableError(f"TensorFlow could not be started on this machine: {error}") from error
