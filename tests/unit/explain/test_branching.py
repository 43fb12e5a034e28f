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
from charlab.explain.branching import Reader, Walk
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


def steps(reader, walk, number, temperature=1.0, seed=1):
    for _ in range(number):
        needle = branching.expect(reader.logits(walk.ids), VOCAB, temperature, seed, walk.place)
        walk = branching.go_on(walk, needle)
    return walk


def choose(reader, walk, character, temperature=1.0, seed=1):
    needle = branching.expect(reader.logits(walk.ids), VOCAB, temperature, seed, walk.place)
    return branching.go_on(walk, branching.by_hand(needle, VOCAB.characters.index(character), VOCAB))


def other_than(reader, walk) -> str:
    needle = branching.expect(reader.logits(walk.ids), VOCAB, 1.0, 1, walk.place)
    return next(c for c in VOCAB.characters if c != VOCAB.characters[needle.id])


@pytest.mark.parametrize("text", ["the ", "", "ΩΩ"])
@pytest.mark.parametrize("kind", TINY)
def test_stepping_writes_what_generate_writes(kind, text):
    predictor = build_predictor(TINY[kind], len(VOCAB), random_weights(TINY[kind], len(VOCAB)))
    config = SampleConfig(length=60, temperature=0.8, seed=7)
    made = list(generate(predictor, VOCAB, text, config))
    walk = steps(Reader(predictor, VOCAB, text), Walk(), 60, 0.8, 7)
    assert branching.written(walk.path, VOCAB) == texts(made, VOCAB)[0]
    assert [move.uniform for move in walk.path] == [float(step.uniforms[0]) for step in made]
    for move, step in zip(walk.path, made, strict=True):
        np.testing.assert_allclose(
            move.shaped, sampling.sampling_probabilities(step.logits, config, VOCAB.unknown_id)[0]
        )


def test_the_needle_lies_on_the_chosen_character():
    reader = Reader(Counting(), VOCAB, "the ")
    walk = steps(reader, Walk(), 100)
    for move in walk.path:
        left, right = move.span
        assert left - 1e-9 <= move.uniform <= right + 1e-9
        assert right - left == pytest.approx(move.probability) == 2**-move.bits and not move.by_hand
    cold = choose(reader, walk, other_than(reader, walk), temperature=0.0).path[-1]
    assert cold.by_hand and (cold.probability, cold.bits) == (0.0, float("inf")) and cold.span[0] == cold.span[1]


def test_another_choice_branches_and_every_path_can_be_gone_back_to():
    reader = Reader(Counting(), VOCAB, "the ")
    walk = steps(reader, Walk(), 5)
    first = branching.written(walk.path, VOCAB)
    forked = branching.go_to(walk, 2)
    character = other_than(reader, forked)
    forked = steps(reader, choose(reader, forked, character), 3)
    second = branching.written(forked.path, VOCAB)
    assert second[:3] == first[:2] + character and len(second) == 6
    assert [move.by_hand for move in forked.path] == [False, False, True, False, False, False]
    assert [branching.written(path, VOCAB) for path in forked.paths] == [first, second]
    again = branching.switch(forked, 0)
    assert again.ids == walk.ids and len(again.paths) == 2


def test_going_back_and_on_as_before_makes_no_branch_and_loses_nothing():
    reader = Reader(Counting(), VOCAB, "the ")
    walk = steps(reader, Walk(), 5)
    again = steps(reader, branching.go_to(walk, 1), 2)
    assert again.place == 3 and len(again.paths) == 1
    assert branching.written(again.path, VOCAB) == branching.written(walk.path, VOCAB)
    forked = choose(reader, branching.go_to(again, 1), other_than(reader, branching.go_to(again, 1)))
    into = steps(reader, branching.back(forked), 1)  # the first path's character again: back on it
    assert (into.at, into.place, len(into.paths)) == (0, 2, 2)


def test_back_stops_at_the_beginning_and_a_walk_never_changes():
    reader = Reader(Counting(), VOCAB, "the ")
    walk = steps(reader, Walk(), 1)
    before = walk.paths
    assert branching.back(branching.back(walk)).place == 0
    steps(reader, branching.back(walk), 1, temperature=0.0)
    assert walk.paths is before and walk.place == 1


