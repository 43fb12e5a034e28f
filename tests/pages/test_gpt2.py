"""GPT-2 in the Playground and the Explainer: tokens in place of characters, on the tiny checkpoint."""

import gzip
import json
from types import SimpleNamespace

import numpy as np
import pytest

from charlab.errors import CharlabError
from charlab.export import reading_page
from charlab.labs import published
from charlab.labs.gpt2 import background, permission
from charlab.labs.gpt2 import model as gpt2
from charlab.runs import models, writers
from charlab.runs.permissions import OPERATOR, STUDENT, TEACHER, THE_TEACHER, Actor
from helpers import tiny_gpt2
from helpers.pages import given, open_page, press, shown, written
from helpers.tiny import make_run
from pages.parts.explainer import activations, readings, step_by_step
from pages.parts.playground import downloads
from pages.parts.shared import browser_cookie

TEXT = "This royal throne, \u4e2d \U0001f600 and x = [1]"
EXPLAIN = {"model": "gpt2", "text": TEXT, "step": "3"}


@pytest.fixture(autouse=True)
def checkpoint(monkeypatch):
    monkeypatch.setenv("CHARLAB_GPT2", str(tiny_gpt2.FOLDER))
    gpt2._load.cache_clear()
    writers.pool().close()  # its processes know another folder
    yield
    writers.pool().close()


@pytest.fixture
def here():
    """The model, on this machine and loaded."""
    background.of_server().start(OPERATOR, published.download.source())
    background.of_server().wait()
    return published.load("gpt2")


def words(app) -> str:
    """What the page says, its errors too, without the signs that keep it from being read as Markdown."""
    return "\n".join([shown(app), *(error.value for error in app.error)]).replace("\\", "")


def as_in_a_class(monkeypatch, role=STUDENT, owner="a" * 16):
    monkeypatch.setattr(browser_cookie, "is_class", lambda: True)
    monkeypatch.setattr(browser_cookie, "actor", lambda: Actor(role, owner))


def test_before_it_is_downloaded_and_before_it_is_loaded_a_page_says_what_it_takes():
    app = open_page("playground", model="gpt2")
    assert "MB of disk space" in words(app) and "of memory, nearly all of it once per machine" in words(app)
    assert not [button for button in app.button if button.label == "Generate"]
    press(app, "Download GPT-2")
    background.of_server().wait()
    app.run()
    assert "of memory, nearly all of it once per machine" in words(app) and "disk space" not in words(app)
    press(app, "Load GPT-2")
    assert app.session_state["seed_text"] == published.PROMPT and not app.error
    app = open_page("explainer", **EXPLAIN)  # another visitor: it is loaded already
    assert not [button for button in app.button if button.label == "Load GPT-2"] and not app.exception


def test_a_download_that_fails_says_why(monkeypatch):
    source = tiny_gpt2.source("http://127.0.0.1:9/nobody-listens")
    monkeypatch.setenv("CHARLAB_GPT2", "1")
    monkeypatch.setattr(published.download, "SMALL", source)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    app = press(open_page("playground", model="gpt2"), "Download GPT-2")
    background.of_server().wait()
    app.run()
    assert "could not be downloaded (127.0.0.1: the connection failed)" in words(app)
    assert [button for button in app.button if button.label == "Download GPT-2"]


def test_in_a_class_a_student_uses_it_only_where_the_teacher_allows_it(here, monkeypatch):
    as_in_a_class(monkeypatch)
    app = open_page("playground", model="gpt2")
    assert "Only the teacher can switch it on" in words(app) and not app.exception
    as_in_a_class(monkeypatch, TEACHER, THE_TEACHER)
    app = open_page("home")
    app.toggle(key="gpt2_allowed").set_value(True).run()
    assert permission.is_allowed() and not app.exception
    as_in_a_class(monkeypatch)
    app = open_page("playground", model="gpt2")
    assert not app.error and app.session_state["seed_text"] == published.PROMPT
    permission.allow(OPERATOR, False)  # also for whoever has used it
    assert "Only the teacher can switch it on" in words(app.run())


