"""The functions that the networks are made of, in NumPy and for any number of rows."""

from __future__ import annotations

import numpy as np

LARGE = 2**20  # numbers in a kernel that no core's own cache holds


def dense(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """x times a kernel, plus a bias: [N, K], [K, M], [M] or [N, M] -> [N, M].

    How rows are grouped changes the speed alone: NumPy's OpenBLAS takes four or eight at a time, and what is left
    over at half that speed. These rows are faster as vectors, each a product of its own; but a large kernel is
    better read once more for eight rows than once for each vector.
    """
    N, M = len(x), kernel.shape[1]
    fours, eights = N // 4 * 4, -(-N // 8) * 8
    if N in (1, fours):
        result = x @ kernel
    elif N % 8 > 4 and kernel.size >= LARGE:
        rows = np.zeros((eights, x.shape[1]), x.dtype)
        rows[:N] = x
        result = (rows @ kernel)[:N]
    else:
        result = np.empty((N, M), np.result_type(x, kernel))
        np.matmul(x[:fours], kernel, out=result[:fours])
        np.matmul(x[fours:, None], kernel, out=result[fours:, None])
    result += bias
    return result


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)), written so that it cannot overflow."""
    result = np.tanh(0.5 * x)
    result *= 0.5
    result += 0.5
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