def test_a_step_costs_one_step_of_the_network_and_going_back_none():
    predictor = Counting()
    reader = Reader(predictor, VOCAB, "the quick ")
    walk = steps(reader, Walk(), 10)
    assert predictor.steps == 10 + 9  # the text, then what follows nine of the ten characters
    reader.logits(walk.ids)
    counted = predictor.steps
    for place in range(10):
        reader.logits(walk.ids[:place])
    assert predictor.steps == counted
    with_x = (*walk.ids[:3], 0)
    fresh = Reader(Counting(), VOCAB, "the quick ")
    np.testing.assert_array_equal(reader.logits(with_x), fresh.logits(with_x))
    np.testing.assert_array_equal(reader.logits((*walk.ids, 5, 6)), fresh.logits((*walk.ids, 5, 6)))


def test_two_readers_of_a_text_read_it_once_and_go_their_own_ways():
    predictor = Counting()
    first = Reader(predictor, VOCAB, "the quick ")
    second = first.another()
    assert predictor.steps == 10
    walk = steps(first, Walk(), 3)
    fresh = Reader(Counting(), VOCAB, "the quick ")
    for ids in ((), (4,), (4, 5), walk.ids):
        np.testing.assert_array_equal(second.logits(ids), fresh.logits(ids))
    np.testing.assert_array_equal(first.logits((*walk.ids, 1)), fresh.logits((*walk.ids, 1)))


def test_what_is_remembered_is_limited(monkeypatch):
    monkeypatch.setattr(branching, "_MAX_REMEMBERED", 5)
    reader = Reader(Counting(), VOCAB, "the ")
    walk = steps(reader, Walk(), 30)
    assert len(reader._known) <= 5
    np.testing.assert_array_equal(reader.logits(()), Reader(Counting(), VOCAB, "the ").logits(()))
    np.testing.assert_array_equal(reader.logits(walk.ids), Reader(Counting(), VOCAB, "the ").logits(walk.ids))


moves = st.lists(
    st.tuples(
        st.none() | st.integers(0, VOCAB.unknown_id - 1), st.sampled_from([0.0, 0.35, 1.0, 2.0]), st.integers(0, 3)
    ),
    max_size=20,
)


@given(moves)
@settings(deadline=None, max_examples=50)
def test_a_link_writes_the_same_path_again(chosen):
    reader, walk = Reader(Counting(), VOCAB, "the "), Walk()
    for by_hand, temperature, seed in chosen:
        move = branching.expect(reader.logits(walk.ids), VOCAB, temperature, seed, walk.place)
        walk = branching.go_on(walk, move if by_hand is None else branching.by_hand(move, by_hand, VOCAB))
    code = branching.to_code(walk)
    again = branching.from_code(code, Reader(Counting(), VOCAB, "the "), VOCAB)
    assert again.ids == walk.ids and branching.to_code(again) == code
    said = [(m.uniform, m.temperature, m.seed, m.by_hand) for m in walk.path]
    assert [(m.uniform, m.temperature, m.seed, m.by_hand) for m in again.path] == said


def test_a_link_is_short_and_stops_where_it_makes_no_sense():
    reader = Reader(Counting(), VOCAB, "the ")
    walk = choose(reader, steps(reader, Walk(), 12, 0.8), "x", 0.8)
    assert branching.to_code(steps(reader, walk, 3, 1.2)) == f"s1t0.8n12h{VOCAB.characters.index('x')}t1.2n3"
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
        assert branching.from_code(code, reader, VOCAB).place == length, code


def test_paths_and_their_number_are_limited():
    reader = Reader(Counting(), VOCAB, "the ")
    full = steps(reader, Walk(), branching.MAX_CHOICES, 0.0)
    assert full.is_full
    with pytest.raises(CharlabError, match="at most 200"):
        steps(reader, full, 1)
    walk = steps(reader, Walk(), 2)
    for character in VOCAB.characters:
        walk = choose(reader, branching.go_to(walk, 0), character)
    assert len(walk.paths) == branching.MAX_BRANCHES and walk.at == branching.MAX_BRANCHES - 1
    assert branching.written(walk.path, VOCAB) == VOCAB.characters[-1]


def test_the_unknown_character_is_neither_offered_nor_taken():
    logits = np.zeros(len(VOCAB))
    logits[VOCAB.unknown_id] = 9.0
    assert branching.likeliest(logits, VOCAB, 99) == list(range(VOCAB.unknown_id))
    move = branching.expect(logits, VOCAB, 1.0, 1, 0)
    for chosen in (-1, VOCAB.unknown_id):
        with pytest.raises(ConfigError, match="between 0 and"):
            branching.by_hand(move, chosen, VOCAB)
    with pytest.raises(ConfigError, match="Received: 1"):
        branching.switch(Walk(), 1)
