"""From the bytes of a file to characters: which encoding it has, and what in it could not be read.

UTF-8 stays UTF-8 where a few of its bytes are damaged. For a file in no form of Unicode an encoding is proposed,
which its reader can replace.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from charlab.corpora import languages
from charlab.corpora.cleaning import counted, joined, unix_line_ends
from charlab.errors import CorpusError

AS_TEXT = "Save it as plain text (.txt, UTF-8) in its own program, or copy its text and paste it here."
BINARY_SHARE = 0.01  # of control characters; texts written by people have fewer
UNREADABLE_SHARE = 0.1  # of characters; with more, the encoding is the wrong one

# Encodings to choose from, by Python's names.
ENCODINGS = {
    "utf-8": "UTF-8", "utf-16-le": "UTF-16 (little-endian)", "utf-16-be": "UTF-16 (big-endian)",
    "cp1252": "Windows-1252 (Western European)", "cp1250": "Windows-1250 (Central European)",
    "cp1251": "Windows-1251 (Cyrillic)", "koi8_r": "KOI8-R (Russian)", "koi8_u": "KOI8-U (Ukrainian)",
    "cp866": "Code page 866 (Cyrillic, DOS)", "iso8859_5": "ISO 8859-5 (Cyrillic)",
    "cp1253": "Windows-1253 (Greek)", "cp1254": "Windows-1254 (Turkish)", "cp1255": "Windows-1255 (Hebrew)",
    "cp1256": "Windows-1256 (Arabic)", "cp1257": "Windows-1257 (Baltic)", "cp1258": "Windows-1258 (Vietnamese)",
    "cp874": "Windows-874 (Thai)", "gb18030": "GB 18030 (Chinese, simplified; GBK)",
    "big5": "Big5 (Chinese, traditional)", "cp932": "Shift JIS (Japanese)", "euc_jp": "EUC-JP (Japanese)",
    "iso2022_jp": "ISO-2022-JP (Japanese)", "cp949": "Windows-949 (Korean; EUC-KR)",
    "iso8859_2": "ISO 8859-2 (Central European)", "iso8859_7": "ISO 8859-7 (Greek)",
    "iso8859_15": "ISO 8859-15 (Western European)", "cp437": "Code page 437 (DOS)",
    "cp850": "Code page 850 (Western European, DOS)", "mac_roman": "Mac Roman", "mac_cyrillic": "Mac Cyrillic",
}  # fmt: skip
# The longest first: UTF-32's mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"), (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"), (codecs.BOM_UTF8, "utf-8"),
)  # fmt: skip
_SAMPLE = 200_000  # bytes, that a proposal is made from
_ENCODED_SURROGATES = re.compile(
    rb"(\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf][\x80-\xbf])|\xed[\xa0-\xbf][\x80-\xbf]"
)
_SURROGATES_BEGIN = b"\xed"
_UTF_8_SEQUENCE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_ISO_2022_JP = re.compile(rb"\x1b\$[@B]")
# What Russian, Ukrainian and Belarusian texts have beyond ASCII.
_CYRILLIC = frozenset([*map(chr, range(ord("А"), ord("я") + 1)), *"ёЁіІїЇєЄґҐўЎ№«»“”„‘’‚–—…€£°§©®·\xa0"])
# Codecs of host names and of escapes in programs: no file is written in them, and none replaces what is damaged.
_NOT_OF_FILES = ("idna", "punycode", "unicode-escape", "raw-unicode-escape")
_PLACES = 3  # of damage that a note names


@dataclass(frozen=True)
class Decoded:
    """The characters of a file, the encoding they were read in, and what was unreadable, in sentences."""

    text: str
    encoding: str
    notes: tuple[str, ...] = ()
    proposed: bool = False  # whether the encoding is a guess that a reader should look at


def decode(data: bytes, title: str, encoding: str | None = None) -> Decoded:
    """The characters of a file in this encoding, or in the one that it has by its mark, its bytes or a proposal.

    Raises CorpusError for an encoding that does not exist or does not fit, and where none can be proposed.
    """
    mark, marked = next(((mark, name) for mark, name in _MARKS if data.startswith(mark)), (b"", None))
    proposed = False
    if encoding is not None:
        encoding = known(encoding)
        data = data.removeprefix(mark) if encoding == marked else data
        if not encoding.startswith(("utf-16", "utf-32")):
            _refuse_zero_bytes(data, title)
    elif marked is not None and marked != "utf-8":
        encoding, data = marked, data.removeprefix(mark)
    else:
        data = data.removeprefix(mark)
        _refuse_zero_bytes(data, title)
        proposed = bool(_ISO_2022_JP.search(data)) or not _is_utf_8(data)
        encoding = propose(data, title) if proposed else "utf-8"
    text, notes, damaged = _read(data, encoding)
    if damaged > UNREADABLE_SHARE * len(text):
        raise CorpusError(
            f"“{title}” is not in {shown(encoding)}: more than a tenth of it cannot be read that way. "
            "Choose another encoding (--encoding on the command line)."
        )
    if not encoding.startswith("utf-"):
        why = ", because the file is not in Unicode" if proposed else ""
        notes = (f"Read as {shown(encoding)} ({encoding}){why}.", *notes)
    return Decoded(text, encoding, notes, proposed)


def propose(data: bytes, title: str) -> str:
    """The encoding that the bytes of a file look like, by charset-normalizer. Raises CorpusError for none."""
    from charset_normalizer import from_bytes

    sample = data[: data.rfind(b"\n", 0, _SAMPLE) + 1] if len(data) > _SAMPLE else data
    sample = sample or data[:_SAMPLE]
    if _ISO_2022_JP.search(data):
        return "iso2022_jp"
    if _is_mostly_kana(sample):
        return "euc_jp"
    if data.count(0) <= BINARY_SHARE * len(data) and (encoding := languages.latin_encoding(sample)):
        return encoding
    if languages.is_western(sample):
        return "cp1252"
    found = from_bytes(sample).best()
    if found is None or data.count(0) > BINARY_SHARE * len(data):
        raise CorpusError(
            f"“{title}” is neither UTF-8 nor in another encoding that can be recognised. {AS_TEXT} If you know "
            "its encoding, name it (--encoding on the command line)."
        )
    same_text = found.could_be_from_charset
    if any(name in same_text for name in languages.GREEK):
        return languages.greek_encoding(sample) or "cp1253"
    if found.encoding == "mac_cyrillic" and _has_only(_CYRILLIC, sample, "cp1251"):
        return "cp1251"
    if "cp1125" in same_text:
        return "cp866"
    return next((name for name in ENCODINGS if name in same_text), found.encoding)


def to_choose_first(data: bytes, title: str) -> str | None:
    """The encoding that a reader is offered first; None for undamaged Unicode, where no choice is needed."""
    try:
        decoded = decode(data, title)
        return decoded.encoding if decoded.proposed or decoded.notes else None
    except CorpusError:
        if data.count(0) <= BINARY_SHARE * len(data):
            return "cp1252"
        return _utf_16(data)[0]


def _refuse_zero_bytes(data: bytes, title: str) -> None:
    if data.count(0) > BINARY_SHARE * len(data):
        raise CorpusError(
            f"{looks_binary(title, 'zero bytes')} If it is UTF-16 without a byte-order mark, name that encoding: "
            f"{' or '.join(_utf_16(data))} (--encoding on the command line)."
        )


def _utf_16(data: bytes) -> tuple[str, str]:
    """The two byte orders of UTF-16, the likelier one first: most characters' high byte is zero."""
    little = data[1::2].count(0) > data[::2].count(0)
    return ("utf-16-le", "utf-16-be") if little else ("utf-16-be", "utf-16-le")


