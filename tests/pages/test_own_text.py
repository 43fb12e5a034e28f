"""A text of one's own on the Train page: its encoding is proposed, shown, and chosen by its reader."""

import re
import unicodedata

import pytest

from charlab.corpora import catalogue, decoding, uploads
from charlab.runs import control, own_texts
from charlab.runs.permissions import OPERATOR
from helpers import cases
from helpers.pages import open_page, open_popover, press, shown
from helpers.runs import all_runs

RUSSIAN = "Море было тихим, и лодка вышла рано утром.\n" * 60
FRENCH = "La forêt était déjà calme très tôt.\n" * 80


def opened():
    return open_popover(open_page("train"), "add_text")


def with_file(data: bytes):
    app = opened()
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
        app.checkbox(key="normalise").set_value(ticked)
        take(app)
        assert catalogue.load(app.selectbox(key="corpus").value).text == expected
        assert ("NFC" in shown(app)) == ticked


def test_a_run_keeps_how_its_text_was_read():
    app = take(with_file(RUSSIAN.encode("cp1251")))
    app.selectbox(key="preset").set_value("ngram").run()
    [start] = [button for button in app.button if button.label == "Start"]
    start.click().run()
    assert not app.exception
    [run] = all_runs()
    assert run.config().reading == {"encoding": "cp1251", "normalise": True}


@pytest.mark.parametrize("leave_out", [True, False])
def test_a_licence_is_offered_for_removal_and_the_reader_decides(leave_out):
    app = with_file(cases.gutenberg().encode())
    [tick] = [box for box in app.checkbox if box.key == "remove_licence"]
    size = len(cases.gutenberg()) - 1 - len(cases.sentences(150_000).strip())  # without the byte-order mark
    assert tick.value and tick.label == f"Leave out Project Gutenberg's header and licence ({size:,} characters)"
    if not leave_out:
        tick.uncheck()
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


def paste(app, text: str, name: str = ""):
    """Paste, name and press at once: in one message to the server, as a browser sends a form."""
    app.text_area(key="pasted").set_value(text)
    app.text_input(key="own_text_name").set_value(name)
    return take(app)


def rows(app) -> str:
    return said([*app.markdown, *app.caption])


def test_a_pasted_text_has_the_name_that_was_typed_or_its_first_words():
    app = paste(opened(), FRENCH, "  My\tforest ")
    assert [text.title for text in catalogue.stored()] == ["My forest"]
    assert "“My forest” is now selected under Text: 2,880 characters." in said(app.info)
    assert app.text_input(key="own_text_name").value == app.text_area(key="pasted").value == ""
    paste(app, RUSSIAN)
    assert [text.title for text in catalogue.stored()] == ["My forest", "Море было тихим, и лодка вышла рано ..."]
    assert "“Море было тихим, и лодка вышла рано ...” is now selected" in said(app.info)


def test_pressed_without_a_text_it_says_what_is_missing():
    app = take(opened())
    assert "There is no text yet. Paste one into the box, or upload a text file." in said(app.error)
    assert catalogue.stored() == []


def test_texts_of_the_same_name_are_told_apart_by_their_dates():
    app = paste(paste(opened(), FRENCH, "Essay"), RUSSIAN, "Essay")
    options = [option for option in app.selectbox(key="corpus").options if "Essay" in option]
    assert len(set(options)) == 2 and all(re.search(r", \d\d \w{3} \d\d:\d\d", option) for option in options)
    paste(app, FRENCH.upper(), "Another")
    assert "Another" in [option.strip("\u2068\u2069") for option in app.selectbox(key="corpus").options]


def test_a_text_is_listed_and_deleted_after_it_was_asked_once_more():
    app = paste(opened(), FRENCH, "Forest")
    app.selectbox(key="preset").set_value("ngram").run()
    press(app, "Start").run()
    assert "Your texts" in rows(app) and "Added today at" in rows(app)
    assert "2,880 characters (3 kB), used by 1 run." in rows(app)
    name = app.selectbox(key="corpus").value
    app.button(key=f"delete-{name}").click().run()
    [run] = all_runs()
    called = f"“{run.config().name}”"
    assert f"cannot be deleted while a run on it waits or trains: {called}" in said(app.warning)
    control.stop(run, OPERATOR)
    app.run()
    assert f"Delete “Forest” permanently? {called} stays" in said(app.warning)
    press(app, "Keep it")
    assert "permanently" not in said(app.warning) and catalogue.stored()
    app.button(key=f"delete-{name}").click().run()
    app.button(key=f"delete-now-{name}").click().run()
    assert catalogue.stored() == [] and "Your texts" not in rows(app)
    assert app.selectbox(key="corpus").value in catalogue.CORPORA


def test_a_text_that_is_not_here_any_more_is_said_until_another_is_chosen():
    link = "“Tiny Shakespeare” is selected instead."
    app = open_page("train", corpus="text-20200101")
    for _ in range(2):
        assert f"The text of this link is not here. {link}" in said(app.info) and "text-2020" not in shown(app)
        assert app.selectbox(key="corpus").value == catalogue.DEFAULT
        app.run()
    paste(open_popover(app, "add_text"), FRENCH, "Forest")
    assert "of this link" not in said(app.info)
    [text] = catalogue.stored()
    own_texts.delete(text.name, OPERATOR)  # in another window
    app.run()
    assert not app.exception and f"Text “Forest” was deleted. {link}" in said(app.info)
    app.selectbox(key="corpus").set_value("coin-flips").run()
    assert "was deleted" not in said(app.info)


def test_an_uploaded_file_is_read_once_and_not_at_every_click(monkeypatch):
    read = []
    for module in (decoding, uploads):
        decode = module.decode
        monkeypatch.setattr(module, "decode", lambda *given, decode=decode: read.append(1) or decode(*given))
    app = with_file(RUSSIAN.encode("cp1251"))
    assert read
    read.clear()
    app.selectbox(key="preset").set_value("ngram").run()
    assert not app.exception and not read
    encoding_boxes(app)[0].set_value("koi8_r").run()
    assert read
