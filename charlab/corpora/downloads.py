"""Files that are downloaded once and cached: mirrors, checksums, time limits.

A file with wrong contents is never returned.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from charlab.errors import CorpusError

SECONDS = 20  # that a server may take to answer, and to go on after a pause
WAIT_SECONDS = 60  # for somebody else on this machine who is downloading the same file

# What stands around a book of Project Gutenberg: the book is between these two lines.
_START = re.compile(rb"^\*\*\* ?START OF [^\r\n]*\r?\n", re.MULTILINE)
_END = re.compile(rb"^\*\*\* ?END OF [^\r\n]*", re.MULTILINE)


@dataclass(frozen=True)
class Download:
    """A file, its addresses, and how to recognise it: by checksum, or by Project Gutenberg's two marker lines."""

    file_name: str
    urls: tuple[str, ...]
    sha256: str | None = None

    def contents(self, data: bytes) -> bytes | None:
        """What is wanted of the file: all of it, or the book between the markers. None if it is another file."""
        if self.sha256:
            return data if hashlib.sha256(data).hexdigest() == self.sha256 else None
        start = _START.search(data)
        end = _END.search(data, start.end()) if start else None
        return data[start.end() : end.start()].strip() + b"\n" if start and end else None


SHAKESPEARE = Download(
    "shakespeare.txt",
    (
        "https://storage.googleapis.com/download.tensorflow.org/data/shakespeare.txt",
        "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
    ),
    "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
)
COMPLETE_WORKS = Download("100-0.txt", ("https://www.gutenberg.org/files/100/100-0.txt",))


def cache_folder() -> Path:
    """Where downloads and uploaded texts are kept: `CHARLAB_CACHE`, or the user's own cache folder."""
    if named := os.environ.get("CHARLAB_CACHE"):
        return Path(named).expanduser()
    import pooch

    return Path(pooch.os_cache("charlab"))


def find(download: Download) -> tuple[bytes | None, tuple[str, ...]]:
    """The file's contents where it is on this machine, and notes on files of its name that were passed over.

    The folder that `CHARLAB_CORPORA` names is looked into first, then the cache.
    """
    folders = {"the folder CHARLAB_CORPORA": os.environ.get("CHARLAB_CORPORA"), "the cache": cache_folder()}
    notes: tuple[str, ...] = ()
    for where, folder in folders.items():
        if not folder:
            continue
        try:
            data = (Path(folder).expanduser() / download.file_name).read_bytes()
        except OSError:  # not there, or not ours to read
            continue
        contents = download.contents(data)
        if contents is not None:
            return contents, notes
        wrong = "its checksum is wrong" if download.sha256 else "its START and END lines are missing"
        notes += (f"{download.file_name} in {where} was not used: {wrong}.",)
    return None, notes


def fetch(download: Download) -> tuple[bytes, tuple[str, ...]]:
    """The file's contents, downloaded if they are not here, and notes on what was passed over.

    One download at a time on a machine: the others wait, and find the file. Raises CorpusError where no mirror
    gives the right file, or where it cannot be kept.
    """
    contents, notes = find(download)
    if contents is not None:
        return contents, notes
    from filelock import FileLock, Timeout

    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / f"{download.file_name}.lock", timeout=WAIT_SECONDS, is_singleton=False):
            contents, notes = find(download)  # another may have brought it while we waited
            problems = [] if contents is not None else _from_mirrors(download, folder)
    except Timeout:
        raise CorpusError(
            f"{download.file_name} is being downloaded by somebody else on this machine, for over {WAIT_SECONDS} "
            "seconds now. Try again in a minute."
        ) from None
    except OSError as error:
        raise CorpusError(
            f"{download.file_name} cannot be kept in {folder}: {error.strerror or error}. "
            "Name another folder with the environment variable CHARLAB_CACHE."
        ) from error
    if contents is None:
        contents, _ = find(download)
    if contents is None:
        failed = f"{download.file_name} could not be downloaded ({'; '.join(problems)})."
        raise CorpusError(" ".join((failed, *notes)))
    return contents, notes


def _from_mirrors(download: Download, folder: Path) -> list[str]:
    """Put the file into the folder, from the first mirror that gives the right one; what the others gave."""
    import pooch
    from requests import exceptions

    def checked(url: str, output_file: str, manager: object) -> None:
        pooch.HTTPDownloader(timeout=SECONDS)(url, output_file, manager)
        if download.contents(Path(output_file).read_bytes()) is None:
            raise ValueError("not the file that was asked for")

    (folder / download.file_name).unlink(missing_ok=True)  # what lies there has wrong contents
    problems: list[str] = []
    for url in download.urls:
        known_hash = f"sha256:{download.sha256}" if download.sha256 else None
        try:
            pooch.retrieve(url, known_hash, download.file_name, folder, downloader=checked)
            return problems
        except exceptions.Timeout:
            problem = f"no answer within {SECONDS} seconds"
        except exceptions.HTTPError as error:
            problem = f"answered with status {error.response.status_code if error.response is not None else '?'}"
        except exceptions.RequestException:
            problem = "the connection failed"
        except ValueError:
            problem = "sent something else (the sign-in page of a network?)"
        problems.append(f"{urlsplit(url).hostname}: {problem}")
    return problems