def first_lines(text: str, lines: int = 5, characters: int = 300) -> str:
    """The beginning of a text, to look at."""
    return "\n".join(text.lstrip()[:characters].splitlines()[:lines])


def known(encoding: str) -> str:
    """Python's name of an encoding. Raises CorpusError where it has none of that name."""
    try:
        name = codecs.lookup(encoding)
        "".encode(name.name)  # refuses codecs between bytes, such as base64
        if name.name in _NOT_OF_FILES:
            raise LookupError(encoding)
    except (LookupError, ValueError):
        raise CorpusError(
            f"There is no encoding {encoding!r}. Encodings are, for example: {', '.join(ENCODINGS)}."
        ) from None
    return next((known for known in ENCODINGS if codecs.lookup(known).name == name.name), name.name)


def shown(encoding: str) -> str:
    return ENCODINGS.get(encoding, encoding)


def decode_plainly(data: bytes, title: str) -> tuple[str, tuple[str, ...]]:
    """The characters of a file as they were read before encodings were proposed: UTF-8, UTF-16 or Windows-1252.

    Built-in texts are read so, and the files of runs made in that time, whose checksums are of that reading.
    """
    for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if data.startswith(mark):
            return _plainly(data[len(mark) :], encoding, title), ()
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return data.decode("utf-8", "surrogatepass"), ()
    except UnicodeDecodeError:
        return _plainly(data, "cp1252", title), ("Read as Windows-1252, because it is not UTF-8.",)


