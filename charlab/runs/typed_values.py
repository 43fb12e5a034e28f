"""Numbers, lists of numbers and settings as people type them: on a page, in a link, on the command line.

A decimal comma is understood as well as a decimal point. Where what was typed can be read in two ways, a
ConfigError shows both of them and how to type each.
"""

from __future__ import annotations

import math
import re
from typing import Any

from charlab.core.config import SETTINGS, Setting
from charlab.errors import ConfigError

_ANYTHING = (-math.inf, math.inf)
_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_MARKS = str.maketrans({"٫": ",", "،": ", ", "，": ", ", "、": ", ", "؛": ";", "；": ";", "−": "-"})
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+(e[+-]?\d+)?", re.IGNORECASE)
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?")  # 1,000 or 1,000,000.5
_THOUSANDS_BY_POINTS = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+,\d+")  # 1.000,5
_SHOWN = 80  # characters of what was typed


def parse_number(typed: str, name: str, limits: tuple[float, float] | None = None) -> float:
    """One number, with a decimal point or a decimal comma.

    1,5 is 1.5, and 0,001 is 0.001. A comma before three digits may also separate thousands: 1,500 is read as
    1.5 or 1500 where only one of them lies within the limits. Raises ConfigError where both do, and for
    anything that is no number.
    """
    found = sorted({number for number in _readings(typed) if math.isfinite(number)})
    if not found:
        raise ConfigError(f"{name} must be a number. Received: {_quoted(typed)}.")
    least, most = limits or _ANYTHING
    within = [number for number in found if least <= number <= most] or found[:1]
    if len(within) > 1:
        first, second = (_plain(number) for number in within)
        raise ConfigError(
            f"{name} can be read in two ways, as {first} or as {second}. Type one of these. "
            f"Received: {_quoted(typed)}."
        )
    return within[0]


def parse_whole_number(typed: str, name: str) -> int:
    """One whole number; 10,000 is ten thousand. Raises ConfigError for anything else."""
    text = typed.strip().translate(_MARKS)
    try:
        return int(text.replace(",", "") if _THOUSANDS.fullmatch(text) else text)
    except ValueError:
        raise ConfigError(f"{name} must be a whole number. Received: {_quoted(typed)}.") from None


def parse_numbers(typed: str, name: str, limits: tuple[float, float], example: str) -> tuple[float, ...]:
    """Several numbers, in the order in which they were typed.

    Semicolons, spaces, tabs, line breaks, and commas with a space beside them separate numbers. A comma between
    digits is a decimal comma in "0,2; 0,5; 1" (semicolons, tabs or line breaks separate) and in "0,2 0,5" or
    "0,2, 0,5" (every number has one); it separates in "0.2,0.5" (there are points) and in "1,2,3".
    What remains is read in the one way that gives numbers within the limits, as "1,25" where 25 is too large.
    Raises ConfigError with both readings where both do, as in "0,5", and for anything that is no such number.
    """
    text = re.sub(
        r"(?<![;\s])\s+,|,\s+|,$", lambda found: found[0].replace(",", " "), typed.translate(_MARKS).strip()
    )
    items = re.findall(r"[^;\s]+", text)
    separated = _as_separators(items)
    decimals = _as_decimal_commas(items) or _as_pairs(items, separated)
    least, most = limits
    possible = [
        numbers
        for numbers in dict.fromkeys((separated, decimals))
        if numbers and all(least <= number <= most for number in numbers)
    ]
    if not possible:
        raise ConfigError(
            f"{name} are numbers from {least:g} to {most:g}, separated by commas, such as {example}; with decimal "
            f"commas, separated by semicolons. Received: {_quoted(typed) if typed.strip() else 'nothing'}."
        )
    if len(possible) == 1:
        return possible[0]
    if re.search(r"[;\n\r\t]", text) or (len(items) > 1 and all("," in item for item in items)):
        return decimals
    raise ConfigError(
        f"{name} can be read in two ways: as {_listed(separated)} or as {_listed(decimals)}. Type what you mean "
        f"with semicolons and decimal points. Received: {_quoted(typed)}."
    )


def parse_setting(name: str, typed: str, declared: Setting | None = None) -> Any:
    """A setting's value, read as the type that it is declared with: a text stays as it was typed.

    A number may have a decimal comma; yes, no, true, false, on and off are for settings that are true or false;
    none is for settings that may be missing. Raises ConfigError.
    """
    declared = declared or SETTINGS[name]
    word = typed.strip().lower()
    if declared.optional and word == "none":
        return None
    if declared.value_type is bool:
        if word not in _WORDS:
            raise ConfigError(f"{name} must be true or false (or yes or no). Received: {_quoted(typed)}.")
        return _WORDS[word]
    if declared.value_type is int:
        return parse_whole_number(typed, name)
    return parse_number(typed, name, declared.limits) if declared.value_type is float else typed


def _readings(typed: str) -> list[float]:
    """What one number may mean: none, one or two numbers."""
    text = typed.strip().translate(_MARKS)
    if _THOUSANDS_BY_POINTS.fullmatch(text):
        return [float(text.replace(".", "").replace(",", "."))]
    found = [_float(text)]
    if _THOUSANDS.fullmatch(text):
        found.append(_float(text.replace(",", "")))
    if _DECIMAL_COMMA.fullmatch(text):
        found.append(_float(text.replace(",", ".")))
    return [number for number in found if number is not None]


def _as_separators(items: list[str]) -> tuple[float, ...]:
    """The numbers where every comma separates two of them; empty where these are no numbers, as "05" is none."""
    words = [word for item in items for word in item.split(",") if word]
    if any("," in item for item in items) and any(re.match(r"0\d", word) for word in words):
        return ()
    return _floats(words)


def _as_decimal_commas(items: list[str]) -> tuple[float, ...]:
    """The numbers where every comma is a decimal comma; empty where these are no numbers."""
    return _floats([item.replace(",", ".") if _DECIMAL_COMMA.fullmatch(item) else item for item in items])


def _as_pairs(items: list[str], separated: tuple[float, ...]) -> tuple[float, ...]:
    """The numbers of "0,2,0,5" where every second comma is a decimal one: likely where a digit comes twice."""
    words = items[0].split(",") if len(items) == 1 else []
    if len(words) % 2 or len(set(separated)) == len(separated) or not all(word.isdigit() for word in words):
        return ()
    return _floats([f"{whole}.{digits}" for whole, digits in zip(words[::2], words[1::2], strict=True)])


def _floats(words: list[str]) -> tuple[float, ...]:
    numbers = [_float(word) for word in words]
    return () if None in numbers else tuple(number for number in numbers if number is not None)


def _float(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _listed(numbers: tuple[float, ...]) -> str:
    return "; ".join(_plain(number) for number in numbers)


def _plain(number: float) -> str:
    return f"{number:.12g}"


def _quoted(typed: str) -> str:
    return repr(typed[:_SHOWN])
