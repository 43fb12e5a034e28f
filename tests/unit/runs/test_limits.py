import os

import pytest

from charlab.core.config import TrainConfig
from charlab.errors import ConfigError
from charlab.runs import limits
from charlab.runs.store import Status


def test_a_run_has_no_more_time_left_than_the_server_gives_it(monkeypatch):
    monkeypatch.delenv("CHARLAB_MINUTES", raising=False)
    long, short, unknown = (Status("running", seconds=50.0, seconds_left=left) for left in (4_000.0, 5.0, None))
    assert limits.seconds_left(long) == 4_000.0
    monkeypatch.setenv("CHARLAB_MINUTES", "1")
    assert [limits.seconds_left(status) for status in (long, short, unknown)] == [10.0, 5.0, None]
    assert limits.seconds_left(Status("running", seconds=70.0, seconds_left=5.0)) == 0.0


def test_a_limit_is_used_up_where_no_whole_step_fits_in_it(monkeypatch):
    monkeypatch.setenv("CHARLAB_MINUTES", "1")
    for seconds, step, used_up in ((58.9, 500, False), (59.1, 500, True), (56.0, 20, False), (56.0, 8, True)):
        assert limits.is_used_up(Status("done", seconds=seconds, step=step)) == used_up, (seconds, step)
    monkeypatch.setenv("CHARLAB_MINUTES", "0.01")
    assert not limits.is_used_up(Status("queued"))


def test_minutes_that_were_enough_for_few_steps_are_told(monkeypatch):
    monkeypatch.setenv("CHARLAB_MINUTES", "many")  # of a server: a training in the terminal has no limit
    minute = TrainConfig(minutes=1.0)
    assert limits.few_steps(minute, 12) == (
        "Only 12 steps in 1 minute of training: train longer, or choose a smaller model."
    )
    assert "Only 1 step in 0.5 minutes" in limits.few_steps(TrainConfig(minutes=0.5), 1)
    assert limits.few_steps(minute, 50) == limits.few_steps(TrainConfig(epochs=1), 1) == ""
    told = limits.few_steps(minute, 12, most_seconds=60.0)  # it cannot be trained longer
    assert told == "Only 12 steps in 1 minute of training: choose a smaller model."


def test_a_process_stands_ready_unless_it_is_switched_off(monkeypatch):
    for text, is_warm in (("", True), ("1", True), ("0", False)):
        monkeypatch.setenv("CHARLAB_WARM", text)
        assert limits.is_warm() == is_warm
    monkeypatch.setenv("CHARLAB_WARM", "no")
    with pytest.raises(ConfigError, match="CHARLAB_WARM must be 1, or 0 .* Received: 'no'"):
        limits.is_warm()


def test_what_a_server_allows_is_read_from_its_environment(monkeypatch):
    for name in ("CHARLAB_AT_ONCE", "CHARLAB_MINUTES"):
        monkeypatch.delenv(name, raising=False)
    for cores, places in ((1, 1), (4, 1), (8, 2), (64, 16)):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        assert limits.at_once() == places
    assert limits.minutes_cap() is None and limits.cap_in_words() == ""
    monkeypatch.setenv("CHARLAB_AT_ONCE", "3")
    monkeypatch.setenv("CHARLAB_MINUTES", "1")
    assert (limits.at_once(), limits.minutes_cap()) == (3, 1.0)
    assert limits.cap_in_words() == "This server trains each run for at most 1 minute."
    assert limits.in_minutes(1.0) == "1 minute" and limits.in_minutes(0.5) == "0.5 minutes"
    monkeypatch.setenv("CHARLAB_MINUTES", "1,5")
    assert limits.minutes_cap() == 1.5
    for name, read in (("CHARLAB_AT_ONCE", limits.at_once), ("CHARLAB_MINUTES", limits.minutes_cap)):
        for text in ("0", "many", "-1"):
            monkeypatch.setenv(name, text)
            with pytest.raises(ConfigError, match=name):
                read()