def _plainly(data: bytes, encoding: str, title: str) -> str:
    try:
        return data.decode(encoding, "surrogatepass" if encoding.startswith("utf") else "strict")
    except UnicodeDecodeError:
        raise CorpusError(f"“{title}” is damaged: it is not {shown(encoding)}. {AS_TEXT}") from None


def looks_binary(title: str, what: str) -> str:
    return f"“{title}” does not look like text: more than 1% of it is {what}. {AS_TEXT}"


def _is_utf_8(data: bytes) -> bool:
    """Whether a file is UTF-8, be it with a few damaged bytes, or cut within its last character.

    Legacy encodings make a sequence that is valid in UTF-8 now and then, but far more that are not.
    """
    if _SURROGATES_BEGIN in data:  # a search for one byte takes a hundredth of that for a pattern
        data = _ENCODED_SURROGATES.sub(b"", data)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.end == len(data) and "unexpected end" in error.reason:
            return True
        damaged = data.decode("utf-8", "replace").count("\ufffd") - data.count(b"\xef\xbf\xbd")
        return 2 * damaged <= len(_UTF_8_SEQUENCE.findall(data))
    return True


def _read(data: bytes, encoding: str) -> tuple[str, tuple[str, ...], int]:
    """The characters, with U+FFFD for each damaged place, notes that name the first places, and their number."""
    unpaired = 0
    notes: list[str] = []
    if encoding == "utf-8" and _SURROGATES_BEGIN in data:
        pairs = sum(1 for found in _ENCODED_SURROGATES.finditer(data) if found[1])
        unpaired = len(_ENCODED_SURROGATES.findall(data)) - pairs
        data = _ENCODED_SURROGATES.sub(lambda found: _as_utf_8(found[1]), data)
        if pairs:
            notes.append(f"Joined {counted(pairs, 'surrogate pair')} into whole characters (such as emoji).")
    if unpaired:
        notes.append(f"Removed {counted(unpaired, 'lone surrogate')} (incomplete characters).")
    errors = "surrogatepass" if encoding.startswith("utf-") else "strict"
    try:
        return data.decode(encoding, errors), tuple(notes), 0
    except UnicodeDecodeError:
        pass
    text, places = _with_replacements(data, encoding, errors)
    damaged = text.count("\ufffd") - _replacements_before(data, encoding)
    what = "incomplete or damaged character" if encoding.startswith("utf-") else "unreadable character"
    more = f" and {damaged - len(places):,} more" if damaged > len(places) else ""
    notes.append(f"Replaced {counted(damaged, what)} by U+FFFD: {'; '.join(places)}{more}.")
    return text, tuple(notes), damaged


def _with_replacements(data: bytes, encoding: str, errors: str) -> tuple[str, list[str]]:
    """The text with U+FFFD for what is damaged, and the first places of damage: line, column and bytes."""
    places: list[str] = []
    before, start = "", 0
    while len(places) < _PLACES:
        try:
            data[start:].decode(encoding, errors)
            break
        except UnicodeDecodeError as error:
            before += data[start : start + error.start].decode(encoding, errors)
            last_line = unix_line_ends(before).split("\n")[-1]
            line = unix_line_ends(before).count("\n") + 1
            bad = " ".join(f"0x{byte:02x}" for byte in data[start + error.start : start + error.end])
            places.append(f"line {line:,}, column {len(last_line) + 1:,} ({bad})")
            before += "\ufffd"
            start += error.end
    return data.decode(encoding, "replace"), places


def _replacements_before(data: bytes, encoding: str) -> int:
    """How many U+FFFD the file itself has."""
    return data.count("\ufffd".encode(encoding)) if encoding.startswith("utf-") else 0


def _as_utf_8(pair: bytes | None) -> bytes:
    """A surrogate pair of six bytes (CESU-8) as the four bytes of its character; nothing for half of one."""
    return joined(pair.decode("utf-8", "surrogatepass")).encode("utf-8") if pair else b""


def _is_mostly_kana(sample: bytes) -> bool:
    """Whether the bytes are Japanese in EUC-JP, which proposals confuse with Korean."""
    try:
        text = sample.decode("euc_jp")
    except UnicodeDecodeError as error:
        if len(sample) - error.start > 2:
            return False
        text = sample[: error.start].decode("euc_jp")
    beyond = [character for character in text if character > "\x7f"]
    return 2 * sum("\u3041" <= character <= "\u30fe" for character in beyond) > len(beyond)


def _has_only(usual: frozenset[str], sample: bytes, encoding: str) -> bool:
    """Whether the bytes in this encoding have none but usual characters beyond ASCII."""
    try:
        text = sample.decode(encoding)
    except UnicodeDecodeError:
        return False
    return all(character in usual for character in text if character > "\x7f")
