"""A moved step or slider of the Explainer needs no server, and the browser computes what Python computes."""

from __future__ import annotations

import json
import re
import urllib.parse

import numpy as np
import pytest
from playwright.sync_api import expect

from charlab.charts import distribution
from charlab.charts.base import literal, plain_layout
from charlab.cli import main
from charlab.core import reading, sampling
from charlab.core.config import SampleConfig
from charlab.core.display import named, visible
from charlab.core.vocab import Vocab
from charlab.explain import branching
from charlab.runs import models
from helpers.browser import CELLS, button, chart, runs, settled, wait_until
from helpers.documents import assert_alike
from helpers.tiny import make_run
from pages.parts.shared import served_files

TEXT = "the quick brown fox jumps over the lazy dog.\n"
pytestmark = pytest.mark.browser
# What the modules of the Explainer compute, by the names of their functions.
COMPUTE = """async ([modules, cases]) => {
  const [sampling, words, bars] = await Promise.all(modules.map((module) => import(module)));
  return cases.map((given) => {
    const { probabilities, entropy } = sampling.predicted(given.logits);
    const shaped = sampling.isShaped(given) ? sampling.shaped(given.logits, given, given.unknown) : null;
    return {
      probabilities: [...probabilities], entropy, shaped: shaped && [...shaped],
      fixed: given.numbers.map((number) => words.fixed(number, given.decimals)),
      figure: bars.bars({ ...given, model: probabilities, sampling: shaped, title: "Next" }),
    };
  });
}"""

# The id that each random number falls on, and the figure of it.
SEGMENTS = """async ([modules, constants, cases]) => {
  const [{ shaped, chosenBy }, { segments }] = await Promise.all(modules.map((module) => import(module)));
  return cases.map(([logits, temperature, uniform]) => {
    const probabilities = shaped(logits, { temperature, top_k: 0, top_p: 1 }, logits.length - 1);
    const chosen = chosenBy(probabilities, uniform);
    return [chosen, segments({ ...constants, probabilities, uniform, chosen })];
  });
}"""


def opened(page, address: str, **settings) -> None:
    page.goto(f"{address}/explainer?{urllib.parse.urlencode({'text': TEXT, **settings})}")
    settled(page)
    chart(page, "bars")


def heading(page, name: str):
    return page.get_by_role("heading", name=name, exact=True)


def test_keys_clicks_and_sliders_need_no_server_and_a_reload_opens_the_same(shared_server, page):
    opened(page, shared_server, model=make_run().id, step=3)
    before = runs(page)
    expect(heading(page, "Position 4: after “the”")).to_be_visible()
    page.locator(CELLS).nth(6).click()
    expect(heading(page, "Position 7: after “the·qu”")).to_be_visible()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(heading(page, "Position 10: after “the·quick”")).to_be_visible()
    page.get_by_role("slider", name="Temperature").press("ArrowLeft")
    page.get_by_role("spinbutton", name="Top-k").fill("3")
    page.locator(".st-key-jumps button").last.click()
    index = int(page.locator(".st-key-jumps button").last.inner_text().split(":")[0]) - 1
    expect(page.locator(CELLS).nth(index)).to_have_attribute("aria-selected", "true")
    expect(page).to_have_url(re.compile(rf"step={index}&.*temperature=0\.95&top_k=3"))
    assert runs(page) == before
    drawn = chart(page, "bars").evaluate("({ data }) => data.map(({ x }) => x)")
    page.reload()
    settled(page)
    wait_until(lambda: chart(page, "bars").evaluate("({ data }) => data.map(({ x }) => x)") == drawn)
    expect(page.locator(CELLS).nth(index)).to_have_attribute("aria-selected", "true")


@pytest.mark.slow
def test_what_was_moved_counts_wherever_the_reader_goes_next(shared_server, page):
    opened(page, shared_server, model=make_run().id, step=3)
    page.locator(CELLS).nth(9).click()
    page.get_by_role("slider", name="Temperature").press("ArrowRight")
    page.get_by_role("radio", name="Look inside").click()
    expect(page.get_by_text("has read up to “the·quick”")).to_be_visible()
    expect(page).to_have_url(re.compile(r"step=9&.*view=inside.*temperature=1\.05"))
    settled(page)
    page.locator(CELLS).nth(4).click()
    expect(page.get_by_text("has read up to “the·”")).to_be_visible()
    page.get_by_role("radio", name="Read", exact=True).click()
    expect(heading(page, "Position 5: after “the·”")).to_be_visible()
    settled(page)
    page.locator(CELLS).nth(9).click()
    page.get_by_role("radio", name="Write step by step").click()
    expect(page.get_by_role("slider", name="Temperature")).to_have_value("1.05")
    settled(page)
    page.go_back()
    settled(page)
    expect(heading(page, "Position 10: after “the·quick”")).to_be_visible()


