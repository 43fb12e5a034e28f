"""Validation of bundles (model files): names and sizes are checked before anything is read into memory.

A bundle comes from a stranger: nothing in it is executed, and anything unexpected is refused, in a sentence.
bundle.py turns a valid bundle into a run.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from charlab.core.config import ModelConfig
from charlab.core.vocab import Vocab
from charlab.errors import CharlabError, ModelError
from charlab.export import received_weights
from charlab.runs import schema
from charlab.runs.presets import PRESETS
from charlab.runs.store import RunConfig, Status

FORMAT = {"format": "charlab bundle", "version": 1}
WEIGHTS = {"best": "weights/best.safetensors", "last": "weights/last.safetensors"}
_MB = 1_000_000
LIMITS = {  # the allowed names in a bundle, and the maximum size of each in bytes
    "bundle.json": 1_000,
    "model-card.md": _MB,
    "config.json": _MB // 5,
    "vocab.json": _MB // 20,
    "status.json": _MB // 5,
    "metrics.jsonl": 20 * _MB,
    WEIGHTS["best"]: 128 * _MB,
    WEIGHTS["last"]: 128 * _MB,
}
_REQUIRED = ("bundle.json", "config.json", "vocab.json", "status.json")
_DIRECTORY_LIMIT = 4_000  # bytes of a zip archive's list of members
RESULTS = (
    "epochs", "steps", "train_loss", "val_loss", "best_val_loss", "train_loss_after", "characters_per_second",
    "seconds",
)  # fmt: skip


_DAMAGE = (  # what zipfile raises where an archive is damaged
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
    RuntimeError,
)


class _Refused(Exception):
    """The problem with a bundle; becomes the second half of a ModelError."""


@dataclass(frozen=True)
class Contents:
    """The contents of a valid bundle."""

    config: RunConfig
    vocab: Vocab
    status: Status
    events: list[dict[str, Any]]
    weights: dict[str, dict[str, np.ndarray]]  # of "best", "last" or both


def read(file: BinaryIO, filename: str) -> Contents:
    """Check a bundle and read it. Raises ModelError where it is invalid."""
    try:
        with _open(file) as archive:
            return _read(archive, _members(archive))
    except _Refused as problem:
        words = str(problem)
    except schema.Invalid as problem:
        words = str(problem)
    except _DAMAGE:
        words = "it is damaged or incomplete"
    except CharlabError as error:
        words = str(error).rstrip(".")
    raise ModelError(
        f"“{filename}” cannot be imported: {words}. Choose a model file that CharLab exported: with "
        "“Download model file” on the Train page or with `export MODEL --format bundle`."
    )


def _read(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo]) -> Contents:
    if _json(archive, members["bundle.json"]) != FORMAT:
        raise _Refused("it is not a model file, or has another version")
    config = _config(_json(archive, members["config.json"]))
    vocab = _vocab(_json(archive, members["vocab.json"]), config.model)
    status = _status(_json(archive, members["status.json"]))
    events = schema.events(archive.read(members["metrics.jsonl"])) if "metrics.jsonl" in members else []
    weights = {
        weights_name: _weights(archive, members[name], config.model, len(vocab))
        for weights_name, name in WEIGHTS.items()
        if name in members
    }
    return Contents(config, vocab, status, events, weights)


# The archive: first its list of members, then the members


def _open(file: BinaryIO) -> zipfile.ZipFile:
    """Open the archive if its list of members is as short as a bundle's; a long one would fill the memory."""
    size = file.seek(0, 2)
    if size > sum(LIMITS.values()):
        raise _Refused("it is larger than any model file")
    file.seek(max(0, size - 42))
    tail = file.read(42)
    end = tail[-22:]
    if not end.startswith(b"PK\x05\x06") or len(end) < 22:
        raise _Refused("it is not a zip archive in CharLab's format")
    directory, comment = struct.unpack("<12xL4xH", end)
    if comment or directory > _DIRECTORY_LIMIT or tail.startswith(b"PK\x06\x07"):
        raise _Refused("its list of members is longer than a model file's")
    return zipfile.ZipFile(file)


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    members: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        if info.filename not in LIMITS:
            raise _Refused(f"it contains {info.filename[:80]!r}, which no model file contains")
        if info.filename in members:
            raise _Refused(f"it contains {info.filename!r} twice")
        if info.file_size > LIMITS[info.filename]:
            raise _Refused(f"{info.filename} would take {info.file_size / _MB:,.0f} MB, more than the limit")
        if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _Refused(f"{info.filename} is encrypted or compressed in an unexpected way")
        members[info.filename] = info
    missing = [name for name in _REQUIRED if name not in members]
    if missing or not set(WEIGHTS.values()) & set(members):
        raise _Refused(f"{missing[0] if missing else 'weights'} is missing")
    return members


# JSON of known names, types and sizes


def _json(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> dict[str, Any]:
    return received_weights.parsed(archive.read(info), info.filename)


def _weights(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, model: ModelConfig, vocabulary_size: int
) -> dict[str, np.ndarray]:
    with archive.open(info) as file:
        return received_weights.read(file, info.file_size, info.filename, model, vocabulary_size)


def _config(data: dict[str, Any]) -> RunConfig:
    schema.check_config(data)
    if data.get("task"):
        raise _Refused("it belongs to a lab, whose networks cannot be imported")
    if data["preset"] not in PRESETS:
        raise _Refused(f"it was made with the preset {data['preset'][:40]!r}, which this CharLab does not have")
    if not re.fullmatch(r"[0-9a-f]{64}", data["corpus_sha256"]):
        raise _Refused("its text's checksum is not valid")
    if re.search(r"[/\\]", data["corpus"]):  # which would be read from this machine
        raise _Refused("its text's name is a path")
    return RunConfig.from_json(data | {"owner": ""})


def _vocab(data: dict[str, Any], model: ModelConfig) -> Vocab:
    schema.check_vocab(data)
    vocab = Vocab.from_json(data)
    if vocab.lower_case != model.lower_case:
        raise _Refused("its alphabet does not fit its configuration")
    if model.alphabet == "code-points":
        if vocab != Vocab.from_code_points():
            raise _Refused("its alphabet is not that of code points")
    elif len(vocab.characters) > model.alphabet_limit:
        raise _Refused(
            f"its alphabet has {len(vocab.characters):,} characters, and its limit is {model.alphabet_limit:,}"
        )
    return vocab


def _status(data: dict[str, Any]) -> Status:
    _only(data, ("started", "ended", "epoch", "step", "total_steps", "seconds", "best_epoch", "results"))
    status = {name: value for name, value in data.items() if value is not None} | {"state": "done"}
    schema.check_status({"results": None} | status)
    _only(status["results"], RESULTS)
    return Status(**status)


def _only(data: dict[str, Any], allowed: tuple[str, ...]) -> None:
    for key in data:
        if key not in allowed:
            raise _Refused(f"status.json names {key[:40]!r}, which is not allowed")
