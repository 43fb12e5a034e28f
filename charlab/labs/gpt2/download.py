"""The published weights of GPT-2 on this machine: downloaded on request, once, with checksum.

A download that breaks off goes on where it ended, also days later. What was downloaded is then written as an
aligned file (weights.py), and deleted.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from charlab import os_errors
from charlab.core.config import ModelConfig
from charlab.corpora import downloads
from charlab.corpora.downloads import Download
from charlab.errors import ConfigError, DownloadError, ModelError, UnavailableError
from charlab.files import Mark, mark
from charlab.folders import cache_folder
from charlab.labs.gpt2 import network, permission, weights
from charlab.runs.permissions import Actor

Progress = Callable[[int], None]
_TRIES = 20  # connections to one address that may break off, each further on
_PIECE = 2**16  # bytes that are stored at once: where a connection breaks off, fewer are lost
_OWN = 22_000_000  # bytes of memory that each process has beside the file: docs/gpt2.md
_FILES = ("model.safetensors", "vocab.bpe", "config.json")  # of a network in a folder
_HUGGING_FACE = "https://huggingface.co/openai-community/gpt2/resolve/607a30d783dfa663caf39e06633721c8d4cfcd7e/"


@dataclass(frozen=True)
class Source:
    """A published network: the file of its weights, how to recognise it, what it takes, and its list of merges."""

    title: str
    licence: str
    urls: tuple[str, ...]
    size: int  # bytes of the published file
    aligned: int  # bytes of the aligned one, at most
    sha256: str
    name: str  # of both files in the cache, without its ending
    merges: Download
    network: ModelConfig
    tokens: int
    given: Path | None = None  # the published file, where it is on this machine already and stays there

    @property
    def path(self) -> Path:
        """The aligned file."""
        return cache_folder() / f"{self.name}.safetensors"

    @property
    def part(self) -> Path:
        """What has been downloaded. A copy of the published file that is put there is used like a download."""
        return cache_folder() / f"{self.name}.download"

    @property
    def is_here(self) -> bool:
        """Whether it can be loaded."""
        return self.path.is_file() and downloads.is_here(self.merges)

    @property
    def short_title(self) -> str:
        """As lists of models name it."""
        return self.title.partition(" by ")[0]

    @property
    def received(self) -> int:
        """The bytes downloaded so far."""
        return self.part.stat().st_size if self.part.is_file() else 0

    @property
    def about(self) -> str:
        """What to know before it is downloaded and loaded, as sentences."""
        return (
            f"{self.title}, licence: {self.licence}. The download has {_megabytes(self.size)}. It needs "
            f"{_megabytes(self.size + self.aligned)} of disk space until it is complete, then "
            f"{_megabytes(self.aligned)}. {self._in_use}"
        )

    @property
    def about_use(self) -> str:
        """What to know before it is loaded."""
        return f"{self.title}, licence: {self.licence}. {self._in_use}"

    @property
    def _in_use(self) -> str:
        return (
            f"In use it takes {_megabytes(self.aligned + _OWN)} of memory, nearly all of it once per machine. A "
            "processor core generates about 20 tokens per second, for all who use it."
        )


MERGES = Download(
    "vocab.bpe",
    ("https://openaipublic.blob.core.windows.net/gpt-2/models/124M/vocab.bpe", f"{_HUGGING_FACE}merges.txt"),
    "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5",
)
SMALL = Source(
    title="GPT-2 small by OpenAI (2019)",
    licence="MIT",
    urls=(f"{_HUGGING_FACE}model.safetensors",),
    size=548_105_171,
    aligned=498_000_000,
    sha256="248dfc3911869ec493c76e65bf2fcf7f615828b0254c12b473182f0f81d3a707",
    name="gpt2-small",
    merges=MERGES,
    network=network.SMALL,
    tokens=network.TOKENS,
)


def source() -> Source:
    """The network that this machine uses: GPT-2 small, or the one in the folder that CHARLAB_GPT2 names. Raises
    UnavailableError where that folder has none."""
    folder = permission.given_folder()
    return SMALL if folder is None else _in_folder(folder, mark(folder / _FILES[0]))


@lru_cache(maxsize=2)
def _in_folder(folder: Path, _found: Mark | None) -> Source:
    """A network of GPT-2's form as the library `transformers` saves it, with OpenAI's list of merges."""
    try:
        published, merges, written = ((folder / name).read_bytes() for name in _FILES)
        said = json.loads(written)
        sizes = {"layers": said["n_layer"], "units": said["n_embd"], "heads": said["n_head"]}
        config = ModelConfig(kind="transformer", context=said["n_positions"], **sizes)
        tokens = int(said["vocab_size"])
    except (OSError, ValueError, KeyError, TypeError, ConfigError) as error:
        raise UnavailableError(
            f"The folder of CHARLAB_GPT2, {folder}, has no network of GPT-2's form: {error}."
        ) from error
    sha256, name = hashlib.sha256(published).hexdigest(), hashlib.sha256(published + merges).hexdigest()[:12]
    return Source(
        title=f"GPT-2 of the folder {folder.name}",
        licence="that of the folder",
        urls=(),
        size=len(published),
        aligned=len(published),
        sha256=sha256,
        name=f"gpt2-{name}",
        merges=Download(f"gpt2-{name}.bpe", (), hashlib.sha256(merges).hexdigest()),
        network=config,
        tokens=tokens,
        given=folder / _FILES[0],
    )


def fetch(actor: Actor, source: Source = SMALL, on_progress: Progress = lambda received: None) -> Path:
    """The aligned file, downloaded if it is not here, like the list of merges. `on_progress` is called with the
    bytes received so far; what it raises ends the download, which can be continued.

    Raises UnavailableError where the actor may not download it, no address gives it, or it cannot be stored, and
    ModelError where the checksum is wrong.
    """
    permission.check_download(actor)
    if not source.path.is_file():
        with _alone(source):
            if not source.path.is_file():  # another process may have been faster
                _check_room(source)
                if source.given is None:
                    _receive(source, on_progress)
                    _check_contents(source)
                    weights.align(source.part, source.path)
                    source.part.unlink()
                else:
                    shutil.copyfile(source.given.with_name(_FILES[1]), cache_folder() / source.merges.file_name)
                    weights.align(source.given, source.path)
    try:
        downloads.fetch(source.merges)
    except DownloadError as error:
        advice = f"Try again with a network connection, or copy the file into {cache_folder()}."
        raise UnavailableError(f"{source.title} needs a list of its tokens, too. {error} {advice}") from error
    return source.path


@contextmanager
def _alone(source: Source) -> Iterator[None]:
    """One download at a time on a machine; errors of the disk become sentences."""
    from filelock import FileLock, Timeout

    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / f"{source.name}.lock", timeout=0, is_singleton=False):
            yield
    except Timeout:
        raise UnavailableError(
            f"{source.title} is being downloaded already: {_so_far(source)}. Wait until it is complete."
        ) from None
    except OSError as error:
        raise UnavailableError(
            f"{source.title} cannot be stored in {folder}: {os_errors.reason(error)}. {_MAKE_ROOM}"
        ) from error


def _check_room(source: Source) -> None:
    needed, free = source.size - source.received + source.aligned, shutil.disk_usage(cache_folder()).free
    if free < needed:
        raise UnavailableError(
            f"{source.title} needs {_megabytes(needed)} of disk space in {cache_folder()}, and "
            f"{_megabytes(free)} are free. {_MAKE_ROOM}"
        )


def _receive(source: Source, on_progress: Progress) -> None:
    """Download what is missing, from the first address that gives it. Raises UnavailableError."""
    problems: dict[str, str] = {}
    if source.received >= source.size:
        return
    for url in source.urls:
        for _ in range(_TRIES):
            before = source.received
            try:
                return _continue(url, source, on_progress)
            except Exception as error:
                problems[url] = downloads.problem(url, error)
                if source.received <= before:
                    break
    raise UnavailableError(
        f"{source.title} could not be downloaded ({'; '.join(problems.values())}): {_so_far(source)}. Try again "
        f"with a network connection: it goes on from there. Or copy the file to {source.part} on this machine."
    )


def _continue(url: str, source: Source, on_progress: Progress) -> None:
    """Download the rest. Raises ValueError where the address has another file, and the errors of `requests`."""
    import requests

    received = source.received
    asked = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={received}-"} if received else {})
    timeout = (downloads.CONNECT_SECONDS, downloads.SECONDS)
    with requests.get(url, headers=asked, timeout=timeout, stream=True) as response:
        response.raise_for_status()
        if response.status_code != requests.codes.partial_content:
            received = 0  # a server that only knows whole files
        elif not response.headers.get("Content-Range", "").startswith(f"bytes {received}-"):
            raise ValueError("another part than was asked for")
        if response.headers.get("Content-Length") != str(source.size - received):
            raise ValueError("another size")
        with source.part.open("ab" if received else "wb") as file:
            for piece in response.iter_content(_PIECE):
                file.write(piece)
                received += len(piece)
                on_progress(received)
    if received < source.size:
        raise requests.ConnectionError("the connection broke off")  # not always noticed by requests itself


def _check_contents(source: Source) -> None:
    with source.part.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != source.sha256:
        source.part.unlink()
        raise ModelError(
            f"What was downloaded is not {source.title}: its checksum is wrong. It was deleted. Try again."
        )


def _so_far(source: Source) -> str:
    return f"{source.received / 1e6:,.0f} of {_megabytes(source.size)} are on this machine"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"


_MAKE_ROOM = "Make room, or set the environment variable CHARLAB_CACHE to a folder on another disk."
