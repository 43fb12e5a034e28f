"""Names of downloaded files: from what people call a run, safe on every system, short, and dated."""

from __future__ import annotations

import re
import time
import unicodedata

from charlab.runs.store import RunConfig

_MAX_BYTES = 60  # of a name in UTF-8, before the date


def slug(words: str, most: int = _MAX_BYTES) -> str:
    """Words as a part of a file's name: letters and digits of any script, hyphens between, cut between words."""
    parts = re.findall(r"[^\W_]+", unicodedata.normalize("NFC", words).lower())
    name = ""
    for part in parts:
        longer = f"{name}-{part}" if name else part
        if len(longer.encode()) > most:
            break
        name = longer
    if not name and parts:  # a single word that is too long
        name = parts[0].encode()[:most].decode("utf-8", "ignore")
    return name


def of_run(config: RunConfig) -> str:
    """A file's name for a run, without its ending: "quick-gru-on-essay-2026-11-27-1015"."""
    made = time.strftime("%Y-%m-%d-%H%M", time.localtime(config.created)) if config.created else ""
    return "-".join(filter(None, (slug(config.name) or "model", made)))
