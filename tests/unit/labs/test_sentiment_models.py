"""The models of reviews that ship, made by their recipes and as good as promised; and the command line."""

import json

import numpy as np
import pytest

from charlab.cli import main
from charlab.labs import __main__ as shipping
from charlab.labs import catalogue
from charlab.labs.sentiment import data, network, words
from charlab.labs.sentiment.forms import Form
from charlab.runs.permissions import OPERATOR

LAB = catalogue.LABS["sentiment"]
MODELS = {"gru": LAB.shipped, "mean": LAB.further_models["mean"]}
GOALS = {"gru": 0.74, "mean": 0.75}


@pytest.mark.parametrize("name", list(MODELS))
def test_a_shipped_model_is_the_recipe_unchanged_and_reaches_its_figure(name):
    run, form = MODELS[name], Form(name)
    config, drawn = run.config(), data.of_form(form, 1)
    assert (config.model, config.train, config.preset) == (form.model, form.train, name)
    assert config.corpus_sha256 == data.sha256(form)
    judge = network.of_run(run, "best")
    assert judge.words == drawn.words
    measured = {
        part: network.accuracy(judge, texts.rows(drawn.words, judge.length))
        for part, texts in (("test", drawn.test), ("training", drawn.training))
    }
    assert measured["test"] >= GOALS[name] and measured["training"] > measured["test"]
    told = catalogue.figures_of_best(run)  # measured on some of the training set, and before half precision
    assert abs(told["test_accuracy"] - measured["test"]) < 0.002
    assert abs(told["training_accuracy"] - measured["training"]) < 0.03


def test_the_commands_that_made_them_are_written_down():
    lines = (catalogue.SHIPPED / "README.md").read_text(encoding="utf-8")
    assert shipping.command("sentiment") == "charlab lab sentiment train"
    assert shipping.command("sentiment-mean") == "charlab lab sentiment train --network mean"
    assert "76.4% on the test set, 86.8% on the training set" in lines
    sizes = [sum(path.stat().st_size for path in run.path.rglob("*.safetensors")) for run in MODELS.values()]
    assert sum(sizes) < 1_200_000


def test_no_sentence_of_the_data_ships_only_words_do():
    for run in MODELS.values():
        kept = (run.path / "vocab.json").read_text(encoding="utf-8")
        found = json.loads(kept)
        assert all(words.split(word) == [word] for word in found["words"])
        sentences = {" ".join(text) for text in data.of_form(Form(), 1).training.words if len(text) > 3}
        in_order = " ".join(found["words"])
        assert not any(sentence in in_order for sentence in sentences)


def test_words_that_speak_for_a_film_and_against_it_are_told_apart():
    for run in MODELS.values():
        judge = network.of_run(run, "best")
        good, bad = (judge.judge(text) for text in ("a moving and funny film", "a dull and boring mess"))
        assert good.verdict > 0.8 and bad.verdict < 0.2
        judged = judge.judge("moving but boring")
        assert judged.contributions[0] > 0.05 and judged.contributions[2] < -0.05


def test_reviews_are_tried_on_the_command_line(capsys):
    assert main(["lab", "sentiment", "try", "A <b>great</b> film, unspeakabubble", "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["words"] == ["a", "b", "great", "b", "film", "unspeakabubble"]
    judged = network.of_run(LAB.shipped, "best").judge(told["text"])
    assert np.allclose(told["after"], judged.after) and np.allclose(told["contributions"], judged.contributions)
    assert "unspeakabubble" in told["buckets"] and 0 <= told["buckets"]["unspeakabubble"] < 1_000
    assert main(["lab", "sentiment", "try", "not bad at all", "--run", "mean"]) == 0
    assert "positive with probability" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["try", "!!"], "no word to judge"),
        (["try", "good", "--run", "nonsense"], "nonsense"),
        (["train", "--vectors", "glove"], "go with the network mean"),
        (["train", "--labels", "3"], "labels must be 0"),
    ],
)
def test_what_cannot_be_done_is_said(given, said, capsys):
    assert main(["lab", "sentiment", *given]) == 2
    assert said in capsys.readouterr().err


def test_a_run_keeps_its_words_and_is_read_with_them():
    run = LAB.create(LAB.version("mean-100").config(), OPERATOR)
    assert words.Words.read(run.path) == data.of_form(Form("mean", labels=100), 1).words
    assert run.config().name == "Mean of word vectors, 100 labels"
