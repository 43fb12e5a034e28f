"""A text for training, and how a user's file or pasted text becomes one: encoding, cleaning, limits."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from charlab.core.vocab import ALPHABET_LIMIT
from charlab.corpora import decoding, licence
from charlab.corpora.cleaning import clean, unify, unix_line_ends
from charlab.corpora.decoding import AS_TEXT, BINARY_SHARE, decode, decode_plainly, looks_binary
from charlab.corpora.first_words import first_words
from charlab.errors import CorpusError

MINIMUM_CHARACTERS = 2_000
UPLOAD_LIMIT = 20_000_000  # characters
MAX_TITLE = 80  # characters
_FIRST_WORDS = 40  # characters of a text that stand for its name

_LICENCE = "the header and the licence of Project Gutenberg"
_UNPACK = "Unpack it and upload a text file from it."
_READ_PICTURE = "A picture of a text has no characters: type the text, or use text recognition (OCR)."
# The first bytes of files that people mistake for texts, the name of their format, and advice.
_SIGNATURES = (
    (b"%PDF-", "a PDF", "Open it, copy its text and paste it here."),
    (b"{\\rtf", "a Rich Text document", AS_TEXT),
    (b"\xd0\xcf\x11\xe0", "an old Office document (.doc, .xls)", AS_TEXT),
    (b"\x1f\x8b", "a gzip archive", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", _UNPACK),
    (b"Rar!", "a RAR archive", _UNPACK),
    (b"\x89PNG", "a picture (PNG)", _READ_PICTURE),
    (b"\xff\xd8\xff", "a picture (JPEG)", _READ_PICTURE),
)
# The same for the contents of a zip archive.
_ZIP_INSIDES = (
    (b"word/document.xml", "a Word document (.docx)", AS_TEXT),
    (b"xl/workbook.xml", "an Excel workbook (.xlsx)", AS_TEXT),
    (b"ppt/presentation.xml", "a PowerPoint presentation (.pptx)", AS_TEXT),
    (b"application/vnd.oasis.opendocument", "an OpenDocument file (.odt)", AS_TEXT),
    (b"application/epub+zip", "an e-book (.epub)", AS_TEXT),
)


@dataclass(frozen=True)
class Text:
    """A text for training.

    `name` is what `catalogue.load` finds it by, `title` is for people, `sha256` is of its UTF-8 bytes, `notes` say
    what was changed in it, and `entropy_bits` is its exact entropy in bits per character, if known. `reading`
    tells how a file becomes this text where that takes more than UTF-8 and the removal of control characters: its
    encoding, whether letters are composed with their accents, and whether a licence was left out.
    """

    name: str
    title: str
    text: str = field(repr=False)
    sha256: str
    notes: tuple[str, ...] = ()
    entropy_bits: float | None = None
    reading: dict[str, Any] = field(default_factory=dict, compare=False)


def read_bytes(
    data: bytes,
    filename: str,
    limit: int | None = UPLOAD_LIMIT,
    minimum: int = MINIMUM_CHARACTERS,
    *,
    encoding: str | None = None,
    normalise: bool = True,
    remove_licence: bool = False,
) -> Text:
    """The text of a file in Unicode, or in the encoding that is given, or else in the one that is proposed for it.

    With `remove_licence` Project Gutenberg's header and licence are left out. `minimum` and `limit` bound the
    number of characters, None for no limit. Raises CorpusError if the file is not text, too short, too long, or
    has only one distinct character.
    """
    title = file_title(filename)
    _refuse_other_formats(data, title)
    if limit is not None and len(data) > 4 * limit + 4:  # no encoding takes more than four bytes per character
        raise CorpusError(_too_long(title, f"{len(data) / 1e6:,.1f} million bytes", limit))
    decoded = decode(data, title, encoding)
    wishes = {"normalise": normalise, "remove_licence": remove_licence}
    return _unified(decoded.text, title, limit, minimum, decoded.notes, decoded.encoding, **wishes)


def read_pasted(
    text: str,
    title: str = "Pasted text",
    limit: int | None = UPLOAD_LIMIT,
    *,
    normalise: bool = True,
    remove_licence: bool = False,
) -> Text:
    """Pasted text, under the same rules as a file."""
    wishes = {"normalise": normalise, "remove_licence": remove_licence}
    return _unified(text, _shown(title), limit, MINIMUM_CHARACTERS, (), "utf-8", **wishes)


def named(text: Text, title: str) -> Text:
    """The text under another title; where that is empty, under its first words."""
    return replace(text, title=_shown(" ".join(title.split()) or _first_words(text.text)))


def licence_in(data: bytes | str, filename: str, encoding: str | None = None) -> licence.Frame | None:
    """Project Gutenberg's header and licence in a file or a pasted text, to be offered for removal; None where it
    has none, or is no text."""
    try:
        text = data if isinstance(data, str) else decode(data, file_title(filename), encoding).text
    except CorpusError:
        return None
    return licence.find(unify(text)[0])


def to_choose_first(data: bytes, filename: str) -> str | None:
    """The encoding of a file to offer first; None where there is nothing to choose: Unicode, or no text at all."""
    title = file_title(filename)
    try:
        _refuse_other_formats(data, title)
    except CorpusError:
        return None
    return decoding.to_choose_first(data, title)


def read_plainly(data: bytes, filename: str, minimum: int = MINIMUM_CHARACTERS) -> Text:
    """The text of a file as it is, but for control characters: a built-in text, or a file that an earlier version
    of CharLab read."""
    title = file_title(filename)
    _refuse_other_formats(data, title)
    text, notes = decode_plainly(data, title)
    return _accept(text, title, None, minimum, notes)


def file_title(filename: str) -> str:
    """A file's name for use in a sentence: without folders and invisible characters."""
    return _shown(re.split(r"[/\\]", filename)[-1])


