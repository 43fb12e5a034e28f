"""Commands check everything and then act: what is refused changes nothing, and what CharLab writes it accepts."""

import dataclasses
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from charlab.cli import main
from charlab.corpora import catalogue
from charlab.errors import CharlabError
from charlab.export import formats
from charlab.runs import checkpoints, control, models, plan, store
from charlab.runs.permissions import OPERATOR
from helpers.project import ROOT
from helpers.runs import all_runs
from helpers.tiny import make_run
from helpers.training_runs import make

UNIX = pytest.mark.skipif(sys.platform == "win32", reason="pipes and devices that have names")
LINE = "the quick brown fox jumps over the lazy dog.\n"
TEXT = LINE * 100


def charlab(*words, **more) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "charlab", *words]
    more = {"stdin": subprocess.DEVNULL} | more
    return subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=120, **more)


def refused(result: subprocess.CompletedProcess, *words: str) -> None:
    assert result.returncode == 2 and not result.stdout and "Traceback" not in result.stderr, result.stderr
    for word in words:
        assert word in result.stderr.splitlines()[-1], result.stderr


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file() and "lock" not in path.name
    }


def trained_on(path: Path, state: str) -> store.Run:
    """A run in this state on a file, as training leaves it: with a checkpoint."""
    path.write_text(TEXT, encoding="utf-8")
    text = catalogue.load(str(path))
    run = make(epochs=3)
    run.write_config(dataclasses.replace(run.config(), corpus=text.name, corpus_sha256=text.sha256))
    run.write_status(store.Status(state, epoch=3.0, step=30, results={"best_val_loss": 2.0}))
    checkpoints.save(run, checkpoints.Progress(), {})
    return run


