"""The exports of a reading agree with it, and no text in them is interpreted by a program."""

import csv
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from charlab.core.predictor import build_predictor
from charlab.core.reading import explain
from charlab.core.vocab import Vocab
from charlab.errors import CharlabError
from charlab.export.reading_page import MAX_LENGTH, page_html, steps_csv
from helpers.contrast import TEXT, contrast, theme
from helpers.tiny import TINY, random_weights

VOCAB = Vocab.from_text("the quick brown fox jumps over the lazy dog =+-@.\n\t")
HOSTILE = [
    "<img src=x onerror=alert(1)>", "</script>", "</title></style><script>alert(1)</script>", "{{7*7}} {style}",
    "\"' onmouseover=\"alert(1)", "שלום עולם \u202egnp.exe", "e\u0301a\u0308", "&lt;b&gt; &amp;", "\x00\x07\u2028",
]  # fmt: skip
TAGS = {
    "html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "p", "b", "bdi", "sub", "div", "span",
    "i", "br", "small", "table", "thead", "tbody", "tr", "th", "td", "code", "ol", "li",
}  # fmt: skip
ATTRIBUTES = {"lang", "charset", "http-equiv", "content", "name", "class", "title", "dir", "data-name", "style"}


def read(text, vocab=VOCAB):
    predictor = build_predictor(TINY["gru"], len(vocab), random_weights(TINY["gru"], len(vocab)))
    return explain(predictor, vocab, text)


