"""A model taken home in a real browser: the page from a disk, and the site by Python's own web server.

Neither asks anybody else for anything; its policy holds; its figures are those of the command line.
"""

from __future__ import annotations

import functools
import http.server
import re
import threading

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from charlab.browser import page as pages
from charlab.browser import site
from charlab.core import generation, reading
from charlab.core.config import SampleConfig
from charlab.corpora import synthetic
from charlab.export import formats
from charlab.runs import models, network
from helpers.accessibility import LOOKS, scrolls_sideways, violations
from helpers.tiny import make_run

pytestmark = pytest.mark.browser
TEXT = "ROMEO:\nWhat light through yonder window breaks?"
SAMPLES = "#write .sample"
# What a page must not be able to do, whoever wrote a part of it: each says whether it did.
ATTACKS = """async () => {
  const did = {};
  window.did = did;
  const add = (name, properties) => document.body.append(Object.assign(document.createElement(name), properties));
  const box = document.body.appendChild(document.createElement("div"));
  box.setAttribute("onclick", "window.did.handler = true");
  box.click();
  add("script", { textContent: "window.did.script = true" });
  setTimeout("window.did.evaluated = true");
  try { await fetch("http://192.0.2.1/"); did.fetched = true; } catch (problem) { did.refusal = problem.name; }
  const violations = [];
  document.addEventListener("securitypolicyviolation", (event) => violations.push(event.effectiveDirective));
  add("img", { src: "http://192.0.2.1/x.png" });
  add("iframe", { src: "http://192.0.2.1/" });
  await new Promise((done) => setTimeout(done, 200));
  return { ...did, violations };
}"""


@pytest.fixture
def visitor(chrome):
    """A browser's page; the addresses that it asks for, and whatever goes wrong in it."""
    context = chrome.new_context(viewport={"width": 1280, "height": 720}, color_scheme="light")
    opened = context.new_page()
    opened.asked, opened.problems = [], []
    context.on("request", lambda request: opened.asked.append(request.url))
    opened.on("pageerror", lambda error: opened.problems.append(str(error)))
    yield opened
    context.close()
    assert not opened.problems


def texts_of(page: Page) -> list[str]:
    return page.locator(SAMPLES).all_inner_texts()


def wanted_text(name: str, config: SampleConfig) -> str:
    model = models.load(name)
    steps = generation.generate(model.predictor, model.vocab, model.seed_text, config)
    return model.seed_text + generation.texts(steps, model.vocab)[0]


def check_figures(page: Page, name: str) -> None:
    """The first sample is that of `generate`, and surprise, rank and entropy are those of `explain`."""
    model, config = models.load(name), SampleConfig(length=250, temperature=0.8)
    expect(page.locator(SAMPLES).first).to_have_text(wanted_text(name, config), use_inner_text=True)
    page.get_by_role("tab", name="Read a text").click()
    page.get_by_label("Text", exact=True).fill(TEXT)
    wanted = reading.explain(model.predictor, model.vocab, TEXT)
    said = f"Mean surprise: {wanted.mean_bits:.4f} bits per character, over {len(TEXT) - 1} characters."
    expect(page.locator("#read")).to_contain_text(said)
    cells = page.get_by_role("listbox").get_by_role("option")
    assert cells.count() == len(TEXT) + 1
    position = 19
    cells.nth(position).click()
    figures = (
        f"surprise {wanted.bits[position - 1]:.2f} bits · rank {wanted.ranks[position - 1]:.0f} of "
        f"{len(model.vocab)} · entropy {wanted.entropies[position - 1]:.2f} bits"
    )
    expect(page.locator("#read .figures")).to_contain_text(figures)
    bars = page.locator("#read .bars li").first
    expect(bars).to_contain_text(f"{100 * wanted.probabilities[position - 1].max():.1f}%")
    widths = page.locator("#read .bars i").evaluate_all(
        "bars => bars.map((bar) => bar.getBoundingClientRect().width)"
    )
    most_likely = np.sort(wanted.probabilities[position - 1])[::-1][:3]
    assert np.array(widths[:3]) / widths[0] == pytest.approx(most_likely / most_likely[0], abs=0.02)  # one scale
    page.get_by_role("tab", name="Generate text").click()


def test_a_page_from_a_disk(visitor, tmp_path):
    file, page = tmp_path / "home.html", visitor
    file.write_text(pages.html(models.find("small-gru")), encoding="utf-8")
    page.goto(file.as_uri())
    check_figures(page, "small-gru")

    before = texts_of(page)
    slider = page.get_by_role("slider", name="Temperature").first
    slider.fill("0.3")
    config = SampleConfig(length=250, temperature=0.3)
    expect(page.locator(SAMPLES).first).to_have_text(wanted_text("small-gru", config), use_inner_text=True)
    assert texts_of(page) != before
    slider.fill("0.8")

    page.get_by_role("tab", name="Step by step").focus()
    page.keyboard.press("Enter")
    written, step = page.locator("#steps .written"), page.get_by_role("button", name="Step", exact=True)
    first = wanted_text("small-gru", SampleConfig(length=250, temperature=0.8))
    begun = len(models.load("small-gru").seed_text)
    for number in range(1, 4):  # with the random numbers of the first sample
        step.press("Enter")
        expect(written).to_have_text(first[: begun + number].replace("\n", "\n"), use_inner_text=False)
    uniform = np.random.default_rng([1, 0]).random(4)[3]
    expect(page.locator("#steps [role=status]")).to_contain_text(f"The random number {uniform:.3f} falls on")
    page.get_by_role("button", name="Back").click()
    expect(written).to_have_text(first[: begun + 2], use_inner_text=False)

    assert {url.split(":")[0] for url in page.asked} <= {"file", "blob", "data"}
    attacked = page.evaluate(ATTACKS)
    assert attacked["refusal"] == "TypeError" and {"img-src", "frame-src"} <= set(attacked["violations"])
    assert not {"handler", "script", "evaluated", "fetched"} & set(attacked)


