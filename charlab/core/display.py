"""Characters made visible: those that cannot be seen, such as a space, get a form and a name."""

from __future__ import annotations

import unicodedata

_DRAWN = {" ": "·", "\n": "↵", "\t": "⇥", "\r": "⏎", "\u00a0": "⍽"}
_NAMES = {
    " ": "␣ space", "\n": "↵ newline", "\t": "⇥ tab", "\r": "⏎ return", "\u00a0": "⍽ no-break space",
    "\ufffd": "� not in the alphabet",
}  # fmt: skip
_DOTTED_CIRCLE = "◌"


def visible(character: str) -> str:
    """A visible form of a character: a dot for a space, a circle under a combining accent."""
    if character in _DRAWN:
        return _DRAWN[character]
    if len(character) != 1:
        return character
    category = unicodedata.category(character)
    if category.startswith("M"):
        return _DOTTED_CIRCLE + character
    if category.startswith("C") or category in ("Zl", "Zp"):
        return f"U+{ord(character):04X}"
    return "␣" if category == "Zs" else character


def named(character: str) -> str:
    """The visible form, with a name where the form alone would not tell: "␣ space", "↵ newline"."""
    if character in _NAMES:
        return _NAMES[character]
    drawn = visible(character)
    if drawn == "␣" and character != "␣":
        return f"␣ {unicodedata.name(character, 'space').lower()}"
    return drawn