def test_it_is_not_offered_where_it_is_switched_off(monkeypatch):
    monkeypatch.setenv("CHARLAB_GPT2", "0")
    assert "gpt2" not in [info.name for info in published.survey()[0]]
    assert "gpt2" not in [info.name for info in models.available_models()]


def test_a_card_on_the_labs_page_leads_to_it(monkeypatch):
    links = lambda: [node.proto for node in open_page("labs").get("page_link")]  # noqa: E731
    found = [link for link in links() if "model=gpt2" in link.query_string]
    assert [link.label for link in found] == ["Generate", "Explain"]
    assert {"samples=5", "length=40", "top_p=0.9", "temperature=1"} <= set(found[0].query_string.split("&"))
    monkeypatch.setenv("CHARLAB_GPT2", "0")
    assert not [link for link in links() if "model=gpt2" in link.query_string]


def test_the_playground_generates_tokens_as_the_command_does(here):
    from charlab.core import generation

    app = open_page("playground", model="gpt2", seed_text=TEXT, samples="2", length="12", shade="surprise")
    press(app, "Generate")
    result = written(app)
    steps = list(generation.generate(here.predictor, here.vocab, TEXT, result.request.config))
    assert [sample.text for sample in result.samples] == generation.texts(steps, here.vocab)
    assert [list(sample.ids) for sample in result.samples] == [[int(s.ids[n]) for s in steps] for n in (0, 1)]
    chosen = np.array([generation.chosen_probabilities(step) for step in steps])
    np.testing.assert_allclose(np.array(result.samples[0].probabilities), chosen[:, 0], rtol=1e-6)
    strip = given(app, "sample-0")
    tokens = [*here.vocab.split(TEXT), *(here.vocab.alphabet[i] for i in result.samples[0].ids)]
    assert strip["characters"] == tokens
    assert strip["values"][: len(tokens) - 12] == [None] * (len(tokens) - 12)
    assert strip["values"][-12:] == pytest.approx(result.samples[0].bits, abs=0.001)
    said = words(app)
    assert "bits per token" in said and "24 tokens generated" in said and "bits per character" not in said


def test_the_lectures_five_continuations_are_one_press(here):
    app = press(open_page("playground", model="gpt2"), "Five continuations")
    config = written(app).request.config
    assert (config.samples, config.length, config.top_p, config.temperature) == (5, 40, 0.9, 1.0)
    assert written(app).request.seed_text == "This royal throne of kings, this sceptred isle"
    assert len({sample.text for sample in written(app).samples}) == 5


def test_a_sample_is_explained_at_the_token_that_was_clicked(here):
    app = press(open_page("playground", model="gpt2", samples="1", length="10", seed_text=TEXT), "Generate")
    text = TEXT + written(app).samples[0].text
    press(app, "Explain")
    assert app.session_state["text"] == text and app.session_state["step"] == len(here.vocab.split(TEXT))
    assert app.session_state["model"] == "gpt2"


@pytest.mark.parametrize("view", ["read", "write with it", "inside", "over training"])
def test_every_view_of_the_explainer_shows_tokens(here, view):
    app = open_page("explainer", view=view, **EXPLAIN)
    assert not app.exception and not app.error, [e.value for e in (*app.exception, *app.error)]
    tokens = list(here.vocab.split(TEXT))
    if view == "write with it":
        data = given(app, "walk_view")
        assert data["unit"] == "token" and data["strip"]["characters"][:-1] == tokens
        assert data["names"][here.vocab.unknown_id] == "<|endoftext|>"
    else:
        assert given(app, "strip")["characters"][:-1] == tokens
    if view == "read":
        assert "bits per token" in words(app)
    if view == "inside":
        assert given(app, "arcs")["layers"] == 2 and given(app, "arcs")["unit"] == "token"


