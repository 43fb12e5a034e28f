"""What was typed counts: a value that reaches the server together with the press of a button is the one used."""

import pytest

from charlab.core.config import TrainConfig
from charlab.runs import checkpoints
from charlab.runs.store import RunConfig
from helpers.pages import open_page, open_popover, press
from helpers.tiny import make_run


def test_a_name_that_comes_with_the_press_is_the_new_one():
    run = make_run(name="Before")
    app = open_page("train", run=run.id)
    app.text_input(key=f"name-{run.id}").set_value("After")
    press(app, "Save name")
    assert run.config().name == "After"


@pytest.mark.parametrize("in_minutes", [False, True])
def test_what_to_train_longer_comes_with_the_press(in_minutes, monkeypatch):
    monkeypatch.setattr(checkpoints, "exists", lambda run: True)  # a worker writes one; nothing reads it here
    monkeypatch.setattr(checkpoints, "load", lambda run: None)
    run = make_run(state="done", epoch=2.0, seconds=60.0)
    train = TrainConfig(epochs=2, minutes=1.0 if in_minutes else None, seed_text="the ")
    run.write_config(RunConfig(**run.config().__dict__ | {"train": train}))
    app = open_page("train", run=run.id)
    app.number_input(key=f"more-{run.id}").set_value(3)
    press(app, "Train")
    assert not app.error and run.status().state == "queued"
    longer = run.config().train
    assert (longer.minutes, longer.epochs) == ((4.0, 2) if in_minutes else (None, 5))


def custom(kind: str, **more: str):
    app = open_page("train", corpus="coin-flips", preset="custom", **{"custom.kind": kind}, **more)
    open_popover(app, "advanced")
    assert not app.exception
    return app


@pytest.mark.parametrize(("kind", "most"), [("gru", 4), ("lstm", 4), ("transformer", 12)])
def test_the_form_offers_as_many_layers_as_the_kind_takes(kind, most):
    app = custom(kind, **{"custom.layers": "12"})
    box = app.number_input(key="custom.layers")
    assert (box.max, box.value) == (most, most) and not app.error
    app.selectbox(key="custom.kind").set_value("gru").run()
    assert not app.exception and app.number_input(key="custom.layers").value == 4


def test_a_custom_ngram_model_is_offered_neither_accelerator_nor_epochs():
    app = custom("ngram")
    assert not [slider for slider in app.slider if slider.label in ("Epochs", "Minutes")]
    accelerators = [box for box in app.selectbox if box.label == "Accelerator"]
    assert all(box.disabled for box in accelerators)
    app.selectbox(key="custom.kind").set_value("gru").run()
    assert [slider for slider in app.slider if slider.label in ("Epochs", "Minutes")]
