"""The folders that CharLab writes to, and the environment variables that name them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from charlab.errors import UnavailableError

RUNS, CACHE, CORPORA, TEMPORARY = "CHARLAB_RUNS", "CHARLAB_CACHE", "CHARLAB_CORPORA", "TMPDIR"


def runs_folder() -> Path:
    """Where runs are kept: `CHARLAB_RUNS`, or runs/ in the current folder."""
    return Path(os.environ.get(RUNS) or "runs")


def cache_folder() -> Path:
    """The folder of downloads and uploaded texts: `CHARLAB_CACHE`, or the user's cache folder.

    Raises UnavailableError where that lies in a home folder and there is none.
    """
    folder = os.path.expanduser(os.environ.get(CACHE) or _users_cache())
    if folder.startswith("~"):
        raise UnavailableError(
            f"There is no home folder for the cache {folder}: the environment variable HOME is not set. Set HOME, "
            f"or set {CACHE} to a folder for downloads and uploaded texts."
        )
    return Path(folder)


def corpora_folder() -> Path | None:
    """The folder that is searched for texts before they are downloaded: `CHARLAB_CORPORA`, or None."""
    named = os.environ.get(CORPORA)
    return Path(os.path.expanduser(named)) if named else None


def temporary_folder() -> Path:
    """The folder of temporary files: `TMPDIR`, or the system's. Raises OSError where none can be written."""
    return Path(tempfile.gettempdir())


def _users_cache() -> str:
    import pooch

    try:
        return str(pooch.os_cache("charlab"))
    except RuntimeError:  # of platformdirs, where it finds no home folder
        return "~/.cache/charlab"
