import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charlab.core import sampling
from charlab.core.config import SampleConfig
from charlab.core.generation import generate, texts
from charlab.core.predictor import build_predictor
from charlab.core.vocab import Vocab
from charlab.errors import CharlabError, ConfigError
from charlab.explain import branching
from charlab.explain.branching import Branches, Reader
from helpers.tiny import TINY, random_weights

VOCAB = Vocab.from_text("the quick brown fox jumps over the lazy dog.\n")


class Counting:
    """A predictor that counts its steps, and overwrites its state as a Transformer does."""

    vocabulary_size = len(VOCAB)

    def __init__(self):
        self.steps = 0

    def start(self, samples):
        return np.zeros((samples, 1))

    def step(self, ids, state):
        self.steps += 1
        state[:] = (state * 31 + ids[:, None] + 1) % 1009
        return np.sin(state * np.arange(1, len(VOCAB) + 1)) * 3, state


def steps(reader, branches, number, temperature=1.0, seed=1):
    for _ in range(number):
        choice = branching.next_choice(reader.logits(branches.ids), VOCAB, temperature, seed, branches.position)
        branches = branching.append_choice(branches, choice)
    return branches


def choose(reader, branches, character, temperature=1.0, seed=1):
    choice = branching.next_choice(reader.logits(branches.ids), VOCAB, temperature, seed, branches.position)
    choice = branching.choose_manually(choice, VOCAB.characters.index(character), VOCAB)
    return branching.append_choice(branches, choice)


def other_than(reader, branches) -> str:
    choice = branching.next_choice(reader.logits(branches.ids), VOCAB, 1.0, 1, branches.position)
    return next(c for c in VOCAB.characters if c != VOCAB.characters[choice.id])


@pytest.mark.parametrize("text", ["the ", "", "ΩΩ"])
@pytest.mark.parametrize("kind", TINY)
def test_stepping_writes_what_generate_writes(kind, text):
    predictor = build_predictor(TINY[kind], len(VOCAB), random_weights(TINY[kind], len(VOCAB)))
    config = SampleConfig(length=60, temperature=0.8, seed=7)
    made = list(generate(predictor, VOCAB, text, config))
    branches = steps(Reader(predictor, VOCAB, text), Branches(), 60, 0.8, 7)
    assert branching.decode(branches.path, VOCAB) == texts(made, VOCAB)[0]
    assert [choice.uniform for choice in branches.path] == [float(step.uniforms[0]) for step in made]
    for choice, step in zip(branches.path, made, strict=True):
        expected = sampling.sampling_probabilities(step.logits, config, VOCAB.unknown_id)[0]
        np.testing.assert_allclose(choice.sampling_probabilities, expected)


def test_the_random_number_falls_on_the_chosen_character():
    reader = Reader(Counting(), VOCAB, "the ")
    branches = steps(reader, Branches(), 100)
    for choice in branches.path:
        left, right = choice.span
        assert left - 1e-9 <= choice.uniform <= right + 1e-9
        assert right - left == pytest.approx(choice.probability) == 2**-choice.bits and not choice.manual
    cold = choose(reader, branches, other_than(reader, branches), temperature=0.0).path[-1]
    assert cold.manual and (cold.probability, cold.bits) == (0.0, float("inf")) and cold.span[0] == cold.span[1]


def test_another_choice_starts_a_branch_and_every_branch_can_be_returned_to():
    reader = Reader(Counting(), VOCAB, "the ")
    branches = steps(reader, Branches(), 5)
    first = branching.decode(branches.path, VOCAB)
    forked = branching.move_to(branches, 2)
    character = other_than(reader, forked)
    forked = steps(reader, choose(reader, forked, character), 3)
    second = branching.decode(forked.path, VOCAB)
    assert second[:3] == first[:2] + character and len(second) == 6
    assert [choice.manual for choice in forked.path] == [False, False, True, False, False, False]
    assert [branching.decode(path, VOCAB) for path in forked.paths] == [first, second]
    again = branching.switch_branch(forked, 0)
    assert again.ids == branches.ids and len(again.paths) == 2


def test_going_back_and_on_as_before_makes_no_branch_and_loses_nothing():
    reader = Reader(Counting(), VOCAB, "the ")
    branches = steps(reader, Branches(), 5)
    again = steps(reader, branching.move_to(branches, 1), 2)
    assert again.position == 3 and len(again.paths) == 1
    assert branching.decode(again.path, VOCAB) == branching.decode(branches.path, VOCAB)
    forked = choose(reader, branching.move_to(again, 1), other_than(reader, branching.move_to(again, 1)))
    into = steps(reader, branching.step_back(forked), 1)  # the first path's character again: back on it
    assert (into.branch, into.position, len(into.paths)) == (0, 2, 2)


def test_stepping_back_stops_at_the_beginning_and_branches_never_change():
    reader = Reader(Counting(), VOCAB, "the ")
    branches = steps(reader, Branches(), 1)
    before = branches.paths
    assert branching.step_back(branching.step_back(branches)).position == 0
    steps(reader, branching.step_back(branches), 1, temperature=0.0)
    assert branches.paths is before and branches.position == 1


def test_a_step_costs_one_step_of_the_network_and_going_back_none():
    predictor = Counting()
    reader = Reader(predictor, VOCAB, "the quick ")
    branches = steps(reader, Branches(), 10)
    assert predictor.steps == 10 + 9  # the text, then what follows nine of the ten characters
    reader.logits(branches.ids)
    counted = predictor.steps
    for position in range(10):
        reader.logits(branches.ids[:position])
    assert predictor.steps == counted
    with_x = (*branches.ids[:3], 0)
    fresh = Reader(Counting(), VOCAB, "the quick ")
    np.testing.assert_array_equal(reader.logits(with_x), fresh.logits(with_x))
    np.testing.assert_array_equal(reader.logits((*branches.ids, 5, 6)), fresh.logits((*branches.ids, 5, 6)))


