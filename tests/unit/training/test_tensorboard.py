import pytest

from charlab.training import tensorboard
from helpers.tiny import make_run


def test_figures_stand_in_the_log_at_their_steps():
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = make_run()
    board = tensorboard.TensorBoardWriter(run, run.config())
    board.add({"event": "step", "step": 5, "loss": 2.0, "accuracy": 0.3, "learning_rate": 0.01})
    board.add({"event": "epoch", "epoch": 1, "step": 10, "loss": 1.9, "val_loss": 1.5, "val_accuracy": 0.4})
    board.add({"event": "sample", "epoch": 1, "step": 10, "text": "abc"})
    board.close()
    board.close()
    log = EventAccumulator(str(run.tensorboard_path))
    log.Reload()
    read = {
        tag: [(e.step, pytest.approx(e.tensor_proto.float_val[0])) for e in log.Tensors(tag)]
        for tag in log.Tags()["tensors"]
    }
    assert read == {
        "loss/training": [(5, 2.0)],
        "accuracy/training": [(5, 0.3)],
        "learning_rate": [(5, 0.01)],
        "loss/validation": [(10, 1.5)],
        "accuracy/validation": [(10, 0.4)],
    }


def test_without_tensorboard_nothing_is_written(monkeypatch):
    monkeypatch.setattr(tensorboard.importlib.util, "find_spec", lambda name: None)
    run = make_run()
    board = tensorboard.TensorBoardWriter(run, run.config())
    board.add({"event": "step", "step": 5, "loss": 2.0})
    board.close()
    assert not run.tensorboard_path.exists()
