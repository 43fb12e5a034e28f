"""The dates lab in Streamlit's harness: every view, odd inputs, the padding trap, and versions in one chart."""

import dataclasses
import json

import numpy as np
import pytest

from charlab.errors import UnavailableError
from charlab.labs import catalogue
from charlab.labs.dates import data, speed_process
from charlab.runs import store
from helpers.pages import given, open_page, press
from pages.parts.labs import dates, lab_runs
from pages.parts.shared import browser_cookie
from pages.parts.train import live_document
from pages.parts.train.live_document import Wanted

LAB = catalogue.LABS["dates"]


def said(app) -> str:
    kinds = ("markdown", "success", "warning", "error", "info", "caption")
    return "\n".join(element.value for kind in kinds for element in app.get(kind)).replace("\\", "")


def trained(version: str, exact: tuple[float, ...], owner: str = "") -> store.Run:
    """A run of a version, with the events of its epochs; with attention it has the shipped weights."""
    lab = LAB.version(version)
    run = store.create(dataclasses.replace(lab.config(), owner=owner), LAB.vocab())
    if version == "attention":
        run.write_weights(LAB.shipped.weights(), "best")
    for epoch, share in enumerate(exact):
        measured = {"val_loss": 1.0, "val_accuracy": 0.9, "exact": share}
        run.append_event({"event": "epoch", "epoch": epoch, "step": 312 * epoch} | measured)
    run.write_status(store.Status("done", epoch=len(exact) - 1.0))
    return run


@pytest.mark.parametrize(
    ("text", "iso", "words"),
    [
        ("April 22, 2019", "2019-04-22", "Right."),
        ("September 17, 2009", "2009-09-17", "Right."),
        ("July 14 1789", "1789-07-14", "the comma is missing"),
        ("February 30, 2021", "2021-02-30", "no day of the calendar"),
    ],
)
def test_a_date_is_translated_at_once_with_its_attention(text, iso, words):
    app = open_page("labs", lab="dates", date=text)
    assert not app.exception and f"# `{iso}`" in said(app) and words in said(app)
    figure = json.loads(given(app, "translation")["figure"])
    weights = np.array(figure["data"][0]["z"], dtype=float)
    assert weights.shape == (10, 18) and np.abs(weights.sum(1) - 1).max() < 1e-3
    assert not weights[:, len(text) :].any()  # padding gets nothing
    assert ("padding: 0%" in json.dumps(figure)) == (len(text) < 18)
    assert app.query_params["date"] == text


def test_a_wrong_translation_is_called_wrong():
    app = open_page("labs", lab="dates", run="half-trained", date="December 08, 5747")
    assert "Wrong: it is 5747-12-08." in said(app) and "no attention" in said(app)


@pytest.mark.parametrize("view", ["try", "padding", "beam", "temperature"])
@pytest.mark.parametrize("text, words", [("Märch 1", "Received: 'ä'"), ("", "There is no date to translate")])
def test_what_is_no_date_is_said_in_every_view(view, text, words):
    key = "beam_date" if view == "beam" else "date"
    app = open_page("labs", lab="dates", view=view, **{key: text})
    assert not app.exception and words in said(app)


def test_buttons_try_another_date_and_odd_ones():
    app = open_page("labs", lab="dates")
    press(app, "Another date")
    assert data.translation(app.session_state.date)
    for text, label in dates._SHORT.items():
        press(app, label)
        assert app.session_state.date == text
    assert dates._SHORT.keys() == data.ODD.keys()


def test_without_padding_the_network_without_attention_goes_wrong():
    app = open_page("labs", lab="dates", view="padding")
    without, attention = [words for words in said(app).split("**") if "| input |" in words]
    assert "`2019-04-22` :material/check: right" in without and ":material/close: wrong" in without
    assert attention.count("`2019-04-22` :material/check: right") == 2 and attention.count("100%") == 2
    app = open_page("labs", lab="dates", view="padding", date="September 17, 2009")
    assert "This date is not shorter" in said(app)


def test_the_beam_says_what_greedy_writing_misses():
    app = open_page("labs", lab="dates", view="beam")
    assert "**Greedy** writes `7547-12-08` (probability 13.0%, wrong)" in said(app)
    assert "the **beam** `5747-12-08` (probability 18.6%, right)" in said(app)
    figure = json.loads(given(app, "beam")["figure"])
    assert "<b>5747-12-08</b>" in [note["text"] for note in figure["layout"]["annotations"]]
    app.slider(key="beam_width").set_value(1).run()
    assert "find the same: `7547-12-08`" in said(app) and app.query_params["width"] == "1"
    app.slider(key="beam_width").set_value(5).run()
    press(app, "Another date that greedy misses")
    assert "the **beam**" in said(app) and "right)" in said(app).split("the **beam**")[1]
    app = open_page("labs", lab="dates", view="beam", beam_run="")
    assert "find the same: `5747-12-08`" in said(app)


