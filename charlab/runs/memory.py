"""How much memory a process may still take on this machine: what the system has, and what its container allows."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

# Of each version of cgroups: the limit, what is used of it, and how much of that is cache that can be dropped
_FILES = {
    "2": ("memory.max", "memory.current", "inactive_file"),
    "1": ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
}


def free_bytes(root: Path = Path("/")) -> int | None:
    """The bytes that are free on Linux, within the limits of the process's cgroups; None where that is unknown."""
    try:
        lines = (root / "proc/meminfo").read_text(encoding="ascii").splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError, StopIteration):
        return None
    return min([free, *_left_in_cgroups(root)])


def _left_in_cgroups(root: Path) -> Iterator[int]:
    for folder, version in _cgroups(root):
        limit_file, used_file, cache = _FILES[version]
        with contextlib.suppress(OSError, ValueError):  # none there, or "max": no limit
            limit = int((folder / limit_file).read_text(encoding="ascii"))
            used = int((folder / used_file).read_text(encoding="ascii"))
            counted = dict(line.split() for line in (folder / "memory.stat").read_text("ascii").splitlines())
            yield max(0, limit - used + int(counted.get(cache, 0)))


def _cgroups(root: Path) -> Iterator[tuple[Path, str]]:
    """The folders of the cgroups that this process is in, and their version: its own and all above it."""
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        number, controllers, path = line.split(":", 2)
        if number == "0" or "memory" in controllers.split(","):
            version = "2" if number == "0" else "1"
            top = root / "sys/fs/cgroup" / ("" if version == "2" else "memory")
            own = top / path.strip("/")
            for folder in (own, *own.parents):
                yield folder, version
                if folder == top:
                    break
