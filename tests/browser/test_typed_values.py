"""What was typed counts: a value typed just before a button is pressed is the one that is used.

Each test types and clicks at once, with a mouse of its own, as people do: nothing leaves the field first.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from charlab.corpora import catalogue
from charlab.runs import store
from helpers.browser import button, settled, wait_until
from helpers.runs import all_runs
from helpers.slow_tests import slow
from helpers.tiny import make_run

PROSE = "The tide came in and the boats went out again before the lamps were lit.\n" * 40
OTHER = "A second text about hens, seeds and a garden wall, which is of no use here.\n" * 40
pytestmark = pytest.mark.browser


@pytest.fixture(params=[slow(0), 90, slow(400)])
def held(request) -> int:
    """How many milliseconds a click takes: a script's, a hand's and a slow hand's."""
    return request.param


@pytest.fixture(autouse=True)
def servers_texts(one_server, monkeypatch):
    monkeypatch.setenv("CHARLAB_CACHE", str(one_server.folder.parent / "cache"))


def click_at_once(page: Page, target: Locator, held: int) -> None:
    """Press and release where the target lies now, whether or not it takes clicks."""
    box = target.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.wait_for_timeout(held)
    page.mouse.up()


def type_into(page: Page, field: Locator, words: str) -> None:
    """Type in place of what is there, and stay in the field."""
    field.click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.insert_text(words)


def open_own_text(page: Page, server: str) -> None:
    page.goto(f"{server}/train?corpus=coin-flips&preset=ngram")
    settled(page)
    button(page, "Add your own text").click()
    expect(page.get_by_label("Or paste a text", exact=True)).to_be_visible()


def test_a_text_pasted_and_its_name_are_used_by_the_first_click(shared_server, page, held):
    before = {text.name for text in catalogue.stored()}
    open_own_text(page, shared_server)
    text_given = f"{PROSE}{held}\n"
    type_into(page, page.get_by_label("Or paste a text", exact=True), text_given)
    click_at_once(page, button(page, "Use this text"), held)
    settled(page)
    [text] = [text for text in catalogue.stored() if text.name not in before]
    assert catalogue.load(text.name).text == text_given
    assert text.title.startswith("The tide came in") and f"corpus={text.name}" in page.url


def test_a_text_uploaded_is_used_by_the_first_click(shared_server, page, held):
    before = {text.name for text in catalogue.stored()}
    open_own_text(page, shared_server)
    page.locator("[data-testid=stFileUploaderDropzoneInput]").first.set_input_files(
        {"name": "hens.txt", "mimeType": "text/plain", "buffer": f"{OTHER}{held}\n".encode()}
    )
    expect(page.get_by_text("hens.txt").first).to_be_visible()
    settled(page)
    type_into(page, page.get_by_label("Name", exact=True), "Hens")
    click_at_once(page, button(page, "Use this text"), held)
    settled(page)
    assert [text.title for text in catalogue.stored() if text.name not in before] == ["Hens"]


def test_a_new_name_of_a_run_is_the_one_typed(shared_server, page, held):
    run = make_run(name="Before")
    page.goto(f"{shared_server}/train?run={run.id}")
    settled(page)
    button(page, "Rename").click()
    type_into(page, page.get_by_label("Name", exact=True), "After")
    click_at_once(page, button(page, "Save name"), held)
    settled(page)
    assert run.config().name == "After"


@pytest.mark.slow
def test_a_run_is_trained_longer_by_the_number_typed(shared_server, page, held):
    page.goto(f"{shared_server}/train?corpus=coin-flips&preset=custom&epochs.custom=1&custom.units=8")
    settled(page)
    button(page, "Start").click()
    wait_until(lambda: len(list(all_runs())) == 1)
    [run] = all_runs()
    wait_until(lambda: run.status().state == "done")
    settled(page)
    button(page, "Train longer").click()
    type_into(page, page.get_by_label("Additional epochs", exact=True), "3")
    click_at_once(page, button(page, "Train"), held)
    settled(page)
    assert run.config().train.epochs == 4


def start_with(page: Page, server: str, corpus: str, field: str, number: int, held: int) -> store.Run:
    """The run that starts where an advanced setting of an n-gram model is typed just before Start is pressed."""
    page.goto(f"{server}/train?corpus={corpus}&preset=ngram")
    settled(page)
    button(page, "Advanced settings").click()
    type_into(page, page.get_by_label(field, exact=True), str(number))
    click_at_once(page, button(page, "Start"), held)
    wait_until(lambda: len(list(all_runs())) == 1, seconds=30)
    [run] = all_runs()
    return run


def test_an_advanced_setting_typed_is_the_one_that_starts(shared_server, page, held):
    run = start_with(page, shared_server, "coin-flips", "Order (characters)", 3, held)
    assert run.config().model.order == 3


def test_start_stays_in_its_place_while_the_typed_setting_brings_a_sentence(shared_server, page, held):
    run = start_with(page, shared_server, "python-source", "Alphabet limit (characters)", 128, held)
    assert run.config().model.alphabet_limit == 128 and run.config().coverage
