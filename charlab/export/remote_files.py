"""Files behind addresses that fsspec knows (gs://, s3://, https://, memory://): for the command line alone.

Pages never come here: a visitor must not make this server read or write an address. Knows nothing of models.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

from charlab.errors import UnavailableError, install_command


def is_address(name: str) -> bool:
    """Whether a name is an address and no path: gs://bucket/text.txt."""
    return re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*://", name) is not None


def without_query(address: str) -> str:
    """An address as it may be shown: what follows a question mark or stands before an @ may be a password."""
    return re.sub(r"//[^/@]*@", "//", re.split(r"[?#]", address)[0])


def read(address: str) -> bytes:
    """All bytes of a file. Raises UnavailableError, in a sentence."""
    try:
        system, path = _open(address)
        return system.cat_file(path)
    except _problems() as error:
        raise _unavailable(address, "read", error) from error


def write(address: str, data: bytes) -> None:
    """Write a file whole; over http(s) with PUT. Raises UnavailableError."""
    try:
        system, path = _open(address)
        _make_folder(system, path)
        system.pipe_file(path, data)
    except _problems() as error:
        raise _unavailable(address, "written", error) from error


def write_folder(address: str, folder: Path) -> None:
    """Write a folder's files, each at its place below the address. Raises UnavailableError."""
    try:
        system, path = _open(address)
        for file in sorted(file for file in folder.rglob("*") if file.is_file()):
            place = f"{path.rstrip('/')}/{file.relative_to(folder).as_posix()}"
            _make_folder(system, place)
            system.pipe_file(place, file.read_bytes())
    except _problems() as error:
        raise _unavailable(address, "written", error) from error


def _open(address: str) -> tuple[Any, str]:
    try:
        from fsspec.core import url_to_fs
    except ImportError as error:
        raise UnavailableError(f"Addresses need the package fsspec: {install_command('remote')}.") from error
    return url_to_fs(address)


def _make_folder(system: Any, path: str) -> None:
    """Some file systems want a folder to be there before its files; buckets and web servers know none."""
    if system.protocol not in ("http", "https", ("http", "https")):
        system.makedirs(system._parent(path), exist_ok=True)


def _problems() -> tuple[type[Exception], ...]:
    """What fsspec raises where an address cannot be had; each of its file systems has errors of its own."""
    problems: tuple[type[Exception], ...] = (
        OSError,
        ValueError,
        ImportError,
        NotImplementedError,
        RuntimeError,
        asyncio.TimeoutError,
    )
    try:
        from aiohttp import ClientError

        problems += (ClientError,)
    except ImportError:  # then an address over http is an ImportError above
        pass
    return problems


def _unavailable(address: str, done: str, error: Exception) -> UnavailableError:
    words = " ".join(str(error).split()).replace(address, "the address")[:200] or type(error).__name__
    advice = "Check the address, the network and your right to use it."
    if isinstance(error, ImportError):
        advice = "Install what it needs: gcsfs for gs://, s3fs for s3://, aiohttp for https://."
    elif isinstance(error, FileNotFoundError):
        words = "there is nothing"
    return UnavailableError(f"{without_query(address)} could not be {done}: {words.rstrip('.')}. {advice}")
