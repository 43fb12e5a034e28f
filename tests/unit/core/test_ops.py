import numpy as np
import pytest

from charlab.core import ops


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


def test_layers_are_normed_over_their_last_axis():
    x = np.random.default_rng(0).normal(3, 5, (2, 3, 64))
    normed = ops.layer_norm(x, np.full(64, 2.0), np.full(64, 1.0))
    np.testing.assert_allclose(normed.mean(axis=-1), 1, atol=1e-9)
    np.testing.assert_allclose(normed.std(axis=-1), 2, rtol=1e-5)


def test_softmax_and_sigmoid_do_not_overflow():
    with np.errstate(over="raise", invalid="raise"):
        assert ops.softmax(np.array([[1000.0, 0.0]])).tolist() == [[1.0, 0.0]]
        assert ops.sigmoid(np.array([-1000.0, 0.0, 1000.0])).tolist() == [0.0, 0.5, 1.0]
