"""Where exports are written: checked before an export is made, and written completely or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tempfile
from pathlib import Path

from charlab import os_errors
from charlab.errors import RunError
from charlab.export import remote_files
from charlab.files import write_whole


def check(target: str, is_folder: bool = False) -> None:
    """Raises RunError where a file, or with `is_folder` a SavedModel's folder, can never be written to a path.

    Addresses are not checked: only writing tells.
    """
    if remote_files.is_address(target):
        return
    try:
        if not target:
            raise OSError(errno.ENOENT, "the name is empty")
        path = Path(target)
        if path.exists():
            _check_existing(path, is_folder)
        place = path if is_folder else _real(path).parent
        while not place.exists() and place != place.parent:
            place = place.parent
        if not place.exists():  # a drive of Windows
            raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))
        if not place.is_dir():
            raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        if not (_is_special(path) or os.access(place, os.W_OK | os.X_OK)):
            is_read_only = bool(os.statvfs(place).f_flag & os.ST_RDONLY) if hasattr(os, "statvfs") else False
            number = errno.EROFS if is_read_only else errno.EACCES
            raise OSError(number, os.strerror(number))
    except (OSError, ValueError) as error:
        raise _not_written(target, error) from error


def write(target: str, data: bytes) -> None:
    """Write a file completely or not at all; into a pipe or a device as it is. Raises RunError."""
    if remote_files.is_address(target):
        remote_files.write(target, data)
        return
    try:
        path = Path(target)
        if _is_special(path):
            path.write_bytes(data)
        else:
            write_whole(_real(path), data)
    except (OSError, ValueError) as error:
        raise _not_written(target, error) from error


def write_folder(target: str, folder: Path) -> None:
    """Copy a folder's files to a path or an address, once all of them have found room there. Raises RunError."""
    if remote_files.is_address(target):
        remote_files.write_folder(target, folder)
        return
    path = Path(target)
    was_there = path.exists()
    try:
        os_errors.make_folder(path)
        with tempfile.TemporaryDirectory(prefix=".", suffix=".tmp", dir=path) as temporary:
            copy = Path(shutil.copytree(folder, Path(temporary) / "copy"))
            for file in remote_files.files_in(copy):
                place = path / file.relative_to(copy)
                place.parent.mkdir(parents=True, exist_ok=True)
                file.replace(place)
    except (OSError, ValueError, shutil.Error) as error:
        if not was_there:
            shutil.rmtree(path, ignore_errors=True)
        raise _not_written(target, error) from error


def _check_existing(path: Path, is_folder: bool) -> None:
    if is_folder and path.is_dir():
        if not (path / "saved_model.pb").exists() and any(path.iterdir()):
            raise RunError(f"{str(path)!r} already exists and is not a SavedModel. Choose a new or empty folder.")
    elif is_folder:
        raise RunError(f"{str(path)!r} already exists and is not a SavedModel. Choose a new or empty folder.")
    elif path.is_dir():
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))


def _real(path: Path) -> Path:
    """The file that a link leads to, so that it stays a link; any other path as it is."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def _is_special(path: Path) -> bool:
    """Whether something is there that is no file: a pipe, a device, standard output."""
    try:
        return not (stat.S_ISREG(path.stat().st_mode) or path.is_dir())
    except OSError:
        return False


def _not_written(target: str, error: Exception) -> RunError:
    return RunError(f"{target!r} cannot be written: {os_errors.reason(error)}.")
