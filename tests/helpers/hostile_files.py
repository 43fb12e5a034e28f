"""Hostile files: texts of any bytes, and changed model files."""

from __future__ import annotations

import gzip
import io
import json
import os
import struct
import tarfile
import tempfile
import zipfile
from functools import cache
from typing import Any

import numpy as np
from hypothesis import strategies as st

from charlab.export import bundle, bundle_validation
from charlab.runs import store
from helpers import damages, odd_texts
from helpers.hostile_words import Draw, dumped, mutated, odd_json
from helpers.hostile_words import odd_texts as odd_names
from helpers.tiny import TINY, make_run, ngram_run

# Files that are taken for texts

SIGNATURES = (
    b"%PDF-1.7\n", b"{\\rtf1 ", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\x1f\x8b\x08", b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07",
    b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"PK\x03\x04", b"BZh9", b"\x7fELF", b"MZ",
    b"\xca\xfe\xba\xbe", b"SQLite format 3\0",
    b"<?xml version='1.0' encoding='utf-16'?>", b"<!DOCTYPE html>", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff",
    b"\xff\xfe\0\0",
    b"\0\0\xfe\xff", b"+/v8-", b"\x1b$B", b"\x0e\x0f", b"\xef\xbb\xbf\xef\xbb\xbf",
)  # fmt: skip
CODECS = (
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "utf-32-le",
    "utf-7",
    "cp500",
    "cp037",
    "hz",
    "shift_jis",
)
PIECES = (
    b"\0", b"\0" * 100, b"\xff", b"\x92", b"\xc3", b"\xe2\x82", b"\xf4\x90\x80\x80", b"\xed\xa0\x80",
    b"\xed\xb0\x80", b"\xed\xa0\xbd\xed\xb8\x80",
    b"\xc0\xaf", b"\r", b"\r\n", b"\x0b\x0c", b"\xc2\x85", b"\xe2\x80\xa8", b"\xef\xbb\xbf", b"\xef\xbf\xbd" * 50,
    b"\x1a", b"\x1b[31m",
    b"e\xcc\x81", b"\xcc\x81" * 500, b"\xe2\x80\xae", b"a" * 3000, b"\xf0\x9f\xa6\x8a" * 100, b"\x1b$B%3\x1b(B",
    b"x\0y\0z\0" * 60,
)  # fmt: skip


@st.composite
def files(draw: Draw) -> bytes:
    """The bytes of a file that somebody uploads as a text."""
    kind = draw(st.integers(0, 9))
    if kind == 0:
        return draw(st.binary(max_size=4_000))
    if kind == 1:
        return draw(st.sampled_from(SIGNATURES)) + draw(st.binary(max_size=300)) * draw(
            st.sampled_from([1, 1, 40])
        )
    if kind == 2:
        return draw(st.sampled_from(_archives()))
    if kind == 3:
        return draw(st.binary(max_size=3)) * draw(st.sampled_from([0, 1, 1999, 2000, 2001, 30_000]))
    name = draw(st.sampled_from(sorted(odd_texts.LANGUAGES)))
    text = odd_texts.sentences(name, draw(st.sampled_from([50, 1990, 2600, 5000])), draw(st.integers(0, 9)))
    encodings = st.sampled_from([*odd_texts.LANGUAGES[name].encodings, *CODECS])
    data = text.encode(draw(encodings), "replace")
    for _ in range(draw(st.integers(0, 4))):
        data = draw(changed_bytes(data))
    return data


@st.composite
def changed_bytes(draw: Draw, data: bytes) -> bytes:
    """Bytes with a piece put in, cut off, repeated, or replaced."""
    at = draw(st.integers(0, len(data)))
    change = draw(st.integers(0, 6))
    if change == 0:
        return data[:at]
    if change == 1:
        return draw(st.sampled_from(SIGNATURES)) + data
    if change == 2:
        return data * draw(st.integers(2, 4))
    if change == 3:
        return data + odd_texts.sentences("russian", 900).encode(
            draw(st.sampled_from(["utf-8", "koi8_r", "utf-16"]))
        )
    if change == 4:
        return bytes(byte ^ 1 if place % 97 == at % 97 else byte for place, byte in enumerate(data))
    return data[:at] + draw(st.sampled_from(PIECES) | st.binary(max_size=20)) + data[at:]


@cache
def _archives() -> list[bytes]:
    """Files that hold others, or look as if."""
    found = [gzip.compress(b"text " * 900)]
    for name in ("word/document.xml", "xl/workbook.xml", "mimetypeapplication/epub+zip", "notes.txt"):
        found.append(zipped([(name, b"text " * 900)]))
    tape = io.BytesIO()
    with tarfile.open(fileobj=tape, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("notes.txt"))
    return [
        *found,
        tape.getvalue(),
        found[1][:60],
        json.dumps({"a": ["text"] * 900}).encode(),
        b'"a","b"\n1,2\n' * 400,
    ]


# Model files

