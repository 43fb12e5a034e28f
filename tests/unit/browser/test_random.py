"""The engine's random numbers are NumPy's and TensorFlow's own."""

import numpy as np
import pytest

from charlab.core import sampling
from charlab.core.config import SampleConfig
from helpers.javascript import evaluate_js

DRAW = """
import { generator } from "./random.js";
const main = ({ seeds, high }) => {
  const drawn = generator(...seeds), again = generator(...seeds), wide = generator(...seeds);
  return [
    Float64Array.from({ length: 50 }, drawn.random), again.integers(high, 51), wide.integers63(6).map(String),
  ];
};
"""


@pytest.mark.parametrize(
    ("seeds", "high"), [([1, 0], 66), ([0], 2**31), ([7, 3, 10_000], 1_003_853), ([2**40 + 5, 1, 2, 3, 4, 9], 3)]
)
def test_the_generator_is_numpys(seeds, high):
    numbers, integers, wide = evaluate_js(DRAW, seeds=seeds, high=high)
    assert (numbers == np.random.default_rng(seeds).random(50)).all()
    assert (integers == np.random.default_rng(seeds).integers(high, size=51)).all()
    assert [int(word) for word in wide] == np.random.default_rng(seeds).integers(
        2**63, size=6, dtype=np.uint64
    ).tolist()


def test_texts_are_drawn_with_the_same_numbers():
    code = """
    import { generator } from "./random.js";
    const main = ({ seed, samples, length }) => Array.from({ length: samples }, (_, i) => {
      const { random } = generator(seed, i);
      return Float64Array.from({ length }, random);
    });
    """
    wanted = sampling.uniforms(SampleConfig(length=700, samples=3, seed=11))
    assert (np.array(evaluate_js(code, seed=11, samples=3, length=700)) == wanted).all()


STATELESS = """
import { statelessNormal, statelessUniform } from "./random.js";
const main = ({ key, count }) => [statelessUniform(count, key), statelessNormal(count, key)];
"""


@pytest.mark.parametrize(("key", "count"), [((1, 0), 1003), ((64, 2**33 + 5), 4), ((2**31 - 1, 0), 1)])
def test_the_stateless_generator_is_tensorflows(key, count):
    import tensorflow as tf

    uniform, normal = evaluate_js(STATELESS, key=key, count=count)
    seed = tf.constant(key, tf.int64)
    assert (uniform == tf.random.stateless_uniform((count,), seed).numpy()).all()
    np.testing.assert_allclose(normal, tf.random.stateless_normal((count,), seed).numpy(), atol=3e-6)
