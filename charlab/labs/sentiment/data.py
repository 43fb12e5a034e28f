"""Film reviews with a judgement, positive or negative: where they come from, and which a run learns from.

Sentences: 5,331 positive and 5,331 negative ones (Pang and Lee, 2005), CC BY 4.0. Whole reviews: 50,000 of IMDb
(Maas et al., 2011), for which no open licence is named. Both are downloaded once and checked by their checksums;
neither is part of CharLab.
"""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from charlab.core.vocab import Vocab
from charlab.corpora import downloads
from charlab.corpora.downloads import Download
from charlab.errors import CorpusError, DownloadError
from charlab.labs.sentiment import vectors, words
from charlab.labs.sentiment.forms import Form
from charlab.labs.sentiment.words import Words
from charlab.runs.store import RunConfig

_NLTK = (
    "https://raw.githubusercontent.com/nltk/nltk_data/5db857e6f7df11eabb5e5665836db9ec8df07e28/packages/corpora"
)


@dataclass(frozen=True)
class Source:
    """A collection of reviews: its file, what it holds, and the licence as its authors name it."""

    title: str
    about: str
    licence: str
    megabytes: float
    download: Download

    def is_here(self) -> bool:
        """Whether this machine has the file."""
        return downloads.is_here(self.download)


SOURCES = {
    "sentences": Source(
        "Sentences of film reviews",
        "5,331 positive and 5,331 negative sentences (Pang and Lee, 2005)",
        "CC BY 4.0",
        0.5,
        Download(
            "sentence_polarity.zip",
            (f"{_NLTK}/sentence_polarity.zip",),
            "6e1ed4405b65c7eabf1d199a7f7c437091ac21da0ea7467b410a74062574566b",
        ),
    ),
    "reviews": Source(
        "Film reviews of IMDb",
        "25,000 reviews to learn from and 25,000 to test (Maas et al., 2011)",
        "no open licence is named: for teaching and research on your own machine",
        84.1,
        Download(
            "aclImdb_v1.tar.gz",
            ("https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",),
            "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe",
        ),
    ),
}
VALIDATION = {"sentences": 662, "reviews": 2_500}  # texts held out of the training set, to choose the epoch by
TEST = 2_000  # sentences; of reviews, all that their authors held out


@dataclass(frozen=True)
class Texts:
    """Texts as words, and whether each is positive [N]."""

    words: tuple[tuple[str, ...], ...]
    positive: np.ndarray

    def __len__(self) -> int:
        return len(self.words)

    def some(self, places: np.ndarray | slice) -> Texts:
        """Those at these places."""
        chosen = np.arange(len(self))[places]
        return Texts(tuple(self.words[place] for place in chosen), self.positive[places])

    def rows(self, vocabulary: Words, length: int) -> np.ndarray:
        """As a network reads them: ids, zeros up to `length`, and 1 at the end for a positive text,
        [N, length + 1]."""
        return np.column_stack([vocabulary.ids(self.words, length), self.positive]).astype(np.int32)


@dataclass(frozen=True)
class Data:
    """What one run learns from, by what its best epoch is chosen (validation), and what neither has seen (test).
    `table` has the pretrained vectors of all ids [V, D], where it begins with such."""

    training: Texts
    validation: Texts
    test: Texts
    words: Words
    table: np.ndarray | None = None


def of_form(form: Form, seed: int) -> Data:
    """The data of a run. The test set is the same for all; which labels are used where not all are, depends on
    the seed. Raises CorpusError or DownloadError where the texts are not here and cannot be downloaded."""
    learned, test = _split(form.texts)
    validation = learned.some(slice(None, VALIDATION[form.texts]))
    training = learned.some(slice(VALIDATION[form.texts], None))
    if form.labels:
        training = training.some(_half_and_half(training.positive, form.labels, seed))
    if form.vectors == "learned":
        return Data(training, validation, test, Words.of(training.words))
    # Vectors of words need no labels: those of all texts are taken.
    ranked = Words.of([*learned.words, *test.words]).words
    vocabulary, table = vectors.of_words(ranked)
    return Data(training, validation, test, vocabulary, table)


def of_run(config: RunConfig, vocab: Vocab) -> Data:
    """The data of a run. Raises CorpusError where they are not those that it began with."""
    form = Form.from_code(config.preset)
    if config.corpus_sha256 != sha256(form):
        raise CorpusError("The texts of this run are others in this version of CharLab. Start a new run.")
    return of_form(form, config.train.seed)


def sha256(form: Form) -> str:
    """The checksum of the file with the texts."""
    return SOURCES[form.texts].download.sha256 or ""


def fetch(name: str) -> bytes:
    """The file of a source, downloaded if this machine lacks it. Raises DownloadError with what to do."""
    source = SOURCES[name]
    try:
        return downloads.fetch(source.download)[0]
    except DownloadError as error:
        raise DownloadError(
            f"{source.title} ({source.megabytes:g} MB, {source.licence}) are not on this machine. {error} Copy "
            f"the file {source.download.file_name} into the folder that CHARLAB_CORPORA names, or try again with "
            "a network."
        ) from error


@lru_cache(maxsize=2)
def _split(name: str) -> tuple[Texts, Texts]:
    """What is learned from, in an order that is always the same, and the test set."""
    learned, test = _READ[name](fetch(name))
    return learned, test


def _sentences(data: bytes) -> tuple[Texts, Texts]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {
            name: archive.read(f"sentence_polarity/rt-polarity.{name}").decode("utf-8") for name in ("pos", "neg")
        }
    pairs = [(line, name == "pos") for name, text in parts.items() for line in text.strip().split("\n")]
    every = _shuffled(pairs)
    return every.some(slice(None, -TEST)), every.some(slice(-TEST, None))


def _reviews(data: bytes) -> tuple[Texts, Texts]:
    pairs: dict[str, list[tuple[str, bool]]] = {"train": [], "test": []}
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        for part, kind, text in _files(archive):
            pairs[part].append((text.replace("<br />", " "), kind == "pos"))
    return _shuffled(pairs["train"]), _shuffled(pairs["test"])


def _files(archive: tarfile.TarFile) -> Iterator[tuple[str, str, str]]:
    """Part, judgement and text of each review that has a judgement: aclImdb/train/pos/0_9.txt and so on."""
    for member in archive:
        _, *place = member.name.split("/")
        if len(place) == 3 and place[0] in ("train", "test") and place[1] in ("pos", "neg"):
            if (file := archive.extractfile(member)) is not None:
                yield place[0], place[1], file.read().decode("utf-8", "replace")


_READ = {"sentences": _sentences, "reviews": _reviews}


def _shuffled(pairs: Sequence[tuple[str, bool]]) -> Texts:
    """In an order that is always the same; texts without a word are left out."""
    order = np.random.default_rng(16).permutation(len(pairs))
    split = [(tuple(words.split(pairs[place][0])), pairs[place][1]) for place in order]
    kept = [(text, positive) for text, positive in split if text]
    return Texts(tuple(text for text, _ in kept), np.array([positive for _, positive in kept], bool))


def _half_and_half(positive: np.ndarray, number: int, seed: int) -> np.ndarray:
    """Places of so many texts, half of them positive, drawn from a seed. Raises CorpusError where there are too
    few."""
    random = np.random.default_rng([seed, 17])
    parts = [random.permutation(np.flatnonzero(positive == one))[: number // 2] for one in (True, False)]
    chosen = np.concatenate(parts)
    if len(chosen) < number // 2 * 2:
        raise CorpusError(f"There are not {number:,} labelled texts, half of them positive.")
    return random.permutation(chosen)
