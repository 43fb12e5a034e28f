"""A text of one's own on the Train page: its encoding is proposed, shown, and chosen by its reader."""

import unicodedata

import pytest

from charlab.corpora import catalogue
from charlab.runs import store
from helpers import cases
from helpers.pages import open_page, shown

RUSSIAN = "Море было тихим, и лодка вышла рано утром.\n" * 60
FRENCH = "La forêt était déjà calme très tôt.\n" * 80


def with_file(data: bytes):
    app = open_page("train")
    app.file_uploader(key="upload").set_value(("essay.txt", data, "text/plain")).run()
    assert not app.exception
    return app


def take(app):
    [button] = [button for button in app.button if button.label == "Use this text"]
    button.click().run()
    assert not app.exception
    return app


def said(elements) -> str:
    """The words of elements, without the backslashes that keep Markdown out of them."""
    return "\n".join(element.value for element in elements).replace("\\", "")


def encoding_boxes(app):
    return [box for box in app.selectbox if box.label == "Encoding"]


@pytest.mark.parametrize("encoding", ["cp1251", "koi8_r"])
def test_an_encoding_is_proposed_with_the_first_lines_before_the_text_is_taken(encoding):
    app = with_file(RUSSIAN.encode(encoding))
    [box] = encoding_boxes(app)
    assert box.value == encoding
    assert RUSSIAN.splitlines()[0] in app.code[0].value
    assert catalogue.stored() == []
    take(app)
    text = catalogue.load(app.selectbox(key="corpus").value)
    assert text.text == RUSSIAN and text.reading["encoding"] == encoding
    assert "Read as" in said(app.info) and encoding in said(app.info)


def test_the_reader_decides_and_sees_the_lines_in_the_encoding_chosen():
    app = with_file(RUSSIAN.encode("koi8_r"))
    encoding_boxes(app)[0].set_value("cp1251").run()
    wrong = RUSSIAN.encode("koi8_r").decode("cp1251")
    assert wrong.splitlines()[0] in app.code[0].value
    take(app)
    assert catalogue.load(app.selectbox(key="corpus").value).text == wrong


def test_plain_unicode_asks_nothing():
    app = with_file(FRENCH.encode("utf-8"))
    assert encoding_boxes(app) == []
    take(app)
    assert catalogue.load(app.selectbox(key="corpus").value).notes == ()


def test_a_damaged_byte_is_placed_before_and_after_the_text_is_taken():
    app = with_file(FRENCH.encode("utf-8") + b"It\x92s\n")
    assert encoding_boxes(app)[0].value == "utf-8"
    assert "line 81, column 3 (0x92)" in said(app.caption)
    take(app)
    assert "line 81, column 3 (0x92)" in said(app.info)
    assert catalogue.load(app.selectbox(key="corpus").value).text.endswith("It\ufffds\n")


def test_an_encoding_that_does_not_fit_is_said_before_and_refused():
    app = with_file(RUSSIAN.encode("cp1251"))
    encoding_boxes(app)[0].set_value("utf-8").run()
    assert "another encoding" in said(app.warning)
    take(app)
    assert "another encoding" in said(app.error)
    assert catalogue.stored() == []


def test_composed_letters_are_a_tick():
    apart = unicodedata.normalize("NFD", FRENCH)
    for ticked, expected in ((True, FRENCH), (False, apart)):
        app = with_file(apart.encode("utf-8"))
        app.checkbox(key="normalise").set_value(ticked).run()
        take(app)
        assert catalogue.load(app.selectbox(key="corpus").value).text == expected
        assert ("NFC" in shown(app)) == ticked


def test_a_run_keeps_how_its_text_was_read():
    app = take(with_file(RUSSIAN.encode("cp1251")))
    app.selectbox(key="preset").set_value("ngram").run()
    [start] = [button for button in app.button if button.label == "Start"]
    start.click().run()
    assert not app.exception
    [run] = store.all_runs()
    assert run.config().reading == {"encoding": "cp1251", "normalise": True}


@pytest.mark.parametrize("leave_out", [True, False])
def test_a_licence_is_offered_for_removal_and_the_reader_decides(leave_out):
    app = with_file(cases.gutenberg().encode())
    [tick] = [box for box in app.checkbox if box.key == "remove_licence"]
    size = len(cases.gutenberg()) - 1 - len(cases.sentences(150_000).strip())  # without the byte-order mark
    assert tick.value and tick.label == f"Leave out Project Gutenberg's header and licence ({size:,} characters)"
    if not leave_out:
        tick.uncheck().run()
    take(app)
    text = catalogue.load(app.selectbox(key="corpus").value)
    assert ("START OF THE PROJECT" in text.text) != leave_out
    wanted = "Removed" if leave_out else "The text contains"
    assert f"{wanted} the header and the licence of Project Gutenberg: {size:,} characters." in said(app.info)
    differs = "The validation set (the last 10% of the text) differs from the rest"
    assert (differs in said(app.warning)) != leave_out


def test_other_texts_have_no_licence_to_leave_out():
    app = with_file(FRENCH.encode())
    assert not [box for box in app.checkbox if box.key == "remove_licence"]