def test_what_a_browser_gets_of_a_reading_is_the_network_s_own(here):
    found = here.explain(TEXT)
    address = readings.address(here, readings.read(here, TEXT))
    key = address.removeprefix("/reading/").partition("/")[0]
    ask = lambda what: readings.answer(SimpleNamespace(path_params={"key": key, "what": what}))  # noqa: E731
    head = json.loads(gzip.decompress(ask("head").body))
    assert head["text"] == list(here.vocab.split(TEXT)) and head["unit"] == "token"
    assert len(head["alphabet"]) == len(here.vocab) == 457 and head["unknown"] == 456
    np.testing.assert_allclose(head["bits"], found.bits, atol=1e-4)
    logits = np.frombuffer(gzip.decompress(ask("logits-0").body), "<f4").reshape(-1, 457)
    np.testing.assert_allclose(logits, found.logits[: len(logits)], atol=1e-4)


def test_the_attention_of_the_page_is_the_network_s_own(here):
    whole, part = activations.of(here, here.vocab.split(TEXT), 2)
    found = here.explain(TEXT)
    assert part == range(len(found.text))
    for name, layer in found.attention.items():
        np.testing.assert_allclose(whole[name], layer, atol=2e-3)


def test_the_downloads_say_tokens_too(here):
    reading = here.explain(TEXT)
    page = reading_page.page_html("GPT-2", "web pages", reading, here.vocab)
    assert (
        "bits per token" in page and "Most surprising tokens" in page and "character" not in page.split("<body")[1]
    )
    lines = reading_page.steps_csv(reading, here.vocab).splitlines()
    assert len(lines) == len(reading.text) + 2  # the heading, and the prediction after the end
    app = press(open_page("playground", model="gpt2", samples="1", length="10"), "Generate")
    (sample,) = downloads.as_data(written(app), compare=False)["samples"]
    assert sample["unit"] == "token" and len(sample["probabilities"]) == 10


def test_a_text_that_is_too_long_is_told_with_what_to_do(here):
    app = open_page("explainer", model="gpt2", text="~" * 65)
    assert "up to 64 tokens here. This one has 65. Shorten it." in words(app) and not app.exception


def test_two_models_are_compared_though_one_reads_characters(here):
    other = make_run("gru")
    app = open_page("explainer", model="gpt2", other=other.id, text="the quick fox")
    assert not app.exception and not app.error
    of_characters = models.load(other.id)
    mine, whole = here.explain("the quick fox"), of_characters.explain("the quick fox")
    _, aligned = readings.read_in_positions_of(mine, of_characters, "the quick fox")
    ends = np.cumsum([len(token) for token in mine.text])
    for t in range(len(mine.bits)):
        assert aligned.bits[t] == pytest.approx(whole.bits[ends[t] - 1 : ends[t + 1] - 1].sum(), nan_ok=True)
    _, back = readings.read_in_positions_of(whole, here, "the quick fox")
    assert len(back.bits) == len(whole.bits)
    for position, bits in enumerate(back.bits):  # a value where a token begins and ends with this character
        is_alone = position + 1 in ends and position + 2 in ends
        assert np.isnan(bits) != is_alone


def test_a_large_alphabet_has_an_address_of_its_own(here, monkeypatch):
    monkeypatch.setattr(step_by_step, "_MOST_SENT", 100)
    app = open_page("explainer", view="write with it", **EXPLAIN)
    data = given(app, "walk_view")
    assert "names" not in data
    digest = data["alphabet"].rpartition("/")[2]
    found = step_by_step.alphabet(SimpleNamespace(path_params={"digest": digest}))
    assert json.loads(gzip.decompress(found.body))["names"][-1] == "<|endoftext|>"
    assert step_by_step.alphabet(SimpleNamespace(path_params={"digest": "0"})).status_code == 404


def test_a_folder_without_a_network_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("CHARLAB_GPT2", str(tmp_path))
    with pytest.raises(CharlabError, match="has no network of GPT-2's form"):
        published.download.source()
