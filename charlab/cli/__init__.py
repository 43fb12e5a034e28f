"""The command line: the same core as the pages, for use without a browser and for checks.

With --json one JSON document is the last line of standard output, which has nothing else.
"""

from __future__ import annotations

import json
import sys
import time

from charlab.cli import arguments
from charlab.errors import CharlabError


def main(words: list[str] | None = None, started: float | None = None) -> int:
    """Run one command; 0 if it worked, 2 with a sentence on standard error if it could not."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    options = arguments.parser().parse_args(words)
    options.started = started or time.time()
    try:
        document = options.command(options)
    except CharlabError as error:
        print(f"charlab: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 1
    if getattr(options, "json", False):
        print(json.dumps(document, ensure_ascii=False))
    return 0
