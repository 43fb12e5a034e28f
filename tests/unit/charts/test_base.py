import math

import numpy as np
import pytest

from charlab.charts.base import ACTUAL, QUIET, TRAINING, VALIDATION, literal
from charlab.charts.distribution import MAX_BARS, bars_figure, needle_figure
from charlab.charts.loss import MAX_POINTS, loss_figure, thin
from charlab.errors import ConfigError
from helpers.figures import ALPHABET, EVIL, plain_json, texts


def events(steps=300, start=4.0):
    falling = [
        {"event": "step", "step": i, "epoch": i / 100, "seconds": i / 10, "loss": start / i}
        for i in range(1, steps)
    ]
    checked = [
        {"event": "epoch", "epoch": 0, "step": 0, "seconds": 0.0, "val_loss": start},
        {"event": "epoch", "epoch": 1, "step": 100, "seconds": 9.0, "loss": 2, "val_loss": 1.5},
    ]
    return falling + checked


# thin


def test_a_thinned_line_keeps_its_ends_and_its_spikes():
    x, y = list(range(50_000)), [0.0] * 50_000
    y[12_345], y[40_000] = 9.0, -9.0
    thin_x, thin_y = thin(x, y)
    assert len(thin_x) == len(thin_y) <= MAX_POINTS
    assert thin_x == sorted(set(thin_x)) and thin_x[0] == 0 and thin_x[-1] == 49_999
    assert max(thin_y) == 9.0 and min(thin_y) == -9.0


def test_a_short_line_is_left_alone_and_gaps_do_no_harm():
    assert thin([1, 2], [3, None]) == ([1, 2], [3, None])
    x, y = thin(list(range(5000)), [None] * 4999 + [1.0])
    assert y[-1] == 1.0 and len(x) <= MAX_POINTS


# loss_figure


def test_training_is_solid_validation_dashed_and_earlier_runs_grey():
    figure = loss_figure([{"label": "now", "events": events()}, {"label": "before", "events": events(start=5)}])
    by_name = {trace.name: trace for trace in figure.data}
    assert by_name["now: training"].line.dash == "solid" and by_name["now: training"].line.color == TRAINING
    assert by_name["now: validation"].line.dash == "dash" and by_name["now: validation"].line.color == VALIDATION
    assert "markers" in by_name["now: validation"].mode
    assert by_name["before: training"].line.color == QUIET
    assert figure.data[-1].name.startswith("now")  # on top


@pytest.mark.parametrize(("x", "last"), [("steps", 299), ("epochs", 2.99), ("seconds", 29.9)])
def test_the_same_losses_over_steps_epochs_and_seconds(x, last):
    figure = loss_figure([{"label": "r", "events": events()}], x=x)
    assert figure.data[0].x[-1] == pytest.approx(last)
    assert x in figure.layout.xaxis.title.text


def test_bits_are_nats_over_ln_2_for_lines_and_references_alike():
    nats = loss_figure([{"label": "r", "events": events()}], "nats", reference_lines=[("uniform", math.log(64))])
    bits = loss_figure([{"label": "r", "events": events()}], "bits", reference_lines=[("uniform", math.log(64))])
    assert np.allclose(np.array(bits.data[0].y) * math.log(2), nats.data[0].y, atol=1e-3)
    assert bits.layout.shapes[0].y0 == pytest.approx(6)
    assert "uniform" in bits.layout.annotations[0].text and "6.00" in bits.layout.annotations[0].text
    assert "bits" in bits.layout.yaxis.title.text and "nats" in nats.layout.yaxis.title.text


def test_names_of_reference_lines_that_lie_close_together_do_not_cover_one_another():
    lines = [("far", 3.0), ("near", 1.01), ("nearest", 1.0)]
    figure = loss_figure([{"label": "r", "events": events()}], reference_lines=lines)
    assert sorted(shape.y0 for shape in figure.layout.shapes) == [1.0, 1.01, 3.0]
    assert [note.text for note in figure.layout.annotations] == ["far 3.00", "near 1.01<br>nearest 1.00"]


def test_a_long_run_stays_small():
    figure = loss_figure([{"label": "r", "events": events(60_000)}])
    assert max(len(trace.x) for trace in figure.data) <= MAX_POINTS
    assert len(figure.to_json()) < 60_000


def test_a_run_without_events_draws_nothing():
    assert len(loss_figure([{"label": "r", "events": []}]).data) == 0


def test_accuracy_is_drawn_in_percent_without_losses_for_reference():
    learned = [
        {"event": "step", "step": 1, "loss": 3.0, "accuracy": 0.25},
        {"event": "epoch", "epoch": 1, "step": 1, "loss": 3.0, "val_loss": 3.1, "val_accuracy": 0.125},
    ]
    figure = loss_figure([{"label": "", "events": learned}], "accuracy", reference_lines=[("uniform", 4.0)])
    heights = {trace.name: list(trace.y) for trace in figure.data}
    assert heights == {"training": [25.0], "validation": [12.5]}
    assert "%" in figure.layout.yaxis.title.text and not figure.layout.shapes


