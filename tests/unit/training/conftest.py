import pytest

from helpers.fake_learner import FakeLearner


@pytest.fixture
def fake(monkeypatch):
    module = pytest.importorskip("charlab.training.learner")
    monkeypatch.setattr(module, "Learner", FakeLearner)
    for name, value in (("val_losses", [3.0, 2.5, 2.0, 1.5]), ("losses", [2.0]), ("step_seconds", 0.0)):
        monkeypatch.setattr(FakeLearner, name, value)
    return FakeLearner
