"""All that is known here of BLAS and caches: how to lay out a matrix product, and how many threads it needs.

The networks read like their equations without this module; a plain `x @ kernel` gives the same numbers up to
rounding. Names in shape comments: N rows, K columns of them, M columns of the kernel, B blocks of W columns.
"""

from __future__ import annotations

import ctypes
from functools import cache
from pathlib import Path

import numpy as np

_UNCOPIED = 10**6  # multiplications in a product for which OpenBLAS does not copy the kernel first
_WIDTH = 64  # columns that it then works on at once
_LARGE = 2**20  # numbers in a kernel that no core's own cache holds


class Product:
    """Rows [N, K] times one kernel [K, M], again and again: write `rows`, call `multiply`, read `result` [N, M].

    The arrays are laid out once, in the way that makes the product fastest.
    """

    def __init__(self, kernel: np.ndarray, samples: int) -> None:
        rows = np.zeros((rows_for(samples), len(kernel)), np.float32)
        self.blocks = blocks(kernel, len(rows))  # [B, K, W]
        B, _, W = self.blocks.shape
        result = np.zeros((len(rows), B * W), np.float32)
        by_block = result.reshape(len(rows), B, W).swapaxes(0, 1)
        self._left, self._right, self._out = operands(rows, self.blocks, by_block)
        self.rows, self.result = rows[:samples], result[:samples, : kernel.shape[1]]

    def multiply(self) -> None:
        """Compute `result` from `rows`, in place."""
        np.matmul(self._left, self._right, out=self._out)


def multiply(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """x times a kernel, in a new array: [N, K], [K, M] -> [N, M]."""
    N, rows = len(x), x
    if rows_for(N) > N:
        rows = np.zeros((rows_for(N), x.shape[1]), x.dtype)
        rows[:N] = x
    result = np.empty((len(rows), kernel.shape[1]), np.result_type(x, kernel))
    left, right, out = operands(rows, kernel, result)
    np.matmul(left, right, out=out)
    return result[:N]


def rows_for(samples: int) -> int:
    """How many rows to lay out for so many samples, so that their product is fastest.

    OpenBLAS takes four rows at a time, and the remainder more slowly; with AVX-512 a remainder of one still takes
    less time than four. Up to three rows alone go as vectors. Rows beyond the samples may hold anything.
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
    """A kernel [K, M] cut into blocks of columns [B, K, W], to multiply so many rows with one after another.

    B * W is at least M, and the columns beyond M are zeros. OpenBLAS copies a kernel into another order before it
    multiplies, which takes longer than the product of a few rows. On processors with AVX-512 it does not where
    rows * K * W is at most a million. The kernel stays whole, B = 1, where it is that small anyway, where even 64
    columns are too many, on other processors, and for up to three rows, which go as vectors, without a copy.
    """
    K, M = kernel.shape
    if rows < 4 or not rows * K * _WIDTH <= _UNCOPIED < rows * K * M or not _has_avx512():
        return kernel[None]
    B = -(-M // _WIDTH)
    result = np.zeros((K, B * _WIDTH), kernel.dtype)
    result[:, :M] = kernel
    return np.ascontiguousarray(result.reshape(K, B, _WIDTH).transpose(1, 0, 2))


def blas_threads(largest_kernel: int) -> int | None:
    """How many threads suit products with kernels of at most so many numbers: one, or None, which means all.

    Small products are fastest on one thread, and then give the same bytes however many cores are free.
    """
    return None if largest_kernel >= _LARGE else 1


@cache
def _has_avx512() -> bool:
    """Whether NumPy's OpenBLAS runs its code for such a processor; False for any other BLAS.

    Only the library itself knows: what it takes depends on the processor, its own build and the environment.
    """
    wheel = Path(np.__file__).parents[1] / "numpy.libs"  # Windows finds no functions of libraries linked to these
    libraries = [np._core._multiarray_umath.__file__, *map(str, wheel.glob("*openblas*"))]  # type: ignore
    names = [f"{start}openblas_get_corename{end}" for start in ("scipy_", "") for end in ("64_", "")]
    for library in map(ctypes.CDLL, libraries):
        for name in names:
            if ask := getattr(library, name, None):
                ask.restype = ctypes.c_char_p
                return ask() in (b"SkylakeX", b"Cooperlake", b"SapphireRapids")  # AMD's go by these, too
    return False
