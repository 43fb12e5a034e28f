"""The start of a run: what is shown of it, and how long it is expected to take."""

import time

import pytest

from charlab.runs import startup, store
from charlab.runs.store import Status
from helpers.tiny import make_run, ngram_run


def starting(doing: str = "tensorflow", seconds_ago: float = 0.0, **status) -> Status:
    began = time.time() - seconds_ago
    return Status(**{"state": "running", "start_up": startup.under_way(doing, began, warm=False)} | status)


@pytest.mark.parametrize(
    ("seconds_ago", "words", "share"),
    [
        (0.0, "Starting TensorFlow: about 5 s", 0.0),
        (2.5, "Starting TensorFlow: about 3 s", 0.5),
        (60.0, "Starting TensorFlow ...", 0.95),
    ],
)
def test_a_start_is_shown_with_what_is_left_of_it(seconds_ago, words, share):
    shown = startup.shown(starting(seconds_ago=seconds_ago), expected=5.0)
    assert shown.words == words and shown.share == pytest.approx(share, abs=0.02)


def test_only_a_run_that_starts_is_shown_as_starting():
    assert startup.shown(starting("text"), 5.0).words.startswith("Reading the text")
    for status in (
        Status("queued"),
        Status("running", start_up=startup.ended(time.time() - 3, warm=True)),
        starting(state="failed"),
    ):
        assert startup.shown(status, 5.0) is None


def test_the_expected_length_is_the_median_of_the_latest_starts_of_its_kind():
    assert startup.expected_seconds([]) == 5.0 and startup.expected_seconds([], warm=True) == 2.0
    runs = []
    for seconds, warm in ((9.0, False), (1.5, True), (4.0, False), (6.0, False), (100.0, False), (5.0, False)):
        run = make_run(name=f"after {seconds}")
        run.write_status(Status("done", start_up={"seconds": seconds, "warm": warm}))
        runs.append(run)
    old = [make_run(name="before starts were measured")] * 20
    assert startup.expected_seconds(runs) == 6.0
    assert startup.expected_seconds([*old, *runs[:1], *[runs[2]] * 5, *[runs[4]] * 9]) == 4.0
    assert startup.expected_seconds(runs, warm=True) == 1.5
    counted = ngram_run()  # without TensorFlow
    counted.write_status(Status("done", start_up={"seconds": 0.5, "warm": False}))
    assert startup.expected_seconds([counted]) == 5.0
    unreadable = store.Run(runs[0].path / "nowhere")
    assert startup.expected_seconds([unreadable]) == 5.0
