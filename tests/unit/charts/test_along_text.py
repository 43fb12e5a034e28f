import numpy as np
import pytest

from charlab.charts.along_text import (
    END,
    MAX_ROWS,
    MAX_STEPS,
    difference_figure,
    epochs_figure,
    heatmap_figure,
    heatmap_height,
    surprise_figure,
)
from charlab.charts.loss import MAX_POINTS
from charlab.core.display import visible
from helpers.figures import ALPHABET, EVIL, plain_json, texts


def reading(length, seed=0):
    generator = np.random.default_rng(seed)
    probabilities = generator.dirichlet(np.full(len(ALPHABET), 0.1), length)
    ids = generator.integers(0, len(ALPHABET) - 1, length)
    bits = -np.log2(probabilities[np.arange(length - 1), ids[1:]] + 1e-9)
    return [ALPHABET[i] for i in ids], probabilities, bits


# heatmap_figure


def test_a_short_text_is_drawn_whole():
    text, probabilities, bits = reading(30)
    figure = heatmap_figure(text, ALPHABET, probabilities, bits)
    heat = figure.data[0]
    assert list(heat.x) == list(range(2, 32)) and len(heat.z) == MAX_ROWS  # position 1 has no prediction
    cursor = figure.layout.meta["cursor"]  # the page adds the index of the chosen character
    assert (cursor["shape"]["x0"] + 4, cursor["shape"]["x1"] + 4) == (4.5, 5.5)  # text[4] is at position 5
    assert cursor["last"] == 30  # the prediction after the end
    assert figure.layout.xaxis.ticktext[3] == visible(text[4]) and figure.layout.xaxis.ticktext[-1] == END
    surprise = next(trace for trace in figure.data if trace.yaxis == "y2")
    assert list(surprise.x) == list(range(2, 31)) and np.allclose(surprise.y, bits, atol=1e-3)


def test_rows_hold_the_probabilities_of_the_characters_they_name():
    text, probabilities, bits = reading(12)
    figure = heatmap_figure(text, ALPHABET, probabilities, bits)
    row = list(figure.layout.yaxis.ticktext).index("e")
    assert np.allclose(figure.data[0].z[row], probabilities[:, ALPHABET.index("e")], atol=1e-4)
    actual = next(trace for trace in figure.data if trace.name == "actual character")
    names = list(figure.layout.yaxis.ticktext)
    for t, row in zip(actual.x, actual.y, strict=True):
        assert names[row] in (text[t - 1], {"\n": "↵ newline", " ": "␣ space"}.get(text[t - 1]))


@pytest.mark.parametrize(("asked", "first"), [(0, 2), (400, 402), (800, 802), (999_999, 802)])
def test_a_long_text_shows_a_window_and_says_so(asked, first):
    text, probabilities, bits = reading(1000)
    figure = heatmap_figure(text, ALPHABET, probabilities, bits, asked)
    assert figure.data[0].x[0] == first and len(figure.data[0].x) == MAX_STEPS
    said = figure.layout.title.subtitle.text
    assert f"positions {first} to {first + 199} of 1000" in said
    assert f"the {MAX_ROWS} most likely of {len(ALPHABET)} characters" in said


@pytest.mark.parametrize("rows", [1, 5, 21, 39, 40, 66])
def test_the_labels_of_the_rows_have_room_for_their_letters(rows):
    text, alphabet = "ab" * 20, [chr(0x100 + i) for i in range(rows)]
    layout = heatmap_figure(text, alphabet, np.full((40, rows), 1 / rows), np.ones(39)).layout
    shown, (low, high) = len(layout.yaxis.ticktext), layout.yaxis.domain
    inside = (
        heatmap_height(rows) - layout.margin.t - 130
    )  # at most: ticks, the axis's title and three lines of legend
    assert inside * (high - low) / shown >= 1.25 * layout.yaxis.tickfont.size
    assert layout.yaxis2.domain[1] < low - 0.02


def test_a_single_character_and_unknown_ones_can_be_drawn():
    _, probabilities, _ = reading(3)
    plain_json(heatmap_figure("a", ALPHABET, probabilities[:1], np.array([]), 0, np.ones(1)))
    figure = heatmap_figure("aßc", ALPHABET, probabilities, np.array([np.nan, 2.0]))
    assert list(next(trace for trace in figure.data if trace.yaxis == "y2").y) == [None, 2.0]


def test_five_thousand_steps_of_five_hundred_characters_stay_small():
    characters = [chr(0x100 + i) for i in range(511)] + ["\ufffd"]
    probabilities = np.full((5000, 512), 1 / 512, np.float32)
    text = [characters[i % 500] for i in range(5000)]
    bits = np.full(4999, 9.0)
    assert len(heatmap_figure(text, characters, probabilities, bits, 2500, np.ones(5000)).to_json()) < 250_000
    assert len(surprise_figure(text, bits, np.ones(5000)).to_json()) < 500_000


