import json

import numpy as np
import pytest

from charlab.charts.internals import (
    MAX_LOOK_BACK,
    MAX_MATRIX,
    MAX_STEPS,
    MAX_UNITS,
    arcs_figure,
    attention_figure,
    gates_figure,
    shown_units,
    signed,
    states_figure,
    unit_figure,
)

EVIL = "<b>bold</b> & <a href='http://e.x'>x</a>"


def states(length, units=60, seed=0):
    return np.tanh(np.random.default_rng(seed).normal(size=(length, units))).astype(np.float32)


def attended(length, seed=0):
    weights = np.tril(np.random.default_rng(seed).random((length, length))) ** 3 + np.eye(length) * 1e-3
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def said(figure):
    return figure.layout.title.subtitle.text


def figures(text):
    values, weights = states(len(text)), attended(len(text))
    place = len(text) - 1
    feature = (EVIL, np.arange(len(text), dtype=float), -0.5)
    return [
        states_figure(text, values, place),
        states_figure(text, values, place, 5),
        unit_figure(text, values[:, 0], place, "layer 1, hidden, unit 1", feature),
        unit_figure(text, values[:, 0], 0, "layer 1, hidden, unit 1"),
        gates_figure({"update": values[0] ** 2, "hidden": values[0], EVIL: values[0]}, 3),
        arcs_figure(text, weights[place]),
        attention_figure(text, weights, place),
    ]


@pytest.mark.parametrize("text", ["a", "\n", EVIL, "e\u0301\u200fאב\ud800", "x" * 500], ids=range(5))
def test_any_text_is_drawn_as_plain_numbers_and_as_itself(text):
    for figure in figures(text):
        drawn = figure.to_json()
        assert "bdata" not in drawn and "NaN" not in drawn
        json.loads(drawn)
        assert "<a href" not in drawn and "<b>bold" not in drawn.replace("<b>0", "")
        assert figure.layout.title.text
        assert 'color":"#' not in drawn  # every colour is the theme's


def test_the_heatmap_holds_the_units_that_it_names():
    values = states(50)
    figure = states_figure("x" * 50, values, 7, unit=5)
    units = shown_units(values, 7, 5)
    assert [int(name) - 1 for name in figure.layout.yaxis.ticktext] == units == figure.layout.meta["rows"]
    for row, unit in enumerate(units):
        np.testing.assert_allclose(figure.data[0].z[row], values[:, unit], atol=1e-3)
    scale = figure.layout.coloraxis
    assert scale.cmin == -scale.cmax and 0.9 < scale.cmax <= 1
    assert f"{MAX_UNITS} of 60 units" in said(figure)


def test_units_are_sorted_by_their_correlation_with_the_chosen_one():
    values = states(40, units=6)
    values[:, 4] = 0.5 * values[:, 2]
    values[:, 1] = -values[:, 2]
    order = shown_units(values, 20, 2)
    assert order[:2] == [2, 4] and order[-1] == 1 and sorted(order) == list(range(6))
    values[:, 3] = 0.9  # never changes: the first to be left out, but not where it is the chosen one
    assert 3 not in shown_units(values, 20, 2, most=5)
    assert shown_units(values, 20, 3, most=5)[0] == 3 and len(shown_units(values, 20, 3, most=5)) == 5
    assert shown_units(values, 20) == sorted(shown_units(values, 20))


