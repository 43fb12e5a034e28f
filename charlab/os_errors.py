"""Errors of the operating system in sentences: which file or folder, what is wrong with it, and what to do.

The command line, the pages, the workers and the training queue all take their sentences and exit codes from here.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from charlab import folders
from charlab.errors import CharlabError

OUTPUT = "standard output"  # stands for a file name in errors of that stream
# What a command's process exits with: docs/command-line.md
DONE, REFUSED_BY_SYSTEM, CANNOT_BE_DONE, CTRL_C, TERMINATED = 0, 1, 2, 130, 143

EXPECTED = (CharlabError, OSError)  # what an act of a page may raise; `sentence` has words for each

_ROOM = "Make room, for example by deleting runs that are no longer needed"
_RIGHTS = "Change its permissions"
# Per number: whether the file could not be "written" or "used", why, and advice.
_REASONS = {
    errno.ENOSPC: ("written", "the disk is full", _ROOM),
    errno.EDQUOT: ("written", "your share of the disk (quota) is used up", _ROOM),
    errno.EFBIG: ("written", "a file may not be that large here", "Raise the limit (ulimit -f)"),
    errno.EROFS: ("written", "its file system is read-only", ""),
    errno.EACCES: ("used", "permission denied", _RIGHTS),
    errno.EPERM: ("used", "permission denied", _RIGHTS),
    errno.EIO: ("used", "its disk reports an error (input/output error)", ""),
    errno.EMFILE: ("used", "this process has too many files open", "Raise the limit (ulimit -n)"),
    errno.ENFILE: ("used", "this machine has too many files open", "Close other programs"),
}
_PATHS = {
    errno.ENOTDIR: ("used", "a part of this path is a file, not a folder", ""),
    errno.EEXIST: ("used", "it exists already and is not a folder", ""),
    errno.ENOENT: ("used", "there is no such file or folder", ""),
    errno.EISDIR: ("used", "it is a folder, not a file", ""),
    errno.ENAMETOOLONG: ("used", "the name is too long", ""),
    errno.ELOOP: ("used", "its symbolic links form a loop", ""),
}
_FOLDERS: tuple[tuple[str, str, Callable[[], Path | None]], ...] = (
    ("runs folder", folders.RUNS, folders.runs_folder),
    ("cache folder", folders.CACHE, folders.cache_folder),
    ("folder of texts", folders.CORPORA, folders.corpora_folder),
    ("folder of temporary files", folders.TEMPORARY, folders.temporary_folder),
)


def sentence(error: BaseException) -> str | None:
    """What happened and what to do; None for an error that is a defect of CharLab."""
    if isinstance(error, CharlabError):
        return str(error)
    if isinstance(error, MemoryError):
        return "There was not enough memory. Close other programs, or try a smaller model or a shorter text."
    if isinstance(error, UnicodeError):
        return f"A name or a text has characters that cannot be written or read ({error}). Rename or change it."
    if isinstance(error, OSError):
        return _of_the_system(error)
    if is_disk_full(error):
        return _of_the_system(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    return None


def may_be_defect(error: BaseException) -> bool:
    """Whether an error that has a sentence may be a defect of CharLab: its traceback belongs in the log."""
    return isinstance(error, UnicodeError)


def exit_code(error: BaseException) -> int:
    """What a command exits with that ends with this error, if the error has a sentence."""
    if isinstance(error, CharlabError):
        cause = error.__cause__
        by_system = isinstance(cause, MemoryError) or getattr(cause, "errno", None) in _REASONS
        return REFUSED_BY_SYSTEM if by_system or cause and is_disk_full(cause) else CANNOT_BE_DONE
    return CANNOT_BE_DONE if isinstance(error, UnicodeError) else REFUSED_BY_SYSTEM


def reason(error: Exception) -> str:
    """Why a file cannot be used, as a part of a sentence without its end."""
    number = getattr(error, "errno", None)
    known = (_REASONS | _PATHS).get(number or 0)
    return known[1] if known else getattr(error, "strerror", None) or str(error)


def is_disk_full(error: BaseException) -> bool:
    """Whether an error says that there was no room on a disk, as other libraries put it too."""
    return getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or "No space left on device" in str(error)


@contextmanager
def naming(path: Path | str, always: bool = False) -> Iterator[None]:
    """Give an OSError that names no file, such as one of a write, this path; with `always` any OSError."""
    try:
        yield
    except OSError as error:
        if always or error.filename is None:
            error.filename = os.fspath(path)
        raise


def make_folder(path: Path) -> None:
    """Create a folder and those that it lies in, where they are missing. Raises OSError with this path."""
    with naming(path, always=True):
        path.mkdir(parents=True, exist_ok=True)


def _of_the_system(error: OSError) -> str:
    if error.filename == OUTPUT:
        return _of_the_output(error)
    number = error.errno or 0
    done, why, advice = (_REASONS | _PATHS).get(number, ("used", reason(error), ""))
    if error.filename is None or isinstance(error.filename, int):
        if "No usable temporary directory" in str(error):
            another = f"Set the environment variable {folders.TEMPORARY} to another"
            return f"No folder for temporary files can be written to. {another}."
        return f"{why[0].upper()}{why[1:]}." + (f" {advice}." if advice else "")
    path = os.fsdecode(error.filename)
    if number == errno.ENOENT and not os.path.isabs(path) and not _has_current_folder():
        return "The current folder no longer exists. Change to another one and try again."
    name, variable, folder = _folder_of(path)
    if not variable:
        return f"{path} cannot be {done}: {why}." + (f" {advice}." if advice else "")
    is_folder = _absolute(path) == _absolute(folder)
    elsewhere = "a folder on another disk" if is_disk_full(error) else "another folder"
    advice = (f"{advice}, or set" if advice else "Set") + f" the environment variable {variable} to {elsewhere}"
    if is_folder:
        return f"The {name} {folder} cannot be {done}: {why}. {advice}."
    return f"{path} cannot be {done}: {why}. {advice} (it is in the {name}, {folder})."


def _of_the_output(error: OSError) -> str:
    if error.errno in (errno.EPIPE, errno.EINVAL):  # on Windows a closed pipe is EINVAL
        return "The output could not be written: the program that read it has ended."
    if error.errno == errno.EBADF:
        return "The output could not be written: standard output is closed."
    return f"The output could not be written: {reason(error)}."


def _folder_of(path: str) -> tuple[str, str, str]:
    """The innermost of CharLab's folders that a path lies in: its name, its variable and its path, or "" each."""
    found = ("", "", "")
    for name, variable, folder in _FOLDERS:
        try:
            place = folder()
        except (OSError, CharlabError):
            continue
        if place is None or not _lies_in(path, str(place)):
            continue
        if variable == folders.TEMPORARY and not _is_temporary(path, place):
            continue
        if not found[1] or len(_absolute(str(place))) > len(_absolute(found[2])):
            found = (name, variable, str(place))
    return found


def _is_temporary(path: str, folder: Path) -> bool:
    """Whether a path in the folder of temporary files is that folder or one of these, and not a file of others."""
    below = Path(_absolute(path)).relative_to(_absolute(str(folder))).parts
    return not below or below[0].startswith(tempfile.gettempprefix())


def _lies_in(path: str, folder: str) -> bool:
    """Whether a path is this folder or below it."""
    inside, outside = Path(_absolute(path)), Path(_absolute(folder))
    return inside == outside or outside in inside.parents


def _absolute(path: str) -> str:
    return os.path.abspath(path) if _has_current_folder() else path


def _has_current_folder() -> bool:
    try:
        os.getcwd()
    except OSError:
        return False
    return True
