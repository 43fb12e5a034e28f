"""Pages that list runs: they read them once for all sessions, and show what has happened to them since."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from streamlit.testing.v1 import AppTest

from charlab import files
from charlab.runs import control, schema
from charlab.runs.permissions import OPERATOR
from helpers.pages import PAGES, open_page, shown
from helpers.project import ROOT
from helpers.tiny import make_run

LISTING = [name for name in PAGES if name != "labs"]  # which lists the runs of its labs


@pytest.fixture
def reads(monkeypatch) -> list[str]:
    """The runs whose files are really read, as often as one is."""
    found, read = [], schema.read

    def spy(path, *more):
        found.append(path.parent.name)
        return read(path, *more)

    monkeypatch.setattr(schema, "read", spy)
    monkeypatch.setattr(files, "_SETTLED_NS", 0)  # as if every file had been written long ago
    return found


def listed(app: AppTest) -> str:
    """All that a page says of runs and models, its pickers included."""
    return "\n".join([shown(app), *(str(option) for box in app.selectbox for option in box.options)])


@pytest.mark.parametrize("name", LISTING)
def test_the_next_visitor_costs_no_reading_of_runs(name, reads):
    runs = [make_run(name=f"Number {number}") for number in range(6)]
    assert not open_page(name).exception and len(set(reads)) >= len(runs)
    reads.clear()
    assert not open_page(name).exception
    assert set(reads) <= {runs[-1].id}  # the newest is shown in full, by Train


@pytest.mark.parametrize("name", LISTING)
def test_what_another_process_does_to_a_run_is_shown_within_a_second(name):
    run = make_run(name="Before")
    app = open_page(name)
    assert "Before" in listed(app)
    program = (
        "import dataclasses, sys\nfrom charlab.runs.store import Run\nrun = Run(sys.argv[1])\n"
        "run.write_config(dataclasses.replace(run.config(), name='After'))"
    )
    subprocess.run([sys.executable, "-c", program, str(run.path)], check=True, cwd=ROOT, timeout=60)
    written = time.monotonic()
    while "After" not in listed(app.run()):
        assert time.monotonic() - written < 1.0
    assert not app.exception


@pytest.mark.parametrize("name", LISTING)
def test_what_happens_in_another_session_is_shown_at_once(name):
    first, second = make_run(name="Apple"), make_run(name="Pear")
    app = open_page(name)
    control.rename(first, OPERATOR, "Renamed")
    assert "Renamed" in listed(app.run()) and "Apple" not in listed(app)
    control.delete(first, OPERATOR)
    assert "Renamed" not in listed(app.run()) and "Pear" in listed(app)
    (second.path / "config.json").write_text("[]")  # in place, as nothing of CharLab does it
    written = time.monotonic()
    while "cannot be read" not in listed(app.run()):
        assert time.monotonic() - written < 1.0
    assert not app.exception
