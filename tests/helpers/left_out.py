"""Texts that an alphabet does not hold: made afresh, the same each time."""

import numpy as np

_random = np.random.default_rng(7)


def _sentences(words: str, characters: int) -> str:
    out = ""
    while len(out) < characters:
        out += " ".join(_random.choice(words.split(), _random.integers(4, 10))).capitalize() + ". "
    return out[:characters]


RUSSIAN = _sentences("море было тихим и лодка вышла рано утром двое молчали всю неделю", 20_000)
CHINESE = "".join(_random.choice(list("海面很平静一条小船清晨"), 20_000))
QUOTES = _sentences("the sea was calm and a small boat went out with two men", 20_000).replace(". ", "” — “")
_HAN = [chr(0x4E00 + k) for k in range(4_002)]  # the first 512 ten times as often as the others
NOVEL = "".join(_random.permutation(_HAN[:512] * 20 + _HAN[512:] * 2))
