"""What sentences call a run: by its name, or where that cannot be read by the time at which it was made."""

from __future__ import annotations

import contextlib
import json
import re
import time
from pathlib import Path

from charlab.runs import schema


def called(path: Path) -> str:
    """A run's folder as the subject of a sentence: "Run “Quick GRU on Essay”", "The run of 27 November 2026,
    10:15:03", or with the folder's name where that has no time in it."""
    if name := _recorded(path):
        return f"Run “{name}”"
    made = _made(path)
    return f"The run of {made}" if made else f"Run {path.name}"


def name_of(path: Path) -> str:
    """The name of a run, also where other parts of it cannot be read: "Quick GRU on Essay", or as `called`
    "27 November 2026, 10:15:03" or the folder's name."""
    return _recorded(path) or _made(path) or path.name


def _recorded(path: Path) -> str:
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
        name = json.loads((path / "config.json").read_bytes())["name"]
        if schema.CONFIG["name"].fits(name):
            return name
    return ""


def _made(path: Path) -> str:
    """When the run was made, by its folder's name."""
    found = re.match(r"(\d{8}-\d{6})-", path.name)
    with contextlib.suppress(ValueError):
        if found:
            made = time.strptime(found[1], "%Y%m%d-%H%M%S")
            return f"{made.tm_mday} {time.strftime('%B %Y, %H:%M:%S', made)}"
    return ""