def alphabet_note(text: str, maximum: int = ALPHABET_LIMIT) -> str | None:
    """A note on the characters that do not fit an alphabet of `maximum` characters; None where all fit."""
    if len(set(text)) <= maximum:
        return None
    counts = Counter(text)
    rare = len(text) - sum(number for _, number in counts.most_common(maximum))
    return (
        f"The text has {len(counts):,} distinct characters. By default an alphabet has the {maximum} most "
        f"frequent: the other {len(counts) - maximum:,} make up {100 * rare / len(text):.2g}% of the text."
    )


def made(name: str, title: str, text: str, notes: tuple[str, ...] = (), entropy_bits: float | None = None) -> Text:
    """A Text with its checksum."""
    return Text(name, title, text, hashlib.sha256(text.encode("utf-8")).hexdigest(), notes, entropy_bits)


def stored_name(sha256: str) -> str:
    """The name of an uploaded or pasted text: text-, and the first sixteen digits of its checksum."""
    return f"text-{sha256[:16]}"


def _refuse_other_formats(data: bytes, title: str) -> None:
    if data.startswith(b"PK\x03\x04"):
        inside = ((what, advice) for mark, what, advice in _ZIP_INSIDES if mark in data)
        what, advice = next(inside, ("a zip archive", _UNPACK))
    else:
        found = ((what, advice) for mark, what, advice in _SIGNATURES if data.startswith(mark))
        what, advice = next(found, ("", ""))
    if what:
        raise CorpusError(f"“{title}” is {what}, not plain text. {advice}")


def _unified(
    text: str,
    title: str,
    limit: int | None,
    minimum: int,
    notes: tuple[str, ...],
    encoding: str,
    normalise: bool,
    remove_licence: bool,
) -> Text:
    """The text in one form, cleaned, and with how it was read where that took more than cleaning."""
    text, changes = unify(text, normalise)
    frame = licence.find(text)
    if frame and remove_licence:
        text, changes = frame.text, changes + (f"Removed {_LICENCE}: {frame.characters:,} characters.",)
    result = _accept(text, title, limit, minimum, notes + changes)
    if encoding != "utf-8" or notes + changes:
        how = {"encoding": encoding, "normalise": normalise}
        how |= {"without_licence": True} if frame and remove_licence else {}
        result = replace(result, reading=how)
    if frame and not remove_licence:
        note = f"The text contains {_LICENCE}: {frame.characters:,} characters."
        result = replace(result, notes=(*result.notes, note))
    return result


def _accept(text: str, title: str, limit: int | None, minimum: int, notes: tuple[str, ...]) -> Text:
    """The cleaned text. Raises CorpusError where it is unsuitable for training."""
    text = text.removeprefix("\ufeff")
    if not text.strip():
        raise CorpusError(f"“{title}” is empty. A text needs at least {minimum:,} characters.")
    text = unix_line_ends(text)
    cleaned, cleaning_notes = clean(text)
    if len(text) - len(cleaned) > BINARY_SHARE * len(text):
        raise CorpusError(looks_binary(title, "control characters"))
    text = cleaned
    if len(text) < minimum:
        raise CorpusError(
            f"“{title}” is too short to learn from: it needs at least {minimum:,} characters and has "
            f"{len(text):,}. Add {minimum - len(text):,} more."
        )
    if limit is not None and len(text) > limit:
        raise CorpusError(_too_long(title, f"{len(text):,} characters", limit))
    if len(set(text)) < 2:
        raise CorpusError(
            f"“{title}” has only one distinct character, {text[0]!r}: there is nothing to predict. "
            "A text needs at least two."
        )
    alphabet = alphabet_note(text)
    text_made = made("", title, text, notes + cleaning_notes + ((alphabet,) if alphabet else ()))
    return replace(text_made, name=stored_name(text_made.sha256))


def _too_long(title: str, received: str, limit: int) -> str:
    return (
        f"“{title}” is too long: {received}, and the limit is {limit:,} characters. Use a part of it, "
        "or train from the command line, which has no such limit."
    )


def _shown(title: str) -> str:
    """A title for use in a sentence: without invisible characters, at most 80."""
    return "".join(character for character in title if character.isprintable())[:MAX_TITLE].strip() or "The text"


def _first_words(text: str) -> str:
    """The first line with letters in it, cut between two words, with an ellipsis where it goes on."""
    lines = (" ".join(line.split()) for line in text[:20_000].split("\n"))
    line = next((line for line in lines if any(map(str.isalnum, line))), "")
    if len(line) <= _FIRST_WORDS:
        return line
    cut = first_words(line, _FIRST_WORDS)
    return f"{cut.rstrip(' ,;:.-–')} ..."
