"""Accelerators. What needs a fresh TensorFlow runs in its own process; reasons are tested with fake machines."""

import json
import os
import subprocess
import sys

import pytest

from charlab.core.config import ACCELERATORS
from charlab.errors import ConfigError, UnavailableError
from charlab.runs import devices
from charlab.training import strategies

FRESH = """
import json
import tensorflow as tf
from charlab.training import strategies
alone = [strategies.choose(name) is tf.distribute.get_strategy() for name in ("auto", "cpu")]
replicas = [strategies.choose("mirrored").num_replicas_in_sync for _ in range(2)]
print(json.dumps([alone, replicas, len(tf.config.list_logical_devices("CPU"))]))
"""


def test_a_machine_with_nothing_else_has_the_default_strategy_and_a_cpu_to_divide():
    result = subprocess.run(
        [sys.executable, "-c", FRESH],
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr
    alone, replicas, cpus = json.loads(result.stdout.splitlines()[-1])
    assert alone == [True, True]
    assert replicas == [2, 2] and cpus == 2


def test_the_cpu_is_divided_only_before_tensorflow_starts(monkeypatch):
    import tensorflow as tf

    monkeypatch.setattr(strategies, "_gpus", list)
    assert len(tf.config.list_logical_devices("CPU")) == 1  # which starts it
    with pytest.raises(UnavailableError, match="before TensorFlow has started"):
        strategies.choose("mirrored")


@pytest.mark.parametrize(
    "config",
    [
        "",
        "nonsense",
        "{}",
        '{"cluster": {}, "task": {"type": "worker", "index": 0}}',
        '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}',
    ],
)
def test_several_machines_need_tf_config(config, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", config)
    with pytest.raises(UnavailableError, match="TF_CONFIG.*on every machine"):
        strategies.choose("multi-worker")


def test_what_is_not_there_is_refused_with_what_to_do(monkeypatch):
    monkeypatch.setattr(strategies, "_gpus", list)
    monkeypatch.delenv("TPU_NAME", raising=False)
    with pytest.raises(UnavailableError, match="One GPU.*pip install"):
        strategies.choose("gpu")
    with pytest.raises(UnavailableError, match="TPU.*cannot be used here.*hoose another"):
        strategies.choose("tpu")
    for call in (strategies.check, strategies.choose):
        with pytest.raises(UnavailableError, match="on the Train page, in that browser. For this machine choose"):
            call("device")
    with pytest.raises(ConfigError, match="Received: 'abacus'"):
        strategies.choose("abacus")


def test_without_tensorflow_the_reason_is_given(monkeypatch):
    monkeypatch.setattr(strategies.importlib.util, "find_spec", lambda name: None)
    for call in (strategies.survey, strategies.choose):
        with pytest.raises(UnavailableError, match="TensorFlow is not installed.*requirements.txt"):
            call()


def test_auto_takes_the_best_there_is(monkeypatch):
    for tpu, gpus, best in ((True, 8, "tpu"), (False, 8, "mirrored"), (False, 1, "gpu"), (False, 0, "cpu")):
        monkeypatch.setattr(strategies, "_gpus", lambda gpus=gpus: [None] * gpus)
        monkeypatch.setattr(strategies, "_why_no_tpu", lambda tpu=tpu: "" if tpu else "none here")
        monkeypatch.setitem(strategies._REASONS, best, lambda: "")
        monkeypatch.setitem(strategies._MAKERS, best, lambda best=best: best)
        assert strategies.choose("auto") == best


def test_the_survey_names_all_with_a_reason_for_each_that_is_missing(monkeypatch):
    monkeypatch.setattr(strategies, "_gpus", list)
    monkeypatch.delenv("TF_CONFIG", raising=False)
    found = {row["name"]: row for row in strategies.survey()}
    assert (*found, devices.NAME) == ACCELERATORS
    for row in found.values():
        assert row["available"] == (row["reason"] == "")
        assert row["title"]
    assert found["cpu"]["available"] and found["mirrored"]["available"] and found["auto"]["available"]
    assert not found["gpu"]["available"] and not found["multi-worker"]["available"]
    assert found["auto"]["title"].endswith("CPU")
    json.dumps(list(found.values()))
