"""Texts of one's own: which there are, which runs need them, and deleting one.

A text can be deleted by whoever stored it, the teacher and the operator, but not while a run on it waits or
trains, and by a student not where a run of someone else would lose it. What other runs lose is said before.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from charlab.corpora import stored_texts
from charlab.corpora.stored_texts import StoredText
from charlab.errors import CharlabError, RunError
from charlab.runs import permissions, store, watch
from charlab.runs.permissions import STUDENT, Actor
from charlab.runs.watch import KnownRun

_MAX_NAMED = 3  # runs in one sentence


def texts_of(actor: Actor) -> list[StoredText]:
    """The stored texts that the actor may delete, the newest first."""
    mine = [text for text in stored_texts.every() if permissions.may_act_on_text(actor, text)]
    return sorted(mine, key=lambda text: text.added, reverse=True)


def uses(folder: Path | None = None, now: bool = False) -> dict[str, list[KnownRun]]:
    """The runs on each text, by the text's name, newest first; runs that cannot be read are left out. `now` is for
    an act: see `watch.listing`."""
    return watch.listing(folder, now).get(_by_text)


def _by_text(runs: tuple[KnownRun, ...]) -> dict[str, list[KnownRun]]:
    found: dict[str, list[KnownRun]] = {}
    for run in runs:
        with contextlib.suppress(CharlabError):
            found.setdefault(run.config().corpus, []).append(run)
    return found


def why_not_deleted(text: StoredText, actor: Actor, runs: list[KnownRun]) -> str:
    """Why the actor may not delete a text that these runs need, in a sentence; "" where they may."""
    if not permissions.may_act_on_text(actor, text):
        return f"“{text.title}” was added in another browser: only that browser and the teacher can delete it."
    if active := [run for run in runs if _is_active(run)]:
        return (
            f"“{text.title}” cannot be deleted while a run on it waits or trains: {_named(active)}. Wait until it "
            "has ended, or stop it."
        )
    others = [run for run in runs if permissions.owner_of(run) != actor.owner]
    if actor.role == STUDENT and others:
        return (
            f"“{text.title}” is also the text of runs from other browsers, which need it to be trained further: "
            "only the teacher can delete it."
        )
    return ""


def lost_with(runs: list[KnownRun]) -> str:
    """What is lost when the text of these runs is deleted, in a sentence."""
    if not runs:
        return "No run was trained on it."
    stay, need = ("stays", "it") if len(runs) == 1 else ("stay", "them")
    return (
        f"{_named(runs)} {stay}, and can still generate text and be explained. Without the text, Resume and Train "
        f"longer no longer work for {need}, and what was copied from the text can no longer be found. Adding the "
        "same text again brings this back."
    )


def delete(name: str, actor: Actor) -> None:
    """Delete a stored text for good. Raises RunError where it is gone, or the actor may not."""
    text = stored_texts.find(name)
    if text is None:
        raise RunError("This text is already deleted.")
    if reason := why_not_deleted(text, actor, uses(now=True).get(name, [])):
        raise RunError(reason)
    stored_texts.delete(name)


def _is_active(run: KnownRun) -> bool:
    try:
        return run.status().state in store.ACTIVE
    except CharlabError:
        return False


def _named(runs: list[KnownRun]) -> str:
    names = [f"“{run.config().name}”" for run in runs[:_MAX_NAMED]]
    if (more := len(runs) - _MAX_NAMED) > 0:
        names.append(f"{more} more {'run' if more == 1 else 'runs'}")
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
