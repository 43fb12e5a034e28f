"""Characters made visible: those that cannot be seen, such as a space, get a form and a name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_DRAWN = {" ": "·", "\n": "↵", "\t": "⇥", "\r": "⏎", "\u00a0": "⍽"}
_NAMES = {
    " ": "␣ space", "\n": "↵ newline", "\t": "⇥ tab", "\r": "⏎ return", "\u00a0": "⍽ no-break space",
    "\ufffd": "� not in the alphabet",
}  # fmt: skip
_DOTTED_CIRCLE = "◌"
_WITHOUT_INK = {*"\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0", *map(chr, range(0x180B, 0x1810))}
_WITHOUT_INK |= {chr(c) for first, last in ((0xFE00, 0xFE0F), (0xE0100, 0xE01EF)) for c in range(first, last + 1)}
_WITH_INK = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u08e2"  # signs around Arabic and Syriac numbers

_TURNS = re.compile("(\u2068[^\u2066-\u2069\u202a-\u202e]*\u2069)|[\u202a-\u202e\u2066-\u2069]")


def visible(character: str) -> str:
    """A visible form of a character alone: a dot for a space, a dotted circle under a combining accent."""
    if character in _DRAWN:
        return _DRAWN[character]
    if len(character) > 1:  # a token
        return "".join(visible_text(character))
    if character in _WITH_INK:
        return character
    category = unicodedata.category(character)
    if category.startswith("C") or category in ("Zl", "Zp") or character in _WITHOUT_INK:
        return f"U+{ord(character):04X}"
    if category.startswith("M"):
        return _DOTTED_CIRCLE + character
    return "␣" if category == "Zs" else character


def visible_text(text: Sequence[str]) -> list[str]:
    """The visible form of each character; an accent that follows a letter needs no dotted circle."""
    forms = {character: visible(character) for character in {" ", *text}}
    on_a_letter = lambda c, before: forms[c] == _DOTTED_CIRCLE + c and forms[before][-1] == before  # noqa: E731
    pairs = zip(text, [" ", *text], strict=False)
    return [c if on_a_letter(c, before) else forms[c] for c, before in pairs]


def in_line(text: Sequence[str]) -> str:
    """The visible forms as part of a sentence: from right to left where the text is, the words around it not."""
    return isolated("".join(visible_text(text)))


def isolated(text: str) -> str:
    """The text in a directional isolate (U+2068, U+2069) if it has letters that are read from right to left."""
    leftward = any(unicodedata.bidirectional(character) in ("R", "AL", "AN") for character in text)
    return f"\u2068{text}\u2069" if leftward else text


def without_turns(text: str) -> str:
    """The text with visible forms for the characters that turn its direction; whole isolates (U+2068) are kept."""
    return _TURNS.sub(lambda found: found[1] or visible(found[0]), text)


def named(character: str) -> str:
    """The visible form, with a name where the form alone would not tell: "␣ space", "↵ newline"."""
    if character in _NAMES:
        return _NAMES[character]
    drawn = visible(character)
    if len(character) == 1 and drawn != character and (drawn == "␣" or drawn.startswith("U+")):
        return f"{drawn} {unicodedata.name(character, '').lower()}".rstrip()
    return drawn
