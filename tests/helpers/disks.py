"""For tests on Linux: small disks that get full, disks that can only be read, users without rights or a home."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_MOUNT = 'mount -t tmpfs -o "$1" tmpfs "$2" && echo mounted && read end'


@contextmanager
def small_disk(place: Path, megabytes: int = 1, read_only: bool = False) -> Iterator[Path]:
    """A folder on a disk of its own, which every process can use until the returned context ends.

    The disk is mounted in a process's own namespace, for which no rights are needed, and others reach it through
    that process's entry in /proc.
    """
    place.mkdir(parents=True)
    options = f"size={megabytes}m" + (",ro" if read_only else "")
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", _MOUNT, "sh", options, str(place)]
    if shutil.which("unshare") is None:
        pytest.skip("a small disk needs Linux's unshare")
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            if process.stdout.readline() != "mounted\n":
                pytest.skip(f"this machine mounts no small disk: {process.communicate()[1]}")
            yield Path(f"/proc/{process.pid}/root{place}")
        finally:
            process.stdin.close()


def fill(folder: Path, leave: int = 0) -> Path:
    """Fill a disk up to so many bytes with one file, and return it: deleting it makes room."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            file.truncate(max(0, file.tell() // 4096 * 4096 - leave))
    return filler


def without_rights(*options: str) -> list[str]:
    """The start of a command for a user to whom the modes of files apply, as they do not to root.

    With "--map-user=54321" the user has no entry in the list of users.
    """
    command = ["unshare", "--user", *options]
    if shutil.which("unshare") is None or subprocess.run([*command, "true"], capture_output=True).returncode:
        pytest.skip("this machine makes no user namespaces")
    return command
