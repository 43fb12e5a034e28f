"""Files behind addresses that fsspec knows (gs://, s3://, https://, memory://): only for the command line.

Pages never use this module: a visitor must not make this server read or write an address.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from charlab.errors import CharlabError, UnavailableError, install_command


def is_address(name: str) -> bool:
    """Whether a name is an address, such as gs://bucket/text.txt, and not a path."""
    return re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*://", name) is not None


def without_query(address: str) -> str:
    """An address that is safe to show: the part after a question mark or before an @ may be a password."""
    return re.sub(r"//[^/@]*@", "//", re.split(r"[?#]", address)[0])


def read(address: str) -> bytes:
    """Read all bytes of a file. Raises UnavailableError."""
    with _said(address, "read"):
        system, path = _open(address)
        return system.cat_file(path)


def write(address: str, data: bytes) -> None:
    """Write a file; over http(s) with PUT. Raises UnavailableError."""
    with _said(address, "written"):
        system, path = _open(address)
        _make_folder(system, path)
        system.pipe_file(path, data)


def write_folder(address: str, folder: Path) -> None:
    """Write a folder's files to the same relative paths below the address. Raises UnavailableError."""
    with _said(address, "written"):
        system, path = _open(address)
        for file in files_in(folder):
            place = f"{path.rstrip('/')}/{file.relative_to(folder).as_posix()}"
            _make_folder(system, place)
            system.pipe_file(place, file.read_bytes())


def files_in(folder: Path) -> list[Path]:
    """All files of a folder and of the folders in it, sorted by path."""
    return sorted(file for file in folder.rglob("*") if file.is_file())


def _open(address: str) -> tuple[Any, str]:
    try:
        from fsspec.core import url_to_fs
    except ImportError as error:
        raise UnavailableError(f"Addresses need the package fsspec: {install_command('remote')}.") from error
    return url_to_fs(address)


def _make_folder(system: Any, path: str) -> None:
    """Create the folder where the file system needs one; buckets and web servers have none."""
    if system.protocol not in ("http", "https", ("http", "https")):
        system.makedirs(system._parent(path), exist_ok=True)


@contextmanager
def _said(address: str, done: str) -> Iterator[None]:
    """Turn what an address's file system raises into an UnavailableError: each has errors of its own, and an
    address that lacks what it needs is a TypeError or an AttributeError of some of them."""
    try:
        yield
    except CharlabError:
        raise
    except Exception as error:
        raise _unavailable(address, done, error) from error


def _unavailable(address: str, done: str, error: Exception) -> UnavailableError:
    words = " ".join(str(error).split()).replace(address, "the address")[:200] or type(error).__name__
    advice = "Check the address, the network and your access rights."
    if isinstance(error, ImportError):
        advice = "Install the package it needs: gcsfs for gs://, s3fs for s3://, aiohttp for https://."
    elif isinstance(error, FileNotFoundError):
        words = "there is no file"
    return UnavailableError(f"{without_query(address)} could not be {done}: {words.rstrip('.')}. {advice}")
