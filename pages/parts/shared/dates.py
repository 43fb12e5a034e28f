"""Dates as people say them, in the server's time."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping

from pages.parts.shared.stable_selectbox import unique_titles

_DAY = 24 * 3600


def in_words(then: float, now: float | None = None) -> str:
    """A moment, in seconds since 1970: "today at 10:15", "yesterday at 10:15", "24 November 2026"."""
    day, now = time.localtime(then), time.time() if now is None else now
    at = time.strftime("%H:%M", day)
    for word, other in (("today", now), ("yesterday", now - _DAY)):
        if day[:3] == time.localtime(other)[:3]:
            return f"{word} at {at}"
    return f"{day.tm_mday} {time.strftime('%B %Y', day)}"


def told_apart(titles: Mapping[str, str], dates: Mapping[str, float | None]) -> dict[str, str]:
    """The same titles by name, with the date and time behind one that several have, and a number where these are
    the same too."""
    often = Counter(titles.values())
    dated = {
        name: f"{title}, {time.strftime('%d %b %H:%M', time.localtime(dates[name]))}"
        if often[title] > 1 and dates.get(name)
        else title
        for name, title in titles.items()
    }
    return unique_titles(dated)
