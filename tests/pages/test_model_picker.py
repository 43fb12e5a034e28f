"""The models that a picker offers: this browser's own and the built-in ones, or everyone's."""

import dataclasses
import re

import pytest

from charlab.runs import models
from helpers.pages import model_box, open_page
from helpers.tiny import make_run
from pages.parts.shared import browser_cookie

ME, SOMEONE = "a" * 16, "b" * 16


def run_of(owner: str, name: str):
    run = make_run(name=name)
    run.write_config(dataclasses.replace(run.config(), owner=owner))
    return run


@pytest.fixture
def runs_of_two(monkeypatch):
    monkeypatch.setattr(browser_cookie, "owner", lambda: ME)
    return run_of(ME, "Mine"), run_of(SOMEONE, "Theirs")


def offered(app) -> str:
    return " ".join(model_box(app).options)


def test_ones_own_come_first_and_everyones_with_a_click(runs_of_two):
    app = open_page("playground")
    assert app.segmented_control(key="model_whose").value == "mine"
    assert "built-in" in offered(app) and "Mine" in offered(app) and "Theirs" not in offered(app)
    app.segmented_control(key="model_whose").set_value("everyone's").run()
    assert "Mine" in offered(app) and "Theirs" in offered(app)


@pytest.mark.parametrize("page", ["playground", "explainer"])
def test_going_back_to_ones_own_lets_go_of_somebody_elses(runs_of_two, page):
    _, theirs = runs_of_two
    app = open_page(page, model=theirs.id)  # a link to it opens it
    assert app.segmented_control(key="model_whose").value == "everyone's"
    assert model_box(app).value == theirs.id
    app.segmented_control(key="model_whose").set_value("mine").run()
    assert not app.exception
    assert "Theirs" not in offered(app) and model_box(app).value != theirs.id


def test_nothing_is_asked_where_both_are_the_same(monkeypatch):
    monkeypatch.setattr(browser_cookie, "owner", lambda: ME)
    run_of(SOMEONE, "Theirs")
    app = open_page("playground")  # nothing of one's own: everything is offered
    assert "Theirs" in offered(app)
    assert not [control for control in app.segmented_control if control.key == "model_whose"]


def test_models_of_one_name_are_told_apart_by_date(monkeypatch):
    monkeypatch.setattr(browser_cookie, "owner", lambda: ME)
    first, second = run_of(ME, "Sea"), run_of(ME, "Sea")
    second.write_config(dataclasses.replace(second.config(), created=first.config().created - 3600))
    titles = [title for title in model_box(open_page("playground")).options if "Sea" in title]
    assert len(set(titles)) == 2 and all(re.search(r", \d\d \w{3} \d\d:\d\d$", title) for title in titles)


@pytest.mark.parametrize(("where", "more"), [("explainer", {}), ("playground", {"mode": "side by side"})])
def test_models_of_one_name_are_told_apart_where_they_are_compared_with(monkeypatch, where, more):
    for _ in range(2):
        run_of(SOMEONE, "Sea")
    app = open_page(where, model="ngram", **more)
    box = next(box for box in [*app.selectbox, *app.multiselect] if box.label == "Compare with")
    titles = [title for title in box.options if "Sea" in title]
    assert len(titles) == len(set(titles)) == 2 and all(re.search(r", \d\d \w{3} \d\d:\d\d", t) for t in titles)


def test_a_model_that_was_deleted_while_it_was_listed_is_named_and_no_id_is_shown(monkeypatch):
    run, find = run_of(ME, "Sea"), models.find
    app = open_page("playground", model=run.id)

    def gone(name):
        return find("nowhere" if name == run.id else name)

    monkeypatch.setattr(models, "find", gone)
    app.run()
    assert [error.value for error in app.error] == ["Model “Sea” was deleted\\. Choose another one\\."]
