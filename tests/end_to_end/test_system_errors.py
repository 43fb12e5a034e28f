"""What the operating system refuses, and how a command ends then: exit code, one sentence, nothing half made."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from charlab.runs import checkpoints, store
from helpers.disks import fill, small_disk, without_rights
from helpers.project import ROOT
from helpers.runs import all_runs
from helpers.tiny import make_run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="devices, disks and signals of Linux")
TEXT = "the quick brown fox jumps over the lazy dog.\n" * 100


def charlab(*words, stdin=subprocess.DEVNULL, by=(), **more) -> subprocess.CompletedProcess:
    """Run a command; `environment` changes variables (None removes one), `by` starts it as another user."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | more.pop("environment", {})
    environment = {name: value for name, value in environment.items() if value is not None}
    more = {"stdout": subprocess.PIPE, "cwd": ROOT} | more
    return subprocess.run(
        [*by, sys.executable, "-m", "charlab", *words],
        env=environment,
        stdin=stdin,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        timeout=120,
        **more,
    )


def refused(result: subprocess.CompletedProcess, code: int, *words: str) -> None:
    """It ended with this code and one sentence that has these words."""
    lines = result.stderr.splitlines()
    assert result.returncode == code and len(lines) == 1, (result.returncode, result.stderr)
    assert lines[0].startswith("charlab: ") and lines[0].endswith((".", ")")), result.stderr
    for word in words:
        assert word in lines[0], result.stderr


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# Output


def test_a_reader_that_has_had_enough_ends_the_command():
    with subprocess.Popen(
        [sys.executable, "-m", "charlab", "generate", "ngram", "--length", "100000"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert len(process.stdout.read(20)) == 20
        process.stdout.close()
        said = process.stderr.read()
        assert process.wait(60) == 1
    assert said == "charlab: The output could not be written: the program that read it has ended.\n"


@pytest.mark.parametrize("words", [["presets"], ["models", "--json"], ["--help"], ["train", "--help"]])
def test_output_to_a_full_disk_is_a_sentence(words):
    with open("/dev/full", "w") as full:
        refused(charlab(*words, stdout=full), 1, "output could not be written: the disk is full")


@pytest.mark.parametrize("words", [["presets"], ["presets", "--json"]])
def test_closed_output_is_a_sentence(words):
    command = f'exec "{sys.executable}" -m charlab {" ".join(words)} >&-'
    result = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True, encoding="utf-8")
    refused(result, 1, "standard output is closed")


@pytest.mark.parametrize("closed", ["2>&-", "2>/dev/full"])
def test_messages_that_nobody_can_read_are_left_out_and_the_run_is_trained(closed):
    command = f'exec "{sys.executable}" -m charlab train --corpus coin-flips --preset ngram --json {closed}'
    result = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True, encoding="utf-8")
    (line,) = result.stdout.splitlines()
    assert result.returncode == 0 and store.find(json.loads(line)["run"]).status().state == "done"


# Signals


def ended_by(number: signal.Signals, words: list[str], **more) -> tuple[int, str]:
    """Send a signal to a command that waits for a pipe; returns its exit code and what it said."""
    reading, writing = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-m", "charlab", *words],
        cwd=ROOT,
        stdin=reading,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    ) as process:
        os.close(reading)
        os.write(writing, b"a few words")
        deadline = time.monotonic() + 60
        while b"pipe" not in (wait := Path(f"/proc/{process.pid}/wchan").read_bytes()) or b"read" not in wait:
            assert process.poll() is None and time.monotonic() < deadline, (process.poll(), wait)
            time.sleep(0.02)
        time.sleep(0.1)
        process.send_signal(number)
        said = process.communicate(timeout=60)[1]
        os.close(writing)
        return process.returncode, said


@pytest.mark.skipif(not Path("/proc/self/wchan").exists(), reason="where a process waits is read from Linux")
@pytest.mark.parametrize(("number", "code", "word"), [("SIGINT", 130, "Ctrl-C"), ("SIGTERM", 143, "SIGTERM")])
def test_a_command_that_is_interrupted_says_so_and_leaves_nothing(number, code, word):
    returned, said = ended_by(signal.Signals[number], ["train", "--corpus", "/dev/stdin", "--preset", "ngram"])
    assert returned == code and len(said.splitlines()) == 1 and word in said, said
    assert not list(all_runs())


