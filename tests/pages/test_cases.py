"""Texts and settings in which other tools fail, on the pages: for each kind several members."""

import itertools
import unicodedata

import pytest

from charlab.corpora import catalogue, uploads
from charlab.export import bundle
from charlab.runs import store
from helpers import odd_texts
from helpers.pages import open_page, open_popover, press
from helpers.runs import all_runs
from helpers.slow_tests import one_in
from helpers.tiny import make_run

ENCODED = [
    ("french", "cp1252"), ("french", "mac_roman"), ("german", "cp850"), ("polish", "iso8859_2"),
    ("greek", "iso8859_7"), ("hebrew", "cp1255"), ("arabic", "cp1256"), ("turkish", "cp1254"),
    ("japanese", "cp932"), ("taiwanese", "big5"), ("korean", "cp949"), ("thai", "cp874"),
    ("ukrainian", "koi8_u"),
]  # fmt: skip


def said(elements) -> str:
    """The words of elements, without the backslashes that keep Markdown out of them."""
    return "\n".join(str(element.value) for element in elements).replace("\\", "")


def upload(data: bytes):
    app = open_popover(open_page("train"), "add_text")
    app.file_uploader(key="upload").set_value(("essay.txt", data, "text/plain")).run()
    assert not app.exception
    return app


def taken(app) -> str:
    """The text that the page has after the upload was accepted."""
    assert not app.error, said(app.error)
    return catalogue.load(app.selectbox(key="corpus").value).text


def keep(text: str) -> str:
    return catalogue.store(uploads.read_pasted(text))


# What an alphabet leaves out


@pytest.mark.parametrize("language", one_in(2, ["greek", "hebrew", "hindi", "korean"]))
def test_a_text_that_can_hardly_be_read_is_refused_before_start_with_an_alphabet_that_fits(language):
    text = odd_texts.sentences(language, 4_000)
    app = open_page("train", corpus=keep(text), preset="cloud-tpu-lstm")
    share = sum(character < chr(255) for character in text) / len(text)
    assert f"This model can read {share:.1%}".replace(".0%", "%") in said(app.error)
    assert "Choose the alphabet “corpus”" in said(app.error)
    app = press(app, "Start") if not next(b for b in app.button if b.label == "Start").disabled else app
    assert not list(all_runs())


@pytest.mark.parametrize("language", ["french", "polish"])
def test_what_is_left_out_is_said_before_start(language):
    text = odd_texts.sentences(language, 4_000)
    read = sum(character < chr(255) for character in text)
    app = open_page("train", corpus=keep(text), preset="cloud-tpu-lstm")
    where = app.caption if read >= 0.9 * len(text) else app.warning
    assert f"({read:,} of {len(text):,} characters)" in said(where) and not app.error


@pytest.mark.parametrize("page", ["playground", "explainer"])
def test_a_prompt_that_a_model_can_partly_read_is_said(page):
    run = make_run()
    key = "seed_text" if page == "playground" else "text"
    app = open_page(page, model=run.id, **{key: "the fox мore", "length": "10"})
    assert not app.exception
    assert "can read" in said([*app.caption, *app.warning, *app.info])
    assert "(11 of 12 characters)" in said([*app.caption, *app.warning, *app.info])


# Encodings


@pytest.mark.parametrize(("language", "encoding"), one_in(3, ENCODED))
def test_an_encoding_is_proposed_with_lines_to_look_at_and_the_text_is_right(language, encoding):
    text = odd_texts.sentences(language, 2_600)
    app = upload(text.encode(encoding))
    [box] = [box for box in app.selectbox if box.label == "Encoding"]
    assert text.splitlines()[0][:20] in app.code[0].value
    assert taken(press(app, "Use this text")) == text
    assert box.value in said(app.info)


@pytest.mark.parametrize(
    ("language", "encoding"), one_in(3, itertools.product(["english", "russian"], ["utf-16-le", "utf-16-be"]))
)
def test_utf_16_without_a_mark_is_proposed(language, encoding):
    text = odd_texts.sentences(language, 2_600)
    app = upload(text.encode(encoding))
    [box] = [box for box in app.selectbox if box.label == "Encoding"]
    assert box.value == encoding and text.splitlines()[0][:20] in app.code[0].value
    assert taken(press(app, "Use this text")) == text


