"""Write step by step, and the downloads, in a real browser: step, back, branch, play; a page without scripts."""

from __future__ import annotations

import json
import re
import tomllib
import unicodedata
import urllib.parse
from pathlib import Path

import pytest
from playwright.sync_api import expect

from charlab.charts import distribution
from charlab.core.display import named
from charlab.explain import branching
from charlab.explain.branching import Reader
from charlab.export.reading_page import in_percent
from charlab.runs import models
from helpers.browser import button, chart, new_context, runs, settled, wait_until
from helpers.documents import assert_alike
from helpers.project import ROOT
from helpers.tiny import make_run

CELLS = "[role=listbox][aria-label^='Written text'] [role=option]"
TEXT = "the fox"
HOSTILE = "<img src=x onerror=alert(1)></script>{{7*7}} **b** \u05d0\u05d1 e\u0301"
pytestmark = pytest.mark.browser


def opened(page, address, **settings):
    page.goto(f"{address}/explainer?{urllib.parse.urlencode(settings)}")
    settled(page)


def written(page, length: int) -> str:
    """A branch of so many characters as its cells show it, without the text before it and the end's mark."""
    expect(page.locator(CELLS)).to_have_count(len(TEXT) + length + 1)
    return "".join(page.locator(CELLS).all_inner_texts())[len(TEXT) : -1]


def wait_for(page, number: int) -> None:
    """Until so many characters are written."""
    expect(page.get_by_text(re.compile(rf"\b{number} characters? written"))).to_be_visible()


def random_number(page) -> float:
    return chart(page, "random_number").evaluate("({ data: [segments, number] }) => number.x[0]")


def assert_shades_have_the_colours_of_the_theme(page, scheme: str) -> None:
    """Every character of the printable page has the background of its shade in the app's own theme."""
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    colours = config["theme"][scheme]["chartSequentialColors"]
    expected = [f"rgb({', '.join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5))})" for colour in colours]
    cells = page.locator(".text span").evaluate_all(
        "cells => cells.map(cell => [cell.className, getComputedStyle(cell).backgroundColor])"
    )
    shaded = {(int(name.removeprefix("s")), colour) for name, colour in cells if name}
    assert len({shade for shade, _ in shaded}) > 1, "the text has one shade: this test shows nothing"
    assert shaded == {(shade, expected[shade]) for shade, _ in shaded}


# The bar in every frame that is drawn for some seconds: the share of its width that its segments cover, whether it
# can be seen, and the number at its marker.
FRAMES = """(seconds) => new Promise((done) => {
  const frames = [], end = performance.now() + 1000 * seconds;
  const look = () => {
    const node = document.querySelector(".st-key-random_number .js-plotly-plot");
    const segments = [...(node?.querySelectorAll(".barlayer .point path") ?? [])];
    const [left, right] = node ? [0, 1].map((x) => node._fullLayout.xaxis.l2p(x)) : [0, 1];
    frames.push({
      covered: segments.reduce((sum, one) => sum + one.getBoundingClientRect().width, 0) / (right - left),
      seen: Boolean(node?.checkVisibility({ opacityProperty: true })),
      said: node?.querySelector(".annotation-text")?.textContent,
    });
    if (performance.now() < end) requestAnimationFrame(look);
    else done(frames);
  };
  look();
})"""


def no_errors(page):
    assert page.locator("[data-testid=stException], [data-testid=stAlertContentError]").count() == 0


def test_step_back_branch_and_a_link_to_all_of_it(shared_server, page):
    run = make_run()
    opened(page, shared_server, model=run.id, text=TEXT, view="write with it", seed=3)
    first_number = random_number(page)
    page.evaluate("window.kept = document.querySelector('.st-key-random_number .js-plotly-plot')")
    for number in (1, 2, 3):
        button(page, "Step").click()
        wait_for(page, number)
    first = written(page, 3)
    wait_until(lambda: random_number(page) != first_number)
    assert page.evaluate("document.querySelector('.st-key-random_number .js-plotly-plot') === window.kept")

    for number in (2, 1):
        button(page, "Back").click()
        wait_for(page, number)
    assert written(page, 3) == first  # what lay ahead is still there
    settled(page)
    chances = page.get_by_role("button", name=re.compile(r"%$"))
    other = next(b for b in chances.all() if not b.inner_text().strip().startswith(first[1].replace("·", "␣")))
    other.click()
    wait_for(page, 2)
    expect(page.get_by_text("1 of them chosen by you", exact=False)).to_be_visible()
    branched = written(page, 2)
    assert branched[0] == first[0] and branched[1] != first[1]
    expect(page.get_by_text("2 branches")).to_be_visible()
    expect(page).to_have_url(re.compile(r"walk=s3t1n1h\d+"))
    settled(page)
    link = page.url

    button(page, "Branch 1").click()
    wait_for(page, 3)
    assert written(page, 3) == first
    no_errors(page)

    page.goto("about:blank")
    fresh = new_context(page.context.browser).new_page()
    fresh.goto(link)
    wait_for(fresh, 2)
    assert written(fresh, 2) == branched
    expect(fresh).to_have_url(link)
    fresh.context.close()


