"""Temperatures: the effect of one in a sentence, and several as a reader types them."""

from __future__ import annotations

import re

from charlab.errors import ConfigError
from pages.parts.shared import page_state

DEFAULT = page_state.find("temperatures").default
MAX_TEMPERATURES = 20  # temperatures at once
MAX_TEMPERATURE = 20.0


def parse_temperatures(typed: str) -> tuple[float, ...]:
    """Parse numbers separated by commas or spaces. Raises ConfigError for anything else, or too many of them."""
    words = [word for word in re.split(r"[,;\s]+", typed) if word]
    try:
        found = tuple(float(word) for word in words)
    except ValueError:
        found = ()
    if not found or not all(0 <= temperature <= MAX_TEMPERATURE for temperature in found):
        raise ConfigError(
            f"Temperatures are numbers from 0 to {MAX_TEMPERATURE:g}, separated by commas, such as {DEFAULT}. "
            f"Received: {typed[:80] or 'nothing'}."
        )
    if len(found) > MAX_TEMPERATURES:
        raise ConfigError(f"At most {MAX_TEMPERATURES} temperatures at once. Received: {len(found)}.")
    return tuple(dict.fromkeys(found))


def meaning(temperature: float) -> str:
    """What a temperature does, in a sentence."""
    if temperature == 0:
        return "Greedy: always the most likely character. All samples are the same and soon repeat themselves."
    if temperature < 0.6:
        return "Cautious: likely characters become even more likely. Correct, but soon dull."
    if temperature < 1:
        return "Slightly more cautious than the model."
    if temperature == 1:
        return "Uses the model's probabilities unchanged."
    if temperature < 1.6:
        return "Daring: unlikely characters come more often than the model predicts."
    return "Very random: unlikely characters come often."