@pytest.mark.slow
def test_what_the_server_shows_of_a_position_follows_once_the_reader_rests(shared_server, page):
    opened(page, shared_server, model="ngram", step=3)
    page.get_by_text("N-gram counts", exact=True).click()
    expect(page.get_by_text("An n-gram model consists of counts")).to_be_visible()
    before = runs(page)
    page.locator(CELLS).nth(3).focus()
    # All within one script: pressed one by one, a slow machine takes so long that the reader seems to rest.
    page.locator(CELLS).nth(3).evaluate(
        """cell => {
            for (let press = 0; press < 6; press++)
                cell.getRootNode().activeElement.dispatchEvent(
                    new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true, composed: true }));
        }"""
    )
    expect(heading(page, "Position 10: after “the·quick”")).to_be_visible()
    page.wait_for_function("before => charlabScript.runs > before", arg=before)  # the reader rests for a moment
    assert before < runs(page) <= before + 2
    page.get_by_text("N-gram counts", exact=True).click()
    expect(page.get_by_text("An n-gram model consists of counts")).to_be_hidden()
    before = runs(page)
    page.locator(CELLS).nth(12).click()
    expect(heading(page, "Position 13: after “the·quick·br”")).to_be_visible()
    assert runs(page) == before


def test_a_reading_that_the_server_has_forgotten_is_made_again(shared_server, page):
    asked = []

    def forget_once(route):
        asked.append(route.request.url)
        if len(asked) == 1:
            route.fulfill(status=404, body="forgotten")
        else:
            route.continue_()

    page.route("**/reading/*/logits-*", forget_once)
    try:
        opened(page, shared_server, model=make_run().id, step=3)
        expect(heading(page, "Position 4: after “the”")).to_be_visible()
        assert len(asked) > 1 and asked[0] == asked[1]
    finally:
        page.unroute("**/reading/*/logits-*")


def random_cases() -> list[dict]:
    """Logits of many shapes, with temperatures, top-k and top-p."""
    generator, cases = np.random.default_rng(1), []
    for number in range(300):
        size = int(generator.integers(2, 90))
        logits = generator.normal(0, generator.choice([0.1, 1, 5, 30]), size)
        if number % 2:
            logits = logits.astype(np.float32).astype(float)
        if number % 7 == 0:
            logits = np.round(logits)  # with ties
        cases.append(
            {
                "logits": logits.tolist(),
                "temperature": float(generator.choice([0, 0.05, 0.5, 1, 1.3, 2])),
                "top_k": int(generator.choice([0, 1, 3, 10, 500])),
                "top_p": float(generator.choice([0.05, 0.5, 0.95, 1.0])),
                "unknown": size - 1,
                "actual": None if number % 3 == 0 else int(generator.integers(0, size)),
                "most": int(generator.choice([6, 8])),
                "labels": [literal(named(chr(32 + i))) for i in range(size)],
                "layout": plain_layout(None, "probability"),
                "decimals": int(generator.choice([0, 1, 2])),
                "numbers": [0.125, 12.5, 13.5, 0.5, 2.5, 0.0005, 99.95, *(100 * generator.random(9))],
            }
        )
    return cases


def sampled(case: dict, logits: np.ndarray) -> np.ndarray | None:
    config = SampleConfig(**{name: case[name] for name in ("temperature", "top_k", "top_p")})
    if (config.temperature, config.top_k, config.top_p) == (1.0, None, None):
        return None
    return sampling.sampling_probabilities(logits[None], config, case["unknown"])[0]


def test_javascript_computes_what_python_computes(shared_server, page):
    page.goto(f"{shared_server}/_stcore/health")
    cases, modules = random_cases(), [served_files.address(f"{name}.js") for name in ("sampling", "words", "bars")]
    for case, found in zip(cases, page.evaluate(COMPUTE, [modules, cases]), strict=True):
        logits = np.array(case["logits"])
        logs = reading.log_softmax(logits)
        shaped = sampled(case, logits)
        assert np.allclose(found["probabilities"], np.exp(logs), rtol=0, atol=1e-12)
        assert found["entropy"] == pytest.approx(-(np.exp(logs) * logs).sum() / np.log(2), abs=1e-9)
        assert (found["shaped"] is None) == (shaped is None)
        assert shaped is None or np.allclose(found["shaped"], shaped, rtol=0, atol=1e-6)
        assert found["fixed"] == [f"{number:.{case['decimals']}f}" for number in case["numbers"]]
        characters = [chr(32 + i) for i in range(len(logits))]
        figure = distribution.bars(characters, np.exp(logs), shaped, case["actual"], "Next", case["most"])
        assert_alike(found["figure"], json.loads(json.dumps(figure)))


