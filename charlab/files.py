"""Files written completely or not at all: bytes, JSON documents, and arrays by name (safetensors). And files
read again only after they have changed."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar
from uuid import uuid4

from charlab.errors import RunError
from charlab.os_errors import make_folder, naming

if TYPE_CHECKING:
    import numpy as np

Answer = TypeVar("Answer")
_SETTLED_NS = 2_500_000_000  # a file system's clock may tick every two seconds: a later change might look the same


def write_whole(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Write to a temporary file in the same folder, flush, then rename it: no reader ever sees half a file.

    `mode` has the permissions of a new file, less those that the process's umask removes. Raises OSError, which
    names the file. The temporary file is deleted if writing fails, for example because the disk is full.
    """
    make_folder(path.parent)
    temporary = path.with_name(f".{uuid4().hex}.tmp")
    try:
        with naming(path, always=True):
            temporary.touch(mode)
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            _move(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, data: dict[str, Any]) -> None:
    """Write a JSON document completely or not at all."""
    write_whole(path, json.dumps(data, ensure_ascii=False, indent=1).encode("utf-8"))


def write_arrays(path: Path, arrays: dict[str, np.ndarray], metadata: dict[str, str] | None = None) -> None:
    """Write arrays by name as a safetensors file, completely or not at all."""
    import numpy as np
    from safetensors.numpy import save

    write_whole(path, save({k: np.asarray(v, order="C") for k, v in arrays.items()}, metadata))


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read a safetensors file. Raises RunError where it is damaged or incomplete."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return load(path.read_bytes())
    except (SafetensorError, KeyError, ValueError, TypeError, OSError) as error:
        raise RunError(f"{path} cannot be read: it is not a complete safetensors file ({error}).") from error


class Mark(NamedTuple):
    """What changes with a file; a folder's changes with the names in it. Times are nanoseconds since 1970."""

    inode: int
    size: int
    modified: int
    changed: int

    def is_settled(self) -> bool:
        """Whether a change from now on will change the mark, too."""
        return max(self.modified, self.changed) < time.time_ns() - _SETTLED_NS


def mark(path: Path | str) -> Mark | None:
    """The mark of a file or folder; None where there is none."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):  # ValueError: no file can have such a name
        return None
    return Mark(found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


class ReadOnce(Generic[Answer]):
    """A function of one file's content, whose answer is kept until the file changes. Nobody may change it. What
    raises an error is read again the next time."""

    def __init__(self, read: Callable[[Path], Answer], most: int = 1000) -> None:
        self._read, self._most = read, most
        self._known: dict[Path, tuple[Mark | None, bool, Answer]] = {}

    def __call__(self, path: Path) -> Answer:
        found = mark(path)
        known_mark, was_settled, answer = self._known.get(path) or (None, False, None)
        if found is not None and was_settled and known_mark == found:
            return answer  # type: ignore[return-value]
        is_settled = found is not None and found.is_settled()
        answer = self._read(path)
        if len(self._known) >= self._most:
            self._known.clear()
        self._known[path] = found, is_settled, answer
        return answer


def _move(temporary: Path, path: Path) -> None:
    for attempt in range(20):
        try:
            temporary.replace(path)
            return
        except PermissionError:  # on Windows, while a reader has the file open
            if attempt == 19:
                raise
            time.sleep(0.05)