class Page(HTMLParser):
    """The tags and attributes of a page, and the text of each of its parts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags, self.attributes, self.texts, self.open = set(), set(), {}, []
        self.titles, self.shades, self.strip = [], [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in ("meta", "br"):
            self.open.append((tag, dict(attrs)))
        if tag == "span" and "title" in dict(attrs):
            self.titles.append(dict(attrs)["title"])
            self.shades.append(dict(attrs).get("class"))

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        self.texts.setdefault(self.open[-1][0] if self.open else "", []).append(data)
        if self.open and self.open[-1][0] == "span" and "title" in self.open[-1][1]:
            self.strip += data


def rows(text, **more):
    return list(csv.reader(io.StringIO(steps_csv(read(text), VOCAB, **more), newline="")))


def test_one_row_per_position_with_the_values_of_the_reading():
    reading = read("the fox\n")
    head, *steps = rows("the fox\n")
    assert head[:7] == ["position", "after", "character", "probability", "bits", "rank", "entropy_bits"]
    assert head[7:] == [f"{name}_{n}" for n in range(1, 6) for name in ("likeliest", "probability")]
    assert len(steps) == 9 and {len(row) for row in steps} == {17}
    assert [row[0] for row in steps] == [str(position) for position in range(1, 10)]
    characters = ["“t”", "“h”", "“e”", "“␣ space”", "“f”", "“o”", "“x”", "“↵ newline”"]
    assert [row[2] for row in steps[:-1]] == characters
    assert [row[1] for row in steps[1:]] == [row[2] for row in steps[:-1]]
    assert steps[0][3:] == [""] * 14  # nothing was read before it
    for t, row in enumerate(steps[1:-1]):
        figures = [reading.next_probabilities[t], reading.bits[t], reading.ranks[t], reading.entropies[t]]
        np.testing.assert_allclose([float(value) for value in row[3:7]], figures, rtol=1e-5)
        assert float(row[8]) == pytest.approx(reading.probabilities[t].max(), rel=1e-5)
    assert steps[-1][2:6] == [""] * 4 and steps[-1][6] and steps[-1][7]  # what comes next is open


def test_no_cell_can_be_a_formula():
    text = "=1+1 @sum -2 +3 \t\r\n|%\uff1d" + "".join(HOSTILE)
    table = rows(text, top=len(VOCAB))[1:]
    assert len(table) == len(text) + 1
    for row in table:
        for cell in row:
            assert not cell or cell[0] == "“" or cell == "not in the alphabet" or float(cell) >= 0, cell
            assert not set(cell) & set("\r\n\t")


def test_the_page_says_what_the_reading_says():
    text = "the quick brown fox"
    reading = read(text)
    page = Page(page_html("Tiny", "Foxes", reading, VOCAB))
    assert page.strip == text.replace(" ", "·") and len(page.titles) == len(text)
    assert f"{reading.mean_bits:.2f} bits per character" in "".join(page.texts["b"])
    assert page.texts["bdi"] == ["Tiny", "Foxes"]
    place = int(np.argmax(reading.bits))
    cells = page.texts["td"]
    assert cells[0] == str(place + 2) and f"{reading.bits[place]:.2f}" == cells[1]
    share = float(cells[2].removesuffix("%")) / 100
    assert share == pytest.approx(reading.next_probabilities[place], rel=0.1) and "e" not in cells[2]
    assert len(page.texts["li"]) == 50 and page.titles[0].endswith("nothing was read before it")
    assert page.titles[1].startswith(f"Position 2, “h”: {reading.bits[0]:.2f} bits, probability ")
    assert f" {reading.next_probabilities[0]:.1%}, rank" in page.titles[1]
    deeper = [int(shade[1:]) for shade in page.shades[1:]]
    assert [deeper[i] for i in np.argsort(reading.bits)] == sorted(deeper) and len(set(deeper)) > 3


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_in_the_page_is_obeyed(text):
    html = page_html(text, text, read(text), VOCAB)
    page = Page(html)
    assert not page.open and page.tags <= TAGS and page.attributes <= ATTRIBUTES
    assert "".join(page.texts["bdi"]) == 2 * text
    assert len(page.titles) == len(text)
    if text.isascii() and text.isprintable():
        assert page.strip == text.replace(" ", "·")
    assert html.count("<style>") == 1 and "<script" not in html and "<img" not in html
    assert "default-src 'none'; style-src 'unsafe-inline'" in html and "http:" not in html and "https:" not in html


def test_combining_and_invisible_characters_are_seen():
    page = Page(page_html("m", "c", read("e\u0301\u202e\x00\n"), VOCAB))
    assert page.strip == "e\u0301U+202EU+0000↵" and "br" in page.tags
    alone = Page(page_html("m", "c", read("\u0301e \u0301"), VOCAB))
    assert alone.strip == "◌\u0301e·◌\u0301"


def test_an_accent_is_a_band_at_the_foot_of_its_letter():
    text = "the\u0301 ש\u05b8\u05c1."
    vocab = Vocab.from_text(text)
    html = page_html("m", "c", read(text, vocab), vocab)
    cell = r'<span class="s\d" style="background-image: (linear-gradient\([^"]*)" title="([^"]*)">'
    accent, points = re.search(cell + "e<", html), re.search(cell + "ש<", html)
    assert re.fullmatch(r"linear-gradient\(to right, var\(--s\d\) 0% 100%\)", accent[1])
    both = r"linear-gradient\(to left, var\(--s\d\) 0% 50%, var\(--s\d\) 50% 100%\)"
    assert re.fullmatch(both, points[1])
    assert accent[2].count("bits") == 2 and points[2].count("bits") == 3
    assert "unicode-bidi: plaintext" in html


def test_a_right_to_left_context_stays_apart_in_the_table():
    text = "بحر هادئ"
    vocab = Vocab.from_text(text)
    contexts = Page(page_html("m", "c", read(text, vocab), vocab)).texts["code"][::2]
    assert contexts and all(context.startswith("\u2068") and context.endswith("\u2069") for context in contexts)


@pytest.mark.parametrize("text", ["a", "\n\n\n", "Ω", "ΩΩΩ", "x" * MAX_LENGTH])
def test_any_text_up_to_the_limit_is_a_page(text):
    page = Page(page_html("m", "c", read(text), VOCAB))
    assert not page.open and len(page.titles) == len(text)
    assert len(rows(text)) == len(text) + 2


def test_a_longer_text_is_refused_in_a_sentence():
    with pytest.raises(CharlabError, match="at most 5,000 characters. Received 5,001"):
        page_html("m", "c", read("x" * (MAX_LENGTH + 1)), VOCAB)


def test_the_page_says_how_much_of_the_text_the_model_can_read():
    html = page_html("A model", "A text", read("the <€> €"), VOCAB)
    assert "This model can read 55.6% of this text (5 of 9 characters)." in html
    assert "U+20AC EURO SIGN (€, 2 times, 22.2%), U+003C LESS-THAN SIGN (&lt;, once, 11.1%)" in html
    assert "can read" not in page_html("A model", "A text", read("the fox"), VOCAB)


def test_every_shade_is_the_apps_and_its_letters_can_be_read_in_light_and_dark():
    light, dark = page_html("m", "c", read("the"), VOCAB).split("@media screen and (prefers-color-scheme: dark)")
    for name, style in (("light", light), ("dark", dark)):
        shades = re.findall(r"\.s(\d) \{ background-color: (#\w{6}); color: (#\w{6}); \}", style)
        assert [paper for _, paper, _ in shades] == theme(name)["chartSequentialColors"]
        assert min(contrast(ink, paper) for _, paper, ink in shades) >= TEXT
        assert contrast(*re.findall(r"--(?:paper|quiet): (#\w{6})", style)) >= TEXT
