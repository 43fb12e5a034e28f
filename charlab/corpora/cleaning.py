"""Characters that a text for training does without, or has in another form: each step says what it changed."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

_CONTROL_NAMES = {
    0x00: "null", 0x07: "bell", 0x08: "backspace", 0x0B: "vertical tab", 0x0C: "form feed", 0x1A: "substitute",
    0x1B: "escape", 0x7F: "delete", 0x85: "next line", 0x2028: "line separator", 0x2029: "paragraph separator",
}  # fmt: skip
_DROPPED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_RARE_LINE_BREAKS = re.compile("[\x0b\x0c\x85\u2028\u2029]")
_SURROGATE_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_BYTE_ORDER_MARK = "\ufeff"


def clean(text: str) -> tuple[str, tuple[str, ...]]:
    """The text with \\n line ends, without control characters and lone surrogates, and notes on what was removed.

    Newline and tab stay.
    """
    text = unix_line_ends(text)
    found = Counter(_DROPPED.findall(text))
    if not found:
        return text, ()
    controls = {character: number for character, number in found.items() if not _is_surrogate(character)}
    surrogates = sum(found.values()) - sum(controls.values())
    notes = []
    if controls:
        notes.append(f"Removed {counted(sum(controls.values()), 'control character')}: {_named(controls)}.")
    if surrogates:
        notes.append(f"Removed {counted(surrogates, 'lone surrogate')} (incomplete characters).")
    return _DROPPED.sub("", text), tuple(notes)


def unify(text: str, normalise: bool = True) -> tuple[str, tuple[str, ...]]:
    """The text with one form for what can be written in several, and notes on what was changed.

    Surrogate pairs become the character that they stand for, byte-order marks go, every kind of line break becomes
    \\n, and with `normalise` letters are composed with their accents (Unicode's form NFC).
    """
    notes = []
    text, pairs = _SURROGATE_PAIR.subn(lambda pair: joined(pair[0]), text)
    if pairs:
        notes.append(f"Joined {counted(pairs, 'surrogate pair')} into whole characters (such as emoji).")
    text = text.removeprefix(_BYTE_ORDER_MARK)
    if marks := text.count(_BYTE_ORDER_MARK):
        text = text.replace(_BYTE_ORDER_MARK, "")
        notes.append(f"Removed {counted(marks, 'byte-order mark')} (U+FEFF) inside the text.")
    text = unix_line_ends(text)
    if breaks := Counter(_RARE_LINE_BREAKS.findall(text)):
        text = _RARE_LINE_BREAKS.sub("\n", text)
        notes.append(f"Read {counted(breaks.total(), 'rare line break')} as line ends: {_named(breaks)}.")
    if normalise and not unicodedata.is_normalized("NFC", text):
        text, before = unicodedata.normalize("NFC", text), text
        notes.append(
            f"Composed letters and their accents (Unicode NFC): {len(before):,} characters became {len(text):,}. "
            "This can be switched off when the text is added."
        )
    return text, tuple(notes)


def joined(pair: str) -> str:
    """The character that a surrogate pair stands for."""
    return pair.encode("utf-16-le", "surrogatepass").decode("utf-16-le")


def unix_line_ends(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def counted(number: int, what: str) -> str:
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
