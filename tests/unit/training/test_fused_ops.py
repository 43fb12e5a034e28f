"""The written-out gradients, compared with Keras's layers and TensorFlow's automatic differentiation."""

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow")
import keras  # noqa: E402

from charlab.training import fused_ops  # noqa: E402

X = np.random.default_rng(0).normal(0, 2, (3, 5, 8)).astype(np.float32)
D_RESULT = np.random.default_rng(1).normal(size=X.shape).astype(np.float32)


def gradients_of(function, *arguments):
    arguments = [tf.constant(argument) for argument in arguments]
    with tf.GradientTape() as tape:
        tape.watch(arguments)
        result = function(*arguments)
    return result, *tape.gradient(result, arguments, output_gradients=tf.constant(D_RESULT))


def assert_alike(ours, theirs):
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-5)


def test_gelu_is_that_of_keras_and_so_is_its_gradient():
    theirs = gradients_of(lambda x: keras.activations.gelu(x, approximate=True), X)
    assert_alike(gradients_of(fused_ops.gelu, X), theirs)


@pytest.mark.parametrize("extreme", [-1e4, 1e4])
def test_gelu_stays_finite_where_numbers_are_large(extreme):
    result, d_x = gradients_of(fused_ops.gelu, np.full(X.shape, extreme, np.float32))
    np.testing.assert_allclose(result, max(extreme, 0.0), rtol=1e-6)
    np.testing.assert_allclose(d_x, D_RESULT * (extreme > 0), atol=1e-6)


def test_layer_norm_is_that_of_keras_and_so_are_its_gradients():
    scale, offset = np.random.default_rng(2).normal(size=(2, 8)).astype(np.float32)

    def of_keras(x, scale, offset):
        layer = keras.layers.LayerNormalization(epsilon=1e-5)
        layer.build(x.shape)
        return layer.stateless_call([scale, offset], [], x)[0]

    assert_alike(gradients_of(fused_ops.layer_norm, X, scale, offset), gradients_of(of_keras, X, scale, offset))
