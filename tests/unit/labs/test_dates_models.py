"""The models of dates that ship, made by their recipes and as good as promised; and the command line."""

import json

import numpy as np
import pytest

from charlab.cli import main
from charlab.labs import __main__ as shipping
from charlab.labs import catalogue
from charlab.labs.dates import data, decoding
from charlab.labs.dates.network import Translator, find_version

LAB = catalogue.LABS["dates"]
HALF = LAB.further_models["half-trained"]
TEST = data.draw(1).test


def translator(run) -> Translator:
    config = run.config()
    return Translator(find_version(config.preset), config.model, run.weights())


@pytest.fixture(scope="module")
def written() -> decoding.Written:
    """The test set's dates, as the finished model translates them."""
    return decoding.write(translator(LAB.shipped), data.ids(TEST.texts))


def test_they_are_the_recipes_unchanged():
    config = LAB.shipped.config()
    assert (config.model, config.train, config.preset) == (LAB.model, LAB.train, "attention")
    half = HALF.config()
    assert half.train == LAB.train.replace(epochs=3, learning_rate=0.001) and half.preset == "teacher"
    assert config.corpus_sha256 == half.corpus_sha256 == data.draw(1).sha256
    assert shipping.command("dates") == "charlab lab dates train"
    assert shipping.command("dates-half-trained").endswith("--version teacher --epochs 3 --learning-rate 0.001")
    lines = (catalogue.SHIPPED / "README.md").read_text(encoding="utf-8")
    assert all(f"| {name} | " in lines and shipping.command(name) in lines for name in shipping.models())


def test_the_finished_model_translates_999_of_1000_dates(written):
    assert decoding.exact_share(written, TEST) >= 0.999


def test_its_attention_looks_for_each_digit_of_the_year_at_that_digit(written):
    looked_at = written.attention.argmax(2)
    ends = np.array([len(text) for text in TEST.texts])
    for digit in range(4):
        assert (looked_at[:, digit] == ends - 4 + digit).mean() >= 0.99


def test_temperature_makes_dates_wrong_and_then_no_dates():
    some = data.Dates(TEST.texts[:200], TEST.isos[:200])
    curve = decoding.temperature_curve(translator(LAB.shipped), some, [0, 1, 3, 6])
    assert curve[0].exact >= 0.99 and [at.exact for at in curve] == sorted(
        (at.exact for at in curve), reverse=True
    )
    assert curve[-1].valid < 0.3 and all(at.valid >= at.exact for at in curve)


def test_a_beam_of_five_finds_what_the_half_trained_model_misses_greedily():
    one, rows = translator(HALF), data.ids(TEST.texts[:600])
    right = data.written_ids(TEST.isos[:600])
    greedy = (decoding.write(one, rows).ids == right).all(1).mean()
    beams = np.array([decoding.beam_search(one, row, 5).ids() for row in rows])
    assert (beams == right).all(1).mean() >= greedy + 0.03
    assert 0.5 < greedy < 0.9


def test_a_shorter_input_without_padding_goes_wrong_but_not_with_attention():
    """The lecture's trap: without attention the network has learned dates of 18 places only."""
    texts = [text for text in TEST.texts if len(text) == 13][:200]
    for run, changed in ((HALF, True), (LAB.shipped, False)):
        padded, short = (decoding.write(translator(run), data.ids(texts, length)) for length in (18, 0))
        assert short.ids.shape == padded.ids.shape
        differ = (padded.ids != short.ids).any(1).mean()
        assert (differ > 0.5) == changed and (changed or differ == 0)


def test_dates_are_translated_on_the_command_line(capsys):
    assert main(["lab", "dates", "try", "July 14, 1789", "February 30, 2021"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("July 14, 1789  1789-07-14  (right; log probability -0.0")
    assert "no date of the form that was learned" in second


def test_as_json_with_a_beam_and_attention(capsys):
    assert main(["lab", "dates", "try", "May 01, 2020", "--beam", "4", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert found["written"] == found["right"] == found["beam"][0]["written"] == "2020-05-01"
    assert len(found["beam"]) == 4 and np.shape(found["attention"]) == (10, 12)
    assert main(["lab", "dates", "try", "--run", "half-trained", "--json"]) == 0
    assert "attention" not in json.loads(capsys.readouterr().out.splitlines()[-1])[0]


@pytest.mark.parametrize(
    "words, said",
    [
        (["try", "Märch 01, 2020"], "'ä'"),
        (["try", "--beam", "11", "May 01, 2020"], "between 1 and 10"),
        (["try", "--run", "nobody"], "nobody"),
    ],
)
def test_what_cannot_be_done_is_said(words, said, capsys):
    assert main(["lab", "dates", *words]) != 0
    assert said in capsys.readouterr().err