@pytest.mark.parametrize("wrong", [{"unit": "hartleys"}, {"x": "moons"}])
def test_units_that_there_are_not(wrong):
    with pytest.raises(ConfigError, match="Received"):
        loss_figure([], **wrong)


# bars_figure


def test_the_likeliest_first_and_the_one_that_came_even_if_it_is_not_among_them():
    own = np.linspace(1, 0.01, len(ALPHABET))
    own /= own.sum()
    actual = len(ALPHABET) - 1
    figure = bars_figure(ALPHABET, own, actual=actual)
    bars = figure.data[0]
    assert len(bars.x) == MAX_BARS
    assert list(bars.x[:-1]) == sorted(bars.x[:-1], reverse=True)
    assert "came" in bars.text[-1] and bars.marker.line.color[-1] == ACTUAL and bars.marker.line.width[-1] > 0
    assert sum("came" in text for text in bars.text) == 1
    assert figure.layout.yaxis.ticktext[0] == "↵ newline" and figure.layout.yaxis.ticktext[1] == "␣ space"


def test_what_the_cut_offs_removed_is_hatched_and_the_rest_is_not():
    own = np.array([0.5, 0.3, 0.2])
    figure = bars_figure(["a", "b", "c"], own, np.array([0.7, 0.3, 0.0]))
    shaped, cut = figure.data[1], figure.data[2]
    assert list(shaped.x) == [0.7, 0.3, 0.0]
    assert list(cut.x) == [0.0, 0.0, 0.2] and cut.marker.pattern.shape == "/"
    assert list(cut.text) == ["", "", "cut off"]
    assert len(bars_figure(["a", "b", "c"], own, np.array([0.7, 0.2, 0.1])).data) == 2  # nothing is cut off


def test_digits_as_characters_stay_rows_of_their_own():
    figure = bars_figure(["1", "10", "2"], np.array([0.2, 0.5, 0.3]))
    assert list(figure.data[0].y) == [0, 1, 2] and list(figure.layout.yaxis.ticktext) == ["10", "2", "1"]


# What all have in common


def all_figures(label, alphabet):
    own = np.full(len(alphabet), 1 / len(alphabet))
    return [
        loss_figure([{"label": label, "events": events()}], reference_lines=[(label, 2.0)]),
        bars_figure(alphabet, own, np.where(np.arange(len(own)) == 0, 0, own), 1, label),
    ]


def test_nothing_from_people_or_models_is_obeyed_as_html():
    assert literal("<b>&amp;") == "&lt;b&gt;&amp;amp;"
    for figure in all_figures(EVIL, ["<", "&", ">", "a"]):
        drawn = texts(plain_json(figure))
        assert drawn
        for text in drawn:
            for tag in ("<b>came</b>", "<br>", "<extra>", "</extra>"):  # our own
                text = text.replace(tag, "")
            assert "<" not in text, text
            assert "&" not in text.replace("&lt;", "").replace("&gt;", "").replace("&amp;", ""), text


def test_figures_are_plain_json_without_a_theme_and_with_titled_axes():
    for figure in all_figures("run", ALPHABET):
        data = plain_json(figure)
        assert data["layout"]["paper_bgcolor"] == data["layout"]["plot_bgcolor"] == "rgba(0,0,0,0)"
        assert data["layout"]["uirevision"]
        assert "colorway" not in data["layout"].get("template", {}).get("layout", {})
        titled = [axis["title"].get("text") for name, axis in data["layout"].items() if name.startswith("xaxis")]
        assert titled and all(titled)


def test_the_needle_stands_on_the_outlined_character_and_the_bar_goes_from_0_to_1():
    shaped = np.array([0.5, 0.0, 0.0001, 0.2499, 0.25])
    figure = needle_figure(["a", "b", "c", EVIL, "\n"], shaped, 0.6, 3)
    bar, needle = figure.data
    assert bar.x == (0.5, 0.2499, 0.25) and bar.base == (0, 0.5001, 0.75)  # too thin ones are left out
    assert needle.x == (0.6, 0.6) and bar.text[0] == "a" and bar.text[2] == "↵ newline"
    assert [colour == ACTUAL for colour in bar.marker.line.color] == [False, True, False]
    assert bar.base[1] <= needle.x[0] < bar.base[1] + bar.x[1]
    assert literal(EVIL) in figure.layout.annotations[0].text and EVIL not in figure.to_json()


def test_a_character_chosen_by_hand_is_drawn_however_unlikely():
    bar = needle_figure(["a", "b"], np.array([1.0, 0.0]), 0.5, 1).data[0]
    assert bar.x == (1, 0) and bar.marker.line.color[1] == ACTUAL
