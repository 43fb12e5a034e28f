"""The compiled kernels are those of the source beside them; their products are products."""

import shutil
import subprocess

import numpy as np
import pytest

from helpers.javascript import ENGINE, evaluate_js, kernels, kernels_without_fused
from helpers.project import ROOT

MULTIPLY = """
import { makeKernels } from "./kernels.js";
const main = ({ builds, a, b, M, N, K }) => builds.map((wasm) => {
  const memory = new WebAssembly.Memory({ initial: 16 }), floats = new Float32Array(memory.buffer);
  const [begin, x, y, packed, c] = [2048, 4096, 20480, 40960, 81920], kernels = makeKernels(memory, wasm);
  floats.fill(1, begin, begin + N);
  floats.set(a, x);
  floats.set(b, y);
  kernels.pack(packed, y, N, 1, K, N);
  kernels.multiply(c, N, begin, 0, x, K, packed, M, N, K);
  return floats.slice(c, c + M * N);
});
"""


def test_the_kernels_are_built_from_their_source(tmp_path):
    if not (shutil.which("clang-16") and shutil.which("wasm-ld-16") and shutil.which("make")):
        pytest.skip("clang-16 and lld-16 are not installed.")
    subprocess.run(["make", "engine", f"KERNELS={tmp_path / 'kernels.wasm'}"], cwd=ROOT, check=True)
    assert (tmp_path / "kernels.wasm").read_bytes() == (ENGINE / "kernels.wasm").read_bytes()


def test_each_way_to_multiply_gives_the_product():
    M, N, K = 6, 32, 200
    rng = np.random.default_rng(1)
    a, b = (rng.uniform(-1, 1, shape).astype(np.float32) for shape in ((M, K), (K, N)))
    builds = [kernels(), kernels_without_fused(), None]
    fused, strict, plain = evaluate_js(MULTIPLY, builds=builds, a=a, b=b, M=M, N=N, K=K)
    exact = 1 + a.astype(float) @ b.astype(float)
    for result in (fused, strict, plain):
        np.testing.assert_allclose(result.reshape(M, N), exact, rtol=0, atol=1e-5)
    assert len(kernels()) - len(kernels_without_fused()) > 300


def test_they_need_nothing_but_a_memory():
    built = kernels().tobytes()
    assert built[:4] == b"\0asm" and b"\x03env\x06memory" in built
    assert len(built) < 12_000
