"""Runs for devices, and devices in Python on this process's server."""

from __future__ import annotations

from typing import Any

from benchmarks.fake_device import FakeDevice
from charlab.browser import device_runs
from charlab.core.config import ModelConfig, TrainConfig
from charlab.corpora import catalogue
from charlab.runs import credentials, plan
from charlab.runs.permissions import STUDENT, Actor
from charlab.runs.store import Run
from helpers import asgi
from helpers.tiny import TINY
from pages.parts.shared import routes

ANNA, BEN = Actor(STUDENT, "a" * 16), Actor(STUDENT, "b" * 16)
TRAIN = TrainConfig(accelerator="device", minutes=0.5, batch_size=8, sequence_length=32, seed_text="ab")


def queued(actor: Actor = ANNA, train: TrainConfig = TRAIN, model: ModelConfig = TINY["gru"]) -> Run:
    """A run that waits for the device of a student."""
    return plan.plan_run(catalogue.load("coin-flips"), "custom", model, train).create(actor)


def cookie_of(actor: Actor) -> dict[str, str]:
    """The header that names a student's browser."""
    return {"Cookie": f"charlab_name={credentials.signed(actor.owner)}"}


def device_of(run: Run, actor: Actor = ANNA) -> FakeDevice:
    """The device of a browser that opens the run on this process's server."""
    secret = device_runs.pool().open(run, actor)

    def ask(method: str, path: str, headers: dict[str, str], body: bytes) -> asgi.Answer:
        return asgi.ask(routes.routes(), method, path, cookie_of(actor) | headers, [body])

    return FakeDevice(ask, run.id, secret)


def training(run: Run, clock: Any, steps: int = 3) -> FakeDevice:
    """A device that has taken steps, a second and a message each."""
    device = device_of(run)
    device.begin()
    for _ in range(steps):
        clock.now += 1
        device.take_steps()
        assert device.report(with_weights=True).status_code == 200
    return device


def grade_all(server):
    """Evaluate all weights that wait for it."""
    while server.grade_next():
        pass


def steps_of(run, kind="step"):
    """The steps of a run's events of one kind."""
    return [event["step"] for event in run.events()[0] if event["event"] == kind]
