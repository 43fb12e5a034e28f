"""The synthetic sources: their strings are in the language, and the entropy derived is the one a sample shows.

The estimates count what is in a long sample and know nothing of how the sources are made: plug-in entropies,
with Miller and Madow's correction for the number of different outcomes seen.
"""

import math
import re
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from charlab.corpora import synthetic
from charlab.errors import ConfigError

SOURCES = {
    "markov": (synthetic.markov, synthetic.markov_entropy),
    "reber": (synthetic.reber, synthetic.reber_entropy),
    "additions": (synthetic.additions, synthetic.additions_entropy),
    "coin_flips": (synthetic.coin_flips, synthetic.coin_flips_entropy),
}

# Reber's grammar as a regular expression, written from the strings it allows and not from the graph's table.
_AFTER_X = "(?:XT*VP)*(?:S|XT*VV)"
REBER_STRING = f"B(?:TS*X{_AFTER_X}|PT*V(?:V|P{_AFTER_X}))E"
EMBEDDED_STRING = re.compile(f"B(?:T{REBER_STRING}T|P{REBER_STRING}P)E")


def entropy(outcomes) -> float:
    """Bits per outcome: plug-in estimate and Miller-Madow's correction."""
    counts = np.array(list(Counter(outcomes).values()))
    shares = counts / counts.sum()
    return float(-(shares * np.log2(shares)).sum() + (len(counts) - 1) / (2 * counts.sum()) / math.log(2))


def whole_lines(text: str) -> list[str]:
    return text[: text.rfind("\n")].split("\n")


def entropy_of_lines(text: str) -> float:
    """Bits per character of a text whose lines are independent: bits per line / characters per line."""
    lines = whole_lines(text)
    return entropy(lines) / (np.mean([len(line) for line in lines]) + 1)


@pytest.mark.parametrize("name", SOURCES)
def test_a_seed_gives_one_text_and_another_seed_another(name):
    source, _ = SOURCES[name]
    assert source(1, 5000) == source(1, 5000) != source(2, 5000)


@pytest.mark.parametrize("name", SOURCES)
def test_the_length_is_exact_and_a_longer_text_begins_with_the_shorter(name):
    source, _ = SOURCES[name]
    long = source(3, 3000)
    for length in (1, 2, 7, 8, 500, 2999, 3000):
        assert source(3, length) == long[:length]


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize(("seed", "length"), [(-1, 10), (1.5, 10), (True, 10), (1, 0), (1, 2.5), (1, 10**9)])
def test_a_seed_or_a_length_that_makes_no_sense_is_refused_with_what_came(name, seed, length):
    source, _ = SOURCES[name]
    with pytest.raises(ConfigError, match="Received"):
        source(seed, length)


def test_markov_rows_are_sixteen_places_among_their_own_characters():
    characters, transitions = synthetic.markov_transitions()
    assert all(len(row) == 16 and set(row) <= set(characters) for row in synthetic.MARKOV_ROWS.values())
    assert np.allclose(transitions.sum(axis=1), 1)
    # From each character to each other in three steps: one class, aperiodic, so the entropy rate exists.
    assert (np.linalg.matrix_power(transitions, 3) > 0).all()


def test_markov_text_follows_its_table():
    characters, transitions = synthetic.markov_transitions()
    text = synthetic.markov(1, 400_000)
    pairs = Counter(pairwise(text))
    counts = np.array([[pairs[a, b] for b in characters] for a in characters])
    shares = counts / counts.sum(axis=1, keepdims=True)
    assert (shares[transitions == 0] == 0).all()
    assert np.abs(shares - transitions).max() < 0.02


def test_markov_entropy_is_what_pairs_of_characters_show_and_triples_show_no_less():
    text = synthetic.markov(2, 1_000_000)
    one, two, three = (entropy(zip(*(text[i:] for i in range(n)), strict=False)) for n in (1, 2, 3))
    assert two - one == pytest.approx(synthetic.markov_entropy(), abs=0.005)
    assert three - two == pytest.approx(synthetic.markov_entropy(), abs=0.005)


def test_markov_starts_as_it_goes_on():
    first = Counter(synthetic.markov(seed, 1) for seed in range(3000))
    later = Counter(synthetic.markov(0, 300_000))
    for character in later:
        assert first[character] / 3000 == pytest.approx(later[character] / 300_000, abs=0.03)


def test_reber_strings_are_in_the_language_and_the_frames_agree():
    lines = whole_lines(synthetic.reber(1, 200_000))
    assert all(EMBEDDED_STRING.fullmatch(line) for line in lines)
    assert all(line[1] == line[-2] for line in lines)
    assert 0.48 < np.mean([line[1] == "T" for line in lines]) < 0.52
    assert len({line[2:-2] for line in lines}) > 500  # many different paths, loops among them
    assert not EMBEDDED_STRING.fullmatch("BTBTXSEPE")  # the check can fail


def test_reber_entropy_is_what_letters_and_their_contexts_show():
    assert synthetic.reber_entropy() == pytest.approx(7 / 13, abs=1e-12)
    # Rare strings are many, so whole lines would be underestimated. Given the frame's letter and the last three
    # characters, nothing further back helps: the conditional entropy is the source's.
    contexts, steps = [], []
    for line in whole_lines(synthetic.reber(2, 1_000_000)):
        padded = "^^^" + line + "\n"
        for i in range(3, len(padded)):
            contexts.append((line[1] if i > 4 else "", padded[i - 3 : i]))
            steps.append((contexts[-1], padded[i]))
    assert entropy(steps) - entropy(contexts) == pytest.approx(synthetic.reber_entropy(), rel=0.002)


def test_additions_are_right_and_every_pair_comes():
    lines = whole_lines(synthetic.additions(1, 1_500_000))
    pairs = set()
    for line in lines:
        a, b, total = map(int, re.fullmatch(r"(\d+)\+(\d+)=(\d+)", line).groups())
        assert a + b == total
        assert line == f"{a}+{b}={total}"  # no leading zeros
        pairs.add((a, b))
    assert pairs == {(a, b) for a in range(100) for b in range(100)}


def test_additions_entropy_is_what_lines_show():
    estimate = entropy_of_lines(synthetic.additions(2, 4_000_000))
    assert estimate == pytest.approx(synthetic.additions_entropy(), rel=0.002)


def test_coin_flips_are_one_bit_each_whatever_came_before():
    text = synthetic.coin_flips(1, 800_000)
    assert set(text) == set("HT")
    blocks = entropy(text[i : i + 8] for i in range(0, len(text), 8))
    assert blocks / 8 == pytest.approx(synthetic.coin_flips_entropy(), abs=0.001)
