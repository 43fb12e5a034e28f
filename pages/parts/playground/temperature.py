"""Temperatures: the effect of one in a sentence, and several as a reader types them."""

from __future__ import annotations

from charlab.errors import ConfigError
from charlab.runs.typed_values import parse_numbers
from pages.parts.shared import page_state

DEFAULT = page_state.find("temperatures").default
MAX_TEMPERATURES = 20  # temperatures at once
MAX_TEMPERATURE = 20.0
COMPARED = "Low temperatures keep to likely characters and repeat themselves; high ones try unlikely characters."


def parse_temperatures(typed: str) -> tuple[float, ...]:
    """The temperatures as `parse_numbers` reads them, each once. Raises ConfigError, also for too many of them."""
    found = parse_numbers(typed, "Temperatures", (0, MAX_TEMPERATURE), DEFAULT)
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
