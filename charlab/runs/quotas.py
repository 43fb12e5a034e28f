"""What each student of a class may have: runs in the queue, and room on the disk for runs and texts.

Asked where a run joins the queue or is imported, and where a text is stored. Teacher and operator have no limits.
A run for a device takes no place in the queue, but a device trains one at a time.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from charlab.corpora import stored_texts, uploads
from charlab.corpora.uploads import Text
from charlab.errors import CharlabError, RunError
from charlab.runs import devices, limits, permissions, store, watch
from charlab.runs.permissions import STUDENT, THE_TEACHER, Actor, owner_of
from charlab.runs.store import Run, RunConfig

joined = threading.Event()  # set whenever a run may have joined the queue, which then looks at once
MAX_WAITING = 2
_LOCK_SECONDS = 30.0


@contextlib.contextmanager
def joining_queue(actor: Actor, config: RunConfig, folder: Path | None = None) -> Iterator[None]:
    """Hold this while a run joins the queue. Raises RunError where a student may not have one more there, or on
    the device."""
    with _held(actor, folder) as others:
        if others is not None:
            if devices.is_for(config):
                _check_device(others)
            else:
                _check_waiting(others)
            _check_room(actor, others, 0)
        yield
    if not devices.is_for(config):
        joined.set()


@contextlib.contextmanager
def taking_room(actor: Actor, size: int, folder: Path | None = None) -> Iterator[None]:
    """Hold this while `size` bytes are written for good. Raises RunError where a student has no room for them."""
    with _held(actor, folder) as others:
        if others is not None:
            _check_room(actor, others, size)
        yield


def store_text(text: Text, actor: Actor) -> str:
    """Store a text for whoever uploaded it; returns its name. A text that is stored already takes no room, and has
    the new title only where it is the actor's."""
    name = uploads.stored_name(text.sha256)
    if stored_texts.is_stored(text):
        known = stored_texts.find(name)
        if known and known.title != text.title and permissions.may_act_on_text(actor, known):
            stored_texts.rename(name, text.title)
        return name
    with taking_room(actor, len(text.text.encode("utf-8"))):
        return stored_texts.store(text, owner=actor.owner)


def bytes_of(owner: str, folder: Path | None = None) -> int:
    """The bytes that an owner's runs and texts take on the disk."""
    return sum(map(_size, _runs_of(owner, folder))) + stored_texts.bytes_of(owner)


def outgrown(run: Run) -> str:
    """Why a run in training has to stop, in a sentence: its owner's limit is used up. "" where it is not."""
    limit = limits.megabytes_each() if limits.is_class() else None
    owner = owner_of(run)
    if limit is None or not owner or owner == THE_TEACHER:
        return ""
    used = bytes_of(owner, run.path.parent)
    if used <= limit * 1e6:
        return ""
    return f"{_room(used, limit, 'the browser that started it')} The run was stopped, and its model is saved."


@contextlib.contextmanager
def _held(actor: Actor, folder: Path | None) -> Iterator[list[Run] | None]:
    """The student's runs, while nobody else's act can add to them; None for an actor without limits."""
    if actor.role != STUDENT:
        yield None
        return
    if not actor.owner:
        raise RunError(
            "This browser accepts no cookies, so the server cannot tell which runs and texts belong to it. Allow "
            "cookies for this address, then reload the page."
        )
    folder = folder or store.runs_folder()
    locks = folder / ".quotas"  # one for each student: nobody waits for somebody else's run to be written
    locks.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(locks / f"{actor.owner}.lock", timeout=_LOCK_SECONDS, is_singleton=False):
            yield _runs_of(actor.owner, folder)
    except Timeout:
        raise RunError("The server is busy with other requests. Try again in a moment.") from None


def _runs_of(owner: str, folder: Path | None) -> list[Run]:
    return [known.run for known in watch.listing(folder, now=True).runs if owner_of(known) == owner]


def _check_waiting(runs: list[Run]) -> None:
    names = _names(runs, ("queued",), for_device=False)
    if len(names) >= MAX_WAITING:
        raise RunError(
            f"This browser has {len(names)} runs in the queue, {' and '.join(names)}, and each browser "
            f"may have {MAX_WAITING}. Wait until one starts, or stop one."
        )


def _check_device(runs: list[Run]) -> None:
    for name in _names(runs, store.ACTIVE, for_device=True):
        raise RunError(
            f"This browser's device trains {name}, or will, and it trains one run at a time. Pause or stop that "
            "one first, or choose another accelerator."
        )


def _names(runs: list[Run], states: tuple[str, ...], for_device: bool) -> list[str]:
    """What those of the runs are called that are in these states, and for a device or not."""
    names = []
    for run in runs:
        with contextlib.suppress(CharlabError):
            if run.status().state in states and devices.is_for(run.config()) == for_device:
                names.append(f"“{run.config().name}”")
    return names


def _check_room(actor: Actor, runs: list[Run], size: int) -> None:
    limit = limits.megabytes_each()
    used = sum(map(_size, runs)) + stored_texts.bytes_of(actor.owner)
    if used + size > limit * 1e6:
        more = f" This would take {_megabytes(size)} more." if size else ""
        raise RunError(f"{_room(used, limit)}{more} Delete runs and texts that are no longer needed.")


def _room(used: int, limit: float, browser: str = "this browser") -> str:
    return (
        f"The runs and texts of {browser} take {_megabytes(used)}, and in a class each browser may have "
        f"{limit:,g} MB."
    )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.{0 if size >= 10e6 else 1}f} MB"


def _size(run: Run) -> int:
    """The bytes of a run's files and folders, without those that are deleted meanwhile."""
    total = 0
    for folder, folders, files in os.walk(run.path):  # which passes over a folder that is gone
        for name in (*folders, *files):
            with contextlib.suppress(OSError):
                total += Path(folder, name).lstat().st_size
    return total
