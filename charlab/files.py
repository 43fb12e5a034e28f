"""Write a file completely or not at all."""

from __future__ import annotations

import os
import time
from pathlib import Path
from uuid import uuid4


def write_whole(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Write to a temporary file in the same folder, flush, then rename it: no reader ever sees half a file.

    `mode` has the permissions of a new file, less those that the process's umask removes. Raises OSError. The
    temporary file is deleted if writing fails, for example because the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{uuid4().hex}.tmp")
    try:
        temporary.touch(mode)
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        _move(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _move(temporary: Path, path: Path) -> None:
    for attempt in range(20):
        try:
            temporary.replace(path)
            return
        except PermissionError:  # on Windows, while a reader has the file open
            if attempt == 19:
                raise
            time.sleep(0.05)
