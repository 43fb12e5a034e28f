"""Export without TensorFlow: a bundle (model file), which any CharLab can import, and a table of metrics.

A bundle is one zip file: configuration, alphabet, weights, metrics, and a model card. It contains no path of this
machine and no name of a browser. bundle_validation.py checks bundles from elsewhere.
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
import re
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

from safetensors.numpy import save

from charlab import os_errors
from charlab.core import kinds, predictor, summary
from charlab.corpora import catalogue, splits
from charlab.errors import CharlabError, RunError
from charlab.export import bundle_validation, markdown
from charlab.runs import changes, devices, models, quotas, shell_commands, store
from charlab.runs.permissions import Actor
from charlab.runs.store import Run, RunConfig

_COLUMNS = (
    "event", "epoch", "step", "seconds", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate",
    "characters_per_second",
)  # fmt: skip
_ON_DEVICE = (
    "A browser trained it on its own device, with CharLab's engine for browsers; the command trains the same "
    "model on another machine. The loss above was measured by the server, not by the device."
)
_STATUS = ("started", "ended", "epoch", "step", "total_steps", "seconds", "best_epoch")


# Export


def pack(run: Run) -> bytes:
    """The run as one zip file. Raises RunError where it has no weights yet, or is too large."""
    config, vocab = _without_paths(run.config()), run.vocab()
    members = {
        "bundle.json": _json(bundle_validation.FORMAT),
        "model-card.md": model_card(run).encode("utf-8"),
        "config.json": _json(config.to_json()),
        "vocab.json": _json(vocab.to_json()),
        "status.json": _json(_status(run)),
        "metrics.jsonl": _metrics(run),
    }
    for weights_name, member in bundle_validation.WEIGHTS.items():
        if run.stored_weights_name(weights_name) in run.weight_names():
            members[member] = save(run.weights(weights_name))
    if len(members) == 6:
        raise RunError(f"{run.called} has no weights yet. Wait until its first epoch has finished.")
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w", allowZip64=False) as archive:
        for name, data in members.items():
            if len(data) > bundle_validation.LIMITS[name]:
                raise RunError(
                    f"{run.called} is too large for a model file: {name} has {len(data) / 1e6:,.0f} MB, and the "
                    f"limit is {bundle_validation.LIMITS[name] / 1e6:,.0f} MB."
                )
            info = zipfile.ZipInfo(name)  # dated 1980, so that equal runs give equal bytes
            is_text = not name.endswith(".safetensors")  # weights hardly compress
            archive.writestr(info, data, zipfile.ZIP_DEFLATED if is_text else zipfile.ZIP_STORED)
    return result.getvalue()


def model_card(run: Run) -> str:
    """The model card, as Markdown: what the model is, its training text, its loss, its settings and its limits."""
    config, status, vocab = _without_paths(run.config()), run.status(), run.vocab()
    results, model = status.results, config.model
    loss = results.get("best_val_loss")
    corpus = catalogue.CORPORA.get(config.corpus)
    about = f"{corpus.about} Licence: {corpus.licence}." if corpus else "The author's own text."
    size = summary.describe_parameters(model, len(vocab))
    context = kinds.of(model).context(model)
    reads = (
        "It remembers what it has read in its hidden state, which forgets over time."
        if context is None
        else f"It looks back over at most {context} characters."
    )
    measured = (
        f"{loss:.4f} nats = {loss / math.log(2):.4f} bits per character on the validation set "
        f"({splits.described(config.train)}), the mean over windows of 256 characters."
        if isinstance(loss, int | float)
        else "Not measured."
    )
    covered = f"\n\n{markdown.shown(config.coverage.sentence('The model'))}" if config.coverage else ""
    fence = "`" * (3 + max(map(len, re.findall("`+", shell_commands.training_command(config))), default=0))
    trained = f"{_ON_DEVICE}\n\n" if devices.is_for(config) else ""
    versions = ", ".join(f"{name} {version}" for name, version in config.versions.items()) or "not recorded"
    return f"""# {markdown.shown(config.name, in_heading=True)}

## What it is

A model that predicts the next character of a text: {kinds.of(model).described}, {size}, an alphabet of \
{len(vocab.characters)} characters and one id for unknown characters. {reads}

## Training text

{markdown.shown(models.corpus_title(config))}: {about} SHA-256 of the text: {config.corpus_sha256}.{covered}

## Loss

