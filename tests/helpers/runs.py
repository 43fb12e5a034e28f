"""The runs on the disk, as they are now."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from charlab.folders import runs_folder
from charlab.runs.store import Run


def all_runs(folder: Path | None = None) -> Iterator[Run]:
    """Every run of a folder, newest first; incomplete ones are skipped."""
    folder = folder or runs_folder()
    if folder.is_dir():
        for path in sorted(folder.iterdir(), reverse=True):
            if os.path.exists(path / "status.json"):
                yield Run(path)
