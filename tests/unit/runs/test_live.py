"""Runs that many watch: read once for all, anew where something has changed, and dropped when nobody looks."""

import threading

import pytest

from charlab.errors import RunError
from charlab.runs import live, store
from charlab.runs.live import Snapshots
from helpers.tiny import make_run


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def snapshots(clock):
    return Snapshots(clock=clock)


@pytest.fixture
def reads(monkeypatch):
    """The bytes from which events were read, by anybody."""
    found, read = [], store.Run.events

    def noting(run, after=0):
        found.append(after)
        return read(run, after)

    monkeypatch.setattr(store.Run, "events", noting)
    return found


def step(number: int, loss: float = 2.0) -> dict:
    return {"event": "step", "step": number, "epoch": number / 10, "loss": loss}


def with_steps(*numbers: int, **status) -> store.Run:
    run = make_run(**status)
    for number in numbers:
        run.append_event(step(number))
    return run


def test_a_snapshot_holds_what_the_run_holds(snapshots):
    run = with_steps(1, 2, state="stopped", epoch=1.5)
    found = snapshots.of(run)
    assert (found.config, found.status, found.events) == (run.config(), run.status(), run.events()[0])
    assert found.weight_names == ("best", "last") and found.problem == ""
    assert found.alphabet_size == len(run.vocab().characters)


def test_a_run_is_read_once_for_all_who_look_at_the_same_time(snapshots, clock, reads):
    run = with_steps(1)
    first = snapshots.of(run)
    run.append_event(step(2))
    clock.now += live.LOOK_SECONDS / 2
    assert snapshots.of(store.Run(run.path)) is first and len(reads) == 1
    clock.now += live.LOOK_SECONDS
    assert snapshots.of(run).events == run.events()[0] and first.events == [step(1)]


def test_many_threads_that_ask_at_once_get_the_same_snapshot(reads):
    run, snapshots = with_steps(*range(200)), Snapshots()
    found, together = [], threading.Barrier(8)

    def ask():
        together.wait()
        found.append(snapshots.of(run))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and all(one is found[0] for one in found) and len(reads) == 1


def test_only_new_events_are_read(snapshots, clock, reads):
    run, ends = make_run(), [0]
    for number in range(5):
        run.append_event(step(number))
        clock.now += 1
        assert [event["step"] for event in snapshots.of(run).events] == list(range(number + 1))
        ends.append(run.events_length())
    assert reads[-1] == ends[-3]  # from the last event that was known
    clock.now += 1
    reads.clear()
    assert len(snapshots.of(run).events) == 5 and not reads


def test_a_line_that_is_being_written_is_read_once_it_is_whole(snapshots, clock):
    run = with_steps(1)
    line = b'{"event": "step", "step": 2, "epoch": 0.2, "loss": 1.0}\n'
    with (run.path / "metrics.jsonl").open("ab") as file:
        file.write(line[:20])
        file.flush()
        assert len(snapshots.of(run).events) == 1
        clock.now += 1
        assert len(snapshots.of(run).events) == 1
        file.write(line[20:])
    clock.now += 1
    assert [event["step"] for event in snapshots.of(run).events] == [1, 2]


@pytest.mark.parametrize("again", [1, 2, 4, 6], ids=lambda number: f"{number} steps again")
@pytest.mark.parametrize("looks", [1, 2], ids=["read at once", "read in two parts"])
def test_after_a_resume_that_cut_events_all_are_read_again(snapshots, clock, again, looks):
    run = with_steps(1, 2)
    if looks == 2:
        snapshots.of(run)
        clock.now += 1
    kept = run.events_length()
    for number in (3, 4, 5):
        run.append_event(step(number))
    before = snapshots.of(run)
    run.cut_events(kept)
    for number in range(3, 3 + again):
        run.append_event(step(number, loss=1.5))
    clock.now += 1
    after = snapshots.of(run)
    assert after.events == run.events()[0] and after.reading != before.reading
    assert [event["loss"] for event in before.events] == [2.0] * 5


def test_events_that_cannot_be_read_are_said_and_read_again_once_they_can(snapshots, clock):
    run = with_steps(1)
    snapshots.of(run)
    good = (run.path / "metrics.jsonl").read_bytes()
    (run.path / "metrics.jsonl").write_bytes(good + b"hello\n")
    clock.now += 1
    found = snapshots.of(run)
    assert found.events == [] and "line 2 of metrics.jsonl" in found.problem
    (run.path / "metrics.jsonl").write_bytes(good)
    clock.now += 1
    assert snapshots.of(run).events == [step(1)] and snapshots.of(run).problem == ""


def test_a_run_that_is_gone_or_damaged_raises(snapshots, clock):
    run, deleted = make_run(), make_run()
    snapshots.of(run)
    snapshots.of(deleted)
    (run.path / "status.json").write_text("{")
    store.delete(deleted)
    clock.now += 1
    for broken in (run, deleted):
        with pytest.raises(RunError, match="cannot be read"):
            snapshots.of(broken)


def test_what_nobody_watches_is_dropped(snapshots, clock):
    watched, left = make_run(name="watched"), make_run(name="left")
    for run in (left, watched):
        snapshots.of(run)
    for _ in range(3):
        clock.now += live.FORGET_SECONDS / 2
        snapshots.of(watched)
    assert snapshots.watched() == [watched.id]


def test_runs_asked_for_longest_ago_are_dropped_where_there_are_too_many_events(clock):
    snapshots = Snapshots(most_events=25, clock=clock)
    runs = [with_steps(*range(10), name=f"run {number}") for number in range(4)]
    for run in runs:
        snapshots.of(run)
        snapshots.of(run)
    assert snapshots.watched() == [run.id for run in runs[-2:]]
    alone = Snapshots(most_events=5, clock=clock)
    assert len(alone.of(runs[0]).events) == 10 and len(alone.of(runs[0]).events) == 10
