"""The Train page: what a visitor sees first, what folds, what the chart and its figures say, and Start."""

from __future__ import annotations

import dataclasses
import time
from concurrent.futures import Future

import pytest

from charlab.corpora import catalogue
from charlab.runs import store
from charlab.runs.permissions import THE_TEACHER
from helpers.pages import live, open_page, open_popover, shown
from helpers.runs import all_runs
from helpers.tiny import make_run
from pages.parts.shared import browser_cookie
from pages.parts.shared.safe_text import plain
from pages.parts.train import preview, run_form

EPOCHS = [
    {"event": "epoch", "epoch": 0, "step": 0, "val_loss": 2.0, "val_accuracy": 0.1, "val_error": 0.01},
    {"event": "epoch", "epoch": 1, "step": 9, "loss": 1.2, "val_loss": 1.0, "val_accuracy": 0.6, "val_error": 0.01,
     "train_loss_after": 0.9},
]  # fmt: skip


def text(app) -> str:
    return shown(app).replace("\\", "")


def start_button(app):
    return next(button for button in app.button if button.label == "Start")


def run_box(app):
    return next(box for box in app.selectbox if box.label == "Run")


def is_open(app) -> bool:
    return "Fold the settings" in [button.label for button in app.button]


def charts(app) -> list[dict]:
    """The lines of the run's chart."""
    return live(app).get("drawn", {}).get("data", [])


def owned_by(owner: str, **facts) -> store.Run:
    run = make_run(**facts)
    run.write_config(dataclasses.replace(run.config(), owner=owner))
    return run


@pytest.fixture
def classroom(monkeypatch):
    """A class's server, seen by one student."""
    monkeypatch.setenv("CHARLAB_CLASS", "1")
    monkeypatch.setattr(browser_cookie, "owner", lambda: "b" * 16)
    return "b" * 16


