"""Files that are downloaded once and cached: mirrors, checksums, time limits.

A file with wrong contents is never returned.
"""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from charlab import os_errors
from charlab.corpora import licence
from charlab.errors import CorpusError, DownloadError
from charlab.files import ReadOnce
from charlab.folders import cache_folder, corpora_folder

CONNECT_SECONDS = 5  # that a server may take to accept a connection
SECONDS = 20  # that it may take to answer, or to continue after a pause
WAIT_SECONDS = 60  # for another process on this machine that downloads the same file


@dataclass(frozen=True)
class Download:
    """A file, its addresses, and how to recognise it: by checksum, or by Project Gutenberg's two marker lines."""

    file_name: str
    urls: tuple[str, ...]
    sha256: str | None = None

    def contents(self, data: bytes) -> bytes | None:
        """The wanted part of the file: all of it, or the book between the markers. None for the wrong file."""
        if self.sha256:
            return data if hashlib.sha256(data).hexdigest() == self.sha256 else None
        frame = licence.find(data.decode("latin-1"), old=False)  # one character per byte
        return frame.text.encode("latin-1") if frame and frame.is_closed else None


SHAKESPEARE = Download(
    "shakespeare.txt",
    (
        "https://storage.googleapis.com/download.tensorflow.org/data/shakespeare.txt",
        "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
    ),
    "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
)
COMPLETE_WORKS = Download("100-0.txt", ("https://www.gutenberg.org/files/100/100-0.txt",))


def is_here(download: Download) -> bool:
    """Whether `find` gives its contents: a file is checked again only after it has changed."""
    for folder in (corpora_folder(), cache_folder()):
        with contextlib.suppress(OSError):  # missing, or not readable
            if folder and _check(download)(folder / download.file_name):
                return True
    return False


@cache
def _check(download: Download) -> ReadOnce[bool]:
    return ReadOnce(lambda path: download.contents(path.read_bytes()) is not None)


def find(download: Download) -> tuple[bytes | None, tuple[str, ...]]:
    """The file's contents where this machine has it, and notes on wrong files of its name that were skipped.

    The folder named by `CHARLAB_CORPORA` is searched first, then the cache.
    """
    folders = {"the folder CHARLAB_CORPORA": corpora_folder(), "the cache": cache_folder()}
    notes: tuple[str, ...] = ()
    if (named := corpora_folder()) and not named.is_dir():
        notes += (f"CHARLAB_CORPORA is not searched: {named} is not a folder.",)
    for where, folder in folders.items():
        if not folder:
            continue
        try:
            data = (folder / download.file_name).read_bytes()
        except OSError:  # missing, or not readable
            continue
        contents = download.contents(data)
        if contents is not None:
            return contents, notes
        wrong = "its checksum is wrong" if download.sha256 else "its START and END lines are missing"
        notes += (f"{download.file_name} in {where} was not used: {wrong}.",)
    return None, notes


def fetch(download: Download) -> tuple[bytes, tuple[str, ...]]:
    """The file's contents, downloaded if this machine lacks them, and notes on files that were skipped.

    One download at a time per machine: other processes wait, then find the file. Raises DownloadError where no
    mirror has the right file, and CorpusError where it cannot be stored.
    """
    contents, notes = find(download)
    if contents is not None:
        return contents, notes
    from filelock import FileLock, Timeout

    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / f"{download.file_name}.lock", timeout=WAIT_SECONDS, is_singleton=False):
            contents, notes = find(download)  # another process may have downloaded it meanwhile
            problems = [] if contents is not None else _from_mirrors(download, folder)
    except Timeout:
        raise DownloadError(
            f"Another process of this machine has been downloading {download.file_name} for over {WAIT_SECONDS} "
            "seconds. Try again in a minute."
        ) from None
    except OSError as error:
        raise CorpusError(
            f"{download.file_name} cannot be stored in {folder}: {os_errors.reason(error)}. "
            "Set the environment variable CHARLAB_CACHE to another folder."
        ) from error
    if contents is None:
        contents, _ = find(download)
    if contents is None:
        failed = f"{download.file_name} could not be downloaded ({'; '.join(problems)})."
        raise DownloadError(" ".join((failed, *notes)))
    return contents, notes


def _from_mirrors(download: Download, folder: Path) -> list[str]:
    """Download the file from the first mirror that has the right one; returns the problems with the others."""
    import pooch

    def checked(url: str, output_file: str, manager: object) -> None:
        pooch.HTTPDownloader(timeout=(CONNECT_SECONDS, SECONDS))(url, output_file, manager)
        if download.contents(Path(output_file).read_bytes()) is None:
            raise ValueError("not the file that was asked for")

    (folder / download.file_name).unlink(missing_ok=True)  # its contents are wrong
    problems: list[str] = []
    for url in download.urls:
        known_hash = f"sha256:{download.sha256}" if download.sha256 else None
        try:
            pooch.retrieve(url, known_hash, download.file_name, folder, downloader=checked)
            return problems
        except Exception as error:
            problems.append(problem(url, error))
    return problems


def problem(url: str, error: Exception) -> str:
    """Why an address did not give the file that was asked for: a ValueError says that it gave another one. Raises
    every error that is not about the address."""
    from requests import exceptions

    if isinstance(error, exceptions.ConnectTimeout):
        reason = f"no connection within {CONNECT_SECONDS} seconds"
    elif isinstance(error, exceptions.Timeout):
        reason = f"no answer within {SECONDS} seconds"
    elif isinstance(error, exceptions.HTTPError):
        reason = f"answered with status {error.response.status_code if error.response is not None else '?'}"
    elif isinstance(error, exceptions.RequestException):
        reason = "the connection failed"
    elif isinstance(error, ValueError):
        reason = "sent another file (perhaps the sign-in page of a network)"
    else:
        raise error
    return f"{urlsplit(url).hostname}: {reason}"