def test_play_pause_and_the_keyboard(shared_server, page):
    run = make_run()
    opened(page, shared_server, model=run.id, text=TEXT, view="write with it")
    expect(button(page, "Play")).to_be_visible()
    button(page, "Play").focus()
    page.keyboard.press("Enter")
    wait_until(lambda: page.locator(CELLS).count() >= len(TEXT) + 3 + 1)
    button(page, "Pause").click()
    expect(button(page, "Play")).to_be_visible()
    settled(page)
    number = page.locator(CELLS).count() - len(TEXT) - 1
    assert number >= 3
    page.wait_for_timeout(900)
    assert len(written(page, number)) == number
    expect(page).to_have_url(re.compile(f"walk=s1t1n{number}"))
    page.locator(CELLS).nth(len(TEXT) + 1).click()
    wait_for(page, 1)
    page.keyboard.press("ArrowRight")
    wait_for(page, 2)
    no_errors(page)


@pytest.mark.slow
def test_moves_along_a_branch_need_no_run_and_no_request(shared_server, page):
    run = make_run()
    opened(page, shared_server, model=run.id, text=TEXT, view="write with it", walk="s1t1n4")
    seen, number = [], random_number(page)
    page.on("request", lambda request: seen.append(request.url))
    before = runs(page)
    button(page, "Back").click()
    wait_for(page, 3)
    expect(page).to_have_url(re.compile(r"walk=s1t1n3(&|$)"))
    wait_until(lambda: random_number(page) != number)
    page.locator(CELLS).nth(len(TEXT) + 1).click()
    wait_for(page, 1)
    page.keyboard.press("ArrowRight")
    wait_for(page, 2)
    widths = lambda: chart(page, "random_number").evaluate("({ data: [bar] }) => bar.x")  # noqa: E731
    shares = lambda: page.get_by_role("button", name=re.compile(r"%$")).all_inner_texts()  # noqa: E731
    wide, said, number = widths(), shares(), random_number(page)
    page.get_by_role("slider", name="Temperature").press("ArrowLeft")
    wait_until(lambda: widths() != wide and shares() != said)
    assert random_number(page) == number
    button(page, "Restart").click()
    expect(page.get_by_text("Back at the beginning.")).to_be_visible()
    expect(page).to_have_url(re.compile("temperature=0.95"))
    expect(page).not_to_have_url(re.compile("walk="))
    assert runs(page) == before and not seen
    button(page, "New random numbers").click()
    wait_until(lambda: random_number(page) != number)
    expect(page).to_have_url(re.compile(r"seed=(?!1(&|$))\d+"))
    assert runs(page) == before and all("/random-numbers/" in url for url in seen) and len(seen) <= 1
    button(page, "Step").click()  # from where the reader is now
    expect(page).to_have_url(re.compile(r"walk=s\d+t0\.95n1"))
    assert runs(page) == before + 1
    no_errors(page)


@pytest.mark.parametrize("code", ["s1t1n12", "s5t0.35n3h2t2s77n4", "s1t0n2h3n3", "n3"])
def test_the_browser_computes_what_branching_computes(shared_server, page, code):
    """Segments, random numbers, sentences and links at positions of a branch, to 1e-6."""
    run = make_run()
    model = models.load(run.id)
    reader = Reader(model.predictor, model.vocab, TEXT)
    branches = branching.from_code(code, reader, model.vocab)
    opened(page, shared_server, model=run.id, text=TEXT, view="write with it", walk=code, seed=5)
    for position in (branches.position, branches.position - 1, 1, 0):
        page.locator(CELLS).nth(len(TEXT) + position).click()
        moved = branching.move_to(branches, position)
        choice = branching.next_choice(reader.logits(moved.ids), model.vocab, 1.0, 5, position)
        (left, right), name = choice.span, named(model.vocab.characters[choice.id])
        expect(page.locator(".walk > p").first).to_have_text(
            f"The random number {choice.uniform:.3f} falls on “{name}”, whose segment runs from {left:.3f} to "
            f"{right:.3f}: a probability of {in_percent(choice.probability)}."
        )
        figure = distribution.sampling_chart(
            model.vocab.alphabet, choice.sampling_probabilities, choice.uniform, choice.id
        )
        bar, number = (json.loads(json.dumps(trace)) for trace in figure["data"])
        drawn = chart(page, "random_number").evaluate("({ data }) => data")
        assert drawn[1]["x"] == pytest.approx(number["x"], abs=1e-6)
        for part in ("x", "base", "text", "customdata"):
            assert_alike(drawn[0][part], bar[part])
        found = re.escape(branching.to_code(moved))
        expect(page).to_have_url(re.compile(rf"walk={found}(&|$)" if found else r"^(?!.*walk=)"))


