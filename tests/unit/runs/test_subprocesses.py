"""The package's own command line in a child process: its document, its errors, its end."""

import sys

import pytest

from charlab.errors import UnavailableError
from charlab.runs import subprocesses


def test_the_document_is_the_last_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the package is found from any folder
    names = [row["name"] for row in subprocesses.document("presets", time_limit=60)]
    assert "quick-gru" in names


def test_an_error_is_the_childs_own_sentence():
    with pytest.raises(UnavailableError) as raised:
        subprocesses.document("evaluate", "no-such-model", "--corpus", "coin-flips", time_limit=60)
    assert "no-such-model" in str(raised.value) and not str(raised.value).startswith("charlab:")


def test_a_child_that_takes_too_long_is_ended():
    with pytest.raises(UnavailableError, match="longer than 0.01 seconds"):
        subprocesses.document("presets", time_limit=0.01)


def test_a_child_that_cannot_start_is_an_error_in_words(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(UnavailableError, match="/nowhere/python"):
        subprocesses.document("presets")


def test_a_started_child_writes_into_its_log(tmp_path):
    log = tmp_path / "log.txt"
    log.write_text("before\n", encoding="utf-8")
    child = subprocesses.start("evaluate", "no-such-model", "--corpus", "coin-flips", log=log)
    assert child.wait(60) == 2
    child.stdin.close()
    lines = log.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "before" and "no-such-model" in lines[-1]
