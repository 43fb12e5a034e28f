"""The functions that the networks are made of, for any number of rows."""

from __future__ import annotations

import numpy as np

from charlab.core.matmul import multiply

_HALF = np.array(0.5, np.float32)  # NumPy starts sooner with an array than with a Python number


def dense(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """x times a kernel, plus a bias: [N, K], [K, M], [M] -> [N, M]."""
    result = multiply(x, kernel)
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
    """Over the last axis; the greatest value is subtracted first, so that exp cannot overflow."""
    e = np.exp(x - np.maximum.reduce(x, axis=-1, keepdims=True))
    return e / np.add.reduce(e, axis=-1, keepdims=True)


def layer_norm(x: np.ndarray, scale: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Mean 0 and variance 1 over the last axis, then a learned scale and offset (Ba et al., 2016)."""
    x = x - np.add.reduce(x, axis=-1, keepdims=True) / x.shape[-1]
    variance = np.einsum("...i,...i->...", x, x)[..., None] / x.shape[-1]
    return x / np.sqrt(variance + 1e-5) * scale + offset
