"""Pretrained vectors of words: GloVe (Pennington et al., 2014), under the PDDL, learned from six billion words.

They are read from glove20k.npz (20,000 words, 3.8 MB), or from Stanford's glove.6B.zip (862 MB), wherever one of
the two is in the folder that CHARLAB_CORPORA names, or in the cache. The second is downloaded on request.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from charlab.corpora import downloads
from charlab.errors import CorpusError, DownloadError
from charlab.folders import cache_folder, corpora_folder
from charlab.labs.sentiment.words import BUCKETS, KNOWN, Words

SMALL, ARCHIVE, MEMBER = "glove20k.npz", "glove.6B.zip", "glove.6B.100d.txt"
ADDRESS = "https://nlp.stanford.edu/data/glove.6B.zip"
SHA256 = "617afb2fe6cbd085c235baf7a465b96f4112bd7f7ccb2b2cbd649fed9cbcf2fb"
BYTES = 862_182_613
ABOUT = f"GloVe ({BYTES / 1e6:.0f} MB, Public Domain Dedication and License)"
_PIECE = 2**18  # bytes between two calls that tell how much has come
WORDS, SIZE = 20_000, 100


def is_here() -> bool:
    """Whether this machine has one of the two files."""
    return _find() is not None


def download(on_progress: Callable[[int], None] = lambda received: None) -> Path:
    """Stanford's archive, downloaded into the cache where it is not there. `on_progress` is called with the bytes
    received so far. Raises DownloadError where the address does not give the file with the right checksum."""
    import pooch

    timeout = (downloads.CONNECT_SECONDS, downloads.SECONDS)
    get = pooch.HTTPDownloader(_Progress(on_progress), chunk_size=_PIECE, timeout=timeout)
    try:
        return Path(pooch.retrieve(ADDRESS, f"sha256:{SHA256}", ARCHIVE, cache_folder(), downloader=get))
    except Exception as error:
        raise DownloadError(
            f"{ABOUT} could not be downloaded: {downloads.problem(ADDRESS, error)}. Try again, or copy the file "
            f"{ARCHIVE} into the folder that CHARLAB_CORPORA names."
        ) from error


class _Progress:
    """What `pooch` calls as it would a bar of tqdm."""

    total = 0

    def __init__(self, on_progress: Callable[[int], None]) -> None:
        self._tell, self._received = on_progress, 0

    def update(self, received: int) -> None:
        self._received = min(self._received + received, self.total)
        self._tell(self._received)

    def reset(self) -> None:
        self._received = 0

    def close(self) -> None:
        """Nothing is left open."""


def of_words(ranked: Sequence[str]) -> tuple[Words, np.ndarray]:
    """The vocabulary of those of these words that have a pretrained vector, the first KNOWN of them, and the
    vectors of all its ids [V, SIZE]: zeros for what fills up, and for the buckets. Raises CorpusError where this
    machine has no vectors."""
    known, vectors = load()
    places = {word: place for place, word in enumerate(known)}
    have = [word for word in ranked if word in places]
    vocabulary = Words.of_words([*have, *(word for word in ranked if word not in places)], min(KNOWN, len(have)))
    table = np.zeros((1 + vocabulary.known + BUCKETS, SIZE), np.float32)
    table[1 : 1 + vocabulary.known] = vectors[[places[word] for word in vocabulary.words[: vocabulary.known]]]
    return vocabulary, table


def load() -> tuple[tuple[str, ...], np.ndarray]:
    """The words, the most frequent first, and their vectors [WORDS, SIZE]. Raises CorpusError where this machine
    has none, or the file is damaged."""
    path = _find()
    if path is None:
        raise CorpusError(
            "Pretrained vectors are not on this machine. The command “charlab lab sentiment vectors” downloads "
            f"{ABOUT}. Or put {ADDRESS} into the folder that CHARLAB_CORPORA names. Nothing needs to be unpacked."
        )
    return _read(path, path.stat().st_mtime)


@lru_cache(maxsize=1)
def _read(path: Path, _: float) -> tuple[tuple[str, ...], np.ndarray]:
    try:
        words, vectors = _of_archive(path) if path.name == ARCHIVE else _of_arrays(path)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise CorpusError(f"The pretrained vectors in {path} cannot be read. Download the file again.") from error
    if vectors.shape != (len(words), SIZE) or not np.isfinite(vectors).all():
        raise CorpusError(
            f"The pretrained vectors in {path} should have {SIZE} numbers per word. Received: {vectors.shape}."
        )
    return words, vectors


def _find() -> Path | None:
    folders = [folder for folder in (corpora_folder(), cache_folder()) if folder]
    paths = [folder / name for name in (SMALL, ARCHIVE) for folder in folders]
    return next((path for path in paths if path.is_file()), None)


def _of_arrays(path: Path) -> tuple[tuple[str, ...], np.ndarray]:
    with np.load(path, allow_pickle=False) as arrays:
        return tuple(arrays["words"].tolist()), arrays["vectors"].astype(np.float32)


def _of_archive(path: Path) -> tuple[tuple[str, ...], np.ndarray]:
    """The first WORDS lines: a word and its numbers, with spaces in between."""
    with zipfile.ZipFile(path) as archive, archive.open(MEMBER) as file:
        lines = [line.split() for _, line in zip(range(WORDS), io.TextIOWrapper(file, "utf-8"), strict=False)]
    return tuple(line[0] for line in lines), np.array([line[1:] for line in lines], np.float32)
