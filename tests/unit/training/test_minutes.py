"""A budget in minutes is minutes of training, over all sessions of a run."""

import time

import pytest

from charlab.runs.stop_signal import StopSignal
from helpers.training_runs import StopAfter, events, make, train


def test_minutes_are_minutes_of_training(fake, monkeypatch):
    """Three seconds from the end of the first step to that of the last; the start and the last evaluation, which
    take longer, do not count, and the learning rate falls with that clock."""
    fake.step_seconds = 0.02
    evaluate = fake.evaluate
    monkeypatch.setattr(fake, "evaluate", lambda self, *rows: (time.sleep(0.2), evaluate(self, *rows))[1])
    run = make(minutes=0.05, epochs=1, learning_rate_schedule="cosine", steps_per_epoch=1000, batches="windows")
    status = train(run, started=time.time() - 100)
    assert status.state == "done" and status.total_steps is None and status.reason == ""
    assert status.seconds == status.results["seconds"] == pytest.approx(3.0, abs=0.3)
    assert status.ended - status.start_up["seconds"] - (status.started + 3.0) > 0.3  # the last evaluation
    assert 100 < status.start_up["seconds"] < 110 and not status.start_up["warm"]
    rates = fake.made.rates
    assert rates == sorted(rates, reverse=True) and rates[0] == 0.02 and rates[-1] < 0.02 * 0.05
    assert events(run, "epoch")[0]["seconds"] == 0.0 and events(run, "epoch")[-1]["seconds"] == status.seconds
    assert run.weights("last")
    assert status.results["steps"] == len(rates) > 50  # `epochs` does not count


def test_the_last_step_is_in_the_status_before_the_last_evaluation(fake, monkeypatch):
    fake.step_seconds = 0.02
    seen, evaluate, run = [], fake.evaluate, make(minutes=0.05, steps_per_epoch=1000, batches="windows")
    monkeypatch.setattr(
        fake, "evaluate", lambda self, *rows: (seen.append(run.recorded_status()), evaluate(self, *rows))[1]
    )
    status = train(run)
    assert seen[-1].step == status.step and seen[-1].seconds == status.seconds


def test_a_resumed_run_goes_on_with_the_minutes_that_it_had_left(fake):
    fake.step_seconds = 0.02
    run = make(minutes=0.05, learning_rate_schedule="cosine")
    first = train(run, started=time.time() - 100, stop=StopAfter(60, "pause"))
    assert first.state == "paused" and 1.0 < first.seconds < 2.5
    assert first.seconds_left == pytest.approx(3.0 - first.seconds, abs=1.2)  # written about once a second
    second = train(run, started=time.time() - 100)
    assert second.state == "done" and second.seconds == pytest.approx(3.0, abs=0.3)


def test_a_limit_as_long_as_the_budget_ends_a_run_as_done(fake):
    """Its learning rate has come to its end; a limit below the budget stops it."""
    fake.step_seconds = 0.05
    for cap, state in ((3.0, "done"), (1.0, "stopped")):
        stop = StopSignal()
        stop.stop_after(cap, "The time is up.")
        run = make(minutes=0.05, learning_rate_schedule="cosine")
        status = train(run, stop=stop)
        assert status.state == state and status.seconds == pytest.approx(cap, abs=0.3)
        assert (fake.made.rates[-1] < 0.02 * 0.05) == (state == "done")


@pytest.mark.slow
def test_a_run_of_minutes_with_few_steps_says_so(fake):
    fake.step_seconds = 0.5
    status = train(make(minutes=0.05))
    assert status.state == "done" and 5 <= status.step <= 9
    assert status.reason == (
        f"Only {status.step} steps in 0.05 minutes of training: train longer, or choose a smaller model."
    )
    assert train(make(epochs=1)).reason == ""
    stop = StopSignal()
    stop.stop_after(3.0, "The server's limit.")
    status = train(make(minutes=0.05), stop=stop)
    assert status.reason == f"Only {status.step} steps in 0.05 minutes of training: choose a smaller model."


def test_the_time_of_earlier_sessions_counts(fake):
    run = make()
    first = train(run, started=time.time() - 100, stop=StopAfter(3, "pause"))
    assert first.seconds < 10
    second = train(run)
    assert first.seconds < second.results["seconds"] < 20
    assert second.started == first.started
