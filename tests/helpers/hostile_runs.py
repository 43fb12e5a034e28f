"""Damages to a run's folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable

from hypothesis import strategies as st

from charlab.runs import store
from helpers import damages
from helpers.hostile_files import KINDS, changed_bytes, changed_file, parts
from helpers.hostile_words import Draw


@st.composite
def run_damages(draw: Draw) -> Callable[[store.Run], None]:
    """What is done to a run's folder: one to three of its files changed, missing, or no files at all."""
    changes = [draw(_run_damage()) for _ in range(draw(st.integers(1, 3)))]

    def damage(run: store.Run) -> None:
        for change in changes:
            change(run)

    return damage


@st.composite
def _run_damage(draw: Draw) -> Callable[[store.Run], None]:
    if draw(st.integers(0, 9)) == 0:
        return _quietly(draw(st.sampled_from(list(damages.ALL.values()))))
    name = draw(st.sampled_from(RUN_FILES))
    how = draw(st.sampled_from(["changed"] * 8 + ["missing", "folder", "empty", "link", "pipe", "loop"]))
    seed = draw(st.randoms(use_true_random=False))
    data = parts(draw(st.sampled_from(KINDS))).get(name, b"{}")
    changed = draw(changed_file(name, data) | changed_bytes(data))

    def damage(run: store.Run) -> None:
        path = run.path / name
        if how == "changed" and path.is_file() and seed.random() < 0.5:  # of its own content
            own = bytearray(path.read_bytes())
            for _ in range(min(3, len(own))):
                own[seed.randrange(len(own))] = seed.randrange(256)
            path.write_bytes(bytes(own))
            return
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
        path.parent.mkdir(exist_ok=True)
        if how == "changed":
            path.write_bytes(changed)
        elif how == "folder":
            path.mkdir()
        elif how == "empty":
            path.write_bytes(b"")
        elif how in ("link", "loop") and hasattr(os, "symlink"):
            os.symlink("/nonexistent" if how == "link" else path, path)

    return _quietly(damage)


RUN_FILES = (
    "config.json", "vocab.json", "status.json", "metrics.jsonl", "control.json", "lock", "log.txt",
    "weights/best.safetensors",
    "weights/last.safetensors", "weights/epoch-001.safetensors", "weights/odd.txt", "checkpoint/state.safetensors",
)  # fmt: skip


def _quietly(damage: Callable[[store.Run], None]) -> Callable[[store.Run], None]:
    """A damage that leaves a run alone where it was damaged before so that there is nothing to change."""

    def wrapped(run: store.Run) -> None:
        try:
            damage(run)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, store.RunError):
            return

    return wrapped
