"""Damages to a run's files: each is a name and what it does to the run's folder."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np

from charlab import files
from charlab.runs.store import Run

Damage = Callable[[Run], None]

EVENTS = [
    {"event": "epoch", "epoch": 0, "step": 0, "val_loss": 3.0, "val_accuracy": 0.1, "seconds": 1.0},
    {"event": "step", "epoch": 0.5, "step": 5, "loss": 2.5, "accuracy": 0.2, "characters_per_second": 900},
    {"event": "sample", "epoch": 1, "step": 10, "seed_text": "the ", "text": "quick"},
    {"event": "epoch", "epoch": 1, "step": 10, "loss": 2.2, "val_loss": 2.0, "characters_per_second": 900},
]
STEP, EPOCH = EVENTS[1], EVENTS[3]


def changed(name: str, /, **changes) -> Damage:
    """Values of a JSON file replaced; None stands for null, ... for a key that is missing."""

    def damage(run: Run) -> None:
        path = run.path / name
        data = json.loads(path.read_text(encoding="utf-8")) | changes
        path.write_text(json.dumps({k: v for k, v in data.items() if v is not ...}), encoding="utf-8")

    return damage


def written(name: str, data: bytes) -> Damage:
    return lambda run: (run.path / name).write_bytes(data)


def missing(name: str) -> Damage:
    return lambda run: (run.path / name).unlink()


def folder(name: str) -> Damage:
    def damage(run: Run) -> None:
        (run.path / name).unlink()
        (run.path / name).mkdir()

    return damage


def line(text: str | dict) -> Damage:
    """One more line of metrics.jsonl, before the last."""
    data = (text if isinstance(text, str) else json.dumps(text)).encode("utf-8", "surrogatepass")

    def damage(run: Run) -> None:
        path = run.path / "metrics.jsonl"
        lines = path.read_bytes().splitlines()
        path.write_bytes(b"\n".join([*lines[:-1], data, lines[-1]]) + b"\n")

    return damage


def without(event: dict, *keys: str) -> dict:
    return {key: value for key, value in event.items() if key not in keys}


def results(**changes) -> Damage:
    return changed("status.json", results={"best_val_loss": 2.0} | changes)


def model(**changes) -> Damage:
    return lambda run: changed("config.json", model=run.config().model.to_json() | changes)(run)


def weights(change: Callable[[dict[str, np.ndarray]], object]) -> Damage:
    """The arrays of the best and the last weights changed."""

    def damage(run: Run) -> None:
        for name in ("best", "last"):
            arrays = {key: array.copy() for key, array in run.weights(name).items()}
            change(arrays)
            files.write_arrays(run.weights_path(name), arrays)

    return damage


def weight_bytes(change: Callable[[bytes], bytes]) -> Damage:
    def damage(run: Run) -> None:
        for name in ("best", "last"):
            path = run.weights_path(name)
            path.write_bytes(change(path.read_bytes()))

    return damage


STATUS: dict[str, Damage] = {
    "status: empty": written("status.json", b""),
    "status: half": written("status.json", b'{"state": "do'),
    "status: a list": written("status.json", b"[]"),
    "status: nested": written("status.json", b"[" * 100_000),
    "status: Latin-1": written("status.json", b'{"state": "done", "reason": "\xe9"}'),
    "status: a folder": folder("status.json"),
    "status: no state": changed("status.json", state=...),
    "status: state of another kind": changed("status.json", state="resting"),
    "status: state a list": changed("status.json", state=["done"]),
    "status: unknown key": changed("status.json", surprise=1),
    "status: best_epoch 1.5": changed("status.json", best_epoch=1.5),
    "status: best_epoch a text": changed("status.json", best_epoch="1"),
    "status: best_epoch -1": changed("status.json", best_epoch=-1),
    "status: epoch null": changed("status.json", epoch=None),
    "status: epoch NaN": changed("status.json", epoch=float("nan")),
    "status: epoch -1": changed("status.json", epoch=-1),
    "status: seconds a text": changed("status.json", seconds="<b>"),
    "status: seconds infinite": changed("status.json", seconds=float("inf")),
    "status: seconds 1e300": changed("status.json", seconds=1e300),
    "status: step true": changed("status.json", step=True),
    "status: ended 1e18": changed("status.json", ended=1e18),
    "status: reason a number": changed("status.json", reason=7),
    "status: results a list": changed("status.json", results=[]),
    "status: loss a text": results(best_val_loss="low"),
    "status: loss 1e14": results(best_val_loss=1e14),
    "status: loss -1": results(best_val_loss=-1),
    "status: speed a text": results(characters_per_second="fast"),
    "status: seconds of results null": results(epochs=1, seconds=None),
}  # fmt: skip
CONFIG: dict[str, Damage] = {
    "config: empty": written("config.json", b""),
    "config: missing": missing("config.json"),
    "config: a number": written("config.json", b"7"),
    "config: {}": written("config.json", b"{}"),
    "config: no name": changed("config.json", name=...),
    "config: name a number": changed("config.json", name=7),
    "config: name empty": changed("config.json", name=""),
    "config: name with NUL": changed("config.json", name="a\0b"),
    "config: name with half a pair": changed("config.json", name="\ud800"),
    "config: corpus with NUL": changed("config.json", corpus="a\0b"),
    "config: created a text": changed("config.json", created="today"),
    "config: created 1e14": changed("config.json", created=1e14),
    "config: created NaN": changed("config.json", created=float("nan")),
    "config: notes of numbers": changed("config.json", notes=[1]),
    "config: notes null": changed("config.json", notes=None),
    "config: versions a list": changed("config.json", versions=[]),
    "config: unknown key": changed("config.json", surprise=1),
    "config: model null": changed("config.json", model=None),
    "config: train a list": changed("config.json", train=[]),
    "config: unknown kind": model(kind="magic"),
    "config: units a text": model(units="16"),
    "config: nine layers": model(units=4096, layers=9),
}  # fmt: skip
VOCAB: dict[str, Damage] = {
    "vocab: missing": missing("vocab.json"),
    "vocab: a list": written("vocab.json", b"[]"),
    "vocab: null": written("vocab.json", b'{"characters": null}'),
    "vocab: empty alphabet": changed("vocab.json", characters=""),
    "vocab: twice": changed("vocab.json", characters="aa"),
    "vocab: half a pair": changed("vocab.json", characters="ab\ud800"),
    "vocab: 100,000 characters": changed("vocab.json", characters="".join(map(chr, range(100_000, 200_000)))),
    "vocab: lower_case a text": changed("vocab.json", lower_case="yes"),
}  # fmt: skip
METRICS: dict[str, Damage] = {
    "metrics: no event": line({"step": 1}),
    "metrics: unknown event": line({"event": "script"}),
    "metrics: event a list": line({"event": ["step"]}),
    "metrics: a list": line("[]"),
    "metrics: a number": line("7"),
    "metrics: null": line("null"),
    "metrics: not JSON": line("hello"),
    "metrics: an empty line": line(""),
    "metrics: zero bytes": line("\0" * 20),
    "metrics: nested": line("[" * 100_000),
    "metrics: half a pair": line({"event": "note", "text": "\ud800"}),
    "metrics: step without keys": line({"event": "step"}),
    "metrics: step without loss": line(without(STEP, "loss")),
    "metrics: step without epoch": line(without(STEP, "epoch")),
    "metrics: epoch without loss": line(without(EPOCH, "val_loss")),
    "metrics: epoch without keys": line({"event": "epoch"}),
    "metrics: sample without text": line({"event": "sample", "epoch": 1, "step": 1, "seed_text": ""}),
    "metrics: sample of a number": line({"event": "sample", "epoch": 1, "step": 1, "seed_text": "", "text": 7}),
    "metrics: loss 1e14": line(STEP | {"loss": 1e14}),
    "metrics: loss -1": line(STEP | {"loss": -1}),
    "metrics: loss NaN": line(STEP | {"loss": float("nan")}),
    "metrics: loss infinite": line(STEP | {"loss": float("inf")}),
    "metrics: loss a text": line(STEP | {"loss": "low"}),
    "metrics: loss null": line(STEP | {"loss": None}),
    "metrics: loss true": line(STEP | {"loss": True}),
    "metrics: validation 1e14": line(EPOCH | {"val_loss": 1e14, "step": 0}),
    "metrics: validation -1": line(EPOCH | {"val_loss": -1}),
    "metrics: validation NaN": line(EPOCH | {"val_loss": float("nan")}),
    "metrics: validation a list": line(EPOCH | {"val_loss": [1]}),
    "metrics: epoch a text": line(EPOCH | {"epoch": "one"}),
    "metrics: step -5": line(STEP | {"step": -5}),
    "metrics: accuracy 7": line(STEP | {"accuracy": 7}),
    "metrics: speed a text": line(STEP | {"characters_per_second": "fast"}),
    "metrics: speed null": line(EPOCH | {"characters_per_second": None}),
    "metrics: seconds null": line(EPOCH | {"seconds": None}),
    "metrics: seconds 1e300": line(EPOCH | {"seconds": 1e300}),
    "metrics: another value an object": line(STEP | {"more": {}}),
    "metrics: a folder": folder("metrics.jsonl"),
}  # fmt: skip
WEIGHTS: dict[str, Damage] = {
    "weights: of another alphabet": changed("vocab.json", characters="ab"),
    "weights: of another kind": model(kind="ngram", order=3),
    "weights: empty": weight_bytes(lambda data: b""),
    "weights: no safetensors": weight_bytes(lambda data: b"hello, world, this is not it"),
    "weights: cut": weight_bytes(lambda data: data[:-100]),
    "weights: longer": weight_bytes(lambda data: data + bytes(4)),
    "weights: header cut": weight_bytes(lambda data: data[:50]),
    "weights: one missing": weights(lambda arrays: arrays.pop("head/bias")),
    "weights: one more": weights(lambda arrays: arrays.update(extra=np.zeros(3, np.float32))),
    "weights: another shape": weights(lambda arrays: arrays.update({"head/bias": np.zeros(3, np.float32)})),
    "weights: another number of axes": weights(lambda arrays: arrays.update({"head/bias": np.float32(1)})),
    "weights: 1e30": weights(lambda arrays: [array.fill(1e30) for array in arrays.values()]),
    "weights: one of 1e30": weights(lambda arrays: arrays["head/kernel"].__setitem__((0, 0), 1e30)),
    "weights: NaN": weights(lambda arrays: arrays["head/bias"].fill(np.nan)),
    "weights: infinite": weights(lambda arrays: arrays["head/bias"].__setitem__(0, -np.inf)),
    "weights: whole numbers": weights(
        lambda arrays: arrays.update({"head/bias": arrays["head/bias"].astype(np.int32)})
    ),
    "weights: of an n-gram model": weights(
        lambda arrays: (arrays.clear(), arrays.update({"order_1/keys": np.arange(3, dtype=np.uint64)}))
    ),
}  # fmt: skip
RUN = STATUS | CONFIG | VOCAB  # then nothing can be said of the run: it is one line in every list
ALL = RUN | METRICS | WEIGHTS
