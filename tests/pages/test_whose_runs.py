"""The pages in a class: what is offered for whose run, and what is said when one is deleted that a page shows."""

import dataclasses
import re
import time

import pytest

from charlab.core.config import TrainConfig
from charlab.runs import checkpoints, control, credentials, limits, store
from charlab.runs.permissions import OPERATOR, THE_TEACHER
from helpers.pages import model_box, open_page, open_popover, shown
from helpers.runs import all_runs
from helpers.tiny import make_run
from pages.parts.shared import browser_cookie

ANNA, BEN = "a" * 16, "b" * 16
CONTROLS = {"Train longer", "Rename", "Delete", "Save name", "Delete permanently"}
TOLD = "only that browser and the teacher can control it"


@pytest.fixture(autouse=True)
def classroom(monkeypatch):
    """A class's server, seen by Ben."""
    monkeypatch.setenv("CHARLAB_CLASS", "1")
    monkeypatch.setattr(browser_cookie, "owner", lambda: BEN)


@pytest.fixture
def as_teacher(monkeypatch):
    cookie = credentials.admit(credentials.teacher_token())
    monkeypatch.setattr(browser_cookie, "_teachers_cookie", lambda: cookie)


def run_of(owner, name="A run", **status):
    run = make_run(name=name, **status)
    run.write_config(dataclasses.replace(run.config(), owner=owner))
    checkpoints.save(run, checkpoints.Progress(), {})
    return run


def buttons(app) -> set[str]:
    return {button.label for button in app.button}


def text(app) -> str:
    return shown(app).replace("\\", "")


def run_box(app):
    return next(box for box in app.selectbox if box.label == "Run")


def test_the_controls_of_ones_own_run_and_none_of_anothers():
    mine, theirs = run_of(BEN), run_of(ANNA)
    own = open_page("train", run=mine.id)
    assert not own.exception and {"Save name", "Delete permanently"} <= buttons(own) and TOLD not in text(own)
    other = open_page("train", run=theirs.id)
    assert not other.exception and not CONTROLS & buttons(other)
    assert text(other).count(TOLD) == 1 and "started in another browser" in text(other)
    assert "Create .keras" in buttons(open_popover(other, "export"))  # others watch, compare and export


@pytest.mark.parametrize(
    ("owner", "words"), [(THE_TEACHER, "is the teacher's"), ("", "not started in a student's")]
)
def test_whose_the_other_runs_are(owner, words):
    app = open_page("train", run=run_of(owner).id)
    assert not CONTROLS & buttons(app) and words in text(app)


def test_the_teacher_controls_every_run_and_sees_that_this_browser_is_theirs(as_teacher):
    run = run_of(ANNA)
    app = open_page("train", run=run.id)
    assert {"Save name", "Delete permanently", "Give up this role"} <= buttons(app) and TOLD not in text(app)
    app.button(key="give_up_role").click().run()
    assert not app.exception and "Give up this role" not in buttons(app)
    assert not CONTROLS & buttons(app) and TOLD in text(app)


def test_a_button_that_is_still_there_when_the_role_is_lost_ends_in_the_cores_refusal(as_teacher, monkeypatch):
    run = run_of(ANNA)
    app = open_page("train", run=run.id)
    credentials.dismiss(browser_cookie._teachers_cookie())  # in another tab
    app.button(key=f"delete-{run.id}").click().run()
    assert run.path.exists()


def test_one_person_has_everything(monkeypatch):
    monkeypatch.setenv("CHARLAB_CLASS", "0")
    app = open_page("train", run=run_of(ANNA).id)
    assert {"Save name", "Delete permanently"} <= buttons(app) and TOLD not in text(app)
    assert "Give up this role" not in buttons(app)


def test_a_run_that_cannot_be_read_is_deleted_by_the_teacher_only(as_teacher):
    run = run_of(ANNA)
    (run.path / "config.json").write_text("{")
    assert "Delete permanently" in buttons(open_page("train", run=run.id))
    credentials.dismiss(browser_cookie._teachers_cookie())
    app = open_page("train", run=run.id)
    assert "Delete permanently" not in buttons(app) and "only the teacher can delete it" in text(app)


def test_what_the_servers_end_interrupted_is_resumed_by_its_owner(as_teacher):
    mine, theirs = (run_of(owner, state="paused", reason=control.SERVER_STOPPED) for owner in (BEN, ANNA))
    assert "2 runs were paused" in text(open_page("train"))
    credentials.dismiss(browser_cookie._teachers_cookie())
    app = open_page("train")
    assert "One run was paused" in text(app)
    app.button(key="resume-all").click().run()
    states = [run.recorded_status().state for run in (mine, theirs)]
    assert states == ["queued", "paused"]


def test_start_names_the_browser_and_its_third_waiting_run_is_refused():
    app = open_page("train", corpus="coin-flips", preset="ngram")
    for _ in range(3):
        app.button[[button.label for button in app.button].index("Start")].click().run()
    assert [run.config().owner for run in all_runs()] == [BEN, BEN]
    assert "2 runs in the queue" in app.error[0].value


