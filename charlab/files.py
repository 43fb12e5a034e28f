"""A file is written whole or not at all. Knows nothing of what stands in it."""

from __future__ import annotations

import os
import time
from pathlib import Path
from uuid import uuid4


def write_whole(path: Path, data: bytes) -> None:
    """Write beside the place, flush, then move there: no reader ever sees half of it.

    Raises OSError; where the disk is full, what was taken is given back.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{uuid4().hex}.tmp")
    try:
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        _move(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def _move(beside: Path, path: Path) -> None:
    for attempt in range(20):
        try:
            beside.replace(path)
            return
        except PermissionError:  # on Windows, while a reader has the file open
            if attempt == 19:
                raise
            time.sleep(0.05)