def test_temperature_makes_dates_creative():
    app = open_page("labs", lab="dates", view="temperature", temperature="0")
    assert "**Right**  \n100% of 60" in said(app)
    app.slider(key="lab_temperature").set_value(3.0).run()
    assert "**Creative**" in said(app) and "**Right**  \n100%" not in said(app)
    before = said(app)
    press(app, "New random numbers")
    assert said(app) != before
    lines = json.loads(given(app, "temperature-curve")["figure"])["data"]
    valid = next(line for line in lines if line["name"] == "dates at all")
    assert valid["y"][0] == 100 and valid["y"][-1] < 20 and valid["y"] == sorted(valid["y"], reverse=True)


def test_each_version_starts_by_its_own_recipe():
    app = open_page("labs", lab="dates", view="train")
    for choice, both, preset, epochs in (
        ("attention", False, "attention", 3),
        ("in one graph", False, "teacher", 6),
        ("scheduled", True, "scheduled-bidirectional", 12),
    ):
        app.selectbox(key="lab_version").set_value(choice).run()
        (app.checkbox(key="lab_both_ways").check() if both else app.checkbox(key="lab_both_ways").uncheck()).run()
        press(app, "Start")
        config = store.find(app.session_state["lab_trained.dates"]).config()
        assert (config.preset, config.train.epochs, config.task) == (preset, epochs, "dates")
        assert config.name == LAB.versions[preset].title
    assert len(LAB.runs()) == 3


def test_a_run_is_drawn_with_the_newest_of_each_other_version():
    old, teacher = trained("teacher", (0.0, 0.1)), trained("teacher", (0.0, 0.8))
    run = trained("attention", (0.0, 0.99, 1.0))
    app = open_page("labs", lab="dates", view="train", run=run.id)
    (progress,) = [part for part in map(_data, app.get("bidi_component")) if part.get("part") == "progress"]
    assert (
        run.id in progress["route"] and teacher.id in progress["route"] and f"{old.id}&" not in progress["route"]
    )
    told = live_document.make(Wanted(run.id, "accuracy", others=(teacher.id,)))
    figures = {figure["label"]: figure for figure in told.parts["figures"]}
    assert figures["Exact dates, %"]["value"] == "100.0" and "dates" in figures["Exact dates, %"]["help"]
    lines = {line["name"]: line["y"] for line in json.loads(told.chart)["data"]}
    assert lines["this run: exact dates"] == [0.0, 99.0, 100.0]
    assert lines["Teacher forcing: exact dates"] == [0.0, 80.0] and "Teacher forcing: validation" not in lines
    assert "perplexity" not in json.dumps(told.parts) and not told.parts["words"]["summary"]
    assert "Exact dates" in told.parts["caption"]


def _data(element) -> dict:
    found = json.loads(element.proto.json)
    return found[0] if isinstance(found, list) else found


def test_another_lab_has_its_own_views_and_epochs():
    app = open_page("labs", lab="dates", view="beam")
    app.query_params.clear()
    app.query_params["lab"] = "reber"
    app.session_state["lab"] = "reber"
    app.run()
    assert not app.exception and app.session_state.lab_view == "try"


def test_views_are_chosen_in_present_mode_and_stay_chosen_after_it():
    app = open_page("labs", lab="dates", view="beam", present="1")
    (box,) = [box for box in app.selectbox if box.label == "View"]
    assert box.value == "beam"
    box.set_value("temperature").run()
    assert not app.exception and app.query_params["view"] == "temperature"
    app.button(key="present_switch").click().run()
    assert not app.exception and app.session_state.lab_view == "temperature"
    assert not [box for box in app.selectbox if box.label == "View"]


def test_in_a_class_only_ones_own_runs_are_drawn(monkeypatch):
    trained("attention", (0.0, 1.0), owner="somebody")
    monkeypatch.setattr(browser_cookie, "is_class", lambda: True)
    monkeypatch.setattr(browser_cookie, "owner", lambda: "me")
    app = open_page("labs", lab="dates", view="train")
    assert not app.exception and "Press Start" in said(app)
    run = trained("teacher", (0.0, 0.5), owner="me")
    app.run()
    (progress,) = [part for part in map(_data, app.get("bidi_component")) if part.get("part") == "progress"]
    assert run.id in progress["route"] and "others=&" in progress["route"]


def test_new_weights_of_a_run_are_loaded():
    run = trained("attention", (0.0, 1.0))
    first = lab_runs.network(LAB, run.id, dates.translator_of)
    assert lab_runs.network(LAB, run.id, dates.translator_of) is first
    half = catalogue.LABS["dates"].further_models["half-trained"].weights()
    run.write_weights(half, "best")
    assert lab_runs.network(LAB, run.id, dates.translator_of).version.name == "teacher"


def test_two_people_do_not_measure_speeds_at_once():
    pytest.importorskip("tensorflow")
    with speed_process._one_at_a_time, pytest.raises(UnavailableError, match="Somebody is measuring"):
        speed_process.measure("half-trained", data.EXAMPLES[:2])
