import numpy as np
import plotly.graph_objects as go
import pytest

from charlab.charts.base import ACTUAL, literal
from charlab.charts.distribution import MAX_BARS, bars_figure, sampling_chart
from charlab.core.display import visible
from helpers.figures import ALPHABET, EVIL

# bars_figure


def test_the_most_likely_first_and_the_actual_one_even_if_it_is_not_among_them():
    model = np.linspace(1, 0.01, len(ALPHABET))
    model /= model.sum()
    actual = len(ALPHABET) - 1
    figure = bars_figure(ALPHABET, model, actual=actual)
    bars = figure.data[0]
    assert len(bars.x) == MAX_BARS
    assert list(bars.x[:-1]) == sorted(bars.x[:-1], reverse=True)
    assert "actual" in bars.text[-1] and bars.marker.line.color[-1] == ACTUAL and bars.marker.line.width[-1] > 0
    assert sum("actual" in text for text in bars.text) == 1
    assert figure.layout.yaxis.ticktext[0] == "↵ newline" and figure.layout.yaxis.ticktext[1] == "␣ space"


def test_what_top_k_and_top_p_remove_is_hatched_and_the_rest_is_not():
    model = np.array([0.5, 0.3, 0.2])
    figure = bars_figure(["a", "b", "c"], model, np.array([0.7, 0.3, 0.0]))
    sampling, cut = figure.data[1], figure.data[2]
    assert list(sampling.x) == [0.7, 0.3, 0.0]
    assert list(cut.x) == [0.0, 0.0, 0.2] and cut.marker.pattern.shape == "/"
    assert list(cut.text) == ["", "", "cut off"]
    assert len(bars_figure(["a", "b", "c"], model, np.array([0.7, 0.2, 0.1])).data) == 2  # nothing is cut off


def test_digits_as_characters_stay_rows_of_their_own():
    figure = bars_figure(["1", "10", "2"], np.array([0.2, 0.5, 0.3]))
    assert list(figure.data[0].y) == [0, 1, 2] and list(figure.layout.yaxis.ticktext) == ["10", "2", "1"]


@pytest.mark.parametrize(
    ("probability", "label"),
    [
        (0.812, "81.2%"),
        (0.9999, "100.0%"),
        (0.0099, "1.0%"),
        (0.0043, "0.4%"),
        (0.0005, "0.1%"),
        (0.0004, "<0.1%"),
        (0, "0.0%"),
    ],
)
def test_bars_and_axis_are_in_per_cent(probability, label):
    figure = bars_figure(["a", "b"], np.array([1.0, probability]))
    assert figure.data[0].text[1] == literal(label)
    assert figure.data[0].x[1] == probability  # a share of 1, which the axis writes in per cent
    assert figure.layout.xaxis.tickformat == ".0%" and ":.2%" in figure.data[0].hovertemplate


# sampling_chart


def test_the_random_number_falls_on_the_outlined_character_and_the_segments_go_from_0_to_1():
    sampling = np.array([0.5, 0.0, 0.0001, 0.2499, 0.25])
    figure = go.Figure(sampling_chart(["a", "b", "c", EVIL, "\n"], sampling, 0.6, 3))
    bar, number = figure.data
    assert bar.x == (0.5, 0.2499, 0.25) and bar.base == (0, 0.5001, 0.75)  # too thin ones are left out
    assert number.x == (0.6, 0.6) and bar.text[0] == "a" and bar.text[2] == "↵ newline"
    assert [colour == ACTUAL for colour in bar.marker.line.color] == [False, True, False]
    assert bar.base[1] <= number.x[0] < bar.base[1] + bar.x[1]
    assert literal(visible(EVIL)) in figure.layout.annotations[0].text and EVIL not in figure.to_json()


def test_a_character_chosen_by_hand_is_drawn_however_unlikely():
    bar = go.Figure(sampling_chart(["a", "b"], np.array([1.0, 0.0]), 0.5, 1)).data[0]
    assert bar.x == (1, 0) and bar.marker.line.color[1] == ACTUAL
