"""Muon's iterations among small matrices, compared with Keras's own."""

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow")
import keras  # noqa: E402

from charlab.training.muon import Muon  # noqa: E402


@pytest.mark.parametrize("least", [1.0, 1e-4, 1e-12])
@pytest.mark.parametrize("shape", [(16, 64), (64, 16), (16, 32), (16, 16), (128, 512)])
def test_it_turns_a_kernel_as_keras_does(shape, least):
    """Of singular values from 1 down to the least."""
    u, _, v = np.linalg.svd(np.random.default_rng(0).normal(size=shape), full_matrices=False)
    kernel = tf.constant((u * np.geomspace(1, least, min(shape))) @ v, tf.float32)
    theirs, ours = keras.optimizers.Muon().zeropower_via_newtonschulz5(kernel, 5), Muon()
    assert 0.6 < np.linalg.norm(theirs, 2) < 1.4
    np.testing.assert_allclose(ours.zeropower_via_newtonschulz5(kernel, 5), theirs, atol=4e-4)
