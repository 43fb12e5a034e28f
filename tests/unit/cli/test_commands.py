"""What a training in the terminal says while it starts, and at its end."""

import argparse
import sys

from charlab.cli import commands
from charlab.runs import startup
from helpers.tiny import make_run


def test_a_start_is_told_in_a_terminal_only(monkeypatch, capsys):
    for is_terminal in (True, False):
        monkeypatch.setattr(sys.stderr, "isatty", lambda is_terminal=is_terminal: is_terminal)
        for doing in startup.DOING.values():
            commands.show_event({"event": "start_up", "doing": doing})
        said = capsys.readouterr().err
        assert said.count("\r") == said.count(" ...") == (3 if is_terminal else 0)
        assert ("\rStarting TensorFlow ..." in said) == is_terminal
        assert len({len(words) for words in said.split("\r")[1:]}) <= 1  # nothing stays of a longer one


def test_a_run_of_few_steps_says_so_at_its_end(capsys):
    reason = "Only 12 steps in 1 minute of training: train longer, or choose a smaller model."
    for state, is_told in (("done", True), ("stopped", False)):
        run = make_run(state=state, reason=reason, results={"steps": 12})
        document = commands.show_end(run, run.recorded_status(), argparse.Namespace(json=False))
        printed = capsys.readouterr()
        assert (reason in printed.err.splitlines()) == is_told and printed.out == "steps: 12\n"
        assert document["steps"] == 12