ODD_NAMES = odd_names.map(
    lambda name: "".join(c for c in name if c.isprintable() or c in " \n\t\u200f")[:1500] or "x"
)
KINDS = (*TINY, "ngram")
_NAMES = (
    "../evil.txt",
    "/evil.txt",
    "..\\evil.txt",
    "C:\\evil",
    "weights/../../x",
    "weights/",
    "config.json ",
    "CONFIG.JSON",
)


@cache
def parts(kind: str) -> dict[str, bytes]:
    """The members of a sound model file of a kind of model."""
    with tempfile.TemporaryDirectory() as folder:
        before = os.environ.get("CHARLAB_RUNS")
        os.environ["CHARLAB_RUNS"] = folder
        try:
            data = bundle.pack(
                with_events(ngram_run() if kind == "ngram" else make_run(kind, best_epoch=1, step=10))
            )
        finally:
            os.environ.pop("CHARLAB_RUNS") if before is None else os.environ.update(CHARLAB_RUNS=before)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def with_events(run: store.Run) -> store.Run:
    for event in damages.EVENTS:
        run.append_event(event)
    return run


def zipped(members: list[tuple[Any, bytes]], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive of members by name (or ZipInfo), of which two may have the same."""
    import warnings

    result = io.BytesIO()
    with zipfile.ZipFile(result, "w", packing) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that come twice
        for name, data in members:
            archive.writestr(name, data)
    return result.getvalue()


@st.composite
def model_files(draw: Draw) -> bytes:
    """The bytes of a model file with one to three changes in it."""
    members = dict(parts(draw(st.sampled_from(KINDS))))
    allowed = draw(st.booleans())
    for _ in range(draw(st.integers(1, 3))):
        members = draw(_odd_but_allowed(members) if allowed else _changed_members(members))
    entries: list[tuple[Any, bytes]] = list(members.items())
    if allowed:
        return zipped(entries)
    if draw(st.integers(0, 9)) == 0:
        entries = draw(_odd_entries(entries))
    data = zipped(entries, draw(st.sampled_from([zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])))
    return draw(_changed_archive(data)) if draw(st.integers(0, 9)) == 0 else data


@st.composite
def _odd_but_allowed(draw: Draw, members: dict[str, bytes]) -> dict[str, bytes]:
    """The members with values that nobody would write, and that a model file may have."""
    config, vocab, status = (json.loads(members[name]) for name in ("config.json", "vocab.json", "status.json"))
    change = draw(st.integers(0, 6))
    if change == 0:
        config |= {
            "name": draw(ODD_NAMES),
            "notes": draw(st.lists(ODD_NAMES, max_size=3)),
            "versions": {"x": draw(ODD_NAMES)},
        }
    elif change == 1:
        config["corpus"] = draw(ODD_NAMES.map(lambda name: name.replace("/", "").replace("\\", "") or "x"))
    elif change == 2:
        config["train"]["seed_text"] = draw(ODD_NAMES)
    elif change == 3:
        number = len(vocab["characters"])
        letters = st.characters(exclude_categories=["Cs"])
        vocab["characters"] = "".join(draw(st.lists(letters, min_size=number, max_size=number, unique=True)))
    elif change == 4:
        status |= {
            "epoch": draw(st.floats(0, 1e7)),
            "seconds": draw(st.floats(0, 1e10)),
            "best_epoch": draw(st.integers(0, 10**7)),
        }
        status["results"] = {
            name: draw(st.floats(0, 1e6)) for name in ("best_val_loss", "val_loss", "train_loss", "epochs")
        }
    elif change == 5:
        events = [json.loads(line) for line in members["metrics.jsonl"].splitlines()]
        loss, step, second = (draw(st.floats(0, most)) for most in (1e6, 1e7, 1e10))
        odd = {
            "loss": loss,
            "val_loss": loss,
            "epoch": step,
            "step": int(step),
            "seconds": second,
            "characters_per_second": second,
        }
        odd |= {"text": draw(ODD_NAMES), "seed_text": draw(ODD_NAMES), "learning_rate": draw(st.floats(0, 1000))}
        chosen = draw(st.sets(st.sampled_from(sorted(odd))))
        events = [event | {name: odd[name] for name in chosen if name in event} for event in events]
        members = members | {"metrics.jsonl": b"\n".join(map(dumped, events * draw(st.integers(1, 3)))) + b"\n"}
    else:
        scale = draw(st.sampled_from([0.0, 1e-30, 1e2, 1e5, 1e6, -1e3]))
        members = members | {
            name: _scaled(members[name], scale) for name in bundle_validation.WEIGHTS.values() if name in members
        }
    files = {"config.json": config, "vocab.json": vocab, "status.json": status}
    return members | {name: dumped(data) for name, data in files.items()}


def _scaled(data: bytes, scale: float) -> bytes:
    """A network's weights multiplied by a number; an n-gram model's counts as they were."""
    from safetensors.numpy import load, save

    arrays = load(data).items()
    return save(
        {
            name: np.clip(array * scale, -1e6, 1e6).astype(array.dtype) if array.dtype.kind == "f" else array
            for name, array in arrays
        }
    )


@st.composite
def _changed_members(draw: Draw, members: dict[str, bytes]) -> dict[str, bytes]:
    name = draw(st.sampled_from(sorted(members)))
    data = members[name]
    change = draw(st.integers(0, 19))
    if change == 0:
        return {other: value for other, value in members.items() if other != name}
    if change == 1:
        return members | {draw(st.sampled_from(_NAMES) | odd_names.filter(_is_name)): data}
    if change == 2:
        return members | {name: draw(changed_bytes(data))}
    if change == 3:
        return members | {name: draw(st.sampled_from(sorted(members.values())))}
    return members | {name: draw(changed_file(name, data))}


def _is_name(name: str) -> bool:
    """Whether a zip archive can hold a member of that name."""
    return bool(name) and not any("\ud800" <= c <= "\udfff" for c in name) and len(name.encode()) < 60_000


@st.composite
def changed_file(draw: Draw, name: str, data: bytes) -> bytes:
    """A run's or model file's member with something wrong in it, by what it holds."""
    try:
        if name.endswith(".json"):
            return dumped(draw(mutated(json.loads(data))))
        if name.endswith(".jsonl"):
            lines = data.splitlines()
            place = draw(st.integers(0, len(lines) - 1))
            lines[place] = dumped(draw(mutated(json.loads(lines[place]))))
            return b"\n".join(lines) + draw(st.sampled_from([b"\n", b"", b"\n\n", b'\n{"event": "step", "st']))
        if name.endswith(".safetensors"):
            return draw(_changed_weights(data))
    except (ValueError, RecursionError, struct.error, IndexError):
        pass  # changed before, so that nothing in it can be found
    return draw(changed_bytes(data))


@st.composite
def _changed_weights(draw: Draw, data: bytes) -> bytes:
    (length,) = struct.unpack("<Q", data[:8])
    header, numbers = json.loads(data[8 : 8 + length]), bytearray(data[8 + length :])
    change = draw(st.integers(0, 9))
    if change < 4:
        written = dumped(draw(mutated(header)))
        return struct.pack("<Q", len(written)) + written + bytes(numbers)
    if change == 4:
        return struct.pack("<Q", draw(st.integers(0, 2**64 - 1))) + data[8:]
    if change == 5:
        return data[:8] + dumped(draw(odd_json)) + bytes(numbers)
    value = draw(
        st.sampled_from(
            [0.0, -0.0, 1.0, 30.0, 1e3, 9e5, 1e6, -1e6, 1.1e6, 1e30, 3e38, 1e-45, np.inf, -np.inf, np.nan]
        )
    )
    word = struct.pack("<f", value)
    if change == 6:
        return data[: 8 + length] + word * (len(numbers) // 4)
    for _ in range(draw(st.integers(1, 8))):
        at = 4 * draw(st.integers(0, len(numbers) // 4 - 1))
        numbers[at : at + 4] = word if change < 9 else draw(st.binary(min_size=4, max_size=4))
    return data[: 8 + length] + bytes(numbers)


@st.composite
def _odd_entries(draw: Draw, entries: list[tuple[Any, bytes]]) -> list[tuple[Any, bytes]]:
    """The same with a name twice, a link in place of a file, a bomb, or many members."""
    name, data = draw(st.sampled_from(entries))
    info = zipfile.ZipInfo(name)
    change = draw(st.integers(0, 4))
    if change == 0:
        return [*entries, (name, data)]
    if change == 1:
        info.external_attr = 0o120777 << 16  # a symbolic link
        return [(info, b"/etc/passwd") if entry[0] == name else entry for entry in entries]
    if change == 2:
        return [(name, bytes(30_000_000)) if entry[0] == name else entry for entry in entries]
    if change == 3:
        return entries + [(f"more/{number}", b"") for number in range(draw(st.sampled_from([1, 100, 2_000])))]
    info.external_attr, info.compress_type, info.date_time = 0, zipfile.ZIP_BZIP2, (2107, 12, 31, 23, 59, 58)
    info.comment, info.extra = b"x" * 200, b"\x01\x00\x08\x00" + bytes(8)
    return [(info, value) if entry == name else (entry, value) for entry, value in entries]


@st.composite
def _changed_archive(draw: Draw, data: bytes) -> bytes:
    """The archive with bytes changed, most of them in its list of members."""
    damaged = bytearray(data)
    for _ in range(draw(st.integers(1, 4))):
        at = len(data) - 1 - draw(st.integers(0, min(len(data) - 1, 700)) | st.integers(0, len(data) - 1))
        damaged[at] = draw(st.integers(0, 255))
    end = draw(st.sampled_from([b"", b"", b"x", bytes(22), data]))
    start = draw(st.sampled_from([b"", b"", b"GIF89a", data[:100]]))
    return start + bytes(damaged)[: draw(st.sampled_from([None, None, -1, -22, len(data) // 2]))] + end
