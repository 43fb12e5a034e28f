"""axe-core finds nothing of ours in any view, light and dark, wide and narrow, and no page scrolls sideways."""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from charlab.core.predictor import build_predictor
from charlab.core.reading import explain
from charlab.core.vocab import Vocab
from charlab.export.reading_page import page_html
from charlab.runs import store
from helpers.accessibility import (
    LOOKS,
    NARROW,
    WIDE,
    ZOOMED,
    Violation,
    look,
    scrolls_sideways,
    seen_through,
    violations,
)
from helpers.browser import button, chart, settled, unfold_settings, wait_until
from helpers.contrast import THEMES
from helpers.figures import loss_events
from helpers.runs import all_runs
from helpers.slow_tests import one_in
from helpers.tiny import TINY, make_run, random_weights

pytestmark = pytest.mark.browser

TEXT = "the quick brown fox."
HEADER = ".st-key-header"
POPOVER = "[data-testid=stPopoverBody]"
# What axe finds in Streamlit's own elements: the rule, the view in which it is seen, a part of the selector or of
# the HTML, and why it is not ours.
STREAMLITS = [
    (
        "presentation-role-conflict",
        "train, empty",
        'data-testid="stFileUploaderDropzone"',
        "The area to drop a file on is named, and no keyboard needs it: its button does the same.",
    )
]


def finished_run(name: str) -> store.Run:
    run = make_run(name=name, state="done", results={"best_val_loss": 1.5}, step=300, epoch=3.0)
    for event in loss_events():
        run.append_event(event)
    for epoch in (0, 1):
        run.append_event(
            {"event": "sample", "epoch": epoch, "step": epoch, "seed_text": "the ", "text": "quick fox"}
        )
    for epoch in (0, 1, 2):
        run.write_weights(random_weights(TINY["gru"], len(run.vocab()), seed=epoch), f"epoch-{epoch:03d}")
    return run


def opened(page, path: str, **query: str) -> None:
    page.goto(f"{path}?{urllib.parse.urlencode(query)}")
    settled(page)


def home(page, address: str) -> None:
    opened(page, f"{address}/")
    chart(page, "example")


def train_empty(page, address: str) -> None:
    opened(page, f"{address}/train")


def train_finished(page, address: str, **query: str) -> None:
    one, other = finished_run("One"), finished_run("Other")
    opened(page, f"{address}/train", run=one.id, others=other.id, **query)
    chart(page, f"loss-{one.id}")


def train_running(page, address: str) -> None:
    opened(page, f"{address}/train", corpus="coin-flips", preset="custom", **{"epochs.custom": "5000"})
    button(page, "Start").click()
    wait_until(lambda: [run for run in all_runs() if run.status().step > 0])
    expect(button(page, "Pause")).to_be_visible()


def playground_empty(page, address: str) -> None:
    opened(page, f"{address}/playground", model="quick-gru", length="40")


def generated(page, address: str, **query: str) -> None:
    opened(page, f"{address}/playground", model="quick-gru", length="40", **query)
    button(page, "Generate").click()
    expect(page.locator("[data-testid=stCode]:visible, [role=listbox]").first).to_be_visible()
    settled(page)


def playground_samples(page, address: str) -> None:
    generated(page, address, shade="surprise")


def playground_outdated(page, address: str) -> None:
    generated(page, address)
    page.locator("[class*=st-key-toggle-] button").click()  # the settings, folded since
    settled(page)
    page.get_by_role("textbox", name="Prompt").fill("KING")
    page.keyboard.press("Tab")
    settled(page)
    expect(page.get_by_text("outdated").first).to_be_visible()


def playground_temperatures(page, address: str) -> None:
    generated(page, address, mode="temperature sweep", temperatures="0,1")


def playground_models(page, address: str) -> None:
    generated(page, address, mode="side by side", beside="small-gru")


def explainer(view: str, model: str = "quick-gru", **query: str) -> Callable:
    def arrange(page, address: str) -> None:
        opened(page, f"{address}/explainer", model=model, text=TEXT, view=view, step="5", **query)

    return arrange


def labs(view: str, lab: str = "reber", **more: str) -> Callable:
    def draw(page, address: str) -> None:
        opened(page, f"{address}/labs", lab=lab, view=view, string="BPBT", **more)

    return draw


def explainer_epochs(page, address: str) -> None:
    explainer("over training", finished_run("epochs").id)(page, address)


def explainer_without_text(page, address: str) -> None:
    explainer("read")(page, address)
    unfold_settings(page)
    page.get_by_label("Text", exact=True).fill("")
    page.keyboard.press("Tab")
    settled(page)


def class_link(page, address: str) -> None:
    opened(page, f"{address}/train")
    page.locator(f"{HEADER} [data-testid=stPopover] button").first.click()
    expect(page.locator(POPOVER)).to_be_visible()
    settled(page)


