"""The letters beyond ASCII of languages, by which the single-byte encodings of their texts are told apart.

A general detector takes texts with many accents for noise, or for another encoding with the same letters at
other places. A text that has nothing but ASCII, the letters of one language and common signs is hardly in any
other encoding.
"""

from __future__ import annotations

from collections.abc import Mapping

_SIGNS = "«»“”„‘’‚‹›–—…€£°§©®·\xa0"
_WESTERN = (
    "àâæçéèêëîïôœùûüÿ", "äöüßé",
    "áéíñóúü¿¡ªº", "àáâãçéêíóôõúü", "àèéìíîòóùú", "áäèéêëíïóöúü",
    "åäöé", "æøåéèêóòô", "áðéíóúýþæö", "àçèéíïòóúü",
)  # fmt: skip
_CENTRAL = (
    "ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "čćđšž", "ăâîșşțţ", "äöüß",
)  # fmt: skip
_TURKISH = ("çğıöşüâîûi\u0307",)
_BALTIC = ("āčēģīķļņšūž", "ąčęėįšųūž", "äõöšüž")
_GREEK = ("αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ",)
# Encodings, the commonest first, and the letters of each language that is written in them.
_LATIN = {
    "cp1252": _WESTERN, "iso8859_15": _WESTERN, "mac_roman": _WESTERN, "cp1250": _CENTRAL, "iso8859_2": _CENTRAL,
    "cp1254": _TURKISH, "cp1257": _BALTIC, "cp850": _WESTERN,
}  # fmt: skip
GREEK = {"cp1253": _GREEK, "iso8859_7": _GREEK}
_LEAST_ASCII = 0.5  # of the letters of a text in Latin script


def latin_encoding(sample: bytes) -> str | None:
    """The encoding in which these bytes are a text in Latin script with the letters of one language; else None."""
    return _encoding_of(sample, _LATIN, _LEAST_ASCII)


def greek_encoding(sample: bytes) -> str | None:
    """Of bytes that are known to be Greek, the encoding in which they have no other letters; None for neither."""
    return _encoding_of(sample, GREEK, 0)


def is_western(sample: bytes) -> bool:
    """Whether these bytes in Windows-1252 have letters of Western European languages only."""
    letters = "".join(set("".join(_WESTERN)) - set("ðþý"))  # without those that stand for others' commonest
    return _encoding_of(sample, {"cp1252": (letters,)}, _LEAST_ASCII) is not None


def _encoding_of(sample: bytes, encodings: Mapping[str, tuple[str, ...]], least_ascii: float) -> str | None:
    for encoding, languages in encodings.items():
        try:
            text = sample.decode(encoding)
        except UnicodeDecodeError:
            continue
        beyond = {character for character in text if character > "\x7f"} - set(_SIGNS)
        fits = any(beyond <= {*letters, *letters.upper(), "İ"} for letters in languages)
        if fits and _ascii_share(text) >= least_ascii:
            return encoding
    return None


def _ascii_share(text: str) -> float:
    """The share of ASCII among the letters of a text."""
    letters = [character for character in text if character.isalpha()]
    return sum(character.isascii() for character in letters) / max(1, len(letters))
