"""The tiny GPT-2 of tests/data, which benchmarks/tiny_gpt2.py made with the library `transformers`."""

from __future__ import annotations

import hashlib
from pathlib import Path

from charlab.core.config import ModelConfig
from charlab.corpora.downloads import Download
from charlab.folders import cache_folder
from charlab.labs.gpt2 import weights
from charlab.labs.gpt2.download import Source
from helpers.project import ROOT

FOLDER: Path = ROOT / "tests" / "data" / "tiny_gpt2"
NETWORK, TOKENS = ModelConfig(kind="transformer", layers=2, units=16, heads=4, context=64), 457


def source(*urls: str, merges_urls: tuple[str, ...] = ()) -> Source:
    """Where it is published: at these addresses, which the test serves."""
    published, merges = (FOLDER / "model.safetensors").read_bytes(), (FOLDER / "vocab.bpe").read_bytes()
    return Source(
        title="Tiny GPT-2",
        licence="MIT",
        urls=urls,
        size=len(published),
        aligned=len(published),
        sha256=hashlib.sha256(published).hexdigest(),
        name="tiny",
        merges=Download("merges.bpe", merges_urls, hashlib.sha256(merges).hexdigest()),
        network=NETWORK,
        tokens=TOKENS,
    )


def in_the_cache() -> Source:
    """The same, as a download has left it in the test's own cache."""
    found = source()
    cache_folder().mkdir(parents=True, exist_ok=True)
    weights.align(FOLDER / "model.safetensors", found.path)
    (cache_folder() / "merges.bpe").write_bytes((FOLDER / "vocab.bpe").read_bytes())
    return found
