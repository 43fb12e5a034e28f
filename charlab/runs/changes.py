"""Writes to runs, noted: lists look again at once after this process has changed a run (watch.py)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from charlab import files

if TYPE_CHECKING:
    import numpy as np

_last = object()


def made() -> None:
    """Note that this process has created, changed or deleted a run; to be called after it has."""
    global _last
    _last = object()


def last() -> object:
    """Stands for the last change: another one has another object."""
    return _last


def write_json(path: Path, data: dict[str, Any]) -> None:
    """Write a JSON document of a run completely or not at all."""
    files.write_json(path, data)
    made()


def write_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write weights of a run completely or not at all."""
    files.write_arrays(path, arrays)
    made()