def test_the_table_counts_on_from_the_text_and_has_a_download(shared_server, page, tmp_path):
    run = make_run()
    opened(page, shared_server, model=run.id, text=TEXT, view="write with it", walk="s1t0.5n2h0")
    page.get_by_text("As a table", exact=True).click()
    rows = page.locator(".walk table tr")
    expect(rows).to_have_count(4)
    assert [row.locator("td").first.inner_text() for row in rows.all()[1:]] == ["8", "9", "10"]
    expect(rows.nth(3)).to_contain_text("you")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the table as CSV").click()
    download.value.save_as(tmp_path / "table.csv")
    lines = (tmp_path / "table.csv").read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == 'position,character,chosen by,random number,"probability, %",temperature'
    assert [line.split(",")[0] for line in lines[1:]] == ["8", "9", "10"]
    button(page, "Back").click()
    expect(rows).to_have_count(3)


@pytest.mark.slow
def test_playing_ends_where_the_reader_leaves_and_at_the_end_of_a_branch(shared_server, page):
    run = make_run()
    opened(page, shared_server, model=run.id, text=TEXT, view="write with it", walk="s1t1n196")
    speed = page.get_by_role("slider", name="Speed")
    speed.press("End")
    expect(page.locator("output", has_text="4 per second")).to_be_visible()
    button(page, "Play").click()
    expect(page.get_by_text("A branch has at most 200 characters.")).to_be_visible()
    expect(button(page, "Play")).to_be_disabled()
    expect(button(page, "Step")).to_be_disabled()
    expect(page).to_have_url(re.compile("walk=s1t1n200"))
    button(page, "Restart").click()
    page.locator(CELLS).nth(len(TEXT) + 10).click()
    button(page, "Play").click()
    wait_for(page, 12)
    page.get_by_role("radio", name="Read", exact=True).click()
    expect(page.get_by_role("heading", name="Position 2: after “t”")).to_be_visible()
    page.wait_for_timeout(500)
    before = page.evaluate("charlabScript.runs")
    page.wait_for_timeout(1500)
    assert page.evaluate("charlabScript.runs") == before
    page.get_by_role("radio", name="Write step by step").click()
    expect(button(page, "Play")).to_be_visible()
    number = page.locator(CELLS).count()
    page.wait_for_timeout(1000)
    assert page.locator(CELLS).count() == number
    no_errors(page)


def test_what_is_pressed_quickly_is_done_one_after_the_other(shared_server, page):
    run = make_run()
    opened(page, shared_server, model=run.id, text=TEXT, view="write with it")
    page.evaluate(
        "() => { for (let i = 0; i < 5; i++) document.querySelector('.st-key-walk_step button').click(); }"
    )
    wait_for(page, 5)
    expect(page).to_have_url(re.compile("walk=s1t1n5"))
    settled(page)
    assert len(written(page, 5)) == 5


def test_any_other_character_can_be_chosen(shared_server, page):
    run = make_run()
    opened(page, shared_server, model=run.id, text=TEXT, view="write with it")
    expect(
        page.get_by_text(re.compile("Press Step to write “.+”, the character that the random number"))
    ).to_be_visible()
    page.get_by_label("Any other character").select_option("q")
    wait_for(page, 1)
    assert written(page, 1) == "q"
    expect(page.get_by_label("Any other character")).to_have_value("")


def test_the_bar_is_whole_in_every_frame_while_playing(shared_server, page):
    run = make_run()
    opened(page, shared_server, model=run.id, text=TEXT, view="write with it")
    chart(page, "random_number")
    button(page, "Play").click()
    frames = page.evaluate(FRAMES, 6)
    assert len({frame["said"] for frame in frames}) > 3 and len(frames) > 20, (
        "nothing moved: this test shows nothing"
    )
    assert all(frame["seen"] for frame in frames)
    # Gaps are the segments that are too thin to be drawn; lines around segments and whole pixels add a little.
    assert min(frame["covered"] for frame in frames) > 0.97 and max(frame["covered"] for frame in frames) < 1.08


def test_the_downloads_show_any_text_as_text_and_run_nothing(shared_server, page, tmp_path):
    run = make_run(name=f"Tiny {HOSTILE}")
    opened(page, shared_server, model=run.id, text=HOSTILE)
    files = {}
    for label in ("Download steps (CSV)", "Download printable page"):
        with page.expect_download() as download:
            page.get_by_role("button", name=label).click()
        files[label] = Path(tmp_path / download.value.suggested_filename)
        download.value.save_as(files[label])
    rows = files["Download steps (CSV)"].read_text(encoding="utf-8-sig").splitlines()
    characters = len(unicodedata.normalize("NFC", HOSTILE))  # its é is read as one character
    assert len(rows) == characters + 2 and rows[2].startswith("2,“<”,“i”,")
    page.goto(files["Download printable page"].as_uri())  # a dialog or a failing script would fail the test
    assert page.locator("img, script, a").count() == 0
    expect(page.locator("bdi").first).to_have_text(f"Tiny {HOSTILE}")
    assert page.locator(".text span").count() == characters
    assert page.locator("tbody tr").count() > 0
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert_shades_have_the_colours_of_the_theme(page, scheme)
