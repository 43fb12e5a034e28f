"""A model as one page: an HTML file that generates, explains and trains in any browser, from a disk and without a
network. The page has the engine, the weights and the alphabet in it, and its policy lets it ask for nothing.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from charlab import __version__
from charlab.browser import engine
from charlab.core import kinds
from charlab.corpora import catalogue
from charlab.errors import ConfigError
from charlab.runs import models, store
from charlab.runs.presets import PRESETS
from charlab.runs.store import Run, RunConfig

APP = Path(__file__).resolve().parent / "app"
_RECIPE = PRESETS["quick-gru"]  # of a network that the page trains from nothing
_POLICY = (
    "default-src 'none'; script-src '{script}' 'wasm-unsafe-eval'; worker-src blob:; style-src '{style}'; "
    "img-src data:; base-uri 'none'; form-action 'none'"
)
_MOST_BYTES = 50_000_000  # of weights: a third more as text, which a browser reads at once
_NO_MODEL = "A run of a lab cannot be exported as a page: its network does not continue texts."


def html(run: Run, weights_name: str = "best") -> str:
    """A run's model as a page. Raises ConfigError for a lab's run, RunError where it has no such weights."""
    about = describe(run)
    parts = {
        "model": json.dumps(about, ensure_ascii=False).replace("<", "\\u003c"),  # no tag can end its element
        "weights": _packed(weights_file(run, weights_name)),
        "kernels": _packed(engine.kernels()),
        "engine": _packed(engine.whole_script().encode("utf-8")),
    }
    policy = _POLICY.format(script=_hash(script()), style=_hash(style()))
    return skeleton(
        about["title"],
        policy,
        f"<style>{style()}</style>",
        "\n".join(_data(name, text) for name, text in parts.items()) + f"\n<script>{script()}</script>",
    )


def skeleton(title: str, policy: str, style: str, parts: str) -> str:
    """The page's HTML around its style sheet and its scripts."""
    template = (APP / "index.html").read_text(encoding="utf-8")
    given = {"policy": policy, "title": escape(title), "style": style, "parts": parts}
    pieces = template.replace("}", "{").split("{")  # texts and names in turn: a title may have braces, too
    return "".join(given[piece] if i % 2 else piece for i, piece in enumerate(pieces))


@cache
def script() -> str:
    """The page's own script."""
    return engine.joined(APP / "main.js")


@cache
def style() -> str:
    """The page's style sheet."""
    return (APP / "app.css").read_text(encoding="utf-8")


def describe(run: Run) -> dict[str, Any]:
    """What the page knows of a model besides its weights. Nothing of it tells a path or an owner."""
    config, vocab, status = run.read()
    if not available(config):
        raise ConfigError(_NO_MODEL)
    config = RunConfig(**config.__dict__ | {"corpus": catalogue.file_name(config.corpus)})
    loss = status.results.get("best_val_loss")
    return {
        "name": run.id,
        "title": config.name,
        "corpus": models.corpus_title(config),
        "bits": loss / np.log(2) if isinstance(loss, int | float) else None,
        "model": config.model.to_json(),
        "train": config.train.to_json(),
        "vocab": vocab.to_json(),
        "recipe": {"model": _RECIPE.model.to_json(), "train": _RECIPE.train.to_json()},
        "versions": {"charlab": __version__},
    }


def weights_file(run: Run, weights_name: str = "best") -> bytes:
    """Weights as the bytes of a safetensors file, in the precision in which they are stored; counts in the least
    type that holds them. Raises RunError where there are none, ConfigError where they are too large."""
    run.weights(weights_name)  # checks them
    path = run.weights_path(run.stored_weights_name(weights_name))
    if kinds.of(run.config().model).trained:
        data = path.read_bytes()
    else:
        counts = store.read_arrays(path)
        data = save({name: array.astype(np.min_scalar_type(array.max())) for name, array in counts.items()})
    if len(data) > _MOST_BYTES:
        raise ConfigError(
            f"{run.called} is too large for a page: its weights have {len(data) / 1e6:,.0f} MB, and the limit is "
            f"{_MOST_BYTES / 1e6:,.0f} MB. Export a model file instead."
        )
    return data


def available(config: RunConfig) -> bool:
    """Whether a run's model can be a page."""
    return not config.task


def _data(name: str, text: str) -> str:
    """A script element that the browser does not run."""
    return f'<script type="text/plain" id="{name}">{text}</script>'


def _packed(data: bytes) -> str:
    """Bytes as text, compressed."""
    return base64.b64encode(gzip.compress(data, mtime=0)).decode("ascii")


def _hash(text: str) -> str:
    """What names a script or style in a content security policy."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