@pytest.mark.parametrize("language", ["french", "chinese"])
def test_utf_8_with_a_bad_byte_or_cut_stays_utf_8_and_that_is_said(language):
    for data, text in (odd_texts.merged(language), odd_texts.cut(language)):
        app = press(upload(data), "Use this text")
        assert taken(app) == text and "Replaced 1 incomplete or damaged character" in said(app.info)
        assert "line " in said(app.info) and "column " in said(app.info)


@pytest.mark.parametrize("language", ["german", "vietnamese", "korean"])
def test_letters_and_accents_are_composed_and_that_is_said(language):
    text = odd_texts.sentences(language, 3_000)
    app = press(upload((text[:900] + unicodedata.normalize("NFD", text[900:])).encode()), "Use this text")
    assert taken(app) == text and "NFC" in said(app.info)


def test_byte_order_marks_and_rare_line_breaks_are_said():
    data, text = odd_texts.marked("english", 4)
    app = press(upload(data + "one\x0btwo\u2028three\x85".encode()), "Use this text")
    assert taken(app) == text + "one\ntwo\nthree\n"
    assert "Removed 3 byte-order marks" in said(app.info) and "Read 3 rare line breaks" in said(app.info)


# What the last tenth measures


@pytest.mark.parametrize("language", ["russian", "greek"])
def test_a_sorted_list_is_said_to_differ_before_start_and_shuffled_lines_do_not(language):
    app = open_page("train", corpus=keep(odd_texts.sorted_lines(language)), preset="ngram")
    assert "differs from the rest of the text" in said(app.warning)
    open_popover(app, "advanced").selectbox(key="ngram.split").set_value("lines").run()
    assert not app.exception and "differs from the rest" not in said(app.warning)


@pytest.mark.parametrize("times", [3, 10])
def test_a_text_pasted_several_times_is_said_to_be_copied_before_start(times):
    app = open_page("train", corpus=keep(odd_texts.pasted("french", times)), preset="quick-gru")
    assert "100% of the validation set is also in the training part, word for word" in said(app.warning)


# Act before check


@pytest.mark.parametrize("name", ["x" * 600, "🦊" * 300, "**bold** <b>", "\u202eabc"])
def test_a_model_file_that_was_written_here_is_accepted_here(name):
    run = make_run(name=name)
    app = open_popover(open_page("train"), "import_model")
    app.file_uploader(key="bundle_upload").set_value(("model.zip", bundle.pack(run), "application/zip")).run()
    app = press(app, "Import")
    assert not app.error and [other.config().name for other in all_runs()] == [name, name]


def test_the_page_resumes_no_run_whose_text_is_gone():
    text = keep(odd_texts.sentences("english", 3_000))
    app = press(open_page("train", corpus=text, preset="ngram"), "Start")
    [run] = all_runs()
    run.write_status(store.Status("paused"))
    for path in (store.runs_folder().parent / "cache" / "texts").iterdir():
        path.unlink()
    app = open_page("train", run=run.id)
    for button in [button for button in app.button if button.label == "Resume"]:
        button.click().run()
    assert not app.exception and run.status().state == "paused" and said([*app.error, *app.warning])


# Numbers as people type them


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("0,2; 0,5; 1,0", (0.2, 0.5, 1.0)),
        ("0,2;0,5", (0.2, 0.5)),
        ("0,25  0,75   1,5", (0.25, 0.75, 1.5)),
        ("0.2, 0.5, 1", (0.2, 0.5, 1.0)),
        ("٠٫٢؛ ١٫٥", (0.2, 1.5)),
    ],
)
def test_temperatures_are_those_that_were_meant(typed, meant):
    run = make_run()
    app = open_page("playground", model=run.id, mode="temperature sweep", length="10")
    next(box for box in app.text_input if box.label == "Temperatures").set_value(typed).run()
    assert not app.exception and not app.error
    app = press(app, "Generate")
    assert app.session_state["written"].request.config.temperatures == meant
