"""Project Gutenberg's header and licence, in their spellings, around one book, several, or none."""

import pytest

from charlab.corpora import catalogue, licence, uploads
from helpers import cases

BOOK = "Chapter 1\n\nThe sea was calm * and a small boat went out.\n\nThe end.\n"


@pytest.mark.parametrize("name", cases.FRAMES)
def test_the_book_remains(name):
    before, after = cases.FRAMES[name]
    text = f"{before}\n\n{BOOK}\n\n{after}"
    frame = licence.find(text)
    assert frame.text == BOOK
    assert frame.characters == len(text) - len(BOOK.strip())


def test_of_several_books_all_remain():
    text = "".join(f"header\n{cases.START}\n{k} {BOOK}{cases.END}\nlicence\n" for k in range(3))
    assert licence.find(text).text == "\n\n\n".join(f"{k} {BOOK.strip()}" for k in range(3)) + "\n"


@pytest.mark.parametrize(
    "text",
    [
        BOOK,
        "",
        f"They print {cases.START} above a book, and {cases.END} below.\n",
        "The end of Project Gutenberg would be a loss.\n",
        f"{cases.START}\n\n{cases.END}\n",
        "*** START OF THE STORY ***\nOnce.\n*** END OF THE STORY ***\n",
    ],
)
def test_nothing_is_found_in_other_texts(text):
    assert licence.find(text) is None


def test_a_text_keeps_its_licence_unless_it_is_to_be_left_out():
    data = cases.gutenberg().encode()
    kept = uploads.read_bytes(data, "boat.txt")
    assert "START OF THE PROJECT" in kept.text and kept.reading == {}
    size = len(kept.text) - len(cases.sentences(150_000).strip())
    said = f"The text contains the header and the licence of Project Gutenberg: {size:,} characters."
    assert kept.notes == (said,) and size > 19_000
    without = uploads.read_bytes(data, "boat.txt", remove_licence=True)
    assert without.text == cases.sentences(150_000).strip() + "\n"
    assert without.notes == (kept.notes[0].replace("The text contains", "Removed"),)
    assert without.reading == {"encoding": "utf-8", "normalise": True, "without_licence": True}
    assert uploads.read_pasted(cases.gutenberg(), remove_licence=True).text == without.text


def test_a_text_without_licence_is_read_as_ever():
    text = cases.sentences(3_000)
    assert uploads.read_pasted(text, remove_licence=True) == uploads.read_pasted(text)
    assert uploads.read_pasted(text, remove_licence=True).reading == {}


def test_a_file_is_read_without_its_licence_where_that_is_the_text_wanted(tmp_path):
    (tmp_path / "boat.txt").write_text(cases.gutenberg(), encoding="utf-8")
    path = str(tmp_path / "boat.txt")
    without = catalogue.load(path, remove_licence=True)
    assert catalogue.load(path, sha256=without.sha256).text == without.text
    assert catalogue.load(path).text == catalogue.load(path, sha256="0" * 64).text != without.text
    name = catalogue.store(without)
    assert catalogue.load(name).reading["without_licence"]


def test_what_is_offered_is_what_is_removed():
    data = cases.gutenberg().encode("utf-16")
    frame = uploads.licence_in(data, "boat.txt")
    without = uploads.read_bytes(data, "boat.txt", remove_licence=True)
    assert f"{frame.characters:,} characters" in without.notes[-1]
    assert uploads.licence_in(b"\x89PNG\x00\x00", "picture.txt") is None
    assert uploads.licence_in(BOOK, "") is None
