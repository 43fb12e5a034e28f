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
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
        name = json.loads((path / "config.json").read_bytes())["name"]
        if schema.CONFIG["name"].fits(name):
            return f"Run “{name}”"
    found = re.match(r"(\d{8}-\d{6})-", path.name)
    with contextlib.suppress(ValueError):
        if found:
            made = time.strptime(found[1], "%Y%m%d-%H%M%S")
            return f"The run of {made.tm_mday} {time.strftime('%B %Y, %H:%M:%S', made)}"
    return f"Run {path.name}"
