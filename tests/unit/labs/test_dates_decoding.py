"""Greedy writing, temperature and beam search, on small networks with random weights and on toys."""

from dataclasses import dataclass
from itertools import product

import numpy as np
import pytest

from charlab.core.config import SampleConfig
from charlab.errors import ConfigError
from charlab.labs.dates import data, decoding
from charlab.labs.dates.network import VERSIONS
from helpers.dates import SMALL, TEXTS, random_weights, translator


@dataclass
class Said:
    """What each row has written so far."""

    texts: list[tuple[int, ...]]

    def select(self, rows):
        return Said([self.texts[row] for row in rows])


class Toy:
    """Two characters and padding: a table has the logits after each text."""

    start_id = 3

    def __init__(self, seed: int, length: int) -> None:
        random = np.random.default_rng(seed)
        texts = [text for n in range(length) for text in product((1, 2), repeat=n)]
        self.table = {text: random.normal(0, 2, 3).astype(np.float32) for text in texts}

    def read(self, ids):
        return Said([()] * len(ids))

    def step(self, ids, state):
        if (ids != self.start_id).any():
            state = Said([(*text, int(i)) for text, i in zip(state.texts, ids, strict=True)])
        return np.stack([self.table[text] for text in state.texts]), state, None

    def log_probability(self, text) -> float:
        total = 0.0
        for n, i in enumerate(text):
            logits = self.table[text[:n]].astype(float)
            total += logits[i] - np.log(np.exp(logits).sum())
        return total


@pytest.mark.parametrize("seed", range(5))
def test_a_beam_of_full_width_is_exhaustive(seed):
    """Width 8 holds all texts of three characters: no beginning of a text of four is dropped."""
    toy = Toy(seed, 4)
    beam = decoding.beam_search(toy, np.array([1]), 8, length=4)
    every = sorted(product((1, 2), repeat=4), key=toy.log_probability, reverse=True)
    assert [beam.ids(place) for place in range(8)] == every[:8]
    for place, node in enumerate(beam.steps[-1]):
        assert abs(node.log_probability - toy.log_probability(every[place])) < 1e-9
    assert [len(nodes) for nodes in beam.steps] == [2, 4, 8, 8]


def test_a_beam_finds_what_greedy_misses():
    toy = Toy(0, 2)
    after = {(): [0.0001, 0.6, 0.4], (1,): [0.0001, 0.5, 0.5], (2,): [0.01, 0.01, 0.98]}
    toy.table = {text: np.log(probabilities) for text, probabilities in after.items()}
    greedy = decoding.write(toy, np.array([[1]]), length=2)
    assert greedy.ids.tolist() == [[1, 1]]
    beam = decoding.beam_search(toy, np.array([1]), 2, length=2)
    assert beam.ids() == (2, 2) and beam.ids(1, 0) == (2,)
    assert beam.path((2, 2)) == [1, 0] and beam.path((1, 1)) == [0, 1] and beam.path((1, 2)) == [0, None]
    assert np.exp(beam.steps[-1][0].log_probability) > np.exp(greedy.log_probability[0])


@pytest.mark.parametrize("name", VERSIONS)
def test_a_beam_of_one_is_greedy(name):
    one, rows = translator(name), data.ids(TEXTS)
    greedy = decoding.write(one, rows)
    for i, row in enumerate(rows):
        beam = decoding.beam_search(one, row, 1)
        assert beam.ids() == tuple(greedy.ids[i]) and beam.path(greedy.ids[i].tolist()) == [0] * 10
        assert abs(beam.steps[-1][0].log_probability - greedy.log_probability[i]) < 1e-6


@pytest.mark.parametrize("width", range(2, 11))
def test_each_node_adds_the_networks_own_log_probability(width):
    one, row = translator("attention"), data.ids(TEXTS)[1]
    beam = decoding.beam_search(one, row, width)
    state, texts = one.read(row[None]), [beam.ids(place) for place in range(width)]
    state = state.select(np.zeros(width, int))
    written, sums = np.full(width, one.start_id), np.zeros(width)
    for position in range(data.WRITTEN):
        logits, state, _ = one.step(written, state)
        written = np.array([text[position] for text in texts])
        sums += logits[np.arange(width), written] - np.log(np.exp(logits.astype(float)).sum(1))
    assert np.abs(sums - [node.log_probability for node in beam.steps[-1]]).max() < 1e-5
    assert sorted(sums, reverse=True) == pytest.approx(sums.tolist()) and len(set(texts)) == width


def test_temperature_zero_is_greedy_and_padding_is_never_written():
    weights = random_weights(VERSIONS["teacher"])
    weights["head/bias"] = weights["head/bias"] + np.eye(12, dtype=np.float32)[0] * 50  # padding the likeliest
    one, rows = type(translator("teacher"))(VERSIONS["teacher"], SMALL, weights), data.ids(TEXTS)
    greedy = decoding.write(one, rows)
    assert (greedy.ids == decoding.write(one, rows, SampleConfig(temperature=0, seed=5)).ids).all()
    assert (greedy.ids > 0).all() and (decoding.write(one, rows, SampleConfig(temperature=9)).ids > 0).all()
    assert 0 not in decoding.beam_search(one, rows[0], 10).ids(9)
    assert all(len(text) == 10 for text in greedy.texts())


def test_temperature_draws_by_the_networks_probabilities():
    toy = Toy(3, 1)
    drawn = decoding.write(toy, np.ones((20_000, 1), int), SampleConfig(temperature=2.0, seed=4), length=1)
    halved = np.exp(toy.table[()][1:] / 2)
    assert abs((drawn.ids == 1).mean() - halved[0] / halved.sum()) < 0.02
    assert abs(drawn.probabilities[0, 0].sum() - 1) < 1e-9
    again = decoding.write(toy, np.ones((20_000, 1), int), SampleConfig(temperature=2.0, seed=4), length=1)
    assert (again.ids == drawn.ids).all()


def test_log_probabilities_are_those_of_what_was_written():
    one, rows = translator("repeated"), data.ids(TEXTS)
    written = decoding.write(one, rows, SampleConfig(temperature=3.0, seed=2))
    expected = [
        sum(np.log(written.probabilities[i, t, written.ids[i, t]]) for t in range(10)) for i in range(len(rows))
    ]
    assert written.log_probability == pytest.approx(expected) and written.attention is None
    assert decoding.write(translator("attention"), rows).attention.shape == (4, 10, 18)


class Perfect(Toy):
    """Writes one date, whatever it reads; at temperature 1 a wrong digit has hardly any probability."""

    start_id = data.START

    def __init__(self, iso: str) -> None:
        self.right = data.written_ids([iso])[0]

    def step(self, ids, state):
        place = len(state.texts[0])
        logits = np.zeros((len(ids), 12)) + 20 * (np.arange(12) == self.right[place])
        return logits, Said([(*text, 0) for text in state.texts]), None


def test_the_curve_counts_right_dates_and_dates_at_all():
    dates = data.Dates(("May 01, 2020",) * 400, ("2020-05-01",) * 200 + ("2020-05-02",) * 200)
    cold, hot = decoding.temperature_curve(Perfect("2020-05-01"), dates, [0.5, 50])
    assert (cold.temperature, cold.exact, cold.valid) == (0.5, 0.5, 1.0)
    assert hot.exact < 0.05 and hot.valid < 0.2


@pytest.mark.parametrize("width", [0, 11])
def test_a_width_out_of_range_is_refused(width):
    with pytest.raises(ConfigError, match=f"between 1 and 10. Received: {width}"):
        decoding.beam_search(Toy(0, 2), np.array([1]), width)
