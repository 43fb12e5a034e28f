"""The available texts: what each is, whether it is on this machine, and loading one by its name.

Nothing is read, generated or downloaded before it is needed.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path

from charlab import os_errors
from charlab.corpora import downloads, python_texts, stored_texts, synthetic
from charlab.corpora.cleaning import clean
from charlab.corpora.stored_texts import store as store  # beside load
from charlab.corpora.uploads import MINIMUM_CHARACTERS, Text, made, read_bytes, read_plainly, stored_name
from charlab.errors import CorpusError, DownloadError

DEFAULT = "shakespeare"  # the text of a first run
_STAND_IN = "unicode-names"  # for it: any Python has this text, and a model invents new names within a minute
SEED, LENGTH = 1, 500_000  # of the synthetic texts
PIPE_LIMIT = 1_000_000_000  # bytes; a file has no limit, but a pipe may have no end
_PIPED = "piped text"
_SURROGATES = re.compile("[\ud800-\udfff]")  # in a path: bytes that are not UTF-8

_PSF = "Python Software Foundation License 2"
_MADE_HERE = "None needed (generated here)"


@dataclass(frozen=True)
class Corpus:
    """Facts about a text that are known without it. Sizes that change with Python's version are those of
    Python 3.11. `entropy_bits` is exact, in bits per character; a stored text was `added` so many seconds after
    1970 began."""

    name: str
    title: str
    about: str
    licence: str
    characters: int
    alphabet_size: int
    needs_network: bool = False
    entropy_bits: float | None = None
    added: float | None = None

    def is_here(self) -> bool:
        """Whether load() needs no network for it."""
        if self.name in _DOWNLOADS:
            return downloads.is_here(_DOWNLOADS[self.name])
        if self.name == "python-reference":
            return python_texts.has_python_reference()
        if self.name == "python-source":
            return python_texts.has_python_source()
        return self.name in CORPORA or stored_texts.path_of(self.name).is_file()


CORPORA: dict[str, Corpus] = {
    corpus.name: corpus
    for corpus in (
        Corpus(
            "shakespeare", "Tiny Shakespeare",
            "40,000 lines from the plays: the text of most tutorials on character models.",
            "Public domain", characters=1_115_394, alphabet_size=65, needs_network=True,
        ),
        Corpus(
            "complete-works", "The Complete Works of Shakespeare",
            "All plays, sonnets and poems, from Project Gutenberg's e-book 100.",
            "Public domain in the USA", characters=5_400_000, alphabet_size=100, needs_network=True,
        ),
        Corpus(
            "unicode-names", "Names of the Unicode characters",
            "One name per line, such as GREEK SMALL LETTER ALPHA: few words, in strict order.",
            "Unicode License 3", characters=888_219, alphabet_size=39,
        ),
        Corpus(
            "python-reference", "Python language reference",
            "Python's own help() on the language: English prose with code in it.",
            _PSF, characters=465_048, alphabet_size=103,
        ),
        Corpus(
            "python-source", "Source code of Python's standard library",
            "The library's single-file modules: programs, with names, brackets and indentation to keep track of.",
            _PSF, characters=4_661_375, alphabet_size=166,
        ),
        Corpus(
            "markov", "Markov source",
            "Each letter is drawn from a table that depends on the one before it: ideal for a bigram model.",
            _MADE_HERE, LENGTH, alphabet_size=12, entropy_bits=synthetic.markov_entropy(),
        ),
        Corpus(
            "reber", "Embedded Reber grammar",
            "Paths through a small graph: the second letter of a line is repeated as its last but one.",
            _MADE_HERE, LENGTH, alphabet_size=8, entropy_bits=synthetic.reber_entropy(),
        ),
        Corpus(
            "additions", "Additions",
            "Sums such as 12+7=19, one per line: the summands are random, the result can be learned.",
            _MADE_HERE, LENGTH, alphabet_size=13, entropy_bits=synthetic.additions_entropy(),
        ),
        Corpus(
            "coin-flips", "Coin flips",
            "H or T, with probability one half: nothing to learn, and no model gets below 1 bit per character.",
            _MADE_HERE, LENGTH, alphabet_size=2, entropy_bits=synthetic.coin_flips_entropy(),
        ),
    )
}  # fmt: skip


def load(
    name_or_path: str,
    *,
    minimum: int = MINIMUM_CHARACTERS,
    paths: bool = True,
    download: bool = True,
    encoding: str | None = None,
    normalise: bool = True,
    remove_licence: bool = False,
    sha256: str = "",
) -> Text:
    """The text of a corpus's name, of a stored text's name (text-...), or of a file's path.

    Synthetic texts are made with SEED and LENGTH. A file needs `minimum` characters and has no upper limit; it is
    read in `encoding`, with `normalise` its letters are composed with their accents, and with `remove_licence`
    Project Gutenberg's header and licence are left out. Where the checksum of the text wanted is given as
    `sha256`, a file is read without its licence, or as an earlier version did, if that gives this text.
    With `paths=False` only names are accepted (for names from the web); with `download=False` nothing is
    downloaded. Raises CorpusError where there is no such text.
    """
    if name_or_path in _DOWNLOADS:
        return _load_download(CORPORA[name_or_path], download)
    if name_or_path in _BUILDERS:
        return _build(name_or_path)
    if stored_texts.is_name(name_or_path):
        return stored_texts.load(name_or_path)
    if paths:
        return _load_file(name_or_path, minimum, encoding, normalise, remove_licence, sha256)
    raise CorpusError(_no_such_text(name_or_path))


def load_or_stand_in(name: str) -> Text:
    """The text of a corpus's name; another one, whose name differs, where the default cannot be downloaded.

    No other text has a stand-in, since people choose it for what it is. Raises CorpusError.
    """
    try:
        return load(name, paths=False)
    except DownloadError:
        if name != DEFAULT:
            raise
        return load(stand_in().name, paths=False)


def stand_in() -> Corpus:
    """The text that is read where the default cannot be downloaded."""
    return CORPORA[_STAND_IN]


def can_be_loaded_again(text: Text) -> bool:
    """Whether `load` will find a text by its name, as it does a file; a pipe can only be read once.

    A file whose name is not Unicode cannot be noted in a run's configuration.
    """
    if text.name in CORPORA or text.name == stored_name(text.sha256):
        return True
    return os.path.isfile(text.name) and not _SURROGATES.search(text.name)


def stored() -> list[Corpus]:
    """The stored texts, by title; incomplete ones are skipped."""
    about = "A text that was uploaded or pasted here."
    return [
        Corpus(
            text.name, text.title, about, "Your own text", text.characters, text.alphabet_size, added=text.added
        )
        for text in stored_texts.every()
    ]


def title_of(name: str, noted: str = "") -> str:
    """What people call a text: its title, for a file its name without folders, and for a stored text that is no
    longer on this machine the title that its run `noted`."""
    if name in CORPORA:
        return CORPORA[name].title
    if stored_texts.is_name(name):
        known = stored_texts.find(name)
        return known.title if known else noted or "a text that is no longer here"
    return file_name(name)


def file_name(corpus: str) -> str:
    """A corpus's name unchanged; only the last part of a path or an address, without its query."""
    if "://" in corpus:
        corpus = re.split(r"[?#]", corpus)[0]
    return re.split(r"[/\\]", corpus.rstrip("/\\"))[-1] or "text"