# surprise_figure


def by_name(figure):
    return {trace.name: trace for trace in figure.data}


def test_the_running_mean_ends_at_the_mean_and_passes_over_what_has_no_figure():
    bits = np.array([4.0, np.nan, 2.0, 0.0])
    figure = surprise_figure("abcde", bits, np.ones(5))
    lines = by_name(figure)
    assert list(lines["running mean"].y) == [4, 4, 3, 2]
    assert list(lines["surprise of the actual character"].x) == [2, 3, 4, 5]  # position 1 is the first character
    assert list(lines["surprise of the actual character"].y) == [4, None, 2, 0]
    cursor = figure.layout.meta["cursor"]
    assert cursor["shape"]["x0"] + 3 == 4 and cursor["last"] == 4  # no line after the last character


def test_a_long_texts_line_is_thinned_and_keeps_its_spike():
    bits = np.ones(5000)
    bits[3210] = 17.0
    line = by_name(surprise_figure("a" * 5001, bits))["surprise of the actual character"]
    assert len(line.x) <= MAX_POINTS and max(line.y) == 17.0
    assert line.x[list(line.y).index(17.0)] == 3212


# difference_figure


def test_a_difference_names_the_better_model_and_leaves_gaps():
    figure = difference_figure("abcd", np.array([2.0, np.nan, -1.0]), ("one", "two"))
    assert list(by_name(figure)["difference at this character"].y) == [2, None, -1]
    assert list(by_name(figure)["running mean"].y) == [2, 2, 0.5]
    assert figure.layout.title.subtitle.text == "above 0: one; below: two"


# epochs_figure


def test_the_chosen_epoch_is_marked_where_its_mean_lies():
    figure = epochs_figure([0, 1, 5], [6.0, 3.0, 2.0], chosen=1, uniform=6.02)
    marked = by_name(figure)["shown above"]
    assert (list(marked.x), list(marked.y)) == ([1], [3.0])
    assert figure.layout.shapes[0].y0 == 6.02 and "6.02" in figure.layout.annotations[0].text


# What all have in common


def all_figures(name, alphabet, text):
    probabilities = np.full((len(text), len(alphabet)), 1 / len(alphabet))
    bits = np.ones(len(text) - 1)
    return [
        heatmap_figure(text, alphabet, probabilities, bits),
        surprise_figure(text, bits, np.ones(len(text))),
        difference_figure(text, bits, (name, name)),
        epochs_figure([1, 2], [3.0, float("nan")], 2, 6.0),
    ]


def test_nothing_from_people_or_models_is_obeyed_as_html():
    for figure in all_figures(EVIL, ["<", "&", ">", "a"], "<a>&"):
        drawn = list(texts(plain_json(figure)))
        assert drawn
        for text in drawn:
            for tag in ("<br>", "<extra>", "</extra>"):  # our own
                text = text.replace(tag, "")
            assert "<" not in text, text
            assert "&" not in text.replace("&lt;", "").replace("&gt;", "").replace("&amp;", ""), text


def test_figures_are_plain_json_without_a_theme_and_with_titled_axes():
    for figure in all_figures("run", ALPHABET, "to be"):
        layout = plain_json(figure)["layout"]
        assert layout["paper_bgcolor"] == layout["plot_bgcolor"] == "rgba(0,0,0,0)" and layout["uirevision"]
        titled = [axis["title"].get("text") for name, axis in layout.items() if name.startswith("xaxis")]
        assert titled and all(titled)


def test_labels_of_a_right_to_left_text_keep_their_order():
    text, alphabet = "بحر e\u0301", ["ب", "ح", "ر", " ", "e", "\u0301", "\u202e", "\ufe0f"]
    probabilities = np.full((len(text), len(alphabet)), 1 / len(alphabet))
    figure = plain_json(heatmap_figure(text, alphabet, probabilities, np.ones(len(text) - 1)))
    assert figure["layout"]["xaxis"]["ticktext"][2:] == ["·", "e", "◌\u0301", END]
    rows = ["\u2068ب\u2069", "\u2068ح\u2069", "\u2068ر\u2069", "␣ space", "e", "◌\u0301", "U+202E", "U+FE0F"]
    assert figure["layout"]["yaxis"]["ticktext"] == rows
    assert figure["data"][2]["text"][3:] == ["\u2068بحر·\u2069", "\u2068بحر·e\u2069"]
    lines = plain_json(surprise_figure(text, np.ones(len(text) - 1)))
    assert lines["data"][0]["text"][-1] == "after “\u2068بحر·e\u2069”, “◌\u0301”"
    assert lines["data"][0]["text"][0] == "after “\u2068ب\u2069”, “\u2068ح\u2069”"