@pytest.mark.parametrize(("step", "first"), [(0, 1), (500, 501 - MAX_STEPS // 2), (999, 1001 - MAX_STEPS)])
def test_a_long_text_shows_a_window_around_the_step_and_says_so(step, first):
    values = states(1000)
    for figure in (states_figure("x" * 1000, values, step), unit_figure("x" * 1000, values[:, 0], step, "unit 1")):
        assert figure.data[0].x[0] == first and len(figure.data[0].x) == MAX_STEPS
        assert f", {first} to {first + MAX_STEPS - 1} of 1000" in figure.layout.xaxis.title.text
        cursor = figure.layout.meta["cursor"]  # the page adds the index of the character after the one just read
        assert (cursor["shape"]["x0"] + step + 1, cursor["shape"]["x1"] + step + 1) == (step + 0.5, step + 1.5)
        assert cursor["last"] == 1000  # where all of the text was read


def test_a_unit_is_drawn_with_the_feature_it_tracks_and_their_correlation():
    present = np.array([0.0, 0, 1, 1, 0])
    figure = unit_figure("ab:c\n", np.array([0.1, 0.1, -0.6, -0.5, 0.2]), 2, "unit 9", ("name", present, -0.98765))
    grey, bars = figure.data
    assert grey.y == (0, 0, 1, 1, 0) and bars.y == (0.1, 0.1, -0.6, -0.5, 0.2)
    assert "r = −0.99 with “name”" in said(figure)
    assert figure.layout.coloraxis.cmin == -0.6 and figure.layout.coloraxis.cmax == 0.6


def test_signs_are_written_as_people_write_them():
    assert [signed(0.5), signed(-0.5), signed(0)] == ["+0.50", "−0.50", "+0.00"]


def test_gates_show_every_unit_and_outline_the_chosen_one():
    parts = {"input": np.linspace(0, 1, 20), "cell": np.linspace(-4, 3, 20)}
    figure = gates_figure(parts, 19)
    assert list(figure.layout.yaxis.ticktext) == ["input gate", "cell"]
    dots, ring = figure.data[:2]
    np.testing.assert_allclose(dots.x, parts["input"], atol=1e-3)
    assert ring.x == (1.0,) and "1.00" in ring.text[0] and ring.y[0] == dots.y[19]
    low, high = figure.layout.xaxis.range
    assert low < -4 and high > 3
    assert gates_figure(parts, 19, (-9.0, 2.0)).layout.xaxis.range[0] < -9  # of another step
    assert max(dots.y) < min(figure.data[2].y)  # rows do not run into each other


def test_arcs_lead_back_to_what_was_looked_at():
    weights = np.array([0.5, 0.004, 0.0, 0.296, 0.2])
    figure = arcs_figure("......abcde", weights, first=6)
    arcs = [shape for shape in figure.layout.shapes if shape.type == "path"]
    assert [arc.path.split()[-1] for arc in arcs] == ["10,0", "7,0"]  # the strongest on top, none to itself
    assert all(arc.path.startswith("M 11,0 ") for arc in arcs) and arcs[1].line.width > arcs[0].line.width
    assert list(figure.data[0].x) == [7, 8, 9, 10, 11] and list(figure.layout.xaxis.ticktext) == list("abcde")
    np.testing.assert_allclose(figure.data[0].y, weights, atol=1e-3)


def test_what_is_too_far_back_to_be_drawn_is_said():
    weights = np.full(4 * MAX_LOOK_BACK, 1 / (4 * MAX_LOOK_BACK))
    figure = arcs_figure("x" * 4 * MAX_LOOK_BACK, weights)
    assert len(figure.data[0].x) == MAX_LOOK_BACK and "75% goes further back" in said(figure)


def test_the_matrix_is_that_of_the_characters_around_the_place():
    weights = attended(256)
    figure = attention_figure("y" * 700, weights, step=500, first=400)
    first = figure.data[0].x[0] - 1  # x is a position, which counts from 1
    assert len(figure.data[0].x) == MAX_MATRIX and first <= 500 < first + MAX_MATRIX
    row = figure.data[0].z[500 - first]
    np.testing.assert_allclose(row[: 501 - first], weights[100, first - 400 : 101], atol=1e-3)
    assert len(row) > 501 - first and all(value is None for value in row[501 - first :])  # nothing looks ahead
    assert f"looked at, {first + 1} to {first + MAX_MATRIX} of 700" in figure.layout.xaxis.title.text
    cursor = figure.layout.meta["cursor"]
    moved = {name: cursor["shape"][name] + 501 for name in cursor["moves"]}  # the character at 501 is predicted
    assert moved == {"y0": 500.5, "y1": 501.5, "x1": 501.5} and cursor["axis"] == "y"
    assert cursor["shape"]["x0"] == first + 0.5


def test_the_axes_of_attention_say_who_looks_and_who_is_looked_at():
    weights = np.array([[1.0, 0, 0], [0.25, 0.75, 0], [0.0, 0.9, 0.1]])
    figure, arcs = attention_figure("abc", weights, 2), arcs_figure("abc", weights[2])
    # Row 3, the character just read, looks at column 2: the last row of the matrix, as arcs.
    assert figure.data[0].z[2][1] == 0.9 and (figure.data[0].y[2], figure.data[0].x[1]) == (3, 2)
    assert arcs.data[0].y[1] == 0.9 and arcs.data[0].x[1] == 2
    assert figure.layout.yaxis.title.text == "character just read"
    assert figure.layout.xaxis.title.text == arcs.layout.xaxis.title.text == "character looked at"
    assert figure.data[0].text[2][1] == "from c to b"
    assert figure.layout.coloraxis.colorbar.tickformat == arcs.layout.yaxis.tickformat == ".0%"


def test_figures_of_long_texts_stay_small():
    values, weights = states(5000, 512), attended(256)
    text = "\u0100" * 5000
    for figure in (
        states_figure(text, values, 2500, 3),
        unit_figure(text, values[:, 3], 2500, "unit 4"),
        gates_figure({"update": values[0]}, 3),
        attention_figure(text, weights, 200),
    ):
        assert len(figure.to_json()) < 700_000