def test_a_browser_without_cookies_is_told_why_it_starts_nothing(monkeypatch):
    monkeypatch.setattr(browser_cookie, "owner", lambda: "")
    app = open_page("train", corpus="coin-flips", preset="ngram")
    app.button[[button.label for button in app.button].index("Start")].click().run()
    assert not list(all_runs()) and "accepts no cookies" in app.error[0].value


def test_a_deleted_run_is_said_and_no_other_is_shown_in_its_place():
    stays = run_of(ANNA, "The one that stays")
    run = run_of(ANNA, "The *shown* one")
    app = open_page("train", run=run.id)
    control.delete(run, OPERATOR)
    for _ in range(2):  # until the reader chooses
        app.run()
        assert not app.exception and "Run “The *shown* one” was deleted. Choose another one." in text(app)
        assert run_box(app).value is None and not app.get("download_button")
    run_box(app).select(stays.id).run()
    assert "was deleted" not in text(app) and open_popover(app, "export").get("download_button")


@pytest.mark.parametrize("damaged", ["vocab.json", "config.json"])
def test_a_run_that_could_not_be_read_is_called_by_its_name_once_it_is_deleted(damaged):
    stays = run_of(ANNA, "The one that stays")
    run = run_of(ANNA, "The broken one")
    (run.path / damaged).write_text("[]")
    app = open_page("train", run=run.id)
    assert "cannot be read" in text(app)
    store.delete(run)
    app.run()
    name = "The broken one" if damaged == "vocab.json" else made_at(run)
    assert f"Run “{name}” was deleted. Choose another one." in text(app)
    run_box(app).select(stays.id).run()
    assert "was deleted" not in text(app)


def made_at(run: store.Run) -> str:
    made = time.strptime(run.id[:15], "%Y%m%d-%H%M%S")
    return f"{made.tm_mday} {time.strftime('%B %Y, %H:%M:%S', made)}"


def test_the_last_run_is_deleted():
    run = run_of(ANNA, "The only one")
    app = open_page("train", run=run.id)
    control.delete(run, OPERATOR)
    app.run()
    assert "Run “The only one” was deleted." in text(app) and "Press Start" in text(app)


def test_a_link_to_a_run_that_is_not_here_shows_no_other():
    other = run_of(ANNA, "Another")
    app = open_page("train", run="20200101-000000-gone")
    assert "The run of this link is not here. Choose another one." in text(app)
    run_box(app).select(other.id).run()
    assert "of this link" not in text(app) and open_popover(app, "export").get("download_button")


@pytest.mark.parametrize("where", ["playground", "explainer"])
def test_a_deleted_model_is_said_and_no_other_is_used_in_its_place(where):
    run = run_of(ANNA, "The shown one")
    app = open_page(where, model=run.id)
    control.delete(run, OPERATOR)
    for _ in range(2):
        app.run()
        assert not app.exception and "Model “The shown one” was deleted. Choose another one." in text(app)
        assert model_box(app).value is None
    model_box(app).select("ngram").run()
    assert not app.exception and "was deleted" not in text(app), text(app)
    assert app.session_state["model"] == "ngram" and "per character" in text(app)


def test_a_deleted_comparison_is_said():
    run, other = run_of(ANNA, "The shown one"), run_of(ANNA, "The grey one")
    app = open_page("train", run=run.id, others=other.id)
    assert "was deleted" not in text(app)
    control.delete(other, OPERATOR)
    app.run()
    assert not app.exception and "“The grey one” was deleted, and is no longer compared." in text(app)


@pytest.mark.parametrize(
    ("where", "parameter", "more"),
    [("train", "others", {}), ("explainer", "other", {}), ("playground", "beside", {"mode": "side by side"})],
)
def test_what_a_link_compares_with_and_is_not_here_is_said_without_its_id(where, parameter, more):
    shown_one = run_of(ANNA, "The shown one")
    of_page = "run" if where == "train" else "model"
    app = open_page(where, **{of_page: shown_one.id, parameter: "20200101-000000-gone"}, **more)
    assert not app.exception and "20200101" not in text(app)
    assert f"A {of_page} of this link is not here, and is not compared." in text(app)


REASONS = {
    control.SERVER_STOPPED: "The server was stopped.",
    "It was interrupted at once; resume it to go on from its last checkpoint.": "It was interrupted at once.",
    "The disk is full. Then resume this run: it continues from its last checkpoint.": "The disk is full.",
    limits.few_steps(TrainConfig(minutes=1), 3): "Only 3 steps in 1 minute of training: choose a smaller model.",
}


@pytest.mark.parametrize("reason", REASONS)
def test_only_who_may_act_on_a_run_is_advised_to(reason):
    theirs, mine = (run_of(owner, state="paused", reason=reason) for owner in (ANNA, BEN))
    assert reason in text(open_page("train", run=mine.id))
    seen = text(open_page("train", run=theirs.id))
    assert REASONS[reason] in seen and reason not in seen
    assert not re.search("(?i)resume|train longer", seen)