VIEWS = {
    "home": home,
    "link for the class": class_link,
    "train, empty": train_empty,
    "train, finished and compared": train_finished,
    "train, while it trains": train_running,
    "playground, empty": playground_empty,
    "playground, samples": playground_samples,
    "playground, outdated": playground_outdated,
    "playground, temperatures": playground_temperatures,
    "playground, models": playground_models,
    "explainer, no text": explainer_without_text,
    "explainer, read": explainer("read", temperature="0.7", top_k="5"),
    "explainer, compared": explainer("read", other="small-gru"),
    "explainer, step by step": explainer("write with it", walk="abc"),
    "explainer, units": explainer("inside", colour="unit"),
    "explainer, attention": explainer("inside", "mini-gpt"),
    "explainer, epochs": explainer_epochs,
    "home, presented": lambda page, address: opened(page, f"{address}/", present="1"),
    "train, presented": lambda page, address: train_finished(page, address, present="1"),
    "playground, presented": lambda page, address: generated(page, address, present="1"),
    "labs, try": labs("try"),
    "labs, tricky strings": labs("tricky"),
    "labs, memory": labs("memory"),
    "labs, train": labs("train"),
    "dates": labs("try", "dates"),
    "dates, padding": labs("padding", "dates"),
    "dates, beam": labs("beam", "dates"),
    "dates, temperature": labs("temperature", "dates"),
    "dates, presented": labs("beam", "dates", present="1"),
    "dates, train": labs("train", "dates"),
    "dates, speeds": labs("speeds", "dates"),
    "reviews": labs("try", "sentiment"),
    "reviews, words": labs("words", "sentiment"),
    "reviews, masking": labs("masking", "sentiment"),
    "reviews, few labels": labs("labels", "sentiment"),
    "reviews, train": labs("train", "sentiment"),
    "explainer, presented": explainer("read", present="1"),
    "explainer, step by step, presented": explainer("write with it", walk="abc", present="1"),
}
# What these fold is seen in other views; the first two are redrawn all the time.
FOLDED = ("home", "train, while it trains", "home, presented", "link for the class")


@pytest.fixture
def eyes(page):
    """The browser, given back in the theme and the size that other tests expect."""
    size = page.viewport_size
    yield page
    page.emulate_media(color_scheme=None)
    page.set_viewport_size(size)


def unfold(page) -> None:
    """Open all folds, those too that are within others."""
    closed = page.locator("[data-testid=stMain] details:not([open]) > summary:visible")
    while closed.count():
        closed.first.click()
        settled(page)


def popovers(page) -> Iterator[None]:
    """Open one popover after the other."""
    look(page, "light", WIDE)
    for opener in page.locator(f"[data-testid=stPopover]:not({HEADER} *) button:visible").all():
        opener.click()
        expect(page.locator(POPOVER)).to_be_visible()
        settled(page)
        yield
        page.keyboard.press("Escape")
        expect(page.locator(POPOVER)).to_have_count(0)


def is_streamlits(found: Violation) -> bool:
    return any(rule == found.rule and part in found.place + found.html for rule, _, part, _ in STREAMLITS)


@pytest.mark.parametrize("view", one_in(4, VIEWS))
def test_axe_finds_nothing_of_ours(shared_server, eyes, view):
    VIEWS[view](eyes, shared_server)
    found: set[Violation] = set()
    if view not in FOLDED:
        unfold(eyes)
    for scheme, width in LOOKS:
        look(eyes, scheme, width)
        found |= set(violations(eyes))
    for width in (NARROW, ZOOMED):
        look(eyes, "light", width)
        assert not scrolls_sideways(eyes), f"{width} pixels wide"
    assert not seen_through(eyes)
    for _ in () if view in FOLDED else popovers(eyes):
        for scheme in THEMES:
            look(eyes, scheme, WIDE)
            found |= set(violations(eyes, POPOVER))
    ours = [violation for violation in found if not is_streamlits(violation)]
    assert not ours, "\n".join(map(str, ours))
    for rule, where, part, reason in STREAMLITS:
        if where == view:
            there = any(rule == one.rule and part in one.place + one.html for one in found)
            assert there, f"Streamlit has mended it, take it from the list: {rule}, {part} ({reason})"


def test_axe_finds_nothing_in_a_printable_page(page):
    vocab = Vocab.from_text(TEXT)
    model = build_predictor(TINY["gru"], len(vocab), random_weights(TINY["gru"], len(vocab)))
    page.set_content(page_html("Tiny", "Foxes", explain(model, vocab, TEXT), vocab))
    for scheme in THEMES:
        page.emulate_media(color_scheme=scheme)
        assert not violations(page)
    page.emulate_media(color_scheme=None)
