"""All that is known here of BLAS and caches: how to lay out a matrix product so that it is fast.

The networks read like their equations without it; a plain `x @ kernel` gives the same numbers but for rounding.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from threadpoolctl import threadpool_info

_UNCOPIED = 10**6  # multiplications in a product that OpenBLAS does with both matrices as they lie
_WIDTH = 64  # columns that it then works on at once


def rows_for(samples: int) -> int:
    """How many rows to lay out for so many samples, so that their product is fastest.

    OpenBLAS takes rows by the four, and what is left over more slowly; with AVX-512 a single one left over still
    takes less than four. Up to three alone go as vectors. Rows beyond the samples may hold anything.
    """
    if samples < 4 or samples % 4 == 1 and _has_avx512():
        return samples
    return -(-samples // 4) * 4


def operands(rows: np.ndarray, kernel: np.ndarray, out: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Views of rows [N, K], a kernel [K, M] and `out` [N, M], for which np.matmul is fastest; see `rows_for`.

    The kernel may be cut into `blocks` [B, K, W], whose products go into `out` [B, N, W].
    """
    if len(rows) < 4:
        return rows[:, None], kernel[..., None, :, :], out[..., None, :]
    return rows, kernel, out


def blocks(kernel: np.ndarray, rows: int) -> np.ndarray:
    """A kernel [K, M] cut into blocks of columns, [B, K, W], that so many rows are multiplied with one by one.

    B * W is at least M, and the columns beyond M are zeros. OpenBLAS copies a kernel into another order before it
    multiplies, which takes longer than a few rows' product does. On processors with AVX-512 it does not where
    rows * K * W is at most a million. The kernel stays whole, B = 1, where it is that small anyway, where not even
    64 columns are, on other processors, and for up to three rows, which go as vectors, without a copy.
    """
    K, M = kernel.shape
    if rows < 4 or not rows * K * _WIDTH <= _UNCOPIED < rows * K * M or not _has_avx512():
        return kernel[None]
    B = -(-M // _WIDTH)
    result = np.zeros((K, B * _WIDTH), kernel.dtype)
    result[:, :M] = kernel
    return np.ascontiguousarray(result.reshape(K, B, _WIDTH).transpose(1, 0, 2))


@cache
def _has_avx512() -> bool:
    """Whether NumPy's OpenBLAS has taken its code for such a processor."""
    names = "SkylakeX", "Cooperlake", "SapphireRapids"  # AMD's go by these, too
    return any(pool.get("architecture") in names for pool in threadpool_info())
