"""The functions that the networks are made of, in NumPy and for any number of rows."""

from __future__ import annotations

from functools import cache

import numpy as np
from threadpoolctl import threadpool_info

_UNCOPIED = 10**6  # multiplications in a product that OpenBLAS does with both matrices as they lie
_WIDTH = 64  # columns that it then works on at once
_HALF = np.array(0.5, np.float32)  # NumPy begins sooner with an array than with Python's number


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


def dense(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """x times a kernel, plus a bias: [N, K], [K, M], [M] -> [N, M]."""
    N, rows = len(x), x
    if rows_for(N) > N:
        rows = np.zeros((rows_for(N), x.shape[1]), x.dtype)
        rows[:N] = x
    result = np.empty((len(rows), kernel.shape[1]), np.result_type(x, kernel))
    left, right, out = operands(rows, kernel, result)
    np.matmul(left, right, out=out)
    result = result[:N]
    result += bias
    return result


def sigmoid(x: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """1 / (1 + exp(-x)), written so that it cannot overflow; into `out` where that is given."""
    result = np.multiply(x, _HALF, out=out)
    np.tanh(result, out=result)
    result *= _HALF
    result += _HALF
    return result


def gelu(x: np.ndarray) -> np.ndarray:
    """The Gaussian error linear unit in its tanh form (Hendrycks and Gimpel, 2016)."""
    return 0.5 * x * (1.0 + np.tanh(0.7978845608 * (x + 0.044715 * x * x * x)))


def softmax(x: np.ndarray) -> np.ndarray:
    """Over the last axis; the greatest value is taken off first, so that exp cannot overflow."""
    e = np.exp(x - np.maximum.reduce(x, axis=-1, keepdims=True))
    return e / np.add.reduce(e, axis=-1, keepdims=True)


def layer_norm(x: np.ndarray, scale: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Mean 0 and variance 1 over the last axis, then a learned scale and offset (Ba et al., 2016)."""
    x = x - np.add.reduce(x, axis=-1, keepdims=True) / x.shape[-1]
    variance = np.einsum("...i,...i->...", x, x)[..., None] / x.shape[-1]
    return x / np.sqrt(variance + 1e-5) * scale + offset


@cache
def _has_avx512() -> bool:
    """Whether NumPy's OpenBLAS has taken its code for such a processor."""
    names = "SkylakeX", "Cooperlake", "SapphireRapids"  # AMD's go by these, too
    return any(pool.get("architecture") in names for pool in threadpool_info())
