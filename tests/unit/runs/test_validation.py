"""What is said of a validation set before a run starts: of texts that need it, and not of the others."""

import re

import numpy as np
import pytest

from charlab.core.config import SPLITS, ModelConfig, TrainConfig
from charlab.core.vocab import Vocab
from charlab.corpora import catalogue, uploads
from charlab.errors import CorpusError
from charlab.runs import plan, validation
from helpers import cases


def said(text: str, **train) -> tuple[str, ...]:
    vocab = Vocab.from_text(text)
    return validation.findings(vocab.encode(text), vocab, TrainConfig(**train))


def test_of_names_in_order_the_split_into_lines_is_advised():
    (sentence,) = said(cases.names_sorted())
    assert sentence.startswith("The validation set (the last 10% of the text) differs from the rest of the text")
    on_it, on_others = map(float, re.findall(r"(\d\.\d\d)(?: bits|  ?on other)", sentence))
    assert (on_it, on_others) == (pytest.approx(3.1, abs=0.1), pytest.approx(2.1, abs=0.1))
    assert "too high" in sentence and "Set the split to lines" in sentence
    assert said(cases.names_sorted(), split="lines") == ()


def test_of_names_in_no_order_the_split_into_lines_is_proposed():
    names = np.random.default_rng(1).permutation(cases.names_sorted().split())
    for split in ("end", "blocks"):
        assert said("\n".join(names) + "\n", split=split) == (validation.LIST_PROPOSAL,)


def test_of_a_book_with_its_licence_blocks_are_advised():
    differs, copied = said(cases.gutenberg())
    assert "differs from the rest" in differs and "Set the split to blocks" in differs
    assert "also in the training part" in copied  # the clauses of this licence repeat each other


def test_a_text_pasted_ten_times_is_copied_in_full_and_short():
    copied, short = said(cases.pasted_ten_times(), validation_share=0.05)
    assert copied.startswith("100% of the validation set is also in the training part, word for word")
    assert short.startswith("The validation set has only 149 characters to evaluate")


@pytest.mark.parametrize(
    ("characters", "evaluated", "words"),
    [(2_000, "199", "± 0."), (2_010, "200", "Small differences mean nothing"), (400, "39", "says almost nothing")],
)
def test_a_short_validation_set_is_uncertain(characters, evaluated, words):
    sentence = said(cases.sentences(characters))[-1]
    assert f"only {evaluated} characters" in sentence and words in sentence


def test_from_201_evaluated_characters_on_nothing_is_said():
    assert said(cases.sentences(2_020)) == ()


def test_unknown_characters_are_not_evaluated():
    text = cases.sentences(3_000)
    vocab = Vocab("".join(sorted(set(text) - {"e", " ", "a"})))
    found = validation.findings(vocab.encode(text), vocab, TrainConfig())
    known = sum(character in vocab.characters for character in text[2_701:])
    assert f"only {known} characters to evaluate" in found[-1]


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("name", ["shakespeare", "markov", "reber", "additions", "coin-flips", "python-source"])
def test_nothing_is_said_of_ordinary_texts(name, split):
    text = catalogue.load(name).text
    if split == "lines" and name in ("markov", "coin-flips"):  # one line each
        with pytest.raises(CorpusError, match="1 line in 500,000 characters"):
            said(text, split=split)
    else:
        assert said(text, split=split) == ()


def test_a_plan_has_the_findings_and_its_run_keeps_them_as_notes():
    text = uploads.read_pasted(cases.names_sorted())
    planned = plan.plan_run(text, "ngram")
    assert len(planned.validation) == 1 and planned.config().notes[-1] == planned.validation[0]
    asked = plan.plan_run(plan.text_facts(text, ModelConfig()), "ngram", examine=lambda facts, train: ("seen",))
    assert asked.validation == ("seen",)


def test_a_plan_refuses_lines_where_there_are_none():
    text = uploads.read_pasted(cases.sentences(5_000))
    with pytest.raises(CorpusError, match="1 line in 5,000 characters"):
        plan.plan_run(text, "ngram", train=TrainConfig(split="lines"))


def test_a_text_too_short_for_blocks_holds_out_its_end():
    text = uploads.read_pasted(cases.sentences(5_000))
    planned = plan.plan_run(text, "ngram", train=TrainConfig(split="blocks"))
    assert planned.train.split == "end"
    assert planned.notes == (
        "The validation set is the end of the text: the text is too short for several blocks.",
    )


@pytest.mark.parametrize("characters", range(5))
def test_of_a_text_with_nothing_to_train_on_nothing_is_said(characters):
    """As what remains of a text in another script, for an imported model of code points."""
    vocab = Vocab.from_code_points()
    for split in ("end", "blocks"):
        found = validation.findings(vocab.encode("abcd"[:characters]), vocab, TrainConfig(split=split))
        assert (found == ()) == (characters < 3), found
