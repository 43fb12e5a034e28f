"""Turns: who computes next, and that nobody waits for more than a turn of every other session."""

import contextlib
import threading
import time

import pytest

from charlab.runs.turns import Cancelled, Turn, Turns
from helpers.waiting import wait_until


def computing(turns: Turns, session: str, log: list[str], steps: int) -> tuple[threading.Thread, Turn]:
    """A thread that notes its session at every step."""
    turn = Turn(turns, session)

    def work() -> None:
        with contextlib.suppress(Cancelled), turn:
            for _ in range(steps):
                turn.step()
                log.append(session)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread, turn


def wait_until_waiting(turns: Turns, threads: int) -> None:
    wait_until(lambda: sum(map(len, turns._waiting.values())) >= threads, every=0.001)


def in_order(*sessions: str, steps: int = 3) -> list[str]:
    """The sessions' steps, in the order in which they were done, where all had come before the first step."""
    turns, log = Turns(seconds=0.0), list[str]()  # a turn is a step
    with Turn(turns, "first of all"):
        threads = []
        for number, session in enumerate(sessions):
            threads.append(computing(turns, session, log, steps)[0])
            wait_until_waiting(turns, number + 1)
    for thread in threads:
        thread.join(60)
    return log


def test_each_session_has_a_turn_before_any_has_another():
    log = in_order("a", "b", "c")
    assert all(sorted(log[n : n + 3]) == ["a", "b", "c"] for n in (0, 3, 6)) and len(log) == 9


def test_threads_of_one_session_share_its_turns():
    log = in_order("a", "a", "a", "b")
    assert log.count("a") == 9 and max(n for n, session in enumerate(log) if session == "b") <= 5


def test_who_comes_newly_is_next():
    turns, log = Turns(seconds=0.0), list[str]()
    with Turn(turns, "first of all"):
        threads = [computing(turns, "old", log, 2)[0]]
        wait_until_waiting(turns, 1)
        threads.append(computing(turns, "new", log, 1)[0])
        wait_until_waiting(turns, 2)
    for thread in threads:
        thread.join(60)
    assert log == ["new", "old", "old"]


def test_a_long_work_alone_is_not_interrupted_and_a_short_one_does_not_wait_for_its_end():
    turns, log = Turns(seconds=0.002), list[str]()
    long, turn = computing(turns, "long", log, 10**9)
    while len(log) < 1000:
        time.sleep(0.001)
    short, _ = computing(turns, "short", log, 50)
    short.join(60)
    assert not short.is_alive() and log.count("short") == 50
    assert long.is_alive()
    turn.is_cancelled = True
    long.join(60)
    assert not long.is_alive() and turn.seconds > 0


def test_a_cancelled_work_ends_at_its_next_step_and_leaves_its_turn_to_others():
    turns = Turns()
    turn = Turn(turns, "a")
    turn.is_cancelled = True
    with pytest.raises(Cancelled), turn:
        turn.step()
    with Turn(turns, "b") as other:
        other.step()


def test_what_was_prepared_or_waited_for_does_not_count():
    turns = Turns(seconds=0.0)
    with Turn(turns, "a") as turn:
        time.sleep(0.05)
        assert turn.seconds >= 0.05
        turn.count_from_here()
        assert turn.seconds < 0.05
        time.sleep(0.05)
        other = computing(turns, "b", [], 1)[0]
        wait_until_waiting(turns, 1)
        before = turn.seconds
        turn.step()  # while the other has its turn
        assert before >= 0.05 and turn.seconds >= before
    other.join(60)
