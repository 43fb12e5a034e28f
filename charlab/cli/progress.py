"""How far a download of many megabytes is, on standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable


def by_twentieths(size: int) -> Callable[[int], None]:
    """Says how many of `size` bytes have been received, twenty times."""
    said = -1

    def say(received: int) -> None:
        nonlocal said
        if (part := 20 * received // size) > said:
            said = part
            print(f"{received / 1e6:,.0f} of {size / 1e6:,.0f} MB", file=sys.stderr, flush=True)

    return say
