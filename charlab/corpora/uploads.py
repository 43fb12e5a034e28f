"""A text for training, and how a user's file or pasted text becomes one: encoding, cleaning, limits."""

from __future__ import annotations

import codecs
import hashlib
import re
from collections import Counter
from dataclasses import dataclass, field, replace

from charlab.core.vocab import MAXIMUM_ALPHABET
from charlab.errors import CorpusError

MINIMUM_CHARACTERS = 2_000
UPLOAD_LIMIT = 20_000_000  # characters
BINARY_SHARE = 0.01  # of control characters; texts written by people have fewer

_CONTROL_NAMES = {
    0x00: "null", 0x07: "bell", 0x08: "backspace", 0x0B: "vertical tab", 0x0C: "form feed", 0x1A: "substitute",
    0x1B: "escape", 0x7F: "delete", 0x85: "next line",
}  # fmt: skip
_DROPPED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")

_AS_TEXT = "Save it as plain text (.txt, UTF-8) in its own program, or copy its text and paste it here."
_UNPACK = "Unpack it and upload a text file from it."
_READ_PICTURE = "A picture of a text has no characters: type the text, or use text recognition (OCR)."
# The first bytes of files that people mistake for texts, the name of their format, and advice.
_SIGNATURES = (
    (b"%PDF-", "a PDF", "Open it, copy its text and paste it here."),
    (b"{\\rtf", "a Rich Text document", _AS_TEXT),
    (b"\xd0\xcf\x11\xe0", "an old Office document (.doc, .xls)", _AS_TEXT),
    (b"\x1f\x8b", "a gzip archive", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", _UNPACK),
    (b"Rar!", "a RAR archive", _UNPACK),
    (b"\x89PNG", "a picture (PNG)", _READ_PICTURE),
    (b"\xff\xd8\xff", "a picture (JPEG)", _READ_PICTURE),
)
# The same for the contents of a zip archive.
_ZIP_INSIDES = (
    (b"word/document.xml", "a Word document (.docx)", _AS_TEXT),
    (b"xl/workbook.xml", "an Excel workbook (.xlsx)", _AS_TEXT),
    (b"ppt/presentation.xml", "a PowerPoint presentation (.pptx)", _AS_TEXT),
    (b"application/vnd.oasis.opendocument", "an OpenDocument file (.odt)", _AS_TEXT),
    (b"application/epub+zip", "an e-book (.epub)", _AS_TEXT),
)


@dataclass(frozen=True)
class Text:
    """A text for training.

    `name` is what `catalogue.load` finds it by, `title` is for people, `sha256` is of its UTF-8 bytes, `notes` say
    what was changed in it, and `entropy_bits` is its exact entropy in bits per character, if known.
    """

    name: str
    title: str
    text: str = field(repr=False)
    sha256: str
    notes: tuple[str, ...] = ()
    entropy_bits: float | None = None


def read_bytes(
    data: bytes, filename: str, limit: int | None = UPLOAD_LIMIT, minimum: int = MINIMUM_CHARACTERS
) -> Text:
    """The text of a file: UTF-8, UTF-16 with a byte-order mark, or as the last resort Windows-1252.

    `minimum` and `limit` bound the number of characters, None for no limit. Raises CorpusError if the file is not
    text, too short, too long, or has only one distinct character.
    """
    title = _shown(re.split(r"[/\\]", filename)[-1])
    _refuse_other_formats(data, title)
    if limit is not None and len(data) > 4 * limit + 4:  # no encoding takes more than four bytes per character
        raise CorpusError(_too_long(title, f"{len(data) / 1e6:,.1f} million bytes", limit))
    text, notes = _decode(data, title)
    return _accept(text, title, limit, minimum, notes)


def read_pasted(text: str, title: str = "Pasted text", limit: int | None = UPLOAD_LIMIT) -> Text:
    """Pasted text, under the same rules as a file."""
    return _accept(text, _shown(title), limit, MINIMUM_CHARACTERS, ())


def clean(text: str) -> tuple[str, tuple[str, ...]]:
    """The text with \\n line ends, without control characters and lone surrogates, and notes on what was removed.

    Newline and tab stay.
    """
    text = _unix_line_ends(text)
    found = Counter(_DROPPED.findall(text))
    if not found:
        return text, ()
    controls = {character: number for character, number in found.items() if not _is_surrogate(character)}
    surrogates = sum(found.values()) - sum(controls.values())
    notes = []
    if controls:
        notes.append(f"Removed {_counted(sum(controls.values()), 'control character')}: {_named(controls)}.")
    if surrogates:
        notes.append(f"Removed {_counted(surrogates, 'lone surrogate')} (incomplete characters).")
    return _DROPPED.sub("", text), tuple(notes)


def alphabet_note(text: str, maximum: int = MAXIMUM_ALPHABET) -> str | None:
    """A note on the characters that do not fit an alphabet of `maximum` characters; None where all fit."""
    if len(set(text)) <= maximum:
        return None
    counts = Counter(text)
    rare = len(text) - sum(number for _, number in counts.most_common(maximum))
    return (
        f"The text has {len(counts):,} distinct characters. The alphabet keeps the {maximum} most frequent. The "
        f"other {len(counts) - maximum:,} ({100 * rare / len(text):.2g}% of the text) are read as unknown."
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


def _decode(data: bytes, title: str) -> tuple[str, tuple[str, ...]]:
    """The characters of a file, and a note where its encoding is a guess."""
    for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if data.startswith(mark):
            try:
                return data[len(mark) :].decode(encoding, "surrogatepass"), ()
            except UnicodeDecodeError:
                raise CorpusError(
                    f"“{title}” starts as UTF-16 but is damaged or incomplete. Save it again, as UTF-8."
                ) from None
    data = data.removeprefix(codecs.BOM_UTF8)
    if data.count(0) > BINARY_SHARE * len(data):
        raise CorpusError(_looks_binary(title, "zero bytes (it may be UTF-16 without a byte-order mark)"))
    try:
        return data.decode("utf-8", "surrogatepass"), ()
    except UnicodeDecodeError as error:
        place = error.start
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        raise CorpusError(
            f"“{title}” is neither UTF-8 nor Windows-1252, the encodings that can be read. {_AS_TEXT}"
        ) from None
    return text, (
        f"Read as Windows-1252, because byte {place + 1:,} ({data[place]:#04x}) is not UTF-8. If accented letters "
        "look wrong, save the file as UTF-8 and upload it again.",
    )


def _accept(text: str, title: str, limit: int | None, minimum: int, notes: tuple[str, ...]) -> Text:
    """The cleaned text. Raises CorpusError where it is unsuitable for training."""
    text = text.removeprefix("\ufeff")
    if not text.strip():
        raise CorpusError(f"“{title}” is empty. A text needs at least {minimum:,} characters.")
    text = _unix_line_ends(text)
    cleaned, cleaning_notes = clean(text)
    if len(text) - len(cleaned) > BINARY_SHARE * len(text):
        raise CorpusError(_looks_binary(title, "control characters"))
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


def _looks_binary(title: str, what: str) -> str:
    return f"“{title}” does not look like text: more than 1% of it is {what}. {_AS_TEXT}"


def _shown(title: str) -> str:
    """A title for use in a sentence: without invisible characters, at most 80."""
    return "".join(character for character in title if character.isprintable())[:80].strip() or "The text"


def _unix_line_ends(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def _named(controls: dict[str, int], most: int = 5) -> str:
    """Control characters by number and name, the most frequent first: "3 form feed (U+000C), 1 U+0001"."""
    ordered = sorted(controls, key=lambda character: (-controls[character], character))
    parts = []
    for character in ordered[:most]:
        point, name = f"U+{ord(character):04X}", _CONTROL_NAMES.get(ord(character))
        parts.append(f"{controls[character]:,} {name} ({point})" if name else f"{controls[character]:,} {point}")
    return ", ".join(parts) + (f" and {len(ordered) - most} others" if len(ordered) > most else "")


def _is_surrogate(character: str) -> bool:
    return "\ud800" <= character <= "\udfff"
