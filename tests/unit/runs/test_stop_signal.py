"""What ends a run early: sent by this process, written into control.json, or a time that has come."""

import pytest

from charlab.runs import stop_signal, store
from charlab.runs.stop_signal import StopSignal
from helpers.tiny import make_run


def test_without_any_request_training_goes_on():
    stop = StopSignal()
    assert stop.requested() is None and stop.reason == ""


def test_what_was_sent_first_counts():
    stop = StopSignal()
    stop.send("pause", "The server was stopped.")
    stop.send("stop", "Too late.")
    assert (stop.requested(), stop.reason) == ("pause", "The server was stopped.")


def test_a_request_in_control_json_may_change_and_be_taken_back(monkeypatch):
    monkeypatch.setattr(stop_signal, "_CONTROL_SECONDS", -1.0)
    run = make_run()
    stop = StopSignal(run)
    for request in (None, "pause", "stop", None):
        run.ask(request)
        assert (stop.requested(), stop.reason) == (request, "")


def test_control_json_is_read_four_times_a_second_at_most(monkeypatch):
    looks = []
    monkeypatch.setattr(store.Run, "request_and_reason", lambda run: looks.append(1) or (None, ""))
    stop = StopSignal(make_run())
    for _ in range(1000):
        stop.requested()
    assert 1 <= len(looks) <= 1 + 4


def test_what_was_sent_comes_before_control_json():
    run = make_run()
    run.ask("stop")
    stop = StopSignal(run)
    stop.send("pause", "The server was stopped.")
    assert (stop.requested(), stop.reason) == ("pause", "The server was stopped.")


@pytest.mark.parametrize("trained, request_", [(60.0, "stop"), (59.9, None)])
def test_a_limit_stops_once_so_many_seconds_were_trained(trained, request_):
    stop = StopSignal()
    stop.stop_after(60.0, "The time is up.")
    assert stop.requested(trained) == request_
    assert stop.reason == ("The time is up." if request_ else "")
