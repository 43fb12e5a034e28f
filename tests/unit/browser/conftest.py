"""A class's server for devices, whose clock and threads are the tests'."""

import pytest

from charlab.browser import device_runs
from charlab.runs import recorder, stop_signal, writers
from pages.parts.train import device_route


class Clock:
    """A clock that the test sets."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture(scope="session")
def writer():
    found = writers.Writers(most=1)
    yield found
    found.close()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def server(monkeypatch, clock, writer):
    monkeypatch.setenv("CHARLAB_CLASS", "1")
    monkeypatch.setattr(stop_signal, "_CONTROL_SECONDS", -1.0)
    monkeypatch.setattr(recorder, "_STATUS_SECONDS", -1.0)
    monkeypatch.setattr(device_route, "_LEAST_SECONDS", 0.0)
    found = device_runs.DeviceRuns(clock=clock, writers_of=lambda: writer)
    monkeypatch.setattr(device_runs, "_POOL", found)
    yield found
    found.close()
