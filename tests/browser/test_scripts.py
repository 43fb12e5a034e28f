"""Scripts of the world in a real browser: from right to left, joined letters, accents, characters without ink."""

from __future__ import annotations

import io
import re
import urllib.parse

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from charlab.corpora import catalogue
from helpers.browser import CELLS, button, new_context, settled, wait_until
from helpers.tiny import make_run

RUSSIAN = "Море было тихим, и лодка вышла рано утром.\n" * 60
ARABIC = "البحر سلام هادئ.\nthe sea"
MARKS = "cafe\u0301 \u0301x 👍🏽 a\u202eb\u200d"
TEXT = re.compile("^The text")
pytestmark = pytest.mark.browser


def opened(page, address, text, **settings):
    run = make_run(text=f"{ARABIC}{MARKS}\u05e9\u05b8")
    page.goto(f"{address}/explainer?{urllib.parse.urlencode({'model': run.id, 'text': text, **settings})}")
    settled(page)
    expect(page.locator(CELLS).first).to_be_visible()
    return page.locator(CELLS)


def left_edges(cells) -> list[float]:
    return cells.evaluate_all("cells => cells.map(cell => cell.getBoundingClientRect().left)")


def ink(element) -> np.ndarray:
    """The brightness of each pixel."""
    return np.asarray(Image.open(io.BytesIO(element.screenshot())).convert("L"), dtype=float)


def chosen(cells) -> list[int]:
    return cells.evaluate_all(
        "cells => cells.flatMap((cell, i) => cell.getAttribute('aria-selected') === 'true' ? [i] : [])"
    )


def test_arabic_is_joined_as_in_a_plain_word(shared_server, page):
    """DejaVu's fixed-width Arabic letters are equally wide in every form, so that only the picture tells."""
    word = "البحر"
    opened(page, shared_server, word, step=5)
    strip = page.get_by_role("listbox", name=TEXT)
    strip.evaluate("""strip => {
        const style = document.createElement('style');
        style.textContent = `.strip { position: fixed; left: 0; top: 90px; width: 500px; z-index: 9999999; }
            .strip span { background: none !important; color: inherit !important;
            outline: none !important; opacity: 1 !important; } .strip .alone { padding: 0 !important; }`;
        strip.parentNode.append(style);
    }""")
    page.mouse.move(0, 0)
    in_cells = ink(strip)
    strip.evaluate("(strip, word) => strip.replaceChildren(word)", f"{word}▯")
    plain = ink(strip)
    apart = """(strip, word) => strip.replaceChildren(...[...word].map(character => {
        const cell = document.createElement('bdi');
        cell.textContent = character;
        return cell;
    }))"""
    strip.evaluate(apart, f"{word}▯")
    unjoined = np.abs(ink(strip) - plain).sum()
    assert unjoined > 1000 and np.abs(in_cells - plain).sum() < 0.2 * unjoined  # cells end between two pixels


def test_a_right_to_left_line_is_in_reading_order_by_sight_click_and_key(shared_server, page):
    cells = opened(page, shared_server, ARABIC, step=1)
    length = ARABIC.index("\n") + 1
    edges = left_edges(cells)
    leaders = [i for i in range(length) if ARABIC[i - 1 : i + 1] != "لا"]
    assert [edges[i] for i in leaders] == sorted((edges[i] for i in leaders), reverse=True)
    assert edges[length:] == sorted(edges[length:])
    box = page.get_by_role("listbox", name=TEXT).bounding_box()
    assert edges[0] > box["x"] + 0.8 * box["width"] and edges[length] < box["x"] + 0.1 * box["width"]
    cells.nth(4).click()
    for key, wanted in (("ArrowLeft", 5), ("ArrowLeft", 6), ("ArrowRight", 5), ("End", len(ARABIC))):
        page.keyboard.press(key)
        assert chosen(cells) == [wanted]
    for key, wanted in (("ArrowLeft", len(ARABIC) - 1), ("ArrowRight", len(ARABIC)), ("Home", 0)):
        page.keyboard.press(key)
        assert chosen(cells) == [wanted]
    settled(page)
    expect(page).to_have_url(re.compile("step=0"))
    expect(page.get_by_text("the left arrow goes to the next character")).to_be_visible()


@pytest.mark.slow
def test_every_character_of_a_right_to_left_text_can_be_chosen_by_key(shared_server, page):
    cells = opened(page, shared_server, ARABIC, step=0)
    cells.nth(0).click()
    for wanted in range(1, ARABIC.index("\n") + 1):
        page.keyboard.press("ArrowLeft")
        assert chosen(cells) == [wanted]
    for wanted in range(ARABIC.index("\n") + 1, len(ARABIC) + 1):
        page.keyboard.press("ArrowLeft" if wanted == ARABIC.index("\n") + 1 else "ArrowRight")
        assert chosen(cells) == [wanted]


def test_letters_drawn_as_one_shape_are_chosen_one_after_the_other(shared_server, page):
    cells = opened(page, shared_server, ARABIC, step=1)
    lam = ARABIC.index("لا")
    for wanted in (lam, lam + 1, lam):
        cells.nth(lam).click()
        assert chosen(cells) == [wanted]
    settled(page)
    expect(cells.nth(lam + 1)).to_have_attribute(
        "aria-label", re.compile(f"^“ا”, [0-9.]+ bits, position {lam + 2}$")
    )