{measured} Trained for {results.get("epochs", status.epoch):g} epochs ({status.step:,} steps).

## Training

{fence}
{shell_commands.training_command(config)}
{fence}

{trained}Made with: {markdown.shown(versions)}.

## Limits

- It continues text; it knows no facts, and what it generates has no meaning for it.
- It may repeat its training text, good or bad, word for word.
- Its loss holds for texts like its training text, and is comparable only between models with the same alphabet.
- It reads characters outside its alphabet as one unknown character, which it never generates.

`weights/best.safetensors` has the weights of the epoch with the lowest validation loss, \
`weights/last.safetensors` those of the last epoch.
"""


def metrics_csv(run: Run) -> str:
    """The run's metrics as a table, one row per step or epoch: losses in nats per character, accuracies 0 to 1."""
    events = [event for event in run.events()[0] if event["event"] in ("step", "epoch")]
    more = sorted({key for event in events for key, value in event.items() if isinstance(value, int | float)})
    columns = [*_COLUMNS, *(key for key in more if key not in _COLUMNS)]
    result = io.StringIO()
    writer = csv.DictWriter(result, columns, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(events)
    return result.getvalue()


def _without_paths(config: RunConfig) -> RunConfig:
    """The configuration without its owner, and with only the file name of a path or an address."""
    return RunConfig(**config.__dict__ | {"corpus": catalogue.file_name(config.corpus), "owner": ""})


def _status(run: Run) -> dict[str, Any]:
    """Progress and results. The reason is left out: it may quote paths."""
    status = run.status()
    results = {key: value for key, value in status.results.items() if key in bundle_validation.RESULTS}
    return {key: getattr(status, key) for key in _STATUS} | {"results": results}


def _metrics(run: Run) -> bytes:
    """The events, one per line. Notes are left out: they may quote paths. Every second step of a very long run is
    left out, again and again, until the rest fits."""
    lines = [(event["event"], _json(event, None) + b"\n") for event in run.events()[0]]
    lines = [line for line in lines if line[0] in ("step", "epoch", "sample")]
    while sum(len(data) for _, data in lines) > bundle_validation.LIMITS["metrics.jsonl"]:
        steps = [line for line in lines if line[0] == "step"]
        if not steps:
            break
        dropped = {id(line) for line in steps[::2]}
        lines = [line for line in lines if id(line) not in dropped]
    return b"".join(data for _, data in lines)


def _json(data: dict[str, Any], indent: int | None = 1) -> bytes:
    return json.dumps(data, ensure_ascii=False, indent=indent).encode("utf-8")


# Import


def unpack(file: BinaryIO | bytes, filename: str = "The file", folder: Path | None = None, *, actor: Actor) -> Run:
    """Turn a bundle into a run of the actor's, with an id of its own and the state done, once all of it has been
    checked.

    Raises ModelError where the file is not a complete bundle, and RunError where the actor has no room for it.
    """
    source = io.BytesIO(file) if isinstance(file, bytes) else file
    contents = bundle_validation.read(source, catalogue.file_name(filename)[:80])
    for weights in contents.weights.values():
        predictor.build_predictor(contents.config.model, len(contents.vocab), weights)
    folder = folder or store.runs_folder()
    os_errors.make_folder(folder)
    size = sum(array.nbytes for weights in contents.weights.values() for array in weights.values())
    # Built in a temporary folder and then moved, so that no queue takes an incomplete run.
    with (
        quotas.taking_room(actor, size, folder),
        tempfile.TemporaryDirectory(prefix=".import-", dir=folder) as temporary,
    ):
        config = RunConfig(**contents.config.__dict__ | {"created": 0.0, "owner": actor.owner})
        run = store.create(config, contents.vocab, Path(temporary))
        for weights_name, weights in contents.weights.items():
            run.write_weights(weights, weights_name)
        for event in contents.events:
            run.append_event(event)
        place = _free_place(folder, run.id)
        run.write_status(
            store.Status(**contents.status.__dict__ | {"results": contents.status.results | {"run": place.name}})
        )
        shutil.move(run.path, place)
        changes.made()
    return Run(place)


def _free_place(folder: Path, run_id: str) -> Path:
    for attempt in range(1000):
        place = folder / (run_id + (f"-{attempt + 1}" if attempt else ""))
        if not place.exists():
            return place
    raise CharlabError(f"There are too many runs called {run_id} in {os.fspath(folder)}. Delete some of them.")
