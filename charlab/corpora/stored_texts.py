"""Texts that people uploaded or pasted, stored in the cache folder: each by the checksum of its content.

texts/<first 16 digits of the checksum>.txt, and .json with its facts: title, owner, date. The text is written
first, so that the second file implies the first. A stored text never changes: another text has another name.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from charlab import os_errors
from charlab.corpora import downloads
from charlab.corpora.uploads import Text, stored_name
from charlab.errors import CorpusError
from charlab.files import ReadOnce, write_whole

_FACTS = {"title": str, "sha256": str, "notes": list, "characters": int, "alphabet_size": int}  # at least
_YEAR_2900 = 3e10  # in seconds since 1970


@dataclass(frozen=True)
class StoredText:
    """The facts of a stored text: `name` is what links and commands know it by, `title` what people call it."""

    name: str
    title: str
    characters: int
    alphabet_size: int
    size: int  # bytes
    added: float  # seconds since 1970
    owner: str = ""  # the browser that stored it first, or ""


def is_name(name: str) -> bool:
    """Whether a text's name is that of a stored one, here or elsewhere."""
    return re.fullmatch(r"text-[0-9a-f]{16}", name) is not None


def store(text: Text, owner: str = "") -> str:
    """Store an accepted upload or paste in the cache folder; returns its name for catalogue.load.

    The same text is stored once, under its first title and for its first owner. Raises CorpusError where it
    cannot be written.
    """
    name = stored_name(text.sha256)
    if is_stored(text):
        return name
    about = {
        "title": text.title,
        "sha256": text.sha256,
        "notes": list(text.notes),
        "characters": len(text.text),
        "alphabet_size": len(set(text.text)),
        "added": time.time(),
    } | {key: value for key, value in (("reading", text.reading), ("owner", owner)) if value}
    path = path_of(name)
    try:
        write_whole(path, text.text.encode("utf-8"))
        _write_about(path, about)
    except OSError as error:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
        raise CorpusError(
            f"“{text.title}” cannot be stored in {path.parent}: {os_errors.reason(error)}. "
            "Set the environment variable CHARLAB_CACHE to another folder."
        ) from error
    return name


def rename(name: str, title: str) -> None:
    """Give a stored text another title; its name, which links use, stays. Raises CorpusError, OSError."""
    path = path_of(name)
    about = _about(path.with_suffix(".json"))
    if about is None:
        raise CorpusError("This text is no longer on this machine.")
    _write_about(path, about | {"title": title})


def delete(name: str) -> None:
    """Delete a stored text for good. Raises OSError where it cannot be deleted."""
    path = path_of(name)
    path.with_suffix(".json").unlink(missing_ok=True)  # first, since it implies the text
    path.unlink(missing_ok=True)


def is_stored(text: Text) -> bool:
    """Whether this machine has stored a text, unchanged."""
    return _read(stored_name(text.sha256)) is not None


def load(name: str) -> Text:
    """A stored text. Raises CorpusError where it is missing or damaged."""
    text = _read(name)
    if text is None:
        known = find(name)
        which = f"The text “{known.title}” is damaged" if known else "This text is no longer"
        raise CorpusError(f"{which} on this machine ({_folder()}). Add it again: paste it, or upload its file.")
    return text


def find(name: str) -> StoredText | None:
    """The facts of a stored text; None where this machine has none of that name."""
    return _facts(path_of(name).with_suffix(".json")) if is_name(name) else None


def every() -> list[StoredText]:
    """The stored texts, by title; incomplete ones are skipped."""
    found = [facts for path in _folder().glob("*.json") if (facts := _facts(path))]
    return sorted(found, key=lambda text: (text.title.casefold(), text.name))


def bytes_of(owner: str) -> int:
    """The bytes of the texts that are stored for an owner."""
    return sum(text.size for text in every() if text.owner == owner)


def path_of(name: str) -> Path:
    """The file of a stored text, there or not."""
    return _folder() / f"{name.removeprefix('text-')}.txt"


def _folder() -> Path:
    return downloads.cache_folder() / "texts"


def _read(name: str) -> Text | None:
    path = path_of(name)
    about = _about(path.with_suffix(".json"))
    try:
        data = path.read_bytes()
    except OSError:
        return None
    if about is None or hashlib.sha256(data).hexdigest() != about["sha256"]:
        return None
    # Earlier versions noted here what every alphabet left out; now it depends on the model's limit.
    notes = tuple(note for note in about["notes"] if "The alphabet keeps the" not in note)
    reading = about.get("reading", {})
    return Text(name, about["title"], data.decode("utf-8"), about["sha256"], notes, reading=reading)


def _facts(path: Path) -> StoredText | None:
    about = _about(path)
    try:
        size, written = path.with_suffix(".txt").stat().st_size, path.stat().st_mtime
    except OSError:
        return None
    if about is None:
        return None
    name, noted = stored_name(about["sha256"]), about.get("added")
    # Older versions noted no date
    added = noted if isinstance(noted, float) and 0 < noted < _YEAR_2900 else written
    sizes = (about["characters"], about["alphabet_size"], size)
    return StoredText(name, about["title"], *sizes, added, about.get("owner", ""))


def _about(path: Path) -> dict[str, Any] | None:
    try:
        return _read_once(path)
    except OSError:
        return None


def _read_about(path: Path) -> dict[str, Any] | None:
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        return None
    is_whole = isinstance(about, dict) and all(isinstance(about.get(key), kind) for key, kind in _FACTS.items())
    return about if is_whole else None


_read_once = ReadOnce(_read_about)


def _write_about(path: Path, about: dict[str, Any]) -> None:
    write_whole(path.with_suffix(".json"), json.dumps(about, ensure_ascii=False).encode("utf-8"))