@pytest.fixture
def offline(monkeypatch):
    """No text is on this machine, and every connection is refused."""
    preview._source.clear()
    monkeypatch.delenv("CHARLAB_CORPORA", raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")


# What a visitor sees first


@pytest.mark.parametrize("owner", ["a" * 16, THE_TEACHER, ""])
def test_a_new_visitor_of_a_class_sees_what_a_run_will_show_and_no_strangers_run(classroom, owner):
    theirs = owned_by(owner, name="Of somebody else")
    app = open_page("train")
    assert not app.exception and not charts(app)
    assert "Press Start" in text(app) and is_open(app)
    assert run_box(app).value is None and "run" not in app.query_params
    run_box(app).select(theirs.id).run()
    assert "Press Start" not in text(app) and app.query_params["run"] in (theirs.id, [theirs.id])


def test_texts_are_proposed_where_they_can_be_chosen():
    for present in ("0", "1"):
        app = open_page("train", present=present)
        assert "Press Start" in text(app) and ("Three texts" in text(app)) == (present == "0")


def test_a_visitor_sees_the_newest_run_of_their_own_and_by_a_link_any(classroom):
    mine = owned_by(classroom, name="Mine")
    theirs = owned_by("a" * 16, name="Of somebody else")
    app = open_page("train")
    assert app.session_state.run == mine.id and not is_open(app)
    assert open_page("train", run=theirs.id).session_state.run == theirs.id


def test_one_person_sees_the_newest_run_whoever_started_it():
    owned_by("a" * 16, name="First, in another browser")
    newest = make_run(name="Second, by the command line")
    app = open_page("train")
    assert app.session_state.run == newest.id and not is_open(app)
    assert "Everyone's" not in str([control.options for control in app.get("button_group")])


def test_who_comes_to_start_a_run_sees_what_start_will_do_and_older_runs_once_they_are_chosen():
    older = make_run(name="Older")
    door = {"preset": "quick-gru", "minutes": "1", "budget.quick-gru": "minutes"}  # of the start page
    app = open_page("train")
    assert app.session_state.run == older.id and not is_open(app)
    app.switch_page("home.py").run()
    app.query_params.clear()
    app.query_params.update(door)
    app.switch_page("train.py").run()
    for _ in range(2):
        assert not app.exception and is_open(app)
        assert run_box(app).value is None and "Press Start" in text(app) and "run" not in app.query_params
        app.run()
    run_box(app).select(older.id).run()
    assert app.session_state.run == older.id and "Press Start" not in text(app)
    app.run()
    assert app.session_state.run == older.id


def test_who_comes_to_start_a_run_while_one_trains_sees_that():
    trains = make_run(state="queued")
    app = open_page("train", preset="quick-gru")
    assert app.session_state.run == trains.id and not is_open(app)


def test_the_picker_tells_runs_apart_and_shows_no_ids():
    yesterday = make_run(name="Old one", results={"best_val_loss": 1.386})
    yesterday.write_config(dataclasses.replace(yesterday.config(), created=time.time() - 24 * 3600))
    trains = make_run(name="New one", state="queued")
    options = run_box(open_page("train")).options
    at = time.strftime("%H:%M", time.localtime(yesterday.config().created))
    assert f"Old one · yesterday at {at} · done · 2.00 bits" in options
    (new,) = [title for title in options if title.startswith("New one · today at ")]
    assert new.endswith(" · waiting in the queue")
    assert not any(trains.id in title or yesterday.id in title for title in options)


# The form folds


def test_start_folds_the_form_to_a_line_that_says_it_and_shows_the_run():
    app = open_page("train", corpus="coin-flips", preset="custom")
    open_popover(app, "advanced")
    app.number_input(key="custom.units").set_value(24)
    app.slider(key="epochs.custom").set_value(2).run()
    assert is_open(app)
    start_button(app).click().run()
    (run,) = all_runs()
    assert not app.exception and app.session_state.run == run.id and not is_open(app)
    (line,) = [button.label for button in app.button if str(button.key).startswith("toggle-")]
    assert line.startswith(plain("Coin flips, ")) and line.endswith(plain("2 epochs, 1 changed setting"))


def test_a_start_that_is_refused_says_so_and_opens_the_form():
    app = open_page("train", corpus="coin-flips", preset="mini-gpt", run=make_run().id)
    assert not is_open(app)
    open_popover(app, "advanced")
    app.number_input(key="mini-gpt.heads").set_value(3).run()
    assert [error.value.count("cannot be divided among 3 heads") for error in app.error] == [1]
    start_button(app).click().run()
    (error,) = app.error
    assert error.value.startswith("No run was started") and "cannot be divided among 3 heads" in error.value
    assert is_open(app) and len(list(all_runs())) == 1
    app.number_input(key="mini-gpt.heads").set_value(4).run()
    assert not app.error
    start_button(app).click().run()
    assert not app.error and len(list(all_runs())) == 2


@pytest.mark.parametrize(("others", "in_row"), [((), 0), (("mirrored",), 0), (("gpu",), 1)])
def test_accelerators_are_in_the_row_only_where_there_are_several(monkeypatch, others, in_row):
    found: Future = Future()
    names = ("auto", "cpu", *others)
    rows = [{"name": name, "title": name, "available": True, "reason": ""} for name in names]
    found.set_result([*rows, {"name": "tpu", "title": "TPU", "available": False, "reason": "none is here."}])
    monkeypatch.setattr(run_form, "_survey", lambda: found)
    app = open_page("train", corpus="coin-flips")
    boxes = [box for column in app.columns for box in column.selectbox if box.label == "Accelerator"]
    assert len(boxes) == in_row and app.selectbox(key="accelerator").options == ["Auto", *names[1:], "This device"]
    assert "TPU: none is here." in text(app).replace("*", "")  # with the advanced settings


# The picture


@pytest.mark.parametrize(
    ("state", "words"), [("queued", "once the run has started"), ("stopped", "ended before its first step")]
)
def test_before_its_first_step_a_run_has_a_sentence_in_place_of_empty_axes(state, words):
    app = open_page("train", run=make_run(state=state).id)
    assert not app.exception and not charts(app) and words in text(app)


def test_every_word_about_the_metric_follows_it():
    run = make_run()
    for event in EPOCHS:
        run.append_event(event)
    figures = {}
    for unit in ("bits", "nats", "accuracy"):
        app = open_page("train", run=run.id, unit=unit)
        assert not app.exception and charts(app)
        (figure,) = [figure for figure in live(app)["figures"] if figure["label"].startswith("Validation")]
        figures[unit] = (figure["label"], figure["value"], figure["error"])
        of_loss = [words in text(app) for words in ("lower is better", "measured in the same way")]
        assert of_loss == [unit != "accuracy"] * 2 and ("higher is better" in text(app)) == (unit == "accuracy")
    assert figures == {
        "bits": ("Validation, bits", "1.443", "± 0.014"),
        "nats": ("Validation, nats", "1.000", "± 0.010"),
        "accuracy": ("Validation, %", "60.0", ""),
    }


def test_a_run_without_accuracies_says_so_in_place_of_empty_axes():
    run = make_run()
    for event in EPOCHS:
        run.append_event({name: value for name, value in event.items() if name != "val_accuracy"})
    app = open_page("train", run=run.id, unit="accuracy")
    assert not charts(app) and "accuracy of this run was not measured" in text(app)


# Present mode


def hidden(app) -> str:
    return " ".join(element.proto.body for element in app.get("html"))


def test_present_mode_leaves_start_where_nothing_trains_and_the_runs_controls_where_it_does():
    app = open_page("train", run=make_run().id, present="1")
    assert not app.exception and ".st-key-start" not in hidden(app)
    app = open_page("train", run=make_run(state="queued").id, present="1")
    assert not app.exception and ".st-key-start { display: none; }" in hidden(app)
    assert ".st-key-start" not in hidden(open_page("train", run=make_run(state="queued").id))


# Without a network


def test_without_a_network_the_default_start_trains_on_another_text_and_says_so(offline):
    app = open_page("train")
    assert app.session_state.corpus == catalogue.DEFAULT and not catalogue.CORPORA[catalogue.DEFAULT].is_here()
    start_button(app).click().run()
    assert not app.exception and not app.error
    (run,) = all_runs()
    stand_in = catalogue.stand_in()
    assert run.config().corpus == stand_in.name == app.session_state.corpus and run.status().state == "queued"
    (said,) = [info.value for info in app.info if "could not be downloaded" in info.value]
    assert stand_in.title in said and "Tiny Shakespeare" in said
    assert not any(name in said for name in catalogue.CORPORA)
    app.selectbox(key="corpus").set_value("coin-flips").run()
    assert "could not be downloaded" not in text(app)


def test_without_a_network_a_text_that_was_chosen_is_refused_without_internal_names(offline):
    app = open_page("train", corpus="complete-works")
    start_button(app).click().run()
    (error,) = app.error
    assert "The Complete Works of Shakespeare is not on this machine" in error.value
    assert not any(name in error.value for name in ("complete-works", "unicode-names", "CHARLAB_"))
    assert not list(all_runs()) and app.session_state.corpus == "complete-works"


def test_no_run_of_the_page_asks_the_network(offline, monkeypatch):
    from charlab.corpora import downloads

    def asked(*_):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(downloads, "fetch", asked)
    app = open_page("train")
    app.slider(key="minutes").set_value(2.0).run()
    assert not app.exception and not app.error
