"""What each student of a class may have in the queue and on the disk, and who has no limits."""

import dataclasses
import shutil
import threading
from pathlib import Path

import pytest

from charlab.corpora import catalogue, uploads
from charlab.errors import ConfigError, RunError
from charlab.export import bundle
from charlab.runs import control, limits, plan, quotas, store
from charlab.runs.permissions import OPERATOR, STUDENT, TEACHER, THE_TEACHER, Actor
from helpers.runs import all_runs
from helpers.tiny import make_run

ANNA, BEN = Actor(STUDENT, "a" * 16), Actor(STUDENT, "b" * 16)
UNLIMITED = [Actor(TEACHER, THE_TEACHER), OPERATOR]
TEXT = "A text of one's own, not long.\n" * 100


def start(actor, name="A run"):
    return plan.plan_run(catalogue.load("coin-flips"), "ngram", name=name).create(actor)


def own_text(words="of one's own"):
    return uploads.read_pasted(TEXT.replace("of one's own", words))


def test_a_started_run_is_its_actors():
    assert [start(actor).config().owner for actor in (ANNA, *UNLIMITED)] == [ANNA.owner, THE_TEACHER, ""]


def test_a_student_has_two_runs_in_the_queue():
    first, _ = start(ANNA, "One"), start(ANNA, "Two")
    paused = make_run(state="paused")
    with pytest.raises(RunError, match="has 2 runs in the queue, “Two” and “One”, and each browser may have 2"):
        start(ANNA)
    assert len(list(all_runs())) == 3
    for do, given in ((control.resume, {}), (control.train_longer, {"epochs": 1})):
        with pytest.raises(RunError, match="2 runs in the queue"):
            do(own(paused, ANNA), ANNA, **given)
    assert paused.recorded_status().state == "paused"
    start(BEN)
    control.stop(first, ANNA)
    start(ANNA)


def own(run, actor):
    run.write_config(dataclasses.replace(run.config(), owner=actor.owner))
    return run


