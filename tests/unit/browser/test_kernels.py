"""The compiled kernels are those of the source beside them."""

import shutil
import subprocess

import pytest

from helpers.javascript import ENGINE
from helpers.project import ROOT


def test_the_kernels_are_built_from_their_source(tmp_path):
    if not (shutil.which("clang") and shutil.which("wasm-ld") and shutil.which("make")):
        pytest.skip("clang and lld are not installed.")
    version = subprocess.run(["clang", "--version"], capture_output=True, text=True, check=True).stdout
    if "clang version 14." not in version:
        pytest.skip("The kernels were built by clang 14, and this is another one.")
    subprocess.run(["make", "engine", f"KERNELS={tmp_path / 'kernels.wasm'}"], cwd=ROOT, check=True)
    assert (tmp_path / "kernels.wasm").read_bytes() == (ENGINE / "kernels.wasm").read_bytes()


def test_they_need_nothing_but_a_memory():
    built = (ENGINE / "kernels.wasm").read_bytes()
    assert built[:4] == b"\0asm" and b"\x03env\x06memory" in built
    assert len(built) < 12_000
