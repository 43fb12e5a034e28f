import pytest

from charlab.core.config import TrainConfig
from charlab.runs import budget
from charlab.runs.budget import Budget, learning_rate, log_interval
from charlab.runs.checkpoints import Progress

COSINE = TrainConfig(learning_rate=0.5, learning_rate_schedule="cosine", warm_up_steps=4)


def test_the_rate_warms_up_in_a_line_and_falls_along_a_cosine():
    rates = [learning_rate(COSINE, step, progress=0.0) for step in range(6)]
    assert rates == pytest.approx([0.125, 0.25, 0.375, 0.5, 0.5, 0.5])
    falling = [learning_rate(COSINE, 100, progress / 10) for progress in range(11)]
    assert falling == sorted(falling, reverse=True)
    assert falling[5] == pytest.approx(0.5 * 0.505)  # half of the way from 1 to a hundredth
    assert falling[10] == pytest.approx(0.005)
    assert learning_rate(COSINE, 100, 1.5) == falling[10]


def test_a_constant_rate_is_constant():
    constant = TrainConfig(learning_rate=0.5)
    assert {learning_rate(constant, step, step / 100) for step in range(100)} == {0.5}


def test_a_budget_in_epochs_counts_steps():
    budget = Budget(TrainConfig(epochs=3), steps_per_epoch=10)
    assert budget.total_steps == 30
    assert [budget.progress(step, seconds=1e9) for step in (0, 15, 30)] == [0.0, 0.5, 1.0]
    assert not budget.is_spent(29, 1e9) and budget.is_spent(30, 0.0)


def test_a_budget_in_minutes_looks_at_the_clock_and_ends_with_the_nearest_step():
    budget = Budget(TrainConfig(epochs=3, minutes=1.0), steps_per_epoch=10)
    assert budget.total_steps is None
    assert budget.progress(step=10_000, seconds=30.0) == 0.5
    assert not budget.is_spent(10_000, 59.9) and budget.is_spent(10_000, 60.0)
    assert budget.is_spent(10_000, 59.0, step_seconds=3.0)  # nearer than 62
    assert not budget.is_spent(10_000, 57.0, step_seconds=5.0)  # 62 is nearer
    assert not budget.is_spent(0, 1e9)  # one step is always taken


def test_the_clock_runs_from_the_end_of_the_first_step_to_that_of_the_last(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(budget.time, "monotonic", lambda: now[0])
    clock = budget.Clock()
    clock.continue_from(7.0)
    shown = [clock.seconds()]
    for moment, acts in (
        (130.0, [clock.step_ended]),
        (140.0, []),
        (150.0, [clock.step_ended]),
        (190.0, [clock.stop]),
    ):
        now[0] = moment
        for act in acts:
            act()
        shown.append(clock.seconds())
    assert shown == [7.0, 7.0, 17.0, 27.0, 27.0]  # tracing until 130 and evaluating after 150 do not count


def test_a_clock_of_a_session_without_a_step_shows_what_earlier_ones_took():
    clock = budget.Clock()
    clock.continue_from(7.0)
    clock.stop()
    assert clock.seconds() == 7.0


def test_about_fifty_events_an_epoch_and_no_more_than_twenty_steps_apart():
    assert [log_interval(steps) for steps in (1, 49, 50, 245, 999, 1000, 31_000)] == [1, 1, 1, 4, 19, 20, 20]


def test_the_stopwatch_leaves_out_the_first_lap_and_all_that_is_not_training(monkeypatch):
    clock = iter([0.0, 100.0, 101.0, 150.0, 152.0])
    monkeypatch.setattr(budget.time, "perf_counter", lambda: next(clock))
    watch = budget.Stopwatch(characters_per_step=30)
    assert watch.is_first()
    assert watch.lap(1) == 0.0 and not watch.is_first()  # compiling: 0 to 100
    assert watch.lap(2) == 1.0  # 100 to 101
    assert watch.characters_per_second == 60.0 and watch.step_seconds == 0.5
    watch.restart()  # at 150, after an evaluation
    assert watch.lap(4) == 2.0


def test_progress_goes_through_numbers_unchanged():
    progress = Progress(step=7, seconds=1.1, epoch_loss=0.1 + 0.2, best_val_loss=float("inf"), best_epoch=2)
    again = Progress.from_numbers(progress.to_numbers())
    assert repr(again) == repr(progress)  # NaN included, which equals nothing
