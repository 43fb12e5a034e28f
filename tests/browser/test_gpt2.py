"""GPT-2 is downloaded, loaded, writes the lecture's five continuations, and explains their prompt token by token.

A tiny network of its form is in its place."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from charlab.labs import published
from charlab.labs.gpt2.network import Gpt2
from charlab.labs.gpt2.tokens import TokenVocab
from charlab.labs.gpt2.weights import read
from helpers import tiny_gpt2
from helpers.browser import button, new_context, serving, settled

CELLS = "[role=listbox][aria-label^='The text'] [role=option]"
WRITTEN = "[role=listbox][aria-label^='Written text'] [role=option]"
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def network():
    source = tiny_gpt2.in_the_cache()
    merges = (tiny_gpt2.FOLDER / "vocab.bpe").read_text(encoding="utf-8")
    return Gpt2(read(source.path), source.network, source.tokens), TokenVocab(merges)


@pytest.mark.slow
def test_it_is_downloaded_loaded_asked_and_explained(chrome, tmp_path, network):
    predictor, vocab = network
    with serving(tmp_path, CHARLAB_GPT2=str(tiny_gpt2.FOLDER)) as served:
        page = new_context(chrome).new_page()
        page.goto(f"{served.address}/labs")
        settled(page)
        page.locator(".st-key-lab-gpt2").get_by_role("link", name="Generate").click()
        expect(page.get_by_text("of disk space until it is complete")).to_be_visible()
        button(page, "Download GPT-2").click()
        expect(page.get_by_text("of memory, nearly all of it once per machine")).to_be_visible()
        button(page, "Load GPT-2").click()
        settled(page)
        button(page, "Generate").click()
        expect(page.get_by_text("200 tokens generated")).to_be_visible()
        settled(page)
        assert page.get_by_test_id("stCode").count() >= 5
        page.goto(f"{served.address}/labs")
        settled(page)
        page.locator(".st-key-lab-gpt2").get_by_role("link", name="Explain").click()
        expect(page.get_by_role("heading", name=re.compile("^Position 4: after “"))).to_be_visible()
        settled(page)
        tokens = vocab.split(published.PROMPT)
        logits, _ = predictor.read(vocab.encode(published.PROMPT))
        expect(page.locator(CELLS)).to_have_count(len(tokens) + 1)
        wanted = [token.replace(" ", "·") for token in tokens]
        assert page.locator(CELLS).all_inner_texts()[:-1] == wanted
        rank = 1 + int((logits[2] > logits[2][vocab.encode(published.PROMPT)[3]]).sum())
        expect(page.get_by_text(re.compile(rf"rank {rank} of 457 "))).to_be_visible()
        page.locator(CELLS).nth(7).click()
        expect(page.get_by_role("heading", name=re.compile("^Position 8: after “"))).to_be_visible()
        page.get_by_role("radio", name="Look inside").click()
        expect(page.get_by_text(re.compile(r"On average the head looks \d+\.\d tokens back"))).to_be_visible()
        page.get_by_role("radio", name="Write step by step").click()
        button(page, "Step").click()
        expect(page.get_by_text(re.compile(r"\b1 token written"))).to_be_visible()
        expect(page.locator(WRITTEN)).to_have_count(len(tokens) + 2)
        page.context.close()
