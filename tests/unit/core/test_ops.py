import os
from pathlib import Path

import numpy as np
import pytest

from charlab.core import matmul, ops


@pytest.mark.parametrize("rows", [*range(10), 17])
def test_a_dense_layer_is_the_same_for_any_number_of_rows(rows):
    rng = np.random.default_rng(rows)
    shapes = (rows, 24), (24, 40), (40,)
    x, kernel, bias = (rng.normal(size=shape).astype(np.float32) for shape in shapes)
    kept = x.copy(), bias.copy()
    result = ops.dense(x, kernel, bias)
    np.testing.assert_allclose(result, x.astype(np.float64) @ kernel + bias, atol=1e-5)
    assert result.dtype == np.float32
    assert (x == kept[0]).all() and (bias == kept[1]).all()


@pytest.mark.parametrize(
    "avx512, rows", [(True, [1, 2, 3, 4, 5, 8, 8, 8, 9]), (False, [1, 2, 3, 4, 8, 8, 8, 8, 12])]
)
def test_rows_are_laid_out_by_the_four(monkeypatch, avx512, rows):
    monkeypatch.setattr(matmul, "_has_avx512", lambda: avx512)
    assert [matmul.rows_for(samples) for samples in range(1, 10)] == rows


def test_layers_are_normed_over_their_last_axis():
    x = np.random.default_rng(0).normal(3, 5, (2, 3, 64))
    normed = ops.layer_norm(x, np.full(64, 2.0), np.full(64, 1.0))
    np.testing.assert_allclose(normed.mean(axis=-1), 1, atol=1e-9)
    np.testing.assert_allclose(normed.std(axis=-1), 2, rtol=1e-5)


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
