"""From a user's bytes or paste to a text: encodings, what is dropped and said so, and what is refused."""

import gzip
import hashlib
import io
import unicodedata
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlab.core import vocab
from charlab.corpora import cleaning, uploads
from charlab.errors import CorpusError

LINE = "Grüße an alle, die das lesen: 100 €!\n"
TEXT = LINE * 100


def refusal(data: bytes, filename: str = "essay.txt", **limits) -> str:
    with pytest.raises(CorpusError) as caught:
        uploads.read_bytes(data, filename, **limits)
    return str(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode("utf-8"),
        b"\xef\xbb\xbf" + TEXT.encode("utf-8"),
        b"\xff\xfe" + TEXT.encode("utf-16-le"),
        b"\xfe\xff" + TEXT.encode("utf-16-be"),
        TEXT.replace("\n", "\r\n").encode("utf-8"),
        TEXT.replace("\n", "\r").encode("utf-8"),
    ],
    ids=["utf-8", "utf-8 with mark", "utf-16 little", "utf-16 big", "Windows lines", "old Mac lines"],
)
def test_every_encoding_and_line_end_gives_the_same_text_without_a_word(data):
    text = uploads.read_bytes(data, "essay.txt")
    assert (text.text, text.title, text.notes) == (TEXT, "essay.txt", ())
    assert text.sha256 == hashlib.sha256(TEXT.encode("utf-8")).hexdigest()
    assert text.name == f"text-{text.sha256[:16]}"
    assert text == uploads.read_pasted(TEXT, "essay.txt")


def test_an_encoding_that_is_not_unicode_is_proposed_and_said():
    text = uploads.read_bytes(TEXT.encode("cp1252"), "essay.txt")
    assert text.text == TEXT and text.reading == {"encoding": "cp1252", "normalise": True}
    [note] = text.notes
    assert "Windows-1252" in note and "not in Unicode" in note


def test_a_mark_that_lies_does_not_end_up_in_the_text():
    text = uploads.read_bytes(b"\xef\xbb\xbf" + TEXT.encode("cp1252"), "essay.txt")
    assert text.text == TEXT and "Windows-1252" in text.notes[0]
    assert uploads.read_pasted("\ufeff" + TEXT).text == TEXT


def test_control_characters_are_named_counted_and_dropped():
    text = uploads.read_pasted("a\tb\n" * 1000 + "\x1b\x1b\x1b\x00\x01\x7f")
    assert text.text == "a\tb\n" * 1000
    assert text.notes == (
        "Removed 6 control characters: 3 escape (U+001B), 1 null (U+0000), 1 U+0001, 1 delete (U+007F).",
    )


@pytest.mark.parametrize("mark", ["\r", "\r\n", "\v", "\f", "\x85", "\u2028", "\u2029"], ids=ascii)
def test_every_kind_of_line_break_is_a_line_end_and_the_rare_ones_are_said(mark):
    text = uploads.read_pasted(f"one{mark}two{mark}three\n" * 200)
    assert text.text == "one\ntwo\nthree\n" * 200
    if "\r" in mark:
        assert (text.notes, text.reading) == ((), {})
    else:
        [note] = text.notes
        assert "400 rare line breaks" in note and f"U+{ord(mark):04X}" in note and text.reading


def test_byte_order_marks_inside_are_removed_and_counted():
    text = uploads.read_bytes((b"\xef\xbb\xbf" + TEXT.encode("utf-8")) * 4, "essay.txt")
    assert text.text == TEXT * 4
    assert text.notes == ("Removed 3 byte-order marks (U+FEFF) inside the text.",)


def test_surrogate_pairs_become_whole_characters():
    pair = "\ud83d\ude42"
    for text in (
        uploads.read_pasted(TEXT + pair * 2),
        uploads.read_bytes((TEXT + pair * 2).encode("utf-8", "surrogatepass"), "essay.txt"),  # CESU-8
    ):
        assert text.text == TEXT + "\U0001f642" * 2
        assert text.notes == ("Joined 2 surrogate pairs into whole characters (such as emoji).",)


def test_letters_are_composed_with_their_accents_unless_switched_off():
    apart = unicodedata.normalize("NFD", TEXT)
    assert apart != TEXT
    for data in (apart, TEXT * 2 + apart):
        text = uploads.read_bytes(data.encode("utf-8"), "essay.txt")
        assert text.text == unicodedata.normalize("NFC", data)
        [note] = text.notes
        assert "NFC" in note and f"{len(data):,}" in note and f"{len(text.text):,}" in note
        kept = uploads.read_bytes(data.encode("utf-8"), "essay.txt", normalise=False)
        assert (kept.text, kept.notes, kept.reading) == (data, (), {})
        assert uploads.read_pasted(data, normalise=False).text == data


def test_lone_surrogates_are_counted_and_dropped_and_whole_characters_stay():
    face = "\U0001f642"
    for text in (
        uploads.read_pasted(TEXT + face + "\ud83d"),
        uploads.read_bytes((TEXT + face + "\udc00").encode("utf-8", "surrogatepass"), "Pasted text"),
        uploads.read_bytes(
            b"\xff\xfe" + (TEXT + face + "\ud83d").encode("utf-16-le", "surrogatepass"), "Pasted text"
        ),
    ):
        assert text.text == TEXT + face
        assert text.notes == ("Removed 1 lone surrogate (incomplete characters).",)


