import os
from pathlib import Path

import numpy as np
import pytest

from charlab.core import matmul


@pytest.mark.parametrize(
    "avx512, rows", [(True, [1, 2, 3, 4, 5, 8, 8, 8, 9]), (False, [1, 2, 3, 4, 8, 8, 8, 8, 12])]
)
def test_rows_are_laid_out_by_the_four(monkeypatch, avx512, rows):
    monkeypatch.setattr(matmul, "_has_avx512", lambda: avx512)
    assert [matmul.rows_for(samples) for samples in range(1, 10)] == rows


@pytest.mark.parametrize(
    "rows, K, M, avx512, number",
    [
        (1, 257, 834, True, 1),  # as vectors
        (4, 257, 834, True, 1),  # small enough as it is
        (5, 257, 834, True, 14),
        (5, 257, 834, False, 1),
        (16, 257, 832, True, 13),
        (8, 1025, 3138, True, 50),
        (16, 1025, 3138, True, 1),  # 64 columns are too many
    ],
)
def test_a_kernel_in_blocks_gives_the_same_product(monkeypatch, rows, K, M, avx512, number):
    monkeypatch.setattr(matmul, "_has_avx512", lambda: avx512)
    rng = np.random.default_rng(1)
    x, kernel = rng.normal(size=(rows, K)).astype(np.float32), rng.normal(size=(K, M)).astype(np.float32)
    cut = matmul.blocks(kernel, rows)
    B, _, W = cut.shape
    assert B == number and (B == 1 or rows * K * W <= 10**6)
    result = np.full((rows, B * W), np.nan, np.float32)
    left, right, out = matmul.operands(x, cut, result.reshape(rows, B, W).transpose(1, 0, 2))
    np.matmul(left, right, out=out)
    np.testing.assert_allclose(result[:, :M], x @ kernel, rtol=1e-4, atol=1e-4)
    assert (result[:, M:] == 0).all()


def test_whether_a_processor_has_avx512_is_known_where_linux_says_so():
    flags = Path("/proc/cpuinfo")
    if not flags.exists() or "flags" not in flags.read_text() or "OPENBLAS_CORETYPE" in os.environ:
        pytest.skip("this system lists no flags")
    assert matmul._has_avx512() == ("avx512vl" in flags.read_text())