def test_the_segments_are_those_of_python_and_the_random_number_falls_on_the_same(shared_server, page):
    page.goto(f"{shared_server}/_stcore/health")
    generator, choices = np.random.default_rng(1), []
    characters = "".join(chr(32 + i) for i in range(60))
    for number in range(60):
        logits = generator.normal(0, generator.choice([0.1, 1, 5, 30]), len(characters))
        temperature = float(generator.choice([0, 0.5, 1, 2]))
        choices.append(
            (logits, branching.next_choice(logits, Vocab(characters[:-1]), temperature, number, number))
        )
    constants = {
        "figure": distribution.sampling_chart(["a"], np.ones(1), 0.5, 0),
        "colours": distribution.SEGMENT_COLOURS,
        "least": distribution.MIN_SEGMENT,
        "labelled": distribution.MIN_LABELLED,
        "labels": [literal(named(character)) for character in characters],
        "forms": [literal(visible(character)) for character in characters],
    }
    found = page.evaluate(
        SEGMENTS,
        [
            [served_files.address(f"{name}.js") for name in ("sampling", "segments")],
            constants,
            [[logits.tolist(), choice.temperature, choice.uniform] for logits, choice in choices],
        ],
    )
    for (id_, figure), (_, choice) in zip(found, choices, strict=True):
        assert id_ == choice.id
        wanted = distribution.sampling_chart(characters, choice.sampling_probabilities, choice.uniform, choice.id)
        assert_alike(figure, json.loads(json.dumps(wanted)))


@pytest.mark.parametrize("name", ["quick-gru", "ngram"])
def test_every_position_agrees_with_the_command_line(shared_server, page, capsys, name):
    assert main(["explain", name, "--text", TEXT, "--top", "10", "--json"]) in (0, None)
    explained = json.loads(capsys.readouterr().out)["steps"]
    characters = [*models.load(name).vocab.characters, None]
    opened(page, shared_server, model=name)
    found = page.evaluate(
        """async ([reading, sampling, length]) => {
          const [{ readingAt }, { predicted }] = await Promise.all([import(reading), import(sampling)]);
          const asked = performance.getEntriesByType("resource").find(({ name }) => name.includes("/head?"));
          const { head, row } = readingAt(asked.name.replace("/head?", "/{what}?"));
          const said = await head, steps = [];
          for (let t = 0; t < length; t++) {
            const { probabilities, entropy } = predicted(await row(t));
            const { [t]: probability } = said.probabilities, { [t]: bits } = said.bits, { [t]: rank } = said.ranks;
            steps.push({ probabilities: [...probabilities], entropy, probability, bits, rank });
          }
          return steps;
        }""",
        [served_files.address("reading.js"), served_files.address("sampling.js"), len(TEXT)],
    )
    for seen, step in zip(found, explained, strict=True):
        assert seen["entropy"] == pytest.approx(step["entropy_bits"], abs=1e-6)
        if step["bits"] is not None:
            assert seen["probability"] == pytest.approx(step["probability"], abs=1e-6)
            assert seen["bits"] == pytest.approx(step["bits"], rel=1e-6, abs=1e-6) and seen["rank"] == step["rank"]
        for character, probability in step["top"]:
            assert seen["probabilities"][characters.index(character)] == pytest.approx(probability, abs=1e-6)


def test_the_table_has_what_the_bars_have(shared_server, page):
    opened(page, shared_server, model=make_run().id, step=3, temperature="0.5")
    page.get_by_text("As a table", exact=True).first.click()
    table = page.locator(".st-key-bars table")
    expect(table.locator("th")).to_have_text(
        ["character", "model probability, %", "sampling probability, %", "actual"]
    )
    expect(table.locator("tr", has_text="actual")).to_have_count(2)
    first = table.locator("tr").nth(1).locator("td").all_inner_texts()
    x = chart(page, "bars").evaluate("({ data }) => [data[0].x[0], data[1].x[0]]")
    assert [float(first[1]), float(first[2])] == pytest.approx([100 * x[0], 100 * x[1]], abs=0.006)
    assert button(page, "As a table").count() == 0


@pytest.mark.slow
def test_what_could_not_be_loaded_is_said_and_gone_once_it_can_be(shared_server, page):
    page.route("**/reading/**", lambda route: route.abort())
    page.goto(
        f"{shared_server}/explainer?{urllib.parse.urlencode({'text': TEXT, 'model': make_run().id, 'step': 3})}"
    )
    said = page.get_by_text("The prediction could not be loaded from the server.")
    expect(said).to_be_visible()
    page.unroute("**/reading/**")
    page.locator(CELLS).nth(6).click()
    expect(heading(page, "Position 7: after “the·qu”")).to_be_visible()
    expect(said).to_be_hidden()


def test_a_picture_that_failed_late_says_nothing_over_a_newer_one(shared_server, page):
    opened(page, shared_server, model="quick-gru", text=TEXT * 30, step=3)
    held, cells = [], page.locator(CELLS)
    page.route("**/logits-*", lambda route: held.append(route))
    with page.expect_request("**/logits-*"):
        cells.nth(1300).click()  # its logits are in a part of their own
    cells.nth(4).click()
    expect(heading(page, "Position 5: after “the·”")).to_be_visible()
    held.pop(0).abort()
    page.wait_for_timeout(500)
    page.unroute("**/logits-*")
    expect(page.get_by_text("could not be loaded from the server")).to_have_count(0)