_DOWNLOADS = {"shakespeare": downloads.SHAKESPEARE, "complete-works": downloads.COMPLETE_WORKS}
_BUILDERS: dict[str, Callable[[], str]] = {
    "unicode-names": python_texts.unicode_names,
    "python-reference": python_texts.python_reference,
    "python-source": python_texts.python_source,
    "markov": lambda: synthetic.markov(SEED, LENGTH),
    "reber": lambda: synthetic.reber(SEED, LENGTH),
    "additions": lambda: synthetic.additions(SEED, LENGTH),
    "coin-flips": lambda: synthetic.coin_flips(SEED, LENGTH),
}


@lru_cache(maxsize=len(_BUILDERS))  # all of them together take some 15 MB
def _build(name: str) -> Text:
    corpus = CORPORA[name]
    try:
        text, notes = clean(_BUILDERS[name]())
    except CorpusError as error:
        raise CorpusError(f"{error} {_others(but=name)}") from error
    return made(name, corpus.title, text, notes, corpus.entropy_bits)


def _load_download(corpus: Corpus, download: bool) -> Text:
    wanted = _DOWNLOADS[corpus.name]
    try:
        contents, notes = downloads.fetch(wanted) if download else downloads.find(wanted)
    except CorpusError as error:
        raise type(error)(
            f"{corpus.title} is not on this machine yet. {error} Try again with a network connection, or put "
            f"the file into the folder that the environment variable CHARLAB_CORPORA names. "
            f"{_others(but=corpus.name)}"
        ) from error
    if contents is None:
        raise CorpusError(
            " ".join((f"{corpus.title} is not on this machine yet.", *notes, _others(but=corpus.name)))
        )
    text = read_plainly(contents, wanted.file_name)
    return replace(text, name=corpus.name, title=corpus.title, notes=notes + text.notes)


def _load_file(
    path: str, minimum: int, encoding: str | None, normalise: bool, remove_licence: bool, sha256: str
) -> Text:
    try:
        data, filename = file_bytes(path)
    except (FileNotFoundError, ValueError):  # ValueError: no file can have such a name
        raise CorpusError(f"{_no_such_text(path)} There is no file of that name either.") from None
    read = partial(read_bytes, data, filename, None, minimum, encoding=encoding, normalise=normalise)
    text = read(remove_licence=remove_licence)
    if sha256 and text.sha256 != sha256:
        others = _texts_of(partial(read, remove_licence=True), partial(read_plainly, data, filename, minimum))
        text = next((other for other in others if other.sha256 == sha256), text)
    return replace(text, name=str(Path(path).resolve()))


def _texts_of(*readings: Callable[[], Text]) -> Iterator[Text]:
    """What each reading of a file gives, where that is a text."""
    for reading in readings:
        with contextlib.suppress(CorpusError):
            yield reading()


def file_bytes(path: str) -> tuple[bytes, str]:
    """All bytes of a file or a pipe, read once, and a name for it.

    Raises FileNotFoundError or ValueError where there is no such file, and CorpusError where it cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if stat.S_ISREG(mode):
                return file.read(), path
            if stat.S_ISBLK(mode) or stat.S_ISCHR(mode) and not file.isatty():  # some of them have no end
                raise CorpusError(f"{path!r} is a device, not a text. Give the path of a text file.")
            data = file.read(PIPE_LIMIT + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise CorpusError(
            f"{path!r} cannot be read: {os_errors.reason(error)}. Give the path of a text file."
        ) from error
    if len(data) > PIPE_LIMIT:
        raise CorpusError(f"The text from {path!r} is longer than {PIPE_LIMIT:,} bytes. Put it into a file first.")
    return data, _PIPED


def _no_such_text(name: str) -> str:
    names = [*CORPORA, *(corpus.name for corpus in stored())]
    return f"There is no text {name!r}. Available texts: {', '.join(names)}."


def _others(but: str) -> str:
    names = [corpus.name for corpus in CORPORA.values() if not corpus.needs_network and corpus.name != but]
    return f"These texts need no network: {', '.join(names)}."
