"""The lab of film reviews in a browser: a review is typed and judged word by word, a word is looked for on the
map, and a network is trained live and then tried."""

import re

import pytest
from playwright.sync_api import expect

from charlab.labs import catalogue
from charlab.labs.sentiment import network
from helpers import live_lab
from helpers.browser import chart, settled

pytestmark = pytest.mark.browser
LAB = catalogue.LABS["sentiment"]


def typed(page, label: str, text: str) -> None:
    box = page.get_by_label(label, exact=True)
    box.fill(text)
    box.press("Enter")
    settled(page)


def test_a_review_is_typed_and_judged_after_every_word(shared_server, page):
    page.goto(f"{shared_server}/labs?lab=sentiment")
    settled(page)
    typed(page, "Review", "A moving film, but <b>unputdownable</b>?")
    judged = network.of_run(LAB.shipped, "best").judge("a moving film but b unputdownable b")
    words = page.locator(".words button")
    expect(words).to_have_text(list(judged.words))
    for place, after in enumerate(judged.after):
        expect(words.nth(place)).to_have_attribute("title", re.compile(f"^{after:.0%} positive so far"))
    expect(page.locator("[data-testid=stMain]")).to_contain_text(f"positive with probability {judged.verdict:.1%}")
    expect(page.locator("[data-testid=stMain]")).to_contain_text("“unputdownable” is unknown: bucket 905")
    expect(words.nth(5)).to_have_class("unknown")
    expect(words.last).to_have_attribute("aria-pressed", "true")
    words.nth(1).click()
    expect(words.nth(1)).to_have_attribute("aria-pressed", "true")
    settled(page)
    words.nth(1).press("ArrowRight")
    expect(words.nth(2)).to_have_attribute("aria-pressed", "true")
    chart(page, "review-words")
    chart(page, "states-review")
    assert "review=A+moving+film" in page.url


def test_a_word_is_looked_for_on_the_map_before_and_after_training(shared_server, page):
    page.goto(f"{shared_server}/labs?lab=sentiment&view=words")
    settled(page)
    typed(page, "Word", "dull")
    for when in ("before", "after"):
        expect(chart(page, f"map-{when}")).to_contain_text("dull")
    nearest = page.locator("p").filter(has_text="Nearest to “dull”")
    expect(nearest).to_have_count(2)
    expect(nearest.last).to_contain_text("tedious")
    typed(page, "Word", "Unputdownable")
    expect(page.locator("[data-testid=stMain]")).to_contain_text("“unputdownable” is unknown: bucket 905")


@pytest.mark.slow
def test_a_network_is_trained_live_and_then_tried(shared_server, page):
    page.goto(f"{shared_server}/labs?lab=sentiment&view=train")
    settled(page)
    page.get_by_role("combobox", name="Network").click()
    page.get_by_role("option", name="Mean of word vectors").click()
    settled(page)
    page.get_by_text("Masking", exact=True).last.click()
    settled(page)
    run = live_lab.trained(page)
    assert (run.config().task, run.config().preset) == ("sentiment", "mean-unmasked")
    expect(chart(page, f"lab-chart-{run.id}")).to_contain_text("test set")
    assert catalogue.figures_of_best(run)["test_accuracy"] > 0.7
    page.goto(f"{shared_server}/labs?lab=sentiment&run={run.id}&review=a+dull+film")
    settled(page)
    expect(page.locator("[data-testid=stMain]")).to_contain_text("The network: negative")
    expect(page.locator("[data-testid=stMain]")).to_contain_text("of the sentences it learned from")
