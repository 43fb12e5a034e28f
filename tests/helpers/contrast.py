"""The colours of the theme, and how well one can be seen on another (WCAG's contrast, from 1 to 21)."""

from __future__ import annotations

import re
import tomllib
from functools import cache

from helpers.project import ROOT

TEXT, MARK = 4.5, 3.0  # the least that WCAG 2 asks of letters (1.4.3), and of lines and marks (1.4.11)
THEMES = ("light", "dark")


@cache
def theme(name: str) -> dict:
    return tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"][name]


def colour_of(name: str, value: str) -> str:
    """The colour of a theme that charts name: "var(--st-blue-color)", "var(--st-chart-sequential-colors-3)"."""
    (words,) = re.findall(r"^var\(--st-([a-z-]+?)(?:-\d+)?\)$", value)
    first, *others = words.split("-")
    found = theme(name)[first + "".join(word.capitalize() for word in others)]
    return found if isinstance(found, str) else found[int(re.findall(r"-(\d+)\)$", value)[0])]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def blended(colour: str, opacity: float, background: str) -> str:
    """What is seen of a translucent colour, as "#rrggbb"."""
    pairs = zip(_channels(colour), _channels(background), strict=True)
    return "#" + "".join(f"{round(c * opacity + b * (1 - opacity)):02x}" for c, b in pairs)


def _channels(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))


def _luminance(colour: str) -> float:
    shares = [c / 255 for c in _channels(colour)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
