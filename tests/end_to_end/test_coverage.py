"""What an alphabet leaves out, on the command line: refused before a run is made, warned of, and in the JSON."""

import json

import pytest

from charlab.cli import main
from charlab.core import ngram, reading
from charlab.core.predictor import build_predictor
from charlab.corpora import encoding, splits
from charlab.runs import models
from helpers.left_out import CHINESE, NOVEL, QUOTES, RUSSIAN
from helpers.runs import all_runs
from helpers.tiny import make_run


@pytest.fixture
def charlab(capsys):
    """Run a command in this process: its document, what it said, and its exit status."""

    def run(*arguments):
        capsys.readouterr()
        status = main([*map(str, arguments), "--json"])
        captured = capsys.readouterr()
        return (json.loads(captured.out) if captured.out.strip() else None), captured.err, status

    return run


def written(tmp_path, text):
    path = tmp_path / "text.txt"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("text", [RUSSIAN, CHINESE, NOVEL], ids=["russian", "chinese", "novel"])
def test_train_refuses_a_text_that_can_hardly_be_read_before_a_run_is_made(charlab, tmp_path, text):
    document, said, status = charlab("train", "--corpus", written(tmp_path, text), "--preset", "cloud-tpu-lstm")
    assert document is None and status and "too little to learn from" in said
    limit = 4096 if text is NOVEL else 128
    assert f"--set alphabet=corpus --set alphabet_limit={limit}" in said
    assert not list(all_runs())


def test_a_run_says_what_it_leaves_out_and_evaluate_counts_the_same(charlab, tmp_path):
    path = written(tmp_path, NOVEL)
    results, said, _ = charlab("train", "--corpus", path, "--preset", "ngram", "--set", "order=2")
    share = 512 * 20 / len(NOVEL)
    assert f"can read {share:.1%} of this text" in said and "--set alphabet_limit=4096" in said
    run = models.find(results["run"])
    assert run.config().coverage.share == share

    figures = {}
    for part in ("val", "train", "all"):
        document, said, _ = charlab("evaluate", run.id, "--corpus", path, "--split", part)
        assert f"can read {share:.1%} of this text" in said and "say little about this text" in said
        assert document["coverage"]["share"] == share and document["coverage"]["replaced"] == 3_490 * 2
        figures[part] = document
    assert figures["val"]["loss_nats"] == pytest.approx(results["val_loss"])
    ids = encoding.text_ids(NOVEL, run.vocab(), run.config().model)
    training = splits.divide(ids, run.vocab(), run.config().train).training
    predictor = build_predictor(run.config().model, len(run.vocab()), ngram.count(training, len(run.vocab()), 2))
    expected = reading.evaluate(predictor, run.vocab(), training)
    assert figures["train"]["loss_nats"] == pytest.approx(expected.loss_nats)
    assert figures["train"]["unknown"] == expected.unknown == (training[1:] == 512).sum()


def test_a_larger_alphabet_leaves_nothing_out(charlab, tmp_path):
    settings = ("--preset", "ngram", "--set", "order=2", "--set", "alphabet_limit=4096")
    results, said, _ = charlab("train", "--corpus", written(tmp_path, NOVEL), *settings)
    run = models.find(results["run"])
    assert "can read" not in said and len(run.vocab()) == 4_003
    assert "alphabet_limit=4096" in " ".join(open_command(run))


def open_command(run):
    from charlab.runs import shell_commands

    return shell_commands.training_command(run.config()).split()


def test_evaluate_leaves_out_of_the_lengths_what_the_alphabet_drops(charlab, tmp_path):
    results, said, _ = charlab(
        "train", "--corpus", written(tmp_path, QUOTES), "--preset", "ngram", "--set", "alphabet=code-points"
    )
    dropped = sum(map(QUOTES.count, "“”—"))
    assert "The others are left out: U+2014 EM DASH" in said
    document, said, _ = charlab("evaluate", results["run"], "--corpus", tmp_path / "text.txt", "--split", "all")
    assert document["characters"] == len(QUOTES) - dropped - 1 and document["unknown"] == 0
    assert document["coverage"]["dropped"] == dropped and "say little" not in said


def test_nothing_that_can_be_read_is_refused_in_words(charlab, tmp_path):
    run = make_run()
    for command in (
        ("evaluate", run.id, "--corpus", written(tmp_path, CHINESE)),
        ("explain", run.id, "--text", "海"),
    ):
        document, said, status = charlab(*command)
        assert document is None and status
        assert "This model can read 0% of this text" in said and "nothing to measure" in said


def test_explain_and_generate_say_how_much_of_the_text_is_read(charlab):
    run = make_run()
    document, said, _ = charlab("explain", run.id, "--text", "the fox €")
    assert "can read 88.9% of this text (8 of 9 characters)" in said and "say little" in said
    assert document["coverage"]["left_out"] == [{"character": "€", "name": "U+20AC EURO SIGN", "count": 1}]
    document, said, _ = charlab("generate", run.id, "--seed-text", "the fox €", "--length", "3")
    assert "can read 88.9% of the prompt" in said and document["coverage"]["share"] == 8 / 9
    document, said, _ = charlab("generate", run.id, "--length", "3")
    assert "can read" not in said and document["coverage"]["share"] == 1
