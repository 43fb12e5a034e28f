"""What pages and files say of a run that a device trains: who measured what."""

import itertools
import json

import pytest

from charlab.export import bundle
from charlab.runs import control, live, plan
from helpers.devices import BEN, device_of, queued, training
from helpers.tiny import make_run
from pages.parts.train import live_document
from pages.parts.train.live_document import Wanted

pytestmark = pytest.mark.usefixtures("server")


def legend(run, *others):
    chart = json.loads(
        live_document.make(Wanted(run.id, "nats", others=tuple(other.id for other in others))).chart
    )
    return [line["name"] for line in chart["data"]]


@pytest.fixture(autouse=True)
def read_anew(monkeypatch):
    monkeypatch.setattr(live_document, "SNAPSHOTS", live.Snapshots(clock=itertools.count().__next__))


def test_the_panel_says_what_the_device_reports(server, clock):
    run, other = queued(), make_run(name="Here")
    assert live_document.make(Wanted(run.id)).parts["queue"] == "Waiting for its device to begin."
    other.append_event({"event": "step", "step": 1, "epoch": 1, "loss": 2.0, "accuracy": 0.5})
    training(run, clock)
    assert server.grade_next()
    assert legend(run) == ["training, reported by the device", "validation"]
    name = run.config().name
    assert legend(other, run) == [
        f"{name}: training, reported by the device",
        f"{name}: validation",
        "this run: training",
    ]
    parts = live_document.make(Wanted(run.id, "nats")).parts
    assert "Training (reported by the device): on the text" in parts["caption"]
    assert "Validation, measured by this server: on the last 10% of the text" in parts["caption"]
    left, speed, validation = parts["figures"]
    assert left["help"] == speed["help"] == "Reported by the device that trains it."
    assert speed["value"] == "12,345" and validation["help"].startswith("The lowest validation loss so far")
    assert parts["next_text"] == "Next text with the next weights that the device sends."


def test_what_this_machine_trains_is_told_as_ever():
    run = make_run(state="running")
    run.append_event({"event": "step", "step": 1, "epoch": 1, "loss": 2.0, "accuracy": 0.5})
    assert legend(run) == ["training"]
    parts = live_document.make(Wanted(run.id, "nats")).parts
    assert "reported" not in json.dumps(parts) and "measured by this server" not in json.dumps(parts)


def test_the_model_card_says_who_trained_and_who_measured(server, clock):
    run = queued()
    device = training(run, clock)
    assert server.grade_next()
    device.end("failed")
    card = bundle.model_card(run)
    assert "A browser trained it on its own device" in card and "measured by the server" in card
    assert "tensorflow" not in card and "numpy" in card and "--accelerator" not in card
    assert "A browser trained it" not in bundle.model_card(make_run())


def test_a_run_that_moves_to_a_device_was_not_made_with_tensorflow():
    train = plan.preset("quick-gru").train.replace(minutes=1.0)
    run = queued(BEN, train)
    assert "keras" in run.config().versions
    control.move_to_device(run, BEN)
    assert "keras" not in run.config().versions and "charlab" in run.config().versions
    assert device_of(run, BEN).begin()["train"]["accelerator"] == "device"
