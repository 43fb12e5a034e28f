"""The model that a command is given by name."""

from __future__ import annotations

import argparse

from charlab.labs import GPT2
from charlab.runs import models


def load(options: argparse.Namespace) -> models.Model:
    """A built-in model, a run, or GPT-2, whose modules are loaded for it alone. Raises CharlabError."""
    if options.model != GPT2:
        return models.load(options.model, options.weights)
    from charlab.labs import published

    return published.load(options.model, options.weights)
