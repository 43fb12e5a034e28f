"""The watcher of runs: what it shows is what is on the disk, and it reads each file once."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from charlab import files
from charlab.core.config import ModelConfig
from charlab.errors import RunError
from charlab.export import bundle
from charlab.runs import control, models, quotas, schema, store, watch
from charlab.runs.permissions import OPERATOR
from charlab.runs.store import Run
from helpers.project import ROOT
from helpers.runs import all_runs
from helpers.tiny import make_run

WITHIN = 1.0  # seconds: what another process has done is seen


def states(folder: Path | None = None) -> dict[str, str]:
    return {run.id: run.status().state for run in watch.runs(folder)}


def names() -> list[str]:
    return [run.config().name for run in watch.runs()]


@pytest.fixture
def reads(monkeypatch) -> list[str]:
    """The files of runs that are really read, in order."""
    found, read = [], schema.read

    def spy(path, *more):
        found.append(f"{path.parent.name}/{path.name}")
        return read(path, *more)

    monkeypatch.setattr(schema, "read", spy)
    return found


@pytest.fixture
def settled(monkeypatch):
    """As if every file had been written long ago."""
    monkeypatch.setattr(files, "_SETTLED_NS", 0)


def seen_within(what, seconds: float = WITHIN) -> float:
    """How long it takes until `what()` is true. Fails where it takes longer."""
    began = time.monotonic()
    while not what():
        assert time.monotonic() - began < seconds, "it was not seen in time"
        time.sleep(0.02)
    return time.monotonic() - began


def in_another_process(program: str, *arguments: object) -> None:
    command = [
        sys.executable,
        "-c",
        f"import sys\nfrom charlab.runs import store\n{program}",
        *map(str, arguments),
    ]
    subprocess.run(command, check=True, cwd=ROOT, timeout=60)


def test_what_this_process_does_is_seen_at_once():
    assert watch.runs() == ()
    first = make_run(name="First", state="queued")
    assert states() == {first.id: "queued"}
    second = make_run(name="Second")
    assert list(states()) == sorted([first.id, second.id], reverse=True)  # newest first
    control.stop(first, OPERATOR)
    assert states()[first.id] == "stopped"
    control.resume(first, OPERATOR)
    assert states()[first.id] == "queued"
    control.rename(second, OPERATOR, "Another name")
    assert sorted(names()) == ["Another name", "First"]
    third = bundle.unpack(bundle.pack(second), actor=OPERATOR)
    assert third.id in states()
    third.write_weights(third.weights(), "epoch-001")
    assert {run.id: run.weight_names() for run in watch.runs()}[third.id][0] == "epoch-001"
    control.delete(second, OPERATOR)
    assert set(states()) == {first.id, third.id}


def test_a_request_to_a_run_in_training_is_seen_at_once():
    run = make_run(state="running")
    with run.lock():
        assert states() == {run.id: "running"}
        run.ask("pause")
        assert states() == {run.id: "pausing"}
    seen_within(lambda: states() == {run.id: "failed"})  # no file has changed: nobody holds it any more


def test_progress_is_no_reason_to_look_at_once(monkeypatch):
    run = make_run(state="running")
    with run.lock():
        monkeypatch.setattr(watch, "_SECONDS", (60.0, 60.0))
        before = watch.listing(now=True)
        run.write_progress(replace(run.recorded_status(), step=5))
        assert watch.listing() is before and watch.listing(now=True).runs[0].status().step == 5
        run.write_status(replace(run.recorded_status(), state="done"))
        assert states() == {run.id: "done"}


def test_what_another_process_does_is_seen_within_a_second():
    run = make_run(state="queued")
    states()
    in_another_process("store.Run(sys.argv[1]).write_status(store.Status('done'))", run.path)
    seen_within(lambda: states() == {run.id: "done"})
    in_another_process("store.delete(store.Run(sys.argv[1]))", run.path)
    seen_within(lambda: states() == {})


def test_a_worker_that_is_killed_is_seen_within_a_second():
    run = make_run(state="running")
    held = "with store.Run(sys.argv[1]).lock():\n print(flush=True)\n time.sleep(60)"
    command = [sys.executable, "-c", f"import sys, time\nfrom charlab.runs import store\n{held}", str(run.path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as worker:
        worker.stdout.readline()
        seen_within(lambda: states() == {run.id: "running"})
        worker.kill()
        worker.wait()
        seen_within(lambda: states() == {run.id: "failed"})


def test_an_act_sees_what_another_process_has_just_done(monkeypatch):
    monkeypatch.setattr(watch, "_SECONDS", (60.0, 60.0))
    run = make_run(state="queued")
    assert states() == {run.id: "queued"}
    in_another_process("store.Run(sys.argv[1]).write_status(store.Status('done'))", run.path)
    assert states() == {run.id: "queued"}
    assert watch.listing(now=True).runs[0].status().state == "done"


@pytest.mark.parametrize("name", ["status.json", "config.json", "vocab.json"])
def test_a_run_that_cannot_be_read_says_so_as_the_run_itself_does(name):
    run = make_run(name="Sound")
    whole = (run.path / name).read_bytes()
    assert watch.runs()[0].read()[0].name == "Sound"
    (run.path / name).write_bytes(b"[]")  # in place, as a person may do it
    seen_within(lambda: not is_readable(watch.runs()[0]))
    with pytest.raises(RunError) as said:
        run.read()
    for _ in range(2):  # also where it is remembered
        with pytest.raises(RunError) as listed:
            watch.runs()[0].read()
        assert str(listed.value) == str(said.value)
    assert models.survey()[1] == [str(said.value)]
    (run.path / name).write_bytes(whole)
    seen_within(lambda: is_readable(watch.runs()[0]))


def is_readable(run: watch.KnownRun) -> bool:
    try:
        run.read()
    except RunError:
        return False
    return True


def test_a_change_that_leaves_size_and_date_as_they_were_is_seen():
    run = make_run()
    path = run.path / "status.json"
    before = path.stat()
    assert states() == {run.id: "done"}
    text = path.read_text()
    fitted = json.dumps(json.loads(text) | {"state": "failed"}).ljust(len(text))
    path.write_text(fitted)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size and path.stat().st_mtime_ns == before.st_mtime_ns
    seen_within(lambda: states() == {run.id: "failed"})


def test_many_changes_in_a_moment_end_with_the_last_one():
    run = make_run()
    for number in range(300):
        run.write_status(store.Status("done", epoch=float(number)))
        assert watch.runs()[0].status().epoch == number


def test_what_is_no_run_is_left_out():
    run = make_run()
    folder = run.path.parent
    (folder / "empty").mkdir()
    (folder / "a file").write_text("")
    (folder / ".quotas").mkdir()
    (folder / "leads nowhere").symlink_to(folder / "nowhere")
    assert [known.id for known in watch.listing(now=True).runs] == [run.id]
    assert [known.id for known in watch.runs()] == [other.id for other in all_runs()]


def test_two_folders_and_a_relative_one(tmp_path, monkeypatch):
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        monkeypatch.setenv("CHARLAB_RUNS", str(folder / "runs"))
        make_run(name=folder.name)
    assert [run.config().name for run in watch.runs(here / "runs")] == ["here"]
    assert [run.config().name for run in watch.runs(there / "runs")] == ["there"]
    monkeypatch.delenv("CHARLAB_RUNS")
    for folder in (here, there, here):  # runs/ in the current folder
        monkeypatch.chdir(folder)
        assert names() == [folder.name]


def test_more_folders_than_are_kept(tmp_path, monkeypatch):
    folders = [tmp_path / str(number) for number in range(20)]
    for folder in folders:
        monkeypatch.setenv("CHARLAB_RUNS", str(folder))
        make_run(name=folder.name)
    assert [watch.runs(folder)[0].config().name for folder in folders] == [folder.name for folder in folders]
    assert len(watch._watchers) <= watch._MAX_FOLDERS


def test_a_run_that_has_not_changed_is_read_once(settled, reads):
    runs = [make_run(name=str(number)) for number in range(5)]
    for _ in range(10):
        assert len(models.survey()[0]) >= 5 and len(states()) == 5
        assert len(watch.listing(now=True).runs) == 5
    assert len(reads) == 3 * 5 + 3 * len(starters())  # status, configuration and alphabet of each
    listing = watch.listing(now=True)
    reads.clear()
    runs[0].write_status(store.Status("failed"))
    assert states()[runs[0].id] == "failed" and watch.listing() is not listing
    assert reads and {name.split("/")[0] for name in reads} == {runs[0].id}


def starters() -> list[Path]:
    return [path for path in models.STARTERS.iterdir() if store.is_run(path)]


def test_the_listing_stays_the_same_object_while_nothing_changes(settled):
    make_run()
    first, counted = watch.listing(), []

    def count(runs, more=0):
        counted.append(more)
        return [run.id for run in runs]

    for _ in range(3):
        again = watch.listing(now=True)
        assert again is first and again.get(count) is first.get(count) and again.get(count, 1) == first.get(count)
    assert counted == [0, 1]
    make_run()
    assert watch.listing() is not first and len(watch.listing().get(count)) == 2


def test_many_threads_read_each_file_once(settled, reads):
    made = [make_run(name=str(number)) for number in range(20)]
    started = threading.Barrier(30)

    def ask(_) -> tuple[watch.Listing, int]:
        started.wait()
        found = watch.listing()
        return found, len([run.read() for run in found.runs])

    with ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(ask, range(30)))
    assert {length for _, length in answers} == {len(made)}
    assert len({id(found) for found, _ in answers}) == 1
    assert sorted(reads) == sorted(
        f"{run.id}/{name}" for run in made for name in ("config.json", "status.json", "vocab.json")
    )


def test_threads_see_their_own_changes_while_others_ask():
    """Each thread changes a run of its own, and sees the change at once, whoever else looks at that moment."""
    runs = [make_run(name=str(number)) for number in range(4)]

    def change(run: Run) -> list[float]:
        seen = []
        for number in range(25):
            run.write_status(store.Status("done", epoch=float(number)))
            seen.append({known.id: known for known in watch.runs()}[run.id].status().epoch)
        return seen

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(change, runs)) == [[float(number) for number in range(25)]] * 4


def test_a_run_deleted_between_the_look_and_the_read_says_so(settled):
    run = make_run(name="Deleted")
    (known,) = watch.runs()
    store.delete(run)
    with pytest.raises(RunError, match="cannot be read"):
        known.read()
    assert watch.runs() == ()


def test_a_student_in_the_queue_is_counted_as_the_disk_has_it(monkeypatch):
    """The limit of a browser holds although another process, such as a second server, has queued the runs."""
    monkeypatch.setattr(watch, "_SECONDS", (60.0, 60.0))
    student = quotas.Actor(quotas.STUDENT, "0" * 16)
    runs = [make_run(name=str(number), state="done") for number in range(quotas.MAX_WAITING)]
    watch.runs()
    for run in runs:
        program = (
            "import dataclasses\nrun = store.Run(sys.argv[1])\n"
            "run.write_config(dataclasses.replace(run.config(), owner=16 * '0'))\n"
            "run.write_status(store.Status('queued'))"
        )
        in_another_process(program, run.path)
    with pytest.raises(RunError, match="in the queue"), quotas.joining_queue(student, runs[0].config()):
        pass


def test_a_kind_that_needs_no_weights_is_listed_without_them():
    run = store.create(
        store.RunConfig("New", "custom", "coin-flips", "0" * 64, ModelConfig(), store.TrainConfig()),
        store.Vocab.from_text("ab"),
    )
    assert [known.id for known in watch.runs()] == [run.id] and watch.runs()[0].weight_names() == ()
    assert run.id not in {info.name for info in models.available_models()}


def test_a_run_that_the_system_could_not_read_for_a_moment_is_back(settled, monkeypatch):
    run = make_run(name="Back")
    read_bytes = Path.read_bytes

    def refused(path):
        if path.name == "config.json":
            raise OSError(errno.EMFILE, "Too many open files")
        return read_bytes(path)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", refused)
        assert "Too many open files" in models.survey()[1][0]
    seen_within(lambda: models.survey()[1] == [] and run.id in {info.name for info in models.survey()[0]})
