"""The Labs page in a browser: a string along the grammar's graph, and a network that is trained and then tried."""

import re

import pytest
from playwright.sync_api import expect

from charlab.labs import catalogue
from charlab.runs import store
from charlab.runs.permissions import OPERATOR
from helpers import live_lab
from helpers.browser import WAIT, button, chart, settled

pytestmark = pytest.mark.browser


def verdict(page):
    return page.locator("[data-testid=stAlert]").filter(has_text="The network:")


def test_a_string_is_clicked_along_the_graph_and_judged_after_each_letter(shared_server, page):
    page.goto(f"{shared_server}/labs")
    settled(page)
    expect(verdict(page)).to_contain_text("The network: good")
    button(page, "Clear").click()
    settled(page)
    graph, box = page.locator(".charlab-grammar"), page.get_by_label("String", exact=True)
    for number, letter in enumerate("BPBTXSEPE", start=1):
        expect(graph.locator(".lit")).to_have_count(1)
        graph.get_by_role("button", name=f"Add {letter}").click()
        expect(box).to_have_value("BPBTXSEPE"[:number])
    settled(page)
    expect(graph.get_by_role("button")).to_have_count(0)
    expect(verdict(page)).to_contain_text("The network: good")
    expect(verdict(page)).to_contain_text("The grammar: good")
    box.fill("BPBTXSETE")
    box.press("Enter")
    settled(page)
    expect(verdict(page)).to_contain_text("The network: bad")
    expect(verdict(page)).to_contain_text("T at position 8 is wrong (it must be P, like the second letter)")
    expect(graph.locator(".lit")).to_have_count(0)
    assert "string=BPBTXSETE" in page.url
    chart(page, "states-hidden")


def test_letters_of_the_graph_are_reached_by_keys(shared_server, page):
    page.goto(f"{shared_server}/labs?string=B")
    settled(page)
    page.get_by_role("button", name="Add T").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("String", exact=True)).to_have_value("BT")
    settled(page)
    page.keyboard.press("Enter")  # the next letter has the focus
    expect(page.get_by_label("String", exact=True)).to_have_value("BTB")


def test_what_is_no_letter_of_the_grammar_is_said(shared_server, page):
    page.goto(f"{shared_server}/labs?string=B%3Cb%3E")
    settled(page)
    expect(page.locator("[data-testid=stAlert]")).to_contain_text("only the capital letters B, E, P, S, T, V, X")


@pytest.mark.slow
def test_a_network_is_trained_live_and_then_tried(shared_server, page):
    page.goto(f"{shared_server}/labs?view=train")
    settled(page)
    live_lab.choose_epochs(page, 1)
    run = live_lab.trained(page)
    assert run.config().task == "reber" and run.config().train.epochs == 1
    curve = chart(page, f"lab-chart-{run.id}")
    expect(curve).to_contain_text("three-letter counting 98.")
    expect(curve).to_contain_text("T/P pairs")
    page.goto(f"{shared_server}/train")  # which lists language models
    settled(page)
    expect(page.get_by_text("Press Start: the loss appears here")).to_be_visible()
    page.goto(f"{shared_server}/labs?run={run.id}&string=BTBTXSETE")
    settled(page)
    expect(verdict(page)).to_contain_text(re.compile("good with probability [1-9]"))


@pytest.mark.slow
def test_a_waiting_lab_can_be_stopped(shared_server, page):
    lab = catalogue.LABS["reber"]
    run = lab.create(lab.config(epochs=100), OPERATOR, store.runs_folder())
    page.goto(f"{shared_server}/labs?view=train")
    settled(page)
    button(page, "Stop").click()
    expect(page.locator(".charlab-live-state")).to_have_text("Stopped", timeout=2 * WAIT)
    assert run.status().state == "stopped"