@given(st.text(st.characters(codec=None), max_size=200))
def test_clean_leaves_text_that_it_leaves_alone_and_that_can_be_written(text):
    cleaned, _ = cleaning.clean(text)
    assert cleaning.clean(cleaned) == (cleaned, ())
    cleaned.encode("utf-8")
    assert "\r" not in cleaned
    kept = [c for c in text if c.isprintable() or c in "\n\t"]
    assert [c for c in cleaned if c.isprintable() or c in "\t"] == [c for c in kept if c != "\n"]


def zipped(name: str, contents: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, contents)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "what", "advice"),
    [
        (zipped("word/document.xml", b"<w>" * 2000), "Word document", "Save it as plain text"),
        (zipped("xl/workbook.xml", b"<x>" * 2000), "Excel workbook", "Save it as plain text"),
        (zipped("mimetype", b"application/vnd.oasis.opendocument.text"), "OpenDocument", "Save it as plain text"),
        (zipped("mimetype", b"application/epub+zip"), "e-book", "Save it as plain text"),
        (zipped("notes.txt", b"hello" * 1000), "zip archive", "Unpack it"),
        (b"%PDF-1.7\n" + b"text " * 1000, "PDF", "paste it"),
        (b"{\\rtf1 " + b"text " * 1000, "Rich Text", "Save it as plain text"),
        (gzip.compress(b"hello" * 1000), "gzip", "Unpack it"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 3000, "picture", "text recognition"),
    ],
    ids=["docx", "xlsx", "odt", "epub", "zip", "pdf", "rtf", "gz", "png"],  # gzip writes the hour
)
def test_other_formats_are_refused_by_name_with_what_to_do(data, what, advice):
    message = refusal(data)
    assert "“essay.txt”" in message and what in message and advice in message


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (bytes(range(1, 9)) * 500, "control characters"),
        ((b"x" * 98 + b"\x01\x02") * 100, "control characters"),
        (TEXT.encode("utf-16-le"), "UTF-16 without a byte-order mark"),
        (np.random.default_rng(1).bytes(5000), "neither UTF-8 nor in another encoding"),
    ],
    ids=["controls", "two in a hundred", "utf-16 bare", "no encoding"],
)
def test_what_is_no_text_is_refused(data, what):
    assert what in refusal(data)


def test_one_control_character_in_a_hundred_is_still_a_text():
    assert len(uploads.read_bytes((b"xy" * 49 + b"z\x01") * 100, "essay.txt").text) == 9900


def test_too_short_says_how_much_is_missing():
    for data in (b"", b" \n\n\t", b"\xef\xbb\xbf"):
        assert "is empty" in refusal(data) and "2,000" in refusal(data)
    message = refusal(b"ab" * 999)
    assert "1,998" in message and "2,000" in message and "Add 2 more" in message
    assert uploads.read_bytes(b"ab" * 1000, "essay.txt").text == "ab" * 1000
    assert uploads.read_bytes(b"ab", "essay.txt", minimum=2).text == "ab"


def test_too_long_says_the_limit_before_and_after_decoding():
    for length in (5001, 500_000):
        message = refusal(b"a" * length, limit=5000)
        assert "5,000" in message and "command line" in message
    assert uploads.read_bytes(b"ab" * 2500, "essay.txt", limit=5000)
    assert uploads.read_bytes("🙂ü".encode() * 2500, "essay.txt", limit=5000)  # characters count, not bytes
    assert uploads.read_bytes(b"ab" * 50_000, "essay.txt", limit=None)
    with pytest.raises(CorpusError, match="5,000"):
        uploads.read_pasted("ab" * 2501, limit=5000)


def test_one_character_alone_is_refused():
    assert "'a'" in refusal(b"a" * 5000)


def test_an_alphabet_over_the_maximum_is_told_as_vocab_maps_it():
    large = (
        "".join(chr(0x4E00 + i) * 3 for i in range(700))
        + "\u4e00" * 900
        + "".join(map(chr, range(0x4E00, 0x5000)))
    )
    text = uploads.read_pasted(large)
    ids = vocab.Vocab.from_text(text.text)
    unknown = (ids.encode(text.text) == ids.unknown_id).mean()
    [note] = text.notes
    assert note == uploads.alphabet_note(text.text)
    assert "700 distinct" in note and "188" in note and f"{100 * unknown:.2g}%" in note


def test_an_alphabet_that_fits_is_not_worth_a_word():
    assert uploads.alphabet_note("".join(map(chr, range(0x4E00, 0x4E00 + 512)))) is None
    assert uploads.alphabet_note("abc", maximum=2) is not None


@pytest.mark.parametrize(
    ("filename", "title"),
    [
        ("C:\\Users\\me\\faust.txt", "faust.txt"),
        ("../../etc/faust.txt", "faust.txt"),
        ("fa\nust\x00\u202e.txt", "faust.txt"),
        ("", "The text"),
        ("x" * 500, "x" * 80),
    ],
)
def test_a_file_name_is_shown_without_folders_and_invisible_characters(filename, title):
    assert uploads.read_bytes(TEXT.encode("utf-8"), filename).title == title


def test_a_text_does_not_print_itself_whole():
    assert len(repr(uploads.read_pasted(TEXT))) < 500


def test_the_first_words_that_name_a_text_are_not_cut_between_a_letter_and_its_marks():
    text = uploads.read_pasted("x" + "กิ" * 1_500)
    assert uploads.named(text, " ").title == "x" + "กิ" * 19 + " ..."
