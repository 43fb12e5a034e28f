"""Hostile inputs of five kinds: commands, links, uploads, model files and damaged runs.

None may raise anything but a sentence, take ten seconds, or change a file outside the folders of runs, cache and
temporary files; what is accepted has to work afterwards. The short tests take the same inputs each time, the slow
ones those of a seed: CHARLAB_FUZZ_SEED.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st

from charlab.corpora.decoding import ENCODINGS
from helpers import hostile_files, hostile_runs, hostile_use, hostile_words
from helpers.pages import PAGES
from helpers.project import ROOT
from helpers.sandbox import EXIT_CODES, Outcomes

SEED = int(os.environ.get("CHARLAB_FUZZ_SEED", "1"))
SHORT = {"commands": 50, "links": 8, "texts": 55, "uploads": 3, "model files": 12, "damaged runs": 10}
LONG = {"commands": 500, "links": 120, "texts": 500, "uploads": 30, "model files": 400, "damaged runs": 100}


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return hostile_use.Bench(tmp_path_factory.mktemp("bench"))


def inputs(bench: hostile_use.Bench) -> dict[str, tuple[st.SearchStrategy, Callable[..., str]]]:
    """For each kind its inputs, and what is done with one."""
    models = [*bench.models, "gru-10-minutes"]
    filenames = st.sampled_from(["essay.txt", "a", "x" * 300 + ".txt"]) | hostile_words.odd_texts
    encodings = (
        st.none()
        | st.none()
        | st.none()
        | st.sampled_from([*ENCODINGS, "utf-8-sig", "utf-7", "rot13", "idna", "\0", ""])
    )
    linked = st.sampled_from(PAGES).flatmap(
        lambda page: st.tuples(st.just(page), hostile_words.links(page, models, bench.texts))
    )
    texts = st.tuples(hostile_files.files(), filenames, encodings, st.booleans())
    damaged = st.tuples(hostile_runs.run_damages(), st.sampled_from(PAGES), st.integers(0, 6))
    return {
        "commands": (hostile_words.commands(models, bench.texts, bench.files), hostile_use.run_command),
        "links": (linked, lambda bench, given: hostile_use.open_link(bench, *given)),
        "texts": (texts, lambda bench, given: hostile_use.use_text(bench, *given)),
        "uploads": (texts, lambda bench, given: hostile_use.upload_text(bench, *given[:2])),
        "model files": (hostile_files.model_files(), hostile_use.import_bundle),
        "damaged runs": (damaged, lambda bench, given: hostile_use.use_damaged(bench, *given)),
    }


def fuzz(bench: hostile_use.Bench, kind: str, number: int, seed: int | None = None) -> Outcomes:
    """Use so many inputs of a kind: always the same ones, or those of a seed. Returns how they ended."""
    strategy, use = inputs(bench)[kind]
    outcomes = Outcomes()

    @hypothesis.settings(
        max_examples=number,
        derandomize=seed is None,
        database=None,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    @hypothesis.given(strategy)
    def each(given: Any) -> None:
        with bench.sandbox.entered():
            bench.renew()
            outcomes.add(kind, use(bench, given))

    (each if seed is None else hypothesis.seed(seed)(each))()
    return outcomes


@pytest.mark.parametrize("kind", SHORT)
def test_no_hostile_input_does_harm(kind, bench):
    outcomes = fuzz(bench, kind, SHORT[kind])
    assert outcomes.counts.total() >= SHORT[kind]


@pytest.mark.skipif(os.name != "posix", reason="other systems pass no bytes that are not text")
@pytest.mark.parametrize(
    "words",
    [
        [b"generate", b"\xff\xfe"],
        [b"explain", b"gru", b"--text", b"caf\xe9 \xf0\x9f", b"--json"],
        [b"export", b"gru", b"--format", b"csv", b"--to", b"made-\xff.csv"],
    ],
    ids=["generate", "explain", "export"],
)
def test_words_that_are_not_utf_8_are_no_traceback(words, bench):
    """As a real process gets them: bytes that stand for no character."""
    with bench.sandbox.entered():
        bench.renew()
        environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8:strict"}
        command = [sys.executable, "-m", "charlab", *words]
        ended = subprocess.run(command, env=environment, capture_output=True, timeout=120, check=False)
    assert ended.returncode in EXIT_CODES and b"Traceback" not in ended.stderr, ended.stderr.decode()
    assert (ended.returncode == 0) == (words[0] == b"export"), ended.stderr.decode()


@pytest.mark.slow
@pytest.mark.parametrize("kind", LONG)
def test_no_hostile_input_of_many_does_harm(kind, bench, capsys):
    outcomes = fuzz(bench, kind, LONG[kind], SEED)
    with capsys.disabled():
        print(f"\nseed {SEED}\n{outcomes}")
    assert outcomes.counts.total() >= LONG[kind]
