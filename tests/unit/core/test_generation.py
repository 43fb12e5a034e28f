import tracemalloc

import numpy as np
import pytest

from charlab.core.config import SampleConfig
from charlab.core.generation import beginning, chosen_probabilities, generate, texts
from charlab.core.ops import softmax
from charlab.core.sampling import sampling_probabilities
from charlab.core.vocab import Vocab
from charlab.errors import ConfigError


class Alphabet:
    """A fake network that always expects the next letter of the alphabet, and nearly as much the unknown."""

    def __init__(self, vocabulary_size):
        self.vocabulary_size = vocabulary_size

    def start(self, samples):
        return np.zeros(samples)

    def step(self, ids, state):
        logits = np.zeros((len(ids), self.vocabulary_size))
        logits[np.arange(len(ids)), (ids + 1) % (self.vocabulary_size - 1)] = 8
        logits[:, -1] = 7.9
        return logits, state + 1


ABC = Vocab("abcdefgh")


def test_it_goes_on_from_the_seed_text():
    steps = list(generate(Alphabet(9), ABC, "abc", SampleConfig(length=6, temperature=0, samples=2)))
    assert texts(steps, ABC) == ["defgha", "defgha"]
    assert [step.position for step in steps] == list(range(6))


def test_the_unknown_character_is_read_and_never_written():
    steps = list(generate(Alphabet(9), ABC, "xyz", SampleConfig(length=500, samples=4)))
    assert len(steps) == 500 and not any((step.ids == ABC.unknown_id).any() for step in steps)
    assert all(step.model_probabilities[:, ABC.unknown_id].min() > 0.4 for step in steps)


def test_texts_keep_no_more_of_a_step_than_its_characters():
    """Ids and random numbers of 64 samples, 8,000 times and of eight bytes each, would be 8 MB together."""
    tracemalloc.start()
    written = texts(generate(Alphabet(9), ABC, "abc", SampleConfig(length=8000, samples=64)), ABC)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [len(text) for text in written] == [8000] * 64
    assert peak < 5e6, f"{peak / 1e6:.1f} MB"


def test_equal_arguments_give_equal_texts_and_other_seeds_others(tiny, vocab):
    _, predictor = tiny

    def write(**changes):
        config = SampleConfig(**({"length": 80, "samples": 3, "seed": 4} | changes))
        return texts(generate(predictor, vocab, "the ", config), vocab)

    assert write() == write()
    assert write(seed=5) != write()
    assert len(set(write())) == 3


def test_a_sample_keeps_its_draws_however_many_there_are(tiny, vocab):
    _, predictor = tiny
    one = list(generate(predictor, vocab, "the ", SampleConfig(length=40, samples=1)))
    four = list(generate(predictor, vocab, "the ", SampleConfig(length=40, samples=4)))
    assert [step.uniforms[0] for step in one] == [step.uniforms[0] for step in four]
    np.testing.assert_allclose(one[0].logits[0], four[0].logits[0], atol=1e-5)


def test_each_step_can_be_chosen_again_from_what_it_keeps(tiny, vocab):
    _, predictor = tiny
    config = SampleConfig(length=30, temperature=0.5, top_k=5)
    steps = list(generate(predictor, vocab, "fox", config))
    assert len(steps) == 30
    for step in steps:
        np.testing.assert_allclose(step.model_probabilities.sum(axis=1), 1, rtol=1e-5)
        shaped = sampling_probabilities(step.logits, config, vocab.unknown_id)[0]
        assert np.cumsum(shaped).searchsorted(step.uniforms[0], side="right") == step.ids[0]


def test_an_empty_seed_text_begins_at_a_lines_beginning():
    vocab = Vocab("\nab")
    assert beginning(vocab) == "\n" and beginning(Vocab("ab")) == "a"
    config = SampleConfig(length=3)
    fake = Alphabet(4)
    assert texts(generate(fake, vocab, "", config), vocab) == texts(generate(fake, vocab, "\n", config), vocab)


def test_softmax_is_over_the_last_axis():
    assert softmax(np.zeros((2, 4))).tolist() == [[0.25] * 4] * 2


@pytest.mark.parametrize("length", [1, 2])
def test_no_character_is_computed_that_nobody_asked_for(length):
    class Counting(Alphabet):
        steps = 0

        def step(self, ids, state):
            Counting.steps += 1
            return super().step(ids, state)

    Counting.steps = 0
    list(generate(Counting(9), ABC, "ab", SampleConfig(length=length)))
    assert Counting.steps == 2 + length - 1


def test_a_sweep_writes_at_each_temperature_what_it_writes_alone(tiny, vocab):
    _, predictor = tiny
    config = SampleConfig(length=30, seed=5)
    temperatures = (0, 0.5, 1.0, 20)
    found = texts(generate(predictor, vocab, "the ", config.replace(temperatures=temperatures)), vocab)
    alone = [
        texts(generate(predictor, vocab, "the ", config.replace(temperature=temperature)), vocab)[0]
        for temperature in temperatures
    ]
    assert found == alone and len(set(found)) > 1


@pytest.mark.parametrize("wrong", [[0.5, -1], [True], ["hot"], "0.5", 0.5, None, [float("nan")], range(65)])
def test_a_sweep_refuses_what_is_no_temperature(wrong):
    with pytest.raises(ConfigError, match="temperatures.*Received: "):
        SampleConfig(length=3, temperatures=wrong)


def test_a_sweep_uses_the_same_random_numbers_for_every_sample(tiny, vocab):
    config = SampleConfig(length=5, seed=5, samples=7, temperatures=(0.5, 1.0, 2.0))
    steps = list(generate(tiny[1], vocab, "the ", config))
    assert [(len(step.uniforms), len(set(step.uniforms))) for step in steps] == [(3, 1)] * 5


def test_it_tells_how_much_of_the_seed_text_it_has_read(tiny, vocab):
    read: list[int] = []
    step = next(generate(tiny[1], vocab, "the fox", SampleConfig(length=3, samples=2), read.append))
    assert read == [1, 2, 3, 4, 5, 6, 7]
    assert chosen_probabilities(step).tolist() == [step.model_probabilities[n, i] for n, i in enumerate(step.ids)]
