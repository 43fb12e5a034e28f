"""Who may use GPT-2, and who may download it: it takes half a gigabyte of a machine's memory.

In a class nobody but the teacher loads it until the teacher allows it, or CHARLAB_GPT2=1 does. CHARLAB_GPT2=0
keeps it from everyone, and the path of a folder puts another network in its place. The teacher's word is kept in
the cache folder: server/gpt2.json.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from charlab.errors import ConfigError, UnavailableError
from charlab.files import write_json
from charlab.folders import cache_folder
from charlab.runs.permissions import STUDENT, Actor


def check(actor: Actor) -> None:
    """Raises UnavailableError where the actor may not load GPT-2 and use it, and ConfigError."""
    if (setting := _setting()) == "0":
        raise UnavailableError("GPT-2 is switched off on this server (CHARLAB_GPT2 is 0).")
    if actor.role == STUDENT and setting != "1" and not is_allowed():
        raise UnavailableError("GPT-2 is not switched on in this class. Only the teacher can switch it on.")


def check_download(actor: Actor) -> None:
    """Raises UnavailableError where the actor may not download GPT-2, and ConfigError."""
    check(actor)
    if actor.role == STUDENT:
        raise UnavailableError("GPT-2 is not on this server yet. Only the teacher can download it.")


def allow(actor: Actor, allowed: bool) -> None:
    """Let the students of a class use GPT-2, or no longer. Raises UnavailableError for a student, and OSError."""
    if actor.role == STUDENT:
        raise UnavailableError("Only the teacher can switch GPT-2 on or off in this class.")
    write_json(_path(), {"allowed": allowed})


def is_allowed() -> bool:
    """Whether the teacher lets students use GPT-2."""
    try:
        return json.loads(_path().read_bytes())["allowed"] is True
    except (OSError, ValueError, KeyError, TypeError):  # not said yet, or damaged
        return False


def is_off() -> bool:
    """Whether nobody may use GPT-2 here. Raises ConfigError."""
    return _setting() == "0"


def given_folder() -> Path | None:
    """The folder of another network of GPT-2's form that CHARLAB_GPT2 names; None where it names none."""
    text = os.environ.get("CHARLAB_GPT2", "").strip()
    return Path(text) if text not in ("", "0", "1") and Path(text).is_dir() else None


def _setting() -> str:
    text = os.environ.get("CHARLAB_GPT2", "").strip()
    if given_folder() is not None:
        return ""
    if text not in ("", "0", "1"):
        raise ConfigError(
            "CHARLAB_GPT2 must be 1 to allow GPT-2 in a class, 0 for no GPT-2, or a folder with another network "
            f"of its form. Received: {text!r}."
        )
    return text


def _path() -> Path:
    return cache_folder() / "server" / "gpt2.json"
