import os

import pytest

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
