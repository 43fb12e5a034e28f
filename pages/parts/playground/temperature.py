"""Temperatures: what one means in words, and several of them as a reader types them."""

from __future__ import annotations

import re

from charlab.errors import ConfigError
from pages.parts.shared import page_state

DEFAULT = page_state.find("temperatures").default
MAX_TEMPERATURES = 20  # temperatures at once
MAX_TEMPERATURE = 20.0


def temperatures(typed: str) -> tuple[float, ...]:
    """Numbers between commas or spaces. Raises ConfigError where one is none, or there are too many."""
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
        return "0 always takes the likeliest character: all samples are the same, and it soon repeats itself."
    if temperature < 0.6:
        return "Careful: what is likely becomes likelier still. Correct, and soon dull."
    if temperature < 1:
        return "A little more careful than the model itself."
    if temperature == 1:
        return "1 takes the model's probabilities as they are."
    if temperature < 1.6:
        return "Daring: unlikely characters get more room than the model gives them."
    return "Nearly dice: the model hardly matters any more."
