"""Every command answers with a sentence where it is asked for a damaged run, and goes on where it is not."""

import json

import pytest

from charlab import cli
from charlab.runs import control, store
from charlab.runs.permissions import OPERATOR
from helpers import damages
from helpers.runs import all_runs
from helpers.tiny import make_run

TEXT = "the quick brown fox.\n" * 100
WITHOUT_METRICS = damages.RUN | damages.WEIGHTS


@pytest.fixture
def run() -> store.Run:
    result = make_run(state="paused")
    for event in damages.EVENTS:
        result.append_event(event)
    return result


@pytest.fixture
def answer(capsys):
    """The exit code of a command, and what it says."""

    def run(*words):
        code = cli.main([*map(str, words)])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.out + captured.err
        return code, captured.out if code == 0 else captured.err

    return run


def refused(answer, *words) -> None:
    code, said = answer(*words)
    assert code == 2 and said.startswith("charlab: ") and "cannot be read: " in said, said
    assert said.count("\n") == 1


@pytest.mark.parametrize("name", damages.ALL)
def test_a_damaged_run_is_refused_where_it_is_read(name, run, answer, tmp_path):
    damages.ALL[name](run)
    (tmp_path / "text.txt").write_text(TEXT, encoding="utf-8")
    reading = (
        ("generate", run.id, "--length", 5),
        ("explain", run.id, "--text", "the"),
        ("evaluate", run.id, "--corpus", tmp_path / "text.txt"),
    )
    for words in reading:
        if name in WITHOUT_METRICS:
            refused(answer, *words)
        else:
            assert answer(*words)[0] == 0
    refused(answer, "export", run.id, "--format", "bundle", "--to", tmp_path / "model.zip")
    assert not (tmp_path / "model.zip").exists()


@pytest.mark.parametrize("name", damages.RUN | damages.METRICS)
def test_resume_changes_nothing_of_a_damaged_run(name, run, answer):
    damages.ALL[name](run)
    before = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file() and path.name != "lock"}
    refused(answer, "resume", run.id)
    after = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file() and path.name != "lock"}
    assert after == before


def test_models_lists_what_cannot_be_read_one_line_each(answer, capsys):
    sound = make_run(name="Sound")
    for number, damage in enumerate(damages.RUN.values()):
        run = make_run(name=f"damaged {number}")
        damage(run)
    code, said = answer("models")
    lines = [line for line in said.splitlines() if "cannot be read: " in line]
    assert code == 0 and len(lines) == len(damages.RUN) and sound.id in said
    assert cli.main(["models", "--json"]) == 0
    captured = capsys.readouterr()
    assert [row["name"] for row in json.loads(captured.out) if row["where"] == "run"] == [sound.id]
    assert captured.err.count("cannot be read: ") == len(damages.RUN)


@pytest.mark.parametrize("name", ["x" * 600, "a\0b", "x" * 5000, ""])
def test_a_name_that_no_run_can_have_is_no_traceback(name, answer):
    code, said = answer("generate", name)
    assert code == 2 and "There is no model" in said


@pytest.mark.parametrize("lock", ["lock", "log.txt", "a folder"])
def test_a_lock_that_is_no_file_is_said_and_can_be_deleted(lock, answer):
    run = make_run(state="running")
    path = run.path / "lock"
    path.unlink(missing_ok=True)
    run.log_path.write_text("As before.", encoding="utf-8")
    path.mkdir() if lock == "a folder" else path.symlink_to(run.path / lock)  # a link to itself, or to a file
    refused(answer, "pause", run.id)
    refused(answer, "generate", run.id)
    assert answer("models")[0] == 0
    store.delete(run)
    assert not run.path.exists()


HOSTILE = [
    "x" * 600,
    "<b>&amp;",
    "../..",
    "a\nb\tc",
    "'; --",
    "🦊" * 80,
    "\u202e\u0301",
    "名前",
    "|*_`$x$",
    " a ",
    ".",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_written_is_accepted_again(name, answer, tmp_path):
    """Under any name: a run of an earlier version may have a longer one than is set now."""
    run = make_run(name=name)
    assert answer("export", run.id, "--format", "bundle", "--to", tmp_path / "model.zip")[0] == 0
    assert answer("import", tmp_path / "model.zip")[0] == 0
    names = [other.config().name for other in all_runs()]
    assert names == [name, name]


@pytest.mark.parametrize("name", ["x" * 81, "a\0b", "\x1b[31m", "\udcff", "   "])
def test_a_name_that_could_not_be_read_again_is_refused_where_it_is_set(name, answer, tmp_path):
    (tmp_path / "text.txt").write_text(TEXT, encoding="utf-8")
    code, said = answer("train", "--corpus", tmp_path / "text.txt", "--preset", "ngram", "--name", name)
    assert code == 2 and "A name must" in said and not list(all_runs())
    run = make_run()
    with pytest.raises(control.RunError, match="A name must"):
        control.rename(run, OPERATOR, name)
    assert run.config().name == "tiny"
