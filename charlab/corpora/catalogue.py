"""The available texts: what each is, whether it is on this machine, and loading one by its name.

Nothing is read, generated or downloaded before it is needed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from charlab import os_errors
from charlab.corpora import downloads, python_texts, synthetic
from charlab.corpora.cleaning import clean
from charlab.corpora.uploads import MINIMUM_CHARACTERS, Text, made, read_bytes, read_plainly, stored_name
from charlab.errors import CorpusError
from charlab.files import write_whole

SEED, LENGTH = 1, 500_000  # of the synthetic texts
PIPE_LIMIT = 1_000_000_000  # bytes; a file has no limit, but a pipe may have no end
_PIPED = "piped text"
_SURROGATES = re.compile("[\ud800-\udfff]")  # in a path: bytes that are not UTF-8

_PSF = "Python Software Foundation License 2"
_MADE_HERE = "None needed (generated here)"


@dataclass(frozen=True)
class Corpus:
    """Facts about a text that are known without it. Sizes that change with Python's version are those of
    Python 3.11. `entropy_bits` is exact, in bits per character."""

    name: str
    title: str
    about: str
    licence: str
    characters: int
    alphabet_size: int
    needs_network: bool = False
    entropy_bits: float | None = None

    def is_here(self) -> bool:
        """Whether load() needs no network for it."""
        if self.name in _DOWNLOADS:
            return downloads.find(_DOWNLOADS[self.name])[0] is not None
        if self.name == "python-reference":
            return python_texts.has_python_reference()
        if self.name == "python-source":
            return python_texts.has_python_source()
        return self.name in CORPORA or _stored_path(self.name).is_file()


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
    if re.fullmatch(r"text-[0-9a-f]{16}", name_or_path):
        return _load_stored(name_or_path)
    if paths:
        return _load_file(name_or_path, minimum, encoding, normalise, remove_licence, sha256)
    raise CorpusError(_no_such_text(name_or_path))


def can_be_loaded_again(text: Text) -> bool:
    """Whether `load` will find a text by its name, as it does a file; a pipe can only be read once.

    A file whose name is not Unicode cannot be noted in a run's configuration.
    """
    if text.name in CORPORA or text.name == stored_name(text.sha256):
        return True
    return os.path.isfile(text.name) and not _SURROGATES.search(text.name)


def store(text: Text, owner: str = "") -> str:
    """Store an accepted upload or paste in the cache folder; returns its name for load().

    The same text is stored once, under its first title and for its first owner. Raises CorpusError where it
    cannot be written.
    """
    name = stored_name(text.sha256)
    if stored_already(text):
        return name
    about = {
        "title": text.title,
        "sha256": text.sha256,
        "notes": list(text.notes),
        "characters": len(text.text),
        "alphabet_size": len(set(text.text)),
    } | {key: value for key, value in (("reading", text.reading), ("owner", owner)) if value}
    path = _stored_path(name)
    try:
        write_whole(path, text.text.encode("utf-8"))
        write_whole(path.with_suffix(".json"), json.dumps(about, ensure_ascii=False).encode("utf-8"))
    except OSError as error:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
        raise CorpusError(
            f"“{text.title}” cannot be stored in {path.parent}: {os_errors.reason(error)}. "
            "Set the environment variable CHARLAB_CACHE to another folder."
        ) from error
    return name


def stored_already(text: Text) -> str | None:
    """The name of a text that this machine has stored, unchanged; None where it has not."""
    name = stored_name(text.sha256)
    return None if _read_stored(name) is None else name


def stored_bytes(owner: str) -> int:
    """The bytes of the texts that are stored for an owner."""
    paths = [path for path in _texts_folder().glob("*.json") if (_read_about(path) or {}).get("owner") == owner]
    texts = [path.with_suffix(".txt") for path in paths]
    return sum(path.stat().st_size for path in texts if path.is_file())


def stored() -> list[Corpus]:
    """The stored texts, by title; incomplete ones are skipped."""
    found = []
    for path in _texts_folder().glob("*.json"):
        about = _read_about(path)
        if about and path.with_suffix(".txt").is_file():
            found.append(
                Corpus(
                    stored_name(about["sha256"]),
                    about["title"],
                    "A text that was uploaded or pasted here.",
                    "Your own text",
                    about["characters"],
                    about["alphabet_size"],
                )
            )
    return sorted(found, key=lambda corpus: (corpus.title.casefold(), corpus.name))


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
        raise CorpusError(
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


# Stored texts: texts/<first 16 digits of the checksum>.txt, and .json with its facts. The text is
# written first, so that the second file implies the first.


def _load_stored(name: str) -> Text:
    text = _read_stored(name)
    if text is None:
        raise CorpusError(
            f"The text {name!r} is missing or damaged on this machine ({_texts_folder()}). Upload it again."
        )
    return text


def _read_stored(name: str) -> Text | None:
    path = _stored_path(name)
    about = _read_about(path.with_suffix(".json"))
    try:
        data = path.read_bytes()
    except OSError:
        return None
    if about is None or hashlib.sha256(data).hexdigest() != about["sha256"]:
        return None
    # Earlier versions noted here what every alphabet left out; now it depends on the model's limit.
    notes = tuple(note for note in about["notes"] if "The alphabet keeps the" not in note)
    reading = about.get("reading", {})
    return Text(name, about["title"], data.decode("utf-8"), about["sha256"], notes, reading=reading)


def _read_about(path: Path) -> dict[str, Any] | None:
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    keys = {"title", "sha256", "notes", "characters", "alphabet_size"}
    return about if isinstance(about, dict) and keys <= set(about) else None


def _texts_folder() -> Path:
    return downloads.cache_folder() / "texts"


def _stored_path(name: str) -> Path:
    return _texts_folder() / f"{name.removeprefix('text-')}.txt"
