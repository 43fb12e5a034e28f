"""The first words of a text, in any script: a prompt that suits a model trained on it."""

from __future__ import annotations

import unicodedata

_UNSPACED = ("THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN")  # scripts that are written without spaces between words
_LEADING_VOWELS = "\u0e40\u0e41\u0e42\u0e43\u0e44\u0ec0\u0ec1\u0ec2\u0ec3\u0ec4"  # of the letter after them
_ZERO_WIDTH_JOINER = "\u200d"


def first_words(text: str, length: int = 24) -> str:
    """The first line with its end, where that is within `length` characters; else as many whole words of it.

    Scripts without spaces are cut after a sign of punctuation in the second half, or else between two letters,
    never between a letter and its marks. A single longer word is cut at `length`.
    """
    line = text.lstrip().split("\n", 1)[0]
    if len(line) < length:
        return line + "\n"
    ends = [end for end in range(1, length + 1) if _may_end(line, end)]
    signs = [end for end in ends if end > length // 2 and unicodedata.category(line[end - 1]).startswith("P")]
    return line[: max(signs or ends, default=_between_letters(line, length))]


def _may_end(line: str, end: int) -> bool:
    """Whether a word may end before a position: after a space, and next to letters of a script without spaces."""
    if end == len(line) or line[end - 1].isspace():
        return True
    return (_is_unspaced(line[end - 1]) or _is_unspaced(line[end])) and _between_letters(line, end) == end


def _is_unspaced(character: str) -> bool:
    name = unicodedata.name(character, "")
    is_wide = unicodedata.east_asian_width(character) in "WF" and not name.startswith("HANGUL")
    return is_wide or name.startswith(_UNSPACED)


def _between_letters(line: str, end: int) -> int:
    """The last position up to `end` that does not divide a letter from its marks; `end` where there is none."""
    for place in range(end, 0, -1):
        before, after = line[place - 1], line[place : place + 1]
        is_mark = after != "" and (unicodedata.category(after).startswith("M") or after == _ZERO_WIDTH_JOINER)
        if not is_mark and before != _ZERO_WIDTH_JOINER and before not in _LEADING_VOWELS:
            return place
    return end