def test_two_readers_of_a_text_read_it_once_and_are_independent():
    predictor = Counting()
    first = Reader(predictor, VOCAB, "the quick ")
    second = first.fork()
    assert predictor.steps == 10
    branches = steps(first, Branches(), 3)
    fresh = Reader(Counting(), VOCAB, "the quick ")
    for ids in ((), (4,), (4, 5), branches.ids):
        np.testing.assert_array_equal(second.logits(ids), fresh.logits(ids))
    np.testing.assert_array_equal(first.logits((*branches.ids, 1)), fresh.logits((*branches.ids, 1)))


def test_what_is_remembered_is_limited(monkeypatch):
    monkeypatch.setattr(branching, "_MAX_REMEMBERED", 5)
    reader = Reader(Counting(), VOCAB, "the ")
    branches = steps(reader, Branches(), 30)
    assert len(reader._known) <= 5
    np.testing.assert_array_equal(reader.logits(()), Reader(Counting(), VOCAB, "the ").logits(()))
    fresh = Reader(Counting(), VOCAB, "the ")
    np.testing.assert_array_equal(reader.logits(branches.ids), fresh.logits(branches.ids))


choices = st.lists(
    st.tuples(
        st.none() | st.integers(0, VOCAB.unknown_id - 1), st.sampled_from([0.0, 0.35, 1.0, 2.0]), st.integers(0, 3)
    ),
    max_size=20,
)


@given(choices)
@settings(deadline=None, max_examples=50)
def test_a_link_restores_the_same_path(chosen):
    reader, branches = Reader(Counting(), VOCAB, "the "), Branches()
    for manual, temperature, seed in chosen:
        choice = branching.next_choice(reader.logits(branches.ids), VOCAB, temperature, seed, branches.position)
        choice = choice if manual is None else branching.choose_manually(choice, manual, VOCAB)
        branches = branching.append_choice(branches, choice)
    code = branching.to_code(branches)
    again = branching.from_code(code, Reader(Counting(), VOCAB, "the "), VOCAB)
    assert again.ids == branches.ids and branching.to_code(again) == code
    said = [(m.uniform, m.temperature, m.seed, m.manual) for m in branches.path]
    assert [(m.uniform, m.temperature, m.seed, m.manual) for m in again.path] == said


def test_a_link_is_short_and_stops_where_it_makes_no_sense():
    reader = Reader(Counting(), VOCAB, "the ")
    branches = choose(reader, steps(reader, Branches(), 12, 0.8), "x", 0.8)
    assert branching.to_code(steps(reader, branches, 3, 1.2)) == f"s1t0.8n12h{VOCAB.characters.index('x')}t1.2n3"
    for code, length in {
        "": 0,
        "n3": 3,
        "n3!n4": 3,
        "n2h999n1": 2,
        "n2t1.2.3n1": 2,
        "n2s99999999999n4": 2,
        "n2t1e5": 2,
        "<b>": 0,
        "n999999999": branching.MAX_CHOICES,
        "n2h1.5": 2,
        f"n{branching.MAX_CHOICES}h1": branching.MAX_CHOICES,
    }.items():
        assert branching.from_code(code, reader, VOCAB).position == length, code


def test_the_length_and_number_of_branches_are_limited():
    reader = Reader(Counting(), VOCAB, "the ")
    full = steps(reader, Branches(), branching.MAX_CHOICES, 0.0)
    assert full.is_full
    with pytest.raises(CharlabError, match="at most 200"):
        steps(reader, full, 1)
    branches = steps(reader, Branches(), 2)
    for character in VOCAB.characters:
        branches = choose(reader, branching.move_to(branches, 0), character)
    assert len(branches.paths) == branching.MAX_BRANCHES and branches.branch == branching.MAX_BRANCHES - 1
    assert branching.decode(branches.path, VOCAB) == VOCAB.characters[-1]


def test_an_id_or_a_branch_out_of_range_is_refused():
    choice = branching.next_choice(np.zeros(len(VOCAB)), VOCAB, 1.0, 1, 0)
    for chosen in (-1, VOCAB.unknown_id):
        with pytest.raises(ConfigError, match="between 0 and"):
            branching.choose_manually(choice, chosen, VOCAB)
    with pytest.raises(ConfigError, match="Received: 1"):
        branching.switch_branch(Branches(), 1)


def test_a_position_of_the_current_path_is_found_by_its_code():
    reader = Reader(Counting(), VOCAB, "the ")
    branches = steps(reader, choose(reader, steps(reader, Branches(), 3), "x"), 3, 0.5)
    for position in range(8):
        assert (
            branching.position_of(branches, branching.to_code(branching.move_to(branches, position))) == position
        )
    assert branching.position_of(branches, "s1t1n4") is None and branching.position_of(branches, "<b>") is None


def test_the_random_numbers_of_a_seed_are_those_that_choose():
    numbers = branching.random_numbers(7)
    assert numbers.shape == (branching.MAX_CHOICES + 1,) and numbers.dtype == float
    branches = steps(Reader(Counting(), VOCAB, "the "), Branches(), 30, seed=7)
    assert [choice.uniform for choice in branches.path] == numbers[:30].tolist()
    with pytest.raises(ConfigError):
        branching.random_numbers(-1)
