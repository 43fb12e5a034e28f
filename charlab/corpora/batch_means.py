"""The standard error of a mean loss, from the means of consecutive blocks of the text.

Losses of neighbouring characters are alike (a hard word, a hard scene), so that the spread of single characters
would make a mean look surer than it is. The means of long blocks are nearly independent (batch means; Conway,
1963). The error is of chance alone: that the end of a text is of another kind than the rest, it does not show.
"""

from __future__ import annotations

import numpy as np

BLOCKS = 20
_FEWEST = 5  # of the blocks, with characters that count


def block_of(places: np.ndarray, size: int) -> np.ndarray:
    """In which of BLOCKS equal blocks of `size` characters some places are."""
    return places * BLOCKS // size


def standard_error(sums: np.ndarray, counts: np.ndarray) -> float | None:
    """Of sums.sum() / counts.sum(), both [BLOCKS]: losses added up in each block, and how many they are.

    None where fewer than five blocks have any.
    """
    used = counts > 0
    if (number := int(used.sum())) < _FEWEST:
        return None
    deviations = (sums - counts * sums.sum() / counts.sum())[used]
    return float(np.sqrt(number / (number - 1) * (deviations**2).sum()) / counts.sum())


def standard_error_of(losses: np.ndarray) -> float | None:
    """Of the mean of losses [T] in the order of the text, without those that are NaN."""
    known = ~np.isnan(losses)
    blocks = block_of(np.flatnonzero(known), len(losses))
    sums = np.bincount(blocks, losses[known], minlength=BLOCKS)
    return standard_error(sums, np.bincount(blocks, minlength=BLOCKS))
