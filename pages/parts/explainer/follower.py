"""Parts of the page that follow the chosen position in the browser: what happens inside a network there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pages.parts.shared import served_files

_mount = served_files.component("charlab_follower", Path(__file__).with_suffix(".js"), isolate_styles=False)


def mount(part: str, text: str, on_moved: Callable[[], None] | None = None, **data: Any) -> None:
    """A part by its name in follower.js, which says what it needs of `data`. One with `on_moved` tells the server
    where the reader has moved, before the next run of the page, or of the fragment around it."""
    given = {"part": part, "length": len(text), **data}
    width = "content" if part == "said" else "stretch"  # beside the controls
    _mount(key=part, data=given, width=width, on_moved_change=on_moved or (lambda: None))
