"""What needs a fresh TensorFlow runs in a process of its own; the reasons are tried with pretended machines."""

import json
import os
import subprocess
import sys

import pytest

from charlab import accelerators
from charlab.config import ACCELERATORS
from charlab.errors import ConfigError, UnavailableError


def run_python(code, **environment):
    """What a fresh interpreter prints last, as JSON."""
    result = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"} | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


def test_mirrored_divides_the_cpu_where_there_are_no_gpus_and_only_before_the_start():
    replicas, again, late = run_python(
        """
import json
from charlab import accelerators
from charlab.errors import UnavailableError
strategy = accelerators.choose("mirrored")
again = accelerators.choose("mirrored").num_replicas_in_sync
import subprocess, sys
late = '''
import tensorflow as tf
from charlab import accelerators
tf.zeros(1) + 1
try:
    accelerators.choose("mirrored")
except accelerators.UnavailableError as error:
    print(error)
'''
words = subprocess.run([sys.executable, "-c", late], capture_output=True, text=True).stdout
print(json.dumps([strategy.num_replicas_in_sync, again, words]))
"""
    )
    assert (replicas, again) == (2, 2)
    assert "before TensorFlow has started" in late


def test_auto_and_cpu_are_the_default_strategy_on_a_machine_with_nothing_else():
    names = run_python(
        """
import json
import tensorflow as tf
from charlab import accelerators
strategies = [accelerators.choose(name) for name in ("auto", "cpu")]
print(json.dumps([strategy is tf.distribute.get_strategy() for strategy in strategies]))
"""
    )
    assert names == [True, True]


def test_the_first_of_several_machines_is_chief(monkeypatch):
    for cluster, kind, index, chief in (
        ({"worker": ["a:1", "b:1"]}, "worker", 0, True),
        ({"worker": ["a:1", "b:1"]}, "worker", 1, False),
        ({"chief": ["a:1"], "worker": ["b:1"]}, "worker", 0, False),
        ({"chief": ["a:1"], "worker": ["b:1"]}, "chief", 0, True),
    ):
        config = {"cluster": cluster, "task": {"type": kind, "index": index}}
        monkeypatch.setenv("TF_CONFIG", json.dumps(config))
        assert accelerators.is_chief("multi-worker") == chief
        assert accelerators.is_chief("cpu")  # TF_CONFIG may be there for others


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
        accelerators.choose("multi-worker")


def test_what_is_not_there_is_refused_with_what_to_do(monkeypatch):
    monkeypatch.setattr(accelerators, "_gpus", list)
    monkeypatch.delenv("TPU_NAME", raising=False)
    with pytest.raises(UnavailableError, match="One GPU.*pip install"):
        accelerators.choose("gpu")
    with pytest.raises(UnavailableError, match="TPU.*cannot be used here.*hoose another"):
        accelerators.choose("tpu")
    with pytest.raises(ConfigError, match="Received: 'abacus'"):
        accelerators.choose("abacus")


def test_without_tensorflow_the_reason_is_given(monkeypatch):
    monkeypatch.setattr(accelerators.importlib.util, "find_spec", lambda name: None)
    for call in (accelerators.survey, accelerators.choose):
        with pytest.raises(UnavailableError, match="TensorFlow is not installed.*requirements.txt"):
            call()


def test_auto_takes_the_best_there_is(monkeypatch):
    for tpu, gpus, best in ((True, 8, "tpu"), (False, 8, "mirrored"), (False, 1, "gpu"), (False, 0, "cpu")):
        monkeypatch.setattr(accelerators, "_gpus", lambda gpus=gpus: [None] * gpus)
        monkeypatch.setattr(accelerators, "_why_no_tpu", lambda tpu=tpu: "" if tpu else "none here")
        monkeypatch.setitem(accelerators._REASONS, best, lambda: "")
        monkeypatch.setitem(accelerators._MAKERS, best, lambda best=best: best)
        assert accelerators.choose("auto") == best


def test_the_survey_names_all_with_a_reason_for_each_that_is_missing(monkeypatch):
    monkeypatch.setattr(accelerators, "_gpus", list)
    monkeypatch.delenv("TF_CONFIG", raising=False)
    found = {row["name"]: row for row in accelerators.survey()}
    assert tuple(found) == ACCELERATORS
    for row in found.values():
        assert row["available"] == (row["reason"] == "")
        assert row["title"]
    assert found["cpu"]["available"] and found["mirrored"]["available"] and found["auto"]["available"]
    assert not found["gpu"]["available"] and not found["multi-worker"]["available"]
    assert found["auto"]["title"].endswith("CPU")
    json.dumps(list(found.values()))
