"""Who may do what to whose run: every act by every actor, and what an actor who may not is told."""

import dataclasses

import pytest

from charlab.errors import RunError
from charlab.runs import checkpoints, control
from charlab.runs.permissions import OPERATOR, OPERATOR_ROLE, STUDENT, TEACHER, THE_TEACHER, Actor
from helpers.tiny import make_run

ANNA, BEN = "a" * 16, "b" * 16
ACTS = {
    "pause it": (control.pause, "queued", {}),
    "stop it": (control.stop, "queued", {}),
    "resume it": (control.resume, "paused", {}),
    "train it longer": (control.train_longer, "done", {"epochs": 1}),
    "rename it": (control.rename, "done", {"name": "Another"}),
    "delete it": (control.delete, "done", {}),
}
MAY = {
    "its owner": Actor(STUDENT, ANNA),
    "the teacher": Actor(TEACHER, THE_TEACHER),
    "the command line": OPERATOR,
    "one person": Actor(OPERATOR_ROLE, BEN),
}
MAY_NOT = {"another browser": Actor(STUDENT, BEN), "a browser without a name": Actor(STUDENT)}


def run_of(owner, state="done"):
    run = make_run(state=state)
    run.write_config(dataclasses.replace(run.config(), owner=owner))
    checkpoints.save(run, checkpoints.Progress(), {})
    return run


def contents(run):
    return {path.name: path.read_bytes() for path in run.path.rglob("*.json")}


@pytest.mark.parametrize("actor", MAY.values(), ids=MAY)
@pytest.mark.parametrize("act", ACTS)
def test_owner_teacher_and_operator_may(act, actor):
    do, state, given = ACTS[act]
    run = run_of(ANNA, state)
    before = contents(run)
    do(run, actor, **given)
    assert contents(run) != before


@pytest.mark.parametrize("actor", MAY_NOT.values(), ids=MAY_NOT)
@pytest.mark.parametrize("act", ACTS)
def test_others_may_not_and_nothing_changes(act, actor):
    do, state, given = ACTS[act]
    run = run_of(ANNA, state)
    before = contents(run)
    with pytest.raises(RunError, match=f"another browser: only that browser and the teacher can {act}"):
        do(run, actor, **given)
    assert contents(run) == before


@pytest.mark.parametrize(
    ("owner", "words"), [("", "not started in a student's"), (THE_TEACHER, "is the teacher's")]
)
def test_what_no_student_started_is_the_teachers(owner, words):
    run = run_of(owner)
    for actor in MAY_NOT.values():
        with pytest.raises(RunError, match=f"{words}.*: only the teacher can delete it"):
            control.delete(run, actor)
    control.delete(run, MAY["the teacher"])


def test_a_run_that_cannot_be_read_is_deleted_by_the_teacher_only():
    run = run_of(ANNA)
    (run.path / "config.json").write_text("{")
    with pytest.raises(RunError, match="only the teacher can delete it"):
        control.delete(run, Actor(STUDENT, ANNA))
    control.delete(run, MAY["the teacher"])
    assert not run.path.exists()


def test_an_actor_has_a_role():
    with pytest.raises(ValueError, match="Received: 'owner'"):
        Actor("owner")
    with pytest.raises(TypeError):
        Actor()


def test_every_function_that_acts_takes_an_actor():
    for do, _, _ in ACTS.values():
        with pytest.raises(TypeError, match="actor"):
            do(run_of(ANNA))