def test_everybody_can_use_it(visitor, tmp_path):
    file, page = tmp_path / "home.html", visitor
    file.write_text(pages.html(models.find("small-gru")), encoding="utf-8")
    page.goto(file.as_uri())
    expect(page.locator(SAMPLES)).to_have_count(4)
    page.get_by_role("tab", name="Generate text").focus()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Read a text")).to_have_attribute("aria-selected", "true")
    page.get_by_role("listbox").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("heading", name="Position 2: after “T”")).to_be_visible()
    for scheme, width in LOOKS:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 1000})
        for tab in ("Generate text", "Step by step", "Read a text", "Train"):
            page.get_by_role("tab", name=tab).click()
            page.wait_for_timeout(150)
            assert not violations(page), (scheme, width, tab)
            assert not scrolls_sideways(page), (width, tab)


def test_what_was_trained_at_home_is_imported(visitor, tmp_path):
    file, page = tmp_path / "home.html", visitor
    file.write_text(pages.html(models.find("small-gru")), encoding="utf-8")
    text = synthetic.coin_flips(1, 6000)
    own = {"name": "my\\flips.txt", "mimeType": "text/plain", "buffer": b"\xef\xbb\xbf" + text.encode()}
    page.goto(f"{file.as_uri()}#train")
    start = page.get_by_role("button", name="Start")
    expect(start).to_be_disabled()
    page.get_by_label("Text to train on").fill("too short")
    expect(page.locator("#train")).to_contain_text("9 characters. A text to train on needs at least 2,000.")
    page.locator("input[type=file]").set_input_files(own)
    expect(page.locator("#train")).to_contain_text("6,000 characters, 2 distinct.")
    page.get_by_label("Begin with").select_option("new")
    page.get_by_label("Units").select_option("64")
    page.get_by_label("Train for (minutes)").fill("0")
    start.click()
    expect(page.locator("#problem")).to_have_text("Train for 0.1 to 120 minutes. Received: 0.")
    page.get_by_label("Train for (minutes)").fill("0.1")
    start.click()
    expect(page.locator("#train .figures")).to_contain_text("characters per second")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#train")).to_contain_text(
        re.compile(r"Stopped after \d+ s: \d\.\d{4} bits per character")
    )
    page.get_by_label("Name").fill("Flips <b>")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save model file").click()
    assert saved.value.suggested_filename == "flips-b.charlab.zip"
    run = formats.import_model(str(saved.value.path()))
    config, vocab, status = run.read()
    assert (config.name, config.corpus, vocab.characters) == ("Flips <b>", "my_flips.txt", "HT")
    held_out = vocab.encode(text)[5400:]
    measured = reading.evaluate(models.load(run.id, "last").predictor, vocab, held_out).loss_nats
    assert status.results["val_loss"] == pytest.approx(measured, abs=1e-6)
    page.get_by_role("tab", name="Generate text").click()
    page.get_by_label("Prompt (seed text)").first.fill("HTHT")
    expect(page.locator(SAMPLES).first).to_have_text(re.compile("^HTHT[HT]{250}$"))
    assert {url.split(":")[0] for url in page.asked} <= {"file", "blob", "data"}


def test_a_transformer_is_trained_further(visitor, tmp_path):
    file, page = tmp_path / "home.html", visitor
    file.write_text(pages.html(make_run("transformer")), encoding="utf-8")
    page.goto(f"{file.as_uri()}#train")
    page.get_by_label("Text to train on").fill("the quick brown fox. " * 200)
    expect(page.get_by_label("Begin with")).not_to_have_value("new")
    page.get_by_label("Train for (minutes)").fill("0.1")
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#train .figures")).to_contain_text("characters per second")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#train")).to_contain_text(
        re.compile(r"Stopped after \d+ s: \d\.\d{4} bits per character")
    )


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def web_space(tmp_path):
    """A folder, and the address at which other machines would reach it."""
    host = network.own_address() or "127.0.0.2"
    folder = tmp_path / "web"
    server = http.server.ThreadingHTTPServer((host, 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield folder, f"http://{host}:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_site_without_a_server_of_ours(visitor, web_space):
    (folder, address), page = web_space, visitor
    site.write(folder / "below", ["small-gru", "ngram"])
    page.goto(f"{address}below/")
    check_figures(page, "small-gru")
    page.get_by_label("Model", exact=True).select_option("ngram")
    expect(page.get_by_role("heading", level=1)).to_have_text(models.find("ngram").config().name)
    check_figures(page, "ngram")
    page.get_by_role("tab", name="Train").click()
    expect(page.locator("#train .note")).to_contain_text("a new network can be trained from nothing")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text(models.find("ngram").config().name)
    assert page.asked and all(url.startswith((address, "data:")) for url in page.asked)
    attacked = page.evaluate(ATTACKS)
    assert attacked["refusal"] == "TypeError" and {"img-src", "frame-src"} <= set(attacked["violations"])
    assert not {"handler", "script", "evaluated", "fetched"} & set(attacked)


def test_a_folder_that_was_not_uploaded_whole_says_so(visitor, web_space):
    (folder, address), page = web_space, visitor
    site.write(folder, ["ngram"])
    (folder / "models" / "ngram.safetensors").unlink()
    page.goto(address)
    expect(page.locator("#problem")).to_contain_text("“models/ngram.safetensors” could not be loaded.")
