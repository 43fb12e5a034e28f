"""Home: four doors that show their lesson without another click, and the models that a reader may open."""

from __future__ import annotations

import base64
import dataclasses

import numpy as np
import pytest

from charlab.core.reading import explain
from charlab.runs import models
from helpers.pages import given, model_box, open_page, send, shown
from helpers.tiny import make_run
from pages.parts.home.doors import DOORS
from pages.parts.shared import browser_cookie

DOOR = {door.key: door for door in DOORS}
ANNA, BEN = "a" * 16, "b" * 16


def text(app) -> str:
    return shown(app).replace("\\", "")


def opened(key: str):
    app = open_page(DOOR[key].page.removesuffix(".py"), **DOOR[key].settings)
    assert not app.exception and not app.error and not app.warning
    return app


# Doors


def test_every_door_is_a_link_with_its_settings_and_says_what_one_will_see():
    app = open_page("home")
    links = {link.proto.label: link.proto for link in app.get("page_link")}
    assert len(DOORS) == 4
    for door in DOORS:
        assert links[f":blue[**{door.title}**]"].page == door.page.removesuffix(".py")
        assert door.words in shown(app)
    assert "mode=temperature+sweep" in links[":blue[**Temperature in three minutes**]"].query_string


def test_temperature_shows_repetition_a_play_and_made_up_words():
    app = opened("temperature")
    assert app.session_state.mode == "temperature sweep" and model_box(app).value == "best-gru"
    written = [code.value.strip() for code in app.code if code.value.strip().startswith("ROMEO:")]
    assert len(written) == 3 and written[0].count("And then the senate of the state of the state,") >= 2
    model = models.load("best-gru")
    cold, middle, hot = [explain(model.predictor, model.vocab, sample).mean_bits for sample in written]
    assert cold < 1.3 < middle < 2 < 3 < hot  # bits per character


def test_how_does_it_choose_shows_a_choice_that_is_not_the_most_likely():
    app = opened("choose")
    assert app.session_state.view == "write with it" and app.session_state.text == "ROMEO:\nI love "
    data = given(app, "walk_view")
    ((_, packed),) = data["rows"]
    order = np.argsort(-np.frombuffer(base64.b64decode(packed), data["type"]))
    assert [data["names"][i] for i in order[:4]] == ["t", "m", "y", "h"]
    for turn in range(1, 7):
        asked = {"act": "step", "written": turn - 1, "temperature": 1, "seed": 4, "turn": turn}
        send(app, "walk_view", "asked", asked)
    assert not app.exception and app.session_state.walk_session.code
    session = app.session_state.walk_session
    letters = [models.load("best-gru").vocab.characters[i] for i in session.branches.ids]
    assert "".join(letters) == "you so"


def test_train_your_own_is_set_to_one_minute():
    app = opened("train")
    assert app.session_state.preset == "quick-gru" and app.session_state.minutes == 1
    assert app.session_state["budget.quick-gru"] == "minutes"
    (start,) = [button for button in app.button if button.label == "Start"]
    assert not start.disabled


def test_look_inside_shows_a_text_with_surprises_and_a_unit():
    app = opened("inside")
    assert app.session_state.view == "inside" and app.session_state.text.startswith("ROMEO:\nO, speak again")
    assert given(app, "said")["place"]["step"] == app.session_state.step > 0 and app.session_state.unit
    assert given(app, "unit_along")["follows"] and given(app, "gates")["figure"]


@pytest.mark.parametrize("key", DOOR)
def test_a_door_counts_whatever_the_pages_showed_before(key):
    app = open_page("playground", mode="samples", temperature="1.7", seed_text="x", top_k="3", write="1")
    app.switch_page("explainer.py").run()
    app.query_params.clear()
    app.switch_page("home.py").run()
    app.switch_page(DOOR[key].page)
    app.query_params.clear()
    for name, value in DOOR[key].settings.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    if key == "temperature":
        written = [code.value.strip() for code in app.code if code.value.strip().startswith("ROMEO:")]
        assert len(written) == 3 and "outdated" not in text(app)
    for name, value in DOOR[key].settings.items():
        if name in app.session_state and isinstance(app.session_state[name], str) and name != "temperatures":
            assert app.session_state[name] == value, name


def test_doors_without_their_model_leave_it_to_the_page(monkeypatch, tmp_path):
    monkeypatch.setattr(models, "STARTERS", tmp_path)
    app = open_page("home")
    assert not app.exception and not app.error
    queries = [link.proto.query_string for link in app.get("page_link") if link.proto.label.startswith(":blue[")]
    assert len(queries) == 4 and not [query for query in queries if "model=" in query]


# Models


def test_a_model_is_its_name_its_date_and_its_bits_and_never_an_id():
    run = make_run(name="My poems")
    app = open_page("home")
    said = text(app)
    assert "My poems, today at " in said and ": 2.89 bits" in said  # 2 nats
    assert "Best GRU (10 minutes): 2.09 bits" in said and run.id not in said
    links = [link.proto for link in app.get("page_link") if run.id in link.proto.query_string]
    assert [link.page for link in links] == ["playground", "explainer"]


def test_in_a_class_others_models_are_counted_and_not_listed(monkeypatch):
    monkeypatch.setenv("CHARLAB_CLASS", "1")
    monkeypatch.setattr(browser_cookie, "owner", lambda: BEN)
    for owner, name in ((ANNA, "Of Anna"), (ANNA, "Of Anna, too"), (BEN, "Of Ben")):
        run = make_run(name=name)
        run.write_config(dataclasses.replace(run.config(), owner=owner))
    said = text(open_page("home"))
    assert "Of Ben, today" in said and "Of Anna" not in said and "including 2 of others" in said
    monkeypatch.setattr(browser_cookie, "owner", lambda: "c" * 16)
    said = text(open_page("home"))
    assert "Of " not in said and "None yet." in said and "including 3 of others" in said


def test_of_many_models_the_newest_are_listed_and_the_others_counted():
    for number in range(10):
        make_run(name=f"Number {number}")
    said = text(open_page("home"))
    assert said.count("Number ") == 8 and "including 2 earlier ones." in said


def test_the_bars_of_the_example_are_in_per_cent():
    (chart,) = [
        component
        for component in open_page("home").get("bidi_component")
        if "chart" in component.proto.component_name
    ]
    figure = chart.proto.json
    assert '"tickformat":".0%"' in figure.replace("\\", "").replace(" ", "")


def test_the_example_stops_where_the_reader_pauses_it_and_goes_on():
    app = open_page("home")
    written = lambda: len(app.code[0].value)  # noqa: E731
    before = written()
    assert written() == before and len(app.run().code[0].value) == before + 1
    app.button(key="pause_example").click().run()
    paused = written()
    assert app.run() and written() == paused
    app.button(key="pause_example").click().run()
    app.run()
    assert written() > paused
