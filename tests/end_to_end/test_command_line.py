"""The command line as a person types it: real processes, a real small run."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from charlab.cli import main
from charlab.cli.arguments import parser
from charlab.cli.commands import key_and_value
from charlab.runs import plan
from charlab.runs.presets import PRESETS, preset
from helpers.project import ROOT
from helpers.runs import all_runs
from helpers.tiny import make_run
from helpers.waiting import wait_until


def charlab(*arguments: str, runs: Path, check: bool = True) -> subprocess.CompletedProcess:
    environment = os.environ | {"CHARLAB_RUNS": str(runs), "CHARLAB_CACHE": str(runs / "cache")}
    command = [sys.executable, "-m", "charlab", *map(str, arguments)]
    result = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", timeout=300, check=False
    )
    assert not check or result.returncode == 0, result.stderr
    return result


def document(result: subprocess.CompletedProcess):
    (line,) = result.stdout.splitlines()  # one document, and nothing but it
    return json.loads(line)


@pytest.fixture
def here(monkeypatch, capsys):
    """Run a command in this process, where a process of its own would show nothing more; returns its document."""

    def run(*arguments, runs: Path):
        monkeypatch.setenv("CHARLAB_RUNS", str(runs))
        monkeypatch.setenv("CHARLAB_CACHE", str(runs / "cache"))
        capsys.readouterr()
        signals = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            assert main([*map(str, arguments)]) == 0
        finally:
            for number, handler in signals.items():
                signal.signal(number, handler)
        (line,) = capsys.readouterr().out.splitlines()
        return json.loads(line)

    return run


@pytest.fixture(scope="module")
def coins(tmp_path_factory):
    """A small GRU trained on fair coin flips by the command line: (runs' folder, what `train` said)."""
    folder = tmp_path_factory.mktemp("coins")
    settings = [f"--set={s}" for s in ("units=16", "embedding=0", "sequence_length=32", "learning_rate=0.002")]
    result = charlab(
        "train", "--corpus", "coin-flips", "--preset", "custom", "--epochs", 1, *settings, "--json", runs=folder
    )
    return folder, document(result)


def test_training_says_what_came_of_it(coins, here):
    folder, said = coins
    assert said["epochs"] == 1 and said["steps"] > 10 and said["seconds"] > 0
    assert said["characters_per_second"] > 100
    assert said["best_val_loss"] == pytest.approx(said["val_loss"])
    (info,) = [row for row in here("models", "--json", runs=folder) if row["where"] == "run"]
    assert info["name"] == said["run"] and info["state"] == "done"


def test_fair_coin_flips_cost_one_bit_each(coins, here):
    folder, said = coins
    evaluated = here("evaluate", said["run"], "--corpus", "coin-flips", "--window", 0, "--json", runs=folder)
    assert evaluated["bits_per_character"] == pytest.approx(1, abs=0.01)


def test_validation_loss_is_what_evaluate_measures(coins):
    folder, said = coins
    evaluated = document(charlab("evaluate", said["run"], "--corpus", "coin-flips", "--json", runs=folder))
    assert evaluated["loss_nats"] == pytest.approx(said["best_val_loss"], abs=1e-4)


def test_equal_arguments_write_equal_bytes(coins):
    folder, said = coins
    arguments = ("generate", said["run"], "--seed-text", "HT", "--length", 60, "--samples", 2, "--json")
    first, second = (document(charlab(*arguments, runs=folder)) for _ in range(2))
    assert first["samples"] == second["samples"]
    assert [len(sample) for sample in first["samples"]] == [60, 60]


def test_explaining_a_text_and_evaluating_it_as_a_file_agree(coins, here, tmp_path):
    folder, said = coins
    text = ("HTTHHTHTTH" * 26)[:256]
    (tmp_path / "text.txt").write_text(text, encoding="utf-8")
    explained = here("explain", said["run"], "--text", text, "--json", runs=folder)
    bits = [step["bits"] for step in explained["steps"][:-1]]
    file = tmp_path / "text.txt"
    evaluated = here("evaluate", said["run"], "--corpus", file, "--split", "all", "--json", runs=folder)
    assert evaluated["characters"] == len(bits) == 255
    assert evaluated["bits_per_character"] == pytest.approx(sum(bits) / 255, abs=1e-5)


@pytest.mark.slow
def test_a_run_is_stopped_and_resumed_and_trained_longer(tmp_path, here, capsys):
    """One process trains, another asks it to pause; this one resumes it and trains it longer."""
    settings = [f"--set={s}" for s in ("units=8", "embedding=0", "sequence_length=32", "batch_size=128")]
    settings += ["--set=steps_per_epoch=40"]
    command = [sys.executable, "-m", "charlab", "train", "--corpus", "coin-flips", "--preset", "custom"]
    environment = os.environ | {"CHARLAB_RUNS": str(tmp_path)}
    process = subprocess.Popen([*command, "--epochs", "16", *settings], cwd=ROOT, env=environment)
    try:
        wait_until(lambda: any(run.recorded_status().step for run in all_runs(tmp_path)))
        (run,) = all_runs(tmp_path)
        paused = here("pause", run.id, "--json", runs=tmp_path)
        assert (paused["run"], paused["state"]) == (run.id, "paused") and 0 < paused["epoch"] < 16
        assert process.wait(30) == 0
    finally:
        process.kill()
    assert here("pause", run.id, "--json", runs=tmp_path)["state"] == "paused"  # it is so already
    said = here("resume", run.id, "--json", runs=tmp_path)
    assert (said["run"], said["epochs"]) == (run.id, 16)
    for arguments, words in (
        (("resume", run.id), "done"),
        (("stop", run.id), "nothing to stop"),
        (("pause", "nobody"), "There is no run 'nobody'"),
        (("resume", run.id, "--minutes", "1"), "budget is in epochs"),
    ):
        assert main([*arguments, "--json"]) == 2
        refused = capsys.readouterr()
        assert words in refused.err and not refused.out
    assert here("resume", run.id, "--epochs", 1, "--json", runs=tmp_path)["epochs"] == 17


def test_a_queued_run_is_taken_from_the_queue(capsys):
    run = make_run(state="queued")
    assert main(["stop", run.id, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "stopped"


def test_waiting_for_a_pause_has_an_end(capsys):
    run = make_run(state="running")
    with run.lock():
        assert main(["pause", run.id, "--wait", "0.2"]) == 2
    assert "still pausing after 0.2 seconds" in capsys.readouterr().err


def test_an_ngram_model_trains_without_tensorflow(tmp_path):
    (tmp_path / "tensorflow.py").write_text("raise ImportError('no TensorFlow here')", encoding="utf-8")
    environment = os.environ | {"CHARLAB_RUNS": str(tmp_path), "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-m", "charlab", "train", "--corpus", "markov", "--preset", "ngram", "--json"]
    result = subprocess.run(
        command, env=environment, capture_output=True, encoding="utf-8", timeout=300, check=False
    )
    assert result.returncode == 0, result.stderr
    assert document(result)["val_loss"] > 0


@pytest.mark.parametrize("command", ["corpora", "presets", "models"])
def test_lists_are_lists_of_objects_with_a_name(command, capsys):
    make_run()
    assert main([command, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert rows and all(row["name"] for row in rows)
    if command == "presets":
        assert [row["name"] for row in rows] == list(PRESETS)
    assert main([command]) == 0
    assert rows[0]["name"] in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["generate", "nobody"], "There is no model 'nobody'"),
        (["train", "--corpus", "nowhere.txt", "--preset", "ngram"], "nowhere.txt"),
        (["train", "--corpus", "markov", "--preset", "huge"], "There is no preset 'huge'"),
        (["train", "--corpus", "markov", "--preset", "custom", "--set", "units=many"], "units must be"),
        (["train", "--corpus", "markov", "--preset", "custom", "--set", "units"], "key=value"),
        (["train", "--corpus", "markov", "--preset", "custom", "--set", "lower_case=maybe"], "'maybe'"),
        (
            ["train", "--corpus", "markov", "--preset", "custom", "--set", "units=1,5"],
            "whole number. Received: '1,5'",
        ),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(arguments, words, capsys):
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert words in said.err and "Traceback" not in said.err and not said.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["generate", "ngram", "--temperature", "hot"], "temperature must be a number. Received: 'hot'"),
        (["generate", "ngram", "--length", "1,5"], "length must be a whole number. Received: '1,5'"),
        (["train", "--corpus", "markov", "--preset", "custom", "--minutes", "1,500"], "as 1.5 or as 1500"),
        (["resume", "nobody", "--epochs", "few"], "epochs must be a whole number. Received: 'few'"),
        (["pause", "nobody", "--wait", "long"], "Received: 'long'"),
        (["explain", "ngram", "--text", "a", "--top", "all"], "Received: 'all'"),
    ],
)
def test_an_option_that_is_no_number_is_said_with_what_was_received(arguments, words, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    said = capsys.readouterr()
    assert ended.value.code == 2 and words in said.err and not said.out


@pytest.mark.parametrize("command", [["generate", "ngram"], ["explain", "ngram", "--text", "a"]])
def test_a_prompt_has_no_licence_to_be_left_out(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main([*command, "--remove-licence"])
    assert ended.value.code == 2 and "unrecognized arguments: --remove-licence" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        (["--temperature", "0,8"], ["--temperature", "0.8"]),
        (["--top-p", "0,5"], ["--top-p", "0.5"]),
        (["--top-k", "0", "--top-p", "0"], []),
        (["--top-k", "none", "--top-p", "1"], []),
    ],
)
def test_decimal_commas_and_0_for_off_write_the_same_text(typed, same, capsys):
    written = []
    for options in (typed, same):
        assert main(["generate", make_run().id, "--length", "200", "--json", *options]) == 0
        written += json.loads(capsys.readouterr().out)["samples"]
    assert written[0] == written[1] and len(written[0]) == 200


def test_settings_of_a_training_are_read_as_the_types_that_they_are_declared_with():
    options = [
        "--minutes",
        "1,5",
        "--set",
        "learning_rate=0,002",
        "--set",
        "seed_text=12",
        "--set",
        "lower_case=yes",
    ]
    options = parser().parse_args(["train", "--corpus", "markov", "--preset", "custom", *options])
    assert options.minutes == 1.5
    found = dict(key_and_value(text) for text in options.set)
    assert found == {"learning_rate": 0.002, "seed_text": "12", "lower_case": True}
    model, train = plan.change(preset("custom").model, preset("custom").train, found)
    assert (train.learning_rate, train.seed_text, model.lower_case) == (0.002, "12", True)


@pytest.mark.parametrize("sign", ["\x85", "\u2028", "\u2029", "\x1c", "\x0b", "\x0c", "\r", "\n"])
def test_a_document_is_one_line_whatever_is_in_it(sign, capsys):
    run = make_run(text="ab" + sign)
    assert main(["generate", run.id, "--seed-text", f"a{sign}b", "--length", "60", "--json"]) == 0
    [line] = capsys.readouterr().out.splitlines()
    document = json.loads(line)
    assert document["seed_text"] == f"a{sign}b" and sign in document["samples"][0]


WIDE = "".join(map(chr, range(0x4E00, 0x4E00 + 512)))  # an alphabet of 512


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="it is read from Linux's list of processes")
def test_the_memory_of_generating_does_not_grow_with_the_steps():
    """64 samples over 513 characters: logits of a step are 131 kB, those of 1,500 more steps would be 200 MB."""
    run = make_run(text=WIDE)
    code = "import sys; from charlab.cli import main; main(sys.argv[1:]); print(open('/proc/self/status').read())"
    peaks = []
    for length in (20, 1520):
        options = ["generate", run.id, "--samples", "64", "--length", str(length), "--json"]
        said = subprocess.run(
            [sys.executable, "-c", code, *options], cwd=ROOT, capture_output=True, encoding="utf-8", check=True
        ).stdout
        assert [len(text) for text in json.loads(said.splitlines()[0])["samples"]] == [length] * 64
        peaks.append(int(re.search(r"VmHWM:\s*(\d+) kB", said)[1]) / 1000)
    assert peaks[1] - peaks[0] < 40, f"{peaks} MB"


def test_samples_are_written_one_below_the_other(capsys):
    run = make_run()
    assert main(["generate", run.id, "--seed-text", "the ", "--length", "12", "--samples", "2"]) == 0
    out = capsys.readouterr().out
    assert "--- sample 2 ---\nthe " in out
    assert main(["generate", run.id, "--seed-text", "the ", "--length", "12"]) == 0
    assert len(capsys.readouterr().out.rstrip("\n")) >= 12