@pytest.mark.parametrize(("state", "options"), [("done", ["--epochs", "2"]), ("paused", []), ("failed", [])])
@pytest.mark.parametrize("change", ["changed", "deleted"])
def test_a_run_whose_text_changed_is_not_resumed_and_stays_as_it_was(state, options, change, tmp_path):
    path = tmp_path / "text.txt"
    run = trained_on(path, state)
    path.write_text(TEXT + "One line more.\n", encoding="utf-8") if change == "changed" else path.unlink()
    before = contents(run.path)
    words = "checksum differs" if change == "changed" else "There is no file of that name"
    refused(charlab("resume", run.id, *options), words)
    assert contents(run.path) == before
    act = control.train_longer if state == "done" else control.resume
    with pytest.raises(CharlabError, match=words):
        act(run, OPERATOR, **({"epochs": 2} if state == "done" else {}))
    assert contents(run.path) == before and run.status().state == state


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--preset", "quick-gru", "--accelerator", "tpu"], "cannot be used here"),
        (["--preset", "quick-gru", "--set", "sequence_length=0"], "sequence_length"),
        (["--preset", "quick-gru", "--set", "shift=1", "--set", "batches=streams", "--set", "units=0"], "units"),
        (["--preset", "ngram", "--name", "x" * 81], "1 to 80 characters"),
        (["--preset", "ngram", "--name", "a\x07b"], "control characters"),
    ],
)
def test_a_training_that_cannot_begin_makes_no_run_and_stores_no_text(options, words, tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("Cafe\u0301.\n" + TEXT, encoding="utf-8")  # would be stored, with how it was read
    refused(charlab("train", "--corpus", str(path), *options), words)
    assert not list(all_runs()) and not catalogue.stored()


def test_a_batch_longer_than_the_text_is_noted(tmp_path, capsys):
    path = tmp_path / "text.txt"
    path.write_text(TEXT, encoding="utf-8")
    run = trained_on(path, "done")
    train = run.config().train.replace(batches="windows", batch_size=1000, sequence_length=50)
    noted = plan.plan_run(catalogue.load(str(path)), "custom", run.config().model, train).notes
    assert noted == (
        "A batch of 1,000 windows of 50 characters is longer than the text, which has 4,050 characters to train "
        "on: each step reads all of it about 12 times. A smaller batch size learns as much in less time.",
    )
    fitting = train.replace(batch_size=80)
    assert plan.plan_run(catalogue.load(str(path)), "custom", run.config().model, fitting).notes == ()


# Pipes


@UNIX
def test_a_text_from_a_pipe_is_read_once_and_kept_so_that_its_run_can_be_resumed():
    result = charlab("train", "--corpus", "/dev/stdin", "--preset", "ngram", "--json", stdin=None, input=TEXT)
    assert result.returncode == 0, result.stderr
    run = store.find(json.loads(result.stdout)["run"])
    config = run.config()
    assert f"The text is stored on this machine as {config.corpus}." in result.stderr
    assert models.corpus_text(config) == TEXT and config.name.endswith("on piped text")
    run.write_status(store.Status("paused"))
    assert charlab("resume", run.id).returncode == 0 and run.status().state == "done"


@UNIX
@pytest.mark.parametrize("command", [["train", "--preset", "ngram"], ["evaluate", "ngram"]])
def test_a_named_pipe_is_read_once(command, tmp_path, capsys):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    writer = threading.Thread(target=fifo.write_text, args=(TEXT,), daemon=True)
    writer.start()
    assert main([*command, "--corpus", str(fifo), "--json"]) == 0
    writer.join(10)
    assert not writer.is_alive() and json.loads(capsys.readouterr().out)


@UNIX
@pytest.mark.parametrize("text", ["", "too short", "\0\1\2" * 2000])
def test_a_pipe_with_no_text_in_it_is_refused_before_a_run_is_made(text):
    refused(
        charlab("train", "--corpus", "/dev/stdin", "--preset", "ngram", stdin=None, input=text), "“piped text”"
    )
    assert not list(all_runs()) and not catalogue.stored()


@UNIX
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/urandom", "/dev/null"])
def test_a_device_is_no_text(device):
    refused(charlab("train", "--corpus", device, "--preset", "ngram"), f"'{device}' is a device")
    assert not list(all_runs())


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every name of a file is Unicode")
def test_a_file_whose_name_is_not_unicode_is_trained_on_exported_to_and_imported(tmp_path):
    folder = os.fsencode(tmp_path) + b"/\xff\xfe"
    os.mkdir(folder)
    text, model = folder + b"/te\xffxt.txt", folder + b"/model\xff.zip"
    Path(os.fsdecode(text)).write_text(TEXT, encoding="utf-8")
    result = charlab("train", "--corpus", text, "--preset", "ngram", "--json")
    assert result.returncode == 0, result.stderr
    run = store.find(json.loads(result.stdout)["run"])
    assert models.corpus_text(run.config()) == TEXT
    result = charlab("export", run.id, "--format", "bundle", "--to", model, "--json")
    assert result.returncode == 0 and json.loads(result.stdout)["to"] == os.fsdecode(model), result.stderr
    assert charlab("import", model).returncode == 0
    environment = os.environ | {"CHARLAB_RUNS": os.fsdecode(folder + b"/runs")}
    assert charlab("import", model, env=environment).returncode == 0
    result = charlab("models", "--json", env=environment)
    assert result.returncode == 0 and json.loads(result.stdout)[-1]["where"] == "run"
    refused(charlab("generate", b"nobody\xff"), "There is no model")


@UNIX
@pytest.mark.parametrize("option", ["--seed-text", "--no-such-option"])
def test_a_text_that_is_not_unicode_is_refused(option):
    result = charlab("generate", "ngram", option, b"a\xff")
    assert result.returncode == 2 and "Traceback" not in result.stderr
    assert option != "--seed-text" or "--seed-text must be a text in UTF-8" in result.stderr


# Prompts and texts in files


@pytest.fixture
def model() -> str:
    return make_run(text=LINE).id


def said(capsys, *words) -> tuple[dict, str]:
    assert main([*words, "--json"]) == 0
    captured = capsys.readouterr()
    return json.loads(captured.out), captured.err


@pytest.mark.parametrize("text", ["the fox", "the fox\n", " the\tfox ", "the fox\r\n"])
def test_a_prompt_in_a_file_is_read_exactly(text, model, tmp_path, capsys):
    path = tmp_path / "prompt.txt"
    path.write_bytes(text.encode("utf-8"))
    typed, _ = said(capsys, "generate", model, "--seed-text", text.replace("\r", ""), "--length", "20")
    found, errors = said(capsys, "generate", model, "--seed-file", str(path), "--length", "20")
    assert (found["seed_text"], found["samples"]) == (typed["seed_text"], typed["samples"])
    assert ("ends with a line break" in errors) == text.endswith("\n")
    explained, _ = said(capsys, "explain", model, "--text-file", str(path))
    assert explained == said(capsys, "explain", model, "--text", text.replace("\r", ""))[0]


def test_a_prompt_from_standard_input(model):
    result = charlab("generate", model, "--seed-file", "-", "--length", "5", "--json", stdin=None, input="the fox")
    assert result.returncode == 0 and json.loads(result.stdout)["seed_text"] == "the fox" and not result.stderr


def test_a_prompt_in_another_encoding_is_read_in_the_one_that_is_named(model, tmp_path, capsys):
    path = tmp_path / "prompt.txt"
    path.write_bytes("the fox".encode("utf-16-le"))
    refused(charlab("generate", model, "--seed-file", str(path)), "--encoding", "utf-16-le")
    found, _ = said(capsys, "generate", model, "--seed-file", str(path), "--encoding", "utf-16-le")
    assert found["seed_text"] == "the fox"
    refused(charlab("generate", model, "--seed-file", str(tmp_path / "nowhere")), "There is no file")
    refused(charlab("generate", model, "--seed-file", str(tmp_path)), "it is a folder")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_file_that_is_refused_for_its_encoding_says_how_to_name_it(encoding, tmp_path):
    path = tmp_path / "text.txt"
    path.write_bytes(TEXT.encode(encoding))
    result = charlab("train", "--corpus", str(path), "--preset", "ngram")
    refused(result, f"name that encoding: {encoding} or", "--encoding")
    assert charlab("train", "--corpus", str(path), "--preset", "ngram", "--encoding", encoding).returncode == 0
    refused(charlab("train", "--corpus", str(path), "--preset", "ngram", "--encoding", "utf-8"), "--encoding")


def test_training_says_what_the_page_says_and_puts_it_into_its_document(capsys):
    found, errors = said(capsys, "train", "--corpus", "coin-flips", "--preset", "ngram", "--set", "order=3")
    (sentence,) = found["diagnosis"]
    assert sentence.startswith("It has reached the best possible loss") and sentence in errors
    assert found["notes"] == list(store.find(found["run"]).config().notes)


# Names


NAMES = {
    "80 characters": "n" * 80,
    "80 emoji": "\U0001f600" * 80,
    "a family of emoji": "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "right to left": "نموذج صغير \u202e abc",
    "quotes": "it's \"quoted\" `code` \\ 'single' '''triple''' \"\"\"",
    "Markdown and HTML": "<b>bold</b> [a](http://e.x) | $x$ *y* # z",
    "above": "../../etc/passwd",
    "a device": "con",
    "leading dashes": "--help -x",
    "percent and braces": "%s {run} $HOME `id` ; rm -rf",
    "two lines": "first\nsecond",
    "spaces": "  a \u3000 b  ",
    "decomposed": "Cafe\u0301",
    "beyond the first plane": "𝕬𝖑𝖕𝖍𝖆",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_every_name_goes_through_train_export_import_rename_and_resume(name, tmp_path, capsys):
    path = tmp_path / "text.txt"
    path.write_text(TEXT, encoding="utf-8")
    found, _ = said(capsys, "train", "--corpus", str(path), "--preset", "ngram", f"--name={name}")
    run = store.find(found["run"])
    kept = run.config().name
    assert kept == " ".join(name.split()) and run.path.parent == store.runs_folder()
    for form in ("bundle", "csv"):
        target = tmp_path / f"{form}.out"
        said(capsys, "export", run.id, "--format", form, f"--to={target}")
        assert target.stat().st_size
    script = formats.make(make_run(name=kept), "script")
    compile(script, "script.py", "exec")
    assert formats.make(run, "bundle") == formats.make(run, "bundle")
    imported = store.find(said(capsys, "import", str(tmp_path / "bundle.out"))[0]["run"])
    assert imported.config().name == kept and imported.path.parent == store.runs_folder()
    control.rename(imported, OPERATOR, name)
    assert imported.config().name == kept
    run.write_status(store.Status("paused"))
    assert said(capsys, "resume", run.id)[0]["run"] == run.id
    listed, _ = said(capsys, "models")
    assert [row["title"] for row in listed if row["name"] in (run.id, imported.id)] == [kept, kept]
