"""The Train page while a run starts, and what it tells the queue."""

import time

from charlab.core.config import TrainConfig
from charlab.runs import startup, store, warm
from helpers.pages import live, open_page, shown
from helpers.tiny import make_run


def bars(app) -> list[str]:
    return [live(app)["bar"]["words"]]


def test_a_start_is_shown_with_a_bar_until_the_first_step_has_ended():
    run = make_run(name="measured", state="done", start_up={"seconds": 40.0, "warm": False})
    run = make_run(state="running", start_up=startup.under_way("tensorflow", time.time() - 10, warm=False))
    run.write_config(store.RunConfig(**run.config().__dict__ | {"train": TrainConfig(minutes=1.0)}))
    with run.lock():
        (words,) = bars(open_page("train", run=run.id))
        assert words.startswith("Starting TensorFlow: about ") and 20 <= int(words.split()[-2]) <= 30
        run.write_status(store.Status("running", start_up={"seconds": 12.0, "warm": False}, seconds=6.0))
        assert bars(open_page("train", run=run.id)) == ["0:06 of 1:00 min, epoch 0.0"]


def test_a_run_of_few_steps_says_so():
    reason = "Only 12 steps in 1 minute of training: train longer, or choose a smaller model."
    run = make_run(state="done", reason=reason, step=12)
    assert reason in shown(open_page("train", run=run.id)).replace("\\", "")


def test_an_open_page_lets_a_process_stand_ready(monkeypatch):
    monkeypatch.setattr(warm, "_page_seen_at", float("-inf"))
    monkeypatch.setattr(warm, "_shown", None)
    monkeypatch.setattr(warm.memory, "free_bytes", lambda: 4e9)
    open_page("playground")
    assert not warm.is_wanted(3e9) and warm._shown is None
    open_page("train", corpus="coin-flips")
    assert warm.is_wanted(3e9)
    planned, _ = warm._shown
    assert (planned.text.name, planned.preset, planned.model.kind) == ("coin-flips", "quick-gru", "gru")
    open_page("train", corpus="coin-flips", preset="ngram")
    assert warm._shown is None
