"""What a process sets up before it works, checked in processes of its own where it cannot be undone here."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from charlab.core.config import ModelConfig
from charlab.training import process
from helpers.tiny import TINY


def printed(code: str, **environment: str) -> str:
    command = [sys.executable, "-c", f"import os; from charlab.training import process; {code}"]
    return subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.mark.skipif(not hasattr(os, "nice"), reason="Windows has no such number")
def test_a_worker_goes_behind_the_pages():
    assert int(printed("process.let_pages_go_first(); print(os.nice(0))")) == min(19, os.nice(0) + 10)


@pytest.mark.parametrize("chosen", ["0", "1"])
def test_what_somebody_chose_for_tensorflow_stays(chosen):
    code = "process.set_up_tensorflow(); print(os.environ['TF_ENABLE_ONEDNN_OPTS'])"
    assert printed(code, TF_ENABLE_ONEDNN_OPTS=chosen) == chosen


@pytest.mark.parametrize(("config", "one"), [(TINY["gru"], True), (ModelConfig(kind="gru", units=1024), False)])
def test_only_a_large_networks_products_take_more_than_one_thread(config, one):
    asked = SimpleNamespace(config=SimpleNamespace(model=config), predictor=SimpleNamespace(vocabulary_size=66))
    threads = lambda: {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}  # noqa: E731
    with threadpool_limits(2, user_api="blas"):
        before = threads()
        with process.blas_threads(asked):
            assert threads() == ({1} if one else before)
        assert threads() == before