def test_requests_at_the_same_time_do_not_get_past_the_limit():
    planned = plan.plan_run(catalogue.load("coin-flips"), "ngram")
    refused = []

    def try_to_start():
        try:
            planned.create(ANNA)
        except RunError as problem:
            refused.append(str(problem))

    threads = [threading.Thread(target=try_to_start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(all_runs())) == quotas.MAX_WAITING and len(refused) == 6


def test_students_do_not_wait_for_each_others_runs_to_be_written(monkeypatch):
    monkeypatch.setattr(quotas, "_LOCK_SECONDS", 0.1)
    config = start(ANNA).config()
    with quotas.joining_queue(ANNA, config):
        assert start(BEN).recorded_status().state == "queued"
        with pytest.raises(RunError, match="busy with other requests"):
            start(ANNA)


@pytest.mark.parametrize("actor", UNLIMITED)
def test_teacher_and_command_line_have_no_limits(actor, monkeypatch):
    monkeypatch.setenv("CHARLAB_MEGABYTES", "0.000001")
    for _ in range(4):
        start(actor)
    packed = bundle.pack(make_run())
    bundle.unpack(packed, actor=actor)
    assert quotas.store_text(own_text(), actor) in [corpus.name for corpus in catalogue.stored()]


def test_runs_imports_and_texts_of_a_student_share_one_limit(monkeypatch):
    packed = bundle.pack(make_run())
    name = quotas.store_text(own_text(), ANNA)
    assert quotas.bytes_of(ANNA.owner) == len(own_text().text)
    imported = bundle.unpack(packed, actor=ANNA)
    assert imported.config().owner == ANNA.owner
    used = quotas.bytes_of(ANNA.owner)
    assert used > 26_000
    monkeypatch.setenv("CHARLAB_MEGABYTES", "0.02")
    refusal = r"take 0\.0 MB, and in a class each browser may have 0\.02 MB\..*Delete runs"
    for act in (
        lambda: start(ANNA),
        lambda: bundle.unpack(packed, actor=ANNA),
        lambda: quotas.store_text(own_text("of another kind"), ANNA),
    ):
        with pytest.raises(RunError, match=refusal):
            act()
    assert quotas.bytes_of(ANNA.owner) == used and not list(store.runs_folder().glob(".import-*"))
    assert quotas.store_text(own_text(), ANNA) == name  # is there already
    monkeypatch.setenv("CHARLAB_MEGABYTES", "0.05")
    with pytest.raises(RunError, match="This would take 0.0 MB more"):
        bundle.unpack(packed, actor=ANNA)
    control.delete(imported, ANNA)
    bundle.unpack(packed, actor=ANNA)


def test_a_text_counts_for_whoever_stored_it_first():
    quotas.store_text(own_text(), ANNA)
    quotas.store_text(own_text(), BEN)
    assert (quotas.bytes_of(ANNA.owner) > 0, quotas.bytes_of(BEN.owner)) == (True, 0)


def test_a_browser_without_a_name_starts_imports_and_stores_nothing():
    packed = bundle.pack(make_run())
    nobody = Actor(STUDENT)
    for act in (
        lambda: start(nobody),
        lambda: bundle.unpack(packed, actor=nobody),
        lambda: quotas.store_text(own_text(), nobody),
    ):
        with pytest.raises(RunError, match="accepts no cookies"):
            act()
    assert len(list(all_runs())) == 1 and catalogue.stored() == []


def test_a_run_that_outgrows_its_owners_limit_is_told_so(monkeypatch):
    run = own(make_run(), ANNA)
    monkeypatch.setenv("CHARLAB_MEGABYTES", "0.001")
    assert quotas.outgrown(run) == ""  # one person's server
    monkeypatch.setenv("CHARLAB_CLASS", "1")
    said = quotas.outgrown(run)  # also to those who watch it in another browser
    assert said.startswith("The runs and texts of the browser that started it take ")
    assert said.endswith("may have 0.001 MB. The run was stopped, and its model is saved.")
    assert quotas.outgrown(own(run, UNLIMITED[0])) == quotas.outgrown(own(run, OPERATOR)) == ""


def test_a_run_that_is_deleted_while_sizes_are_added_up_counts_for_nothing(monkeypatch):
    """Its owner's other run, which is being trained, would fail with an error of the operating system."""
    kept, deleted = own(make_run(name="kept"), ANNA), own(make_run(name="deleted"), ANNA)
    size, look = quotas._size(kept), Path.lstat

    def after_a_delete(path):
        if path.is_relative_to(deleted.path) and deleted.path.exists():
            shutil.rmtree(deleted.path)
        return look(path)

    monkeypatch.setattr(Path, "lstat", after_a_delete)
    assert quotas.bytes_of(ANNA.owner) == size and not deleted.path.exists()


@pytest.mark.parametrize("text", ["-1", "0", "inf", "many"])
def test_a_limit_that_is_none_is_refused(monkeypatch, text):
    monkeypatch.setenv("CHARLAB_MEGABYTES", text)
    with pytest.raises(ConfigError, match="CHARLAB_MEGABYTES must be a number"):
        limits.megabytes_each()


@pytest.mark.parametrize(
    ("address", "name", "expected"),
    [
        ("127.0.0.1", None, False),
        ("localhost", None, False),
        ("::1", "localhost", False),
        ("0.0.0.0", None, True),  # noqa: S104
        ("192.168.1.5", None, True),
        ("::", None, True),
        (None, None, True),
        ("unix:///tmp/socket", None, True),
        ("127.0.0.1", "charlab.example.org", True),
        ("127.0.0.1", "127.0.0.1", False),
    ],
)
def test_whether_a_server_is_a_classs(address, name, expected, monkeypatch):
    assert limits.is_class(address, name) is expected
    for text in ("0", "1"):
        monkeypatch.setenv("CHARLAB_CLASS", text)
        assert limits.is_class(address, name) is (text == "1")
    monkeypatch.setenv("CHARLAB_CLASS", "yes")
    with pytest.raises(ConfigError, match="must be 1 for a class"):
        limits.is_class(address, name)
