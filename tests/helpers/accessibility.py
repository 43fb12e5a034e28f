"""Whether all can use a page that is open in a browser: what axe-core finds in it, and if it scrolls sideways."""

from __future__ import annotations

from dataclasses import dataclass

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

WIDE, NARROW = 1440, 390
ZOOMED = 640  # a window of 1280 pixels at 200%
LOOKS = (("light", WIDE), ("dark", WIDE), ("dark", NARROW))  # narrow changes no colours: one theme is enough
# Violations of WCAG 2 at levels A and AA, and of good practice.
RUN = """async (within) => {
  const { violations } = await axe.run(within, { resultTypes: ["violations"] });
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target, html, any, all, none }) => ({
    rule: id, place: target.flat().join(" "), html: html.slice(0, 300),
    reason: [...any, ...all, ...none].map(({ message }) => message).join("; "),
  })));
}"""
# The page has its theme, and no colour is on its way to another one.
STILL = """async (scheme) => {
  const wait = (time) => new Promise((done) => setTimeout(done, time)), end = Date.now() + 5000;
  const app = getComputedStyle(document.querySelector("[data-testid=stApp]"));
  while (app.colorScheme !== scheme && Date.now() < end) await wait(20);
  await wait(50);
  const moving = document.getAnimations().filter(({ effect }) => effect.getComputedTiming().endTime < 1e4);
  await Promise.race([Promise.allSettled(moving.map(({ finished }) => finished)), wait(1000)]);
}"""
SIDEWAYS = """async () => {
  const pages = () => [document.documentElement, ...document.querySelectorAll("[data-testid=stMain]")];
  const wider = () => pages().filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth);
  const end = Date.now() + 10000;
  while (wider().length && Date.now() < end) await new Promise((done) => setTimeout(done, 50));
  return wider().map((page) => `${page.tagName}: ${page.scrollWidth} of ${page.clientWidth} pixels`);
}"""
# What stays in place while the page scrolls, and has no background that hides the page under it.
SEEN_THROUGH = """() => [...document.querySelectorAll("[data-testid=stMain] *")]
  .filter((node) => getComputedStyle(node).position === "sticky" && node.clientHeight)
  .filter((node) => [node, node.firstElementChild].every((part) =>
    !part || /^rgba\\(.*, 0\\)$/.test(getComputedStyle(part).backgroundColor)))
  .map((node) => node.outerHTML.slice(0, 200))"""


@dataclass(frozen=True)
class Violation:
    """A rule of axe-core that an element breaks: its selector, its HTML and the reason."""

    rule: str
    place: str
    html: str
    reason: str


def violations(page: Page, within: str = "html") -> list[Violation]:
    """What axe-core finds in a part of the page as it is now."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    return [Violation(**found) for found in page.evaluate(RUN, within)]


def look(page: Page, scheme: str, width: int) -> None:
    """Give the page another theme and another width, without loading it again."""
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 1000})
    page.evaluate(STILL, scheme)


def scrolls_sideways(page: Page) -> list[str]:
    """The parts of the page that stay wider than the window: charts take a moment to follow it."""
    return page.evaluate(SIDEWAYS)


def seen_through(page: Page) -> list[str]:
    """The elements that stay in place while the page scrolls and let its letters through."""
    return page.evaluate(SEEN_THROUGH)