def test_a_training_that_ctrl_c_stops_has_saved_its_model():
    settings = [f"--set={s}" for s in ("units=8", "embedding=0", "sequence_length=16", "batch_size=8")]
    command = ["train", "--corpus", "coin-flips", "--preset", "custom", "--epochs", "500", "--json", *settings]
    pytest.importorskip("tensorflow")
    with subprocess.Popen(
        [sys.executable, "-m", "charlab", *command],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        deadline = time.monotonic() + 120
        while not any(run.recorded_status().step for run in all_runs()):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, said = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in said, said
    (run,) = all_runs()
    assert json.loads(out)["run"] == run.id
    assert (run.status().state, run.status().reason) == ("stopped", "It was stopped with Ctrl-C.")
    assert "best" in run.weight_names() and not list(run.path.rglob(".*.tmp"))


# Folders


@pytest.fixture
def corpus(tmp_path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


def train(corpus: Path, **environment) -> subprocess.CompletedProcess:
    return charlab("train", "--corpus", str(corpus), "--preset", "ngram", environment=environment)


def test_a_runs_folder_that_is_a_file_is_named_with_its_variable(corpus, tmp_path):
    for place in (corpus, corpus / "below"):
        refused(train(corpus, CHARLAB_RUNS=str(place)), 1, f"The runs folder {place}", "CHARLAB_RUNS", "a folder")
    assert corpus.read_text(encoding="utf-8") == TEXT


def test_a_runs_folder_that_can_only_be_read_is_named_with_its_variable(corpus, tmp_path):
    with small_disk(tmp_path / "disk", read_only=True) as disk:
        refused(train(corpus, CHARLAB_RUNS=str(disk)), 1, str(disk), "is read-only", "CHARLAB_RUNS")
        refused(train(corpus, CHARLAB_RUNS=str(disk / "runs")), 1, "The runs folder", "CHARLAB_RUNS")
        assert not list(disk.iterdir())


def test_a_full_runs_folder_leaves_no_half_run(corpus, tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        fill(disk)
        refused(train(corpus, CHARLAB_RUNS=str(disk)), 1, "the disk is full", "CHARLAB_RUNS")
        assert [path.name for path in disk.iterdir()] == ["filler"]


def test_a_cache_without_room_is_named_and_no_run_is_made(corpus, tmp_path):
    corpus.write_text("Cafe\u0301 \n" + TEXT, encoding="utf-8")  # a text that is stored, with how it was read
    with small_disk(tmp_path / "disk") as disk:
        fill(disk)
        result = train(corpus, CHARLAB_CACHE=str(disk / "cache"))
        refused(result, 1, "cannot be stored", "the disk is full", "CHARLAB_CACHE")
        assert not [path for path in disk.rglob("*") if path.is_file() and path.name != "filler"]
    refused(train(corpus, CHARLAB_CACHE=str(corpus)), 2, "cannot be stored", "CHARLAB_CACHE")
    assert not list(all_runs())


def test_an_import_into_a_full_runs_folder_leaves_nothing(tmp_path):
    run = make_run()
    assert charlab("export", run.id, "--format", "bundle", "--to", str(tmp_path / "model.zip")).returncode == 0
    with small_disk(tmp_path / "disk") as disk:
        fill(disk, leave=8192)
        result = charlab("import", str(tmp_path / "model.zip"), environment={"CHARLAB_RUNS": str(disk)})
        refused(result, 1, "the disk is full", "CHARLAB_RUNS")
        assert [path.name for path in disk.iterdir()] == ["filler"]


@pytest.mark.parametrize("before", [None, b"an earlier export"])
def test_an_export_to_a_full_disk_leaves_no_half_file(before, tmp_path):
    run = make_run()
    with small_disk(tmp_path / "disk") as disk:
        target = disk / "model.zip"
        if before:
            target.write_bytes(before)
        fill(disk, leave=4096)
        result = charlab("export", run.id, "--format", "bundle", "--to", str(target))
        refused(result, 1, f"'{target}' cannot be written: the disk is full")
        assert (target.read_bytes() if target.exists() else None) == before
        assert {path.name for path in disk.iterdir()} <= {"filler", "model.zip"}


@pytest.mark.parametrize("form", ["bundle", "keras", "savedmodel"])
def test_an_export_to_a_place_that_cannot_be_written_is_refused_before_it_is_made(form, tmp_path):
    run, began = make_run(), time.monotonic()
    with small_disk(tmp_path / "disk", read_only=True) as disk:
        for target in (disk / "model", disk / "new" / "model"):
            result = charlab("export", run.id, "--format", form, "--to", str(target))
            refused(result, 1, f"'{target}' cannot be written: its file system is read-only")
    result = charlab("export", run.id, "--format", form, "--to", "")
    refused(result, 2, "cannot be written: there is no such file")
    assert time.monotonic() - began < 10


def test_exports_go_into_pipes_and_devices(tmp_path):
    run = make_run()
    result = charlab("export", run.id, "--format", "csv", "--to", "/dev/stdout")
    assert result.returncode == 0 and result.stdout.startswith("event,epoch,")
    result = charlab("export", run.id, "--format", "bundle", "--to", "/dev/full")
    refused(result, 1, "the disk is full")
    assert Path("/dev/full").is_char_device()
    target, link = tmp_path / "target.csv", tmp_path / "link.csv"
    link.symlink_to(target)
    assert charlab("export", run.id, "--format", "csv", "--to", str(link)).returncode == 0
    assert link.is_symlink() and target.read_text(encoding="utf-8").startswith("event,epoch,")


def test_a_folder_for_temporary_files_that_is_full_is_named(corpus, tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        fill(disk, leave=4096)
        corpus.write_text(TEXT * 10, encoding="utf-8")
        result = train(corpus, TMPDIR=str(disk))
        last = result.stderr.splitlines()[-1]
        assert result.returncode == 1 and f"temporary files {disk} cannot be written: the disk is full" in last, (
            last
        )
        (run,) = all_runs()
        assert run.status().state == "failed" and "TMPDIR" in run.status().reason
        assert [path.name for path in disk.iterdir()] == ["filler"]
    assert charlab("resume", run.id).returncode == 0
    assert run.status().state == "done"


def test_runs_of_another_user_can_be_read_and_not_changed(tmp_path):
    run, by = make_run(state="paused"), without_rights()
    make_run(name="trained elsewhere", state="running")
    before = contents(store.runs_folder())
    for path in [store.runs_folder(), *store.runs_folder().rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    result = charlab("models", "--json", by=by)
    assert result.returncode == 0 and [row["state"] for row in json.loads(result.stdout)][-2:] == [
        "running",
        "paused",
    ]
    refused(charlab("resume", run.id, by=by), 1, "permission denied", "CHARLAB_RUNS")
    refused(charlab("train", "--corpus", "markov", "--preset", "ngram", by=by), 1, "The runs folder", "permission")
    assert contents(store.runs_folder()) == before
    for path in store.runs_folder().glob("*"):
        path.chmod(0o755)


def test_a_current_folder_that_was_deleted_is_a_sentence(tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    command = f'cd "{gone}" && rmdir "{gone}" && exec "{sys.executable}" -m charlab '
    environment = {name: value for name, value in os.environ.items() if name != "CHARLAB_RUNS"}
    environment |= {"PYTHONPATH": str(ROOT)}
    for words, code in (("presets", 0), ("models", 0), ("train --corpus markov --preset ngram", 1)):
        result = subprocess.run(
            ["sh", "-c", command + words], env=environment, capture_output=True, encoding="utf-8"
        )
        gone.mkdir()
        if code:
            refused(result, code, "The current folder no longer exists")
        assert result.returncode == code, result.stderr


def test_without_a_home_folder_the_cache_is_asked_for(tmp_path):
    """As in a container that runs as a user without an entry in the list of users."""
    nowhere = {"HOME": None, "CHARLAB_CACHE": None}
    result = charlab("corpora", environment=nowhere)
    assert result.returncode == 0  # the list of users has a folder
    by = without_rights("--map-user=54321")
    result = charlab("corpora", by=by, environment=nowhere | {"XDG_CACHE_HOME": None})
    refused(result, 2, "HOME is not set", "CHARLAB_CACHE")
    assert not (ROOT / "~").exists()


@pytest.mark.parametrize("locale", [{"LC_ALL": "C"}, {"LC_ALL": "POSIX", "PYTHONUTF8": "0"}])
@pytest.mark.parametrize("coerced", ["0", "1"])
def test_every_locale_reads_and_writes_utf_8(locale, coerced):
    run = make_run(text="Grüße aus München, schön!\n")
    result = charlab(
        "generate",
        run.id,
        "--seed-text",
        "Grüße",
        "--length",
        "20",
        "--json",
        environment=locale | {"PYTHONCOERCECLOCALE": coerced},
    )
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["seed_text"] == "Grüße"


# Disks that fill while a model is trained


@pytest.mark.slow
def test_a_training_on_a_full_disk_ends_in_a_sentence_and_is_resumed_after_making_room(corpus, tmp_path):
    pytest.importorskip("tensorflow")
    settings = [f"--set={s}" for s in ("units=64", "embedding=0", "sequence_length=16", "batch_size=8")]
    with small_disk(tmp_path / "disk", megabytes=4) as disk:
        environment = {"CHARLAB_RUNS": str(disk)}
        filler = fill(disk, leave=300_000)
        words = ["train", "--corpus", str(corpus), "--preset", "custom", "--epochs", "6", *settings]
        result = charlab(*words, environment=environment)
        assert result.returncode == 1 and "Traceback" not in result.stderr, result.stderr
        last = result.stderr.splitlines()[-1]
        assert "failed" in last and "the disk is full" in last and "resume" in last and "CHARLAB_RUNS" in last
        (run,) = all_runs(disk)
        status = run.recorded_status()
        assert status.state == "failed" and "the disk is full" in status.reason and "resume" in status.reason
        assert not list(run.path.rglob(".*.tmp"))
        filler.unlink()
        before = checkpoints.load(run)[0].step if checkpoints.exists(run) else 0
        result = charlab("resume", run.id, "--json", environment=environment)
        assert result.returncode == 0, result.stderr
        assert json.loads(result.stdout)["epochs"] == 6 and run.status().state == "done"
        assert before < run.status().step


def test_the_last_status_fits_on_a_full_disk(tmp_path, monkeypatch):
    """Also where not a byte is free, as after an event that found no room."""
    with small_disk(tmp_path / "disk") as disk:
        monkeypatch.setenv("CHARLAB_RUNS", str(disk))
        run = make_run(state="running")
        run.set_room_aside()
        fill(disk)
        with pytest.raises(OSError, match="No space"):
            run.append_event({"event": "note", "text": "x" * 5000})
        run.remove_temporary_files()
        run.write_status(store.Status("failed", "The disk is full."))
        assert run.recorded_status().state == "failed"
