"""Models as a site of plain files, for any web space: the page's app, the engine, and each model in two files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from charlab import files
from charlab.browser import engine, page
from charlab.errors import ConfigError
from charlab.runs import models
from charlab.runs.store import Run

_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'"
)
_TITLE = "CharLab models"


def write(folder: Path, names: Sequence[str] = ()) -> list[str]:
    """Write a site of these models, by default all built-in ones, into a folder -> the models' names.

    The folder is made where it is missing; other files in it stay. Raises ModelError, RunError or ConfigError
    before anything is written.
    """
    runs = [models.find(name) for name in names] if names else starters()
    made = _files(runs)
    for name, data in made.items():
        files.write_whole(folder / name, data)
    return [run.id for run in runs]


def starters() -> list[Run]:
    """The built-in models."""
    return [models.find(info.name) for info in models.available_models() if info.where == "starter"]


def _files(runs: Sequence[Run]) -> dict[str, bytes]:
    """Every file by its name in the folder."""
    abouts = [page.describe(run) for run in runs]
    if len({run.id for run in runs}) < len(runs):
        raise ConfigError("A site has each model once. Name every model once.")
    index = page.skeleton(
        _TITLE, _POLICY, '<link rel="stylesheet" href="app.css">', '<script src="app.js" defer></script>'
    )
    made = {
        "index.html": index.encode("utf-8"),
        "app.css": page.style().encode("utf-8"),
        "app.js": page.script().encode("utf-8"),
        "engine.js": engine.whole_script().encode("utf-8"),
        "kernels.wasm": engine.kernels(),
        "models/index.json": _json([{"name": about["name"], "title": about["title"]} for about in abouts]),
    }
    for run, about in zip(runs, abouts, strict=True):
        made[f"models/{run.id}.json"] = _json(about)
        made[f"models/{run.id}.safetensors"] = page.weights_file(run)
    return made


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8")