def test_accents_stand_on_their_letter_and_alone_on_a_dotted_circle(shared_server, page):
    cells = opened(page, shared_server, MARKS, step=1)
    shown = cells.evaluate_all("cells => cells.map(cell => cell.textContent)")
    assert shown == [*"cafe", "\u0301", "·", "◌\u0301", *"x·👍🏽·a", "U+202E", "b", "U+200D", "▯"]
    e = MARKS.index("e")
    for wanted in (e, e + 1):
        cells.nth(e).click()
        assert chosen(cells) == [wanted]
    settled(page)
    expect(page).to_have_url(re.compile(f"step={e + 1}"))
    expect(cells.nth(e + 1)).to_have_attribute("aria-label", re.compile("^◌\u0301 combining acute accent, "))
    expect(cells.nth(e)).to_have_attribute("title", re.compile("^“e”.*\n◌\u0301 combining acute accent, "))
    assert "linear-gradient" in cells.nth(e).evaluate("cell => getComputedStyle(cell).backgroundImage")
    expect(cells.nth(MARKS.index("\u202e"))).to_have_attribute("aria-label", re.compile("right-to-left override"))
    edges = left_edges(cells)
    assert edges == sorted(edges)  # nothing turns the line


def test_samples_are_read_from_right_to_left_while_they_are_written_and_in_colours(shared_server, page):
    run = make_run(text="بحر هادئ\n")
    seed_text = "بحر\u202e هادئ"
    query = urllib.parse.urlencode({"model": run.id, "seed_text": seed_text, "length": 40, "samples": 1})
    page.goto(f"{shared_server}/playground?{query}")
    settled(page)
    button(page, "Generate").click()
    settled(page)
    text = page.locator("[data-testid=stCode]:visible code").first
    expect(text).to_contain_text("بحرU+202E")
    right = """code => {
        const range = document.createRange(), walker = document.createTreeWalker(code, NodeFilter.SHOW_TEXT);
        for (let node; (node = walker.nextNode());) {
            const at = node.data.search(/\\S/);
            if (at < 0) continue;
            range.setStart(node, at);
            range.setEnd(node, at + 1);
            return code.getBoundingClientRect().right - range.getBoundingClientRect().right;
        }
    }"""
    assert abs(text.evaluate(right)) < 30
    page.get_by_text("Surprise", exact=True).click()
    settled(page)
    cells = page.get_by_role("listbox", name=re.compile("^Sample 1")).get_by_role("option")
    edges = left_edges(cells)[:3]
    assert edges == sorted(edges, reverse=True)


@pytest.mark.slow
@pytest.mark.parametrize("size", [(1440, 900), (390, 844)])
def test_the_first_lines_of_an_upload_are_seen_in_the_encoding_that_is_used(
    shared_server, one_server, chrome, size, monkeypatch
):
    monkeypatch.setenv("CHARLAB_CACHE", str(one_server.folder.parent / "cache"))
    context = new_context(chrome, viewport={"width": size[0], "height": size[1]})
    try:
        page = context.new_page()
        page.goto(f"{shared_server}/train")
        settled(page)
        button(page, "Add your own text").click()
        file = {"name": "essay.txt", "mimeType": "text/plain", "buffer": RUSSIAN.encode("koi8_r")}
        page.locator("input[type=file]").first.set_input_files(file)
        lines, box = page.locator("[data-testid=stCode]").first, page.get_by_role("combobox", name="Encoding")
        expect(lines).to_contain_text("Море было тихим")
        settled(page)
        expect(box).to_be_in_viewport(ratio=1)
        expect(lines).to_be_in_viewport(ratio=1 if size[0] > 1000 else 0.5)
        box.click()
        page.get_by_role("option", name=re.compile("Windows-1251")).click()
        settled(page)
        expect(lines).to_contain_text(RUSSIAN.encode("koi8_r").decode("cp1251")[:15])
        box.click()
        page.get_by_role("option", name=re.compile("KOI8-R")).click()
        settled(page)
        button(page, "Use this text").click()
        settled(page)
        expect(
            page.get_by_text(f"“essay.txt” is now selected under Text: {len(RUSSIAN):,} characters.")
        ).to_be_visible()
        [corpus] = [corpus for corpus in catalogue.stored() if corpus.title == "essay.txt"]
        assert catalogue.load(corpus.name).text == RUSSIAN
        expect(page).to_have_url(re.compile(f"corpus={corpus.name}"))
    finally:
        context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_scripts_within_its_width(shared_server, chrome, scheme):
    context = new_context(chrome, viewport={"width": 390, "height": 844}, color_scheme=scheme)
    try:
        page = context.new_page()
        cells = opened(page, shared_server, f"{ARABIC} {MARKS}")
        wait_until(lambda: page.evaluate("document.documentElement.scrollWidth") <= 390)
        boxes = cells.evaluate_all("cells => cells.map(cell => cell.getBoundingClientRect().right)")
        assert max(boxes) <= 390 and min(left_edges(cells)) >= 0
    finally:
        context.close()
