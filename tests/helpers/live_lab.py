"""A lab's network, trained in a browser."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from charlab.runs import store
from charlab.runs.store import Run
from helpers.browser import WAIT, button, settled
from helpers.runs import all_runs
from helpers.waiting import wait_until


def trained(page: Page) -> Run:
    """Press Start on the page of a lab, and wait until that run, the only one, is done."""
    button(page, "Start").click()
    wait_until(lambda: list(all_runs(store.runs_folder())))
    (run,) = all_runs(store.runs_folder())
    expect(page.locator(".charlab-live-state")).to_have_text("Done", timeout=3 * WAIT)
    settled(page)
    return run


def choose_epochs(page: Page, number: int) -> None:
    """Type a number of epochs."""
    page.get_by_label("Epochs").fill(str(number))
    page.get_by_label("Epochs").press("Enter")
    settled(page)
