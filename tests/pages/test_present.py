"""Present mode is a setting of every page: links turn it on and keep it."""

from __future__ import annotations

import pytest

from charlab.runs import models
from helpers.pages import PAGES, data_of, open_page
from helpers.tiny import make_run


def hides_details(app) -> bool:
    return any('[class*="st-key-details-"],' in element.proto.body for element in app.get("html"))


@pytest.mark.parametrize("name", PAGES)
def test_a_link_turns_present_mode_on_for_every_page(name):
    assert hides_details(open_page(name, present="1"))
    assert not hides_details(open_page(name))


def test_the_address_keeps_present_mode():
    app = open_page("playground", present="1")
    assert app.query_params["present"] == "1"
    app.session_state.present = False
    app.run()
    assert "present" not in app.query_params and not hides_details(app)


@pytest.mark.parametrize("name", PAGES)
def test_the_switch_turns_it_on_and_off_and_the_address_follows(name):
    app = open_page(name)
    switch = lambda: app.button(key="present_switch")  # noqa: E731
    assert switch().label == "Present"
    switch().click().run()
    assert hides_details(app) and app.query_params["present"] == "1"
    assert switch().label == "Leave Present mode" and switch().proto.shortcut == "escape"
    app.run()
    assert hides_details(app)
    switch().click().run()
    assert not hides_details(app) and "present" not in app.query_params and switch().label == "Present"


def test_it_holds_from_page_to_page_and_the_link_that_began_it_does_not_bring_it_back():
    app = open_page("home", present="1")
    for page in ("explainer", "playground", "train", "home"):
        app.switch_page(f"{page}.py")
        app.query_params.clear()  # as the links between pages leave it out
        app.run()
        assert hides_details(app) and app.query_params["present"] == "1", page
    app.button(key="present_switch").click().run()
    app.switch_page("playground.py").run()
    assert not hides_details(app)


def test_a_page_that_ends_early_can_be_left_too(monkeypatch, tmp_path):
    monkeypatch.setattr(models, "STARTERS", tmp_path)
    app = open_page("explainer", present="1")
    assert hides_details(app)
    app.button(key="present_switch").click().run()
    assert not hides_details(app) and not app.run().exception and not hides_details(app)


@pytest.mark.parametrize(("present", "least"), [("0", 0), ("1", 20)])
def test_charts_have_letters_of_20_pixels(present, least):
    charts = [
        data_of(element)
        for element in open_page("home", present=present).get("bidi_component")
        if "least_type" in element.proto.json
    ]
    assert charts and {chart["least_type"] for chart in charts} == {least}


@pytest.mark.parametrize("where", ["playground", "explainer"])
@pytest.mark.parametrize("lacking", ["model", "weights", "text"])
def test_settings_that_are_needed_are_shown_although_they_are_hidden(where, lacking):
    run = make_run()
    opened = {"model": run.id, "text": "The sea", "write": "1", "present": "1"}
    if lacking == "model":
        opened["model"] = "20200101-000000-gone"
    elif lacking == "weights":
        run.weights_path("best").write_bytes(b"cut")
    else:
        opened["text"] = ""
    app = open_page(where, **opened)
    reveals = any("st-key-box-" in e.proto.body and "flex" in e.proto.body for e in app.get("html"))
    assert not app.exception and reveals == (where == "explainer" or lacking != "text")
