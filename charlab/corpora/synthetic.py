"""Four sources of text whose entropy is known exactly: the loss of a perfect model, in bits per character.

Each is a function of a seed and a length that returns a text, with a function `*_entropy` that derives the number.

Every text has exactly the requested length, so its last line may be cut; with the same seed, a longer text
begins with the shorter one.
"""

from __future__ import annotations

import numpy as np

from charlab.errors import ConfigError

MAXIMUM_LENGTH = 20_000_000

# What may follow each character: sixteen entries of equal probability, so that a letter with four of them has
# probability 4/16. Vowels and consonants alternate, and some pairs are frequent.
MARKOV_ROWS = {
    " ": "akkllmmmnnsstttt",
    "a": "klllmmnnnnstt   ",
    "e": "lllmnnnnssstt   ",
    "i": "kkllmnnnnssstt  ",
    "k": "aaaaaeeiiooooouu",
    "l": "aaaaeeeeiiiioou ",
    "m": "aaaaaaeeeiiioouu",
    "n": "aaaeeeiiokstt   ",
    "o": "kllmmnnsstt     ",
    "s": "aaeeeiiokttt u  ",
    "t": "aaaeeeiiiooosu  ",
    "u": "klmmnnnnssst    ",
}

# Reber's graph (Reber 1967), without the B before it and the E after it: from each state two transitions
# with probability 1/2 each, and the letter that each writes. State 5 is the end.
REBER_GRAPH = (
    (("T", 1), ("P", 2)),
    (("S", 1), ("X", 3)),
    (("T", 2), ("V", 4)),
    (("X", 2), ("S", 5)),
    (("P", 3), ("V", 5)),
)
REBER_END = len(REBER_GRAPH)

LARGEST_SUMMAND = 99


def markov(seed: int, length: int) -> str:
    """A first-order Markov source: each character depends on the one before it, by MARKOV_ROWS.

    The first is drawn from the stationary distribution, so the text has the same statistics everywhere.
    """
    random = _random(seed, length)
    characters, transitions = markov_transitions()
    state = int(random.choice(len(characters), p=_stationary(transitions)))
    follow = [[characters.index(c) for c in MARKOV_ROWS[character]] for character in characters]
    states = [state]
    for place in random.integers(0, 16, size=length - 1).tolist():
        state = follow[state][place]
        states.append(state)
    return "".join(map(characters.__getitem__, states))


def markov_entropy() -> float:
    """Bits per character of `markov`: the rows' entropies, weighted by the frequency of each character.

    h = sum_i p_i sum_j -P_ij log2 P_ij, where p is the stationary distribution, p P = p (Shannon 1948,
    section 7). It is also what the best bigram model needs: characters further back give no more information.
    """
    _, transitions = markov_transitions()
    logarithms = np.log2(transitions, out=np.zeros_like(transitions), where=transitions > 0)
    return float(_stationary(transitions) @ -(transitions * logarithms).sum(axis=1))


def markov_transitions() -> tuple[str, np.ndarray]:
    """The source's characters, and P[i, j], the probability that character j follows character i: [K, K]."""
    characters = "".join(MARKOV_ROWS)
    counts = [[row.count(character) for character in characters] for row in MARKOV_ROWS.values()]
    return characters, np.array(counts) / 16


def reber(seed: int, length: int) -> str:
    """Strings of the embedded Reber grammar, one per line.

    B, then T or P, then a string of Reber's grammar (B, a path through REBER_GRAPH, E), then the same T or P
    again, then E (Hochreiter and Schmidhuber 1997): to predict the last but one letter, a model must remember the
    second.
    """
    choices = iter(_random(seed, length).integers(0, 2, size=length).tolist())  # each writes one letter or more
    letters: list[str] = []
    while len(letters) < length:
        frame = "TP"[next(choices)]
        letters += "B", frame, "B"
        state = 0
        while state != REBER_END and len(letters) < length:
            letter, state = REBER_GRAPH[state][next(choices)]
            letters.append(letter)
        letters += "E", frame, "E", "\n"
    return "".join(letters[:length])


def reber_entropy() -> float:
    """Bits per character of `reber`: 7/13, about 0.538.

    Different paths write different strings, so a string's entropy is that of its choices, one bit each. The
    expected number n_i of choices from state i to the end is one more than the mean over the two states that
    follow: n = 1 + Q n, so (I - Q) n = 1, which gives n_0 = 6. With the choice of T or P that is 7 bits.
    Each of the 6 choices writes a letter; before them come B, T or P, B, and after them E, T or P, E and the
    newline: 6 + 7 = 13 characters. Lines are drawn independently, so entropy per character is the first number
    divided by the second (Shannon 1948, section 7: entropy per symbol = entropy per message / mean length).
    """
    onward = np.zeros((REBER_END, REBER_END))  # Q, [5, 5]
    for state, ways in enumerate(REBER_GRAPH):
        for _, following in ways:
            if following != REBER_END:
                onward[state, following] += 1 / 2
    choices = np.linalg.solve(np.eye(REBER_END) - onward, np.ones(REBER_END))[0]
    return float((choices + 1) / (choices + 7))


def additions(seed: int, length: int) -> str:
    """Sums such as 12+7=19, one per line, both summands uniform from 0 to 99."""
    lines = length // len("0+0=0\n") + 1
    pairs = _random(seed, length).integers(0, LARGEST_SUMMAND + 1, size=(lines, 2)).tolist()
    return "".join([f"{a}+{b}={a + b}\n" for a, b in pairs])[:length]


def additions_entropy() -> float:
    """Bits per character of `additions`: log2(10,000) / 9.2895, about 1.430.

    A line is known when its two summands are, and the sum tells nothing new: 2 log2(100) bits per line. Its mean
    length is the mean number of digits of both summands and the sum, over all 100 x 100 pairs, and three
    characters more (+, =, newline): 1.9 + 1.9 + 2.4895 + 3.
    """
    summands = np.arange(LARGEST_SUMMAND + 1)
    sums = summands[:, None] + summands[None, :]  # [100, 100]
    mean_length = 2 * _digits(summands).mean() + _digits(sums).mean() + len("+=\n")
    return float(2 * np.log2(len(summands)) / mean_length)


def coin_flips(seed: int, length: int) -> str:
    """Flips of a fair coin: H and T, each with probability 1/2, independent of all others."""
    return "".join(map("HT".__getitem__, _random(seed, length).integers(0, 2, size=length).tolist()))


def coin_flips_entropy() -> float:
    """Bits per character of `coin_flips`: two outcomes of probability 1/2, -log2(1/2) = 1."""
    return 1.0


def _random(seed: int, length: int) -> np.random.Generator:
    """The source's random numbers. Raises ConfigError if seed or length is not valid."""
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise ConfigError(f"seed must be a whole number, 0 or greater. Received: {seed!r}.")
    if isinstance(length, bool) or not isinstance(length, int) or not 1 <= length <= MAXIMUM_LENGTH:
        raise ConfigError(f"length must be between 1 and {MAXIMUM_LENGTH:,} characters. Received: {length!r}.")
    return np.random.default_rng(seed)


def _stationary(transitions: np.ndarray) -> np.ndarray:
    """The distribution p with p P = p and sum(p) = 1, from both as one system of equations: [K]."""
    number = len(transitions)
    equations = np.vstack([transitions.T - np.eye(number), np.ones(number)])  # [K + 1, K]
    return np.linalg.lstsq(equations, np.eye(number + 1)[number], rcond=None)[0]


def _digits(numbers: np.ndarray) -> np.ndarray:
    return 1 + (numbers >= 10).astype(int) + (numbers >= 100)
