import numpy as np
import pytest

from charlab.core import reading
from charlab.explain.step_records import step_records


def test_steps_say_what_was_expected_and_what_came(tiny, vocab):
    _, predictor = tiny
    text = "the fox"
    steps = step_records(reading.explain(predictor, vocab, text), vocab, top=len(vocab))
    assert "".join(step["character"] for step in steps) == text
    assert [step["next"] for step in steps] == [*text[1:], None]
    for step in steps[:-1]:
        probabilities = [p for _, p in step["top"]]
        assert probabilities == sorted(probabilities, reverse=True)
        assert sum(probabilities) == pytest.approx(1, abs=1e-5)
        assert step["top"][step["rank"] - 1] == [step["next"], pytest.approx(step["probability"])]
        assert step["bits"] == pytest.approx(-np.log2(step["probability"]))
        assert step["entropy_bits"] == pytest.approx(-sum(p * np.log2(p) for p in probabilities), abs=1e-4)
    assert steps[-1]["probability"] is steps[-1]["bits"] is steps[-1]["rank"] is None


def test_an_unknown_character_has_neither_bits_nor_rank(tiny, vocab):
    steps = step_records(reading.explain(tiny[1], vocab, "the #fox# jumps"), vocab)
    assert steps[3]["next"] == "#" and steps[3]["bits"] is None and steps[3]["rank"] is None
