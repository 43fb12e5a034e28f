"""Shared by tests that compare what two programs make of the same."""

from __future__ import annotations

import pytest


def assert_alike(found, wanted, place: str = "") -> None:
    """Two documents are equal, their numbers to 1e-6."""
    if isinstance(wanted, dict):
        assert found.keys() == wanted.keys(), place
        for name, inner in wanted.items():
            assert_alike(found[name], inner, f"{place}/{name}")
    elif isinstance(wanted, list):
        assert len(found) == len(wanted), place
        for number, inner in enumerate(wanted):
            assert_alike(found[number], inner, f"{place}/{number}")
    elif isinstance(wanted, float):
        assert found == pytest.approx(wanted, abs=1.5e-6), place  # both are rounded to 1e-6
    else:
        assert found == wanted, place
