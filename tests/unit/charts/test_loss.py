import math

import numpy as np
import pytest

from charlab.charts.base import QUIET, TRAINING, VALIDATION
from charlab.charts.loss import MAX_POINTS, loss_chart, thin
from charlab.errors import ConfigError
from helpers.figures import loss_events as events
from helpers.figures import loss_figure

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


# loss_chart


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


def grown(last: int, unit: str = "bits") -> dict:
    steps = [
        {"event": "step", "epoch": i / 50, "step": i, "loss": 4 / (1 + i / 50), "accuracy": i / 200}
        for i in range(1, last + 1)
    ]
    return loss_chart([{"label": "", "events": steps}], unit, "epochs", [("uniform", 4.2)], grows=True)


def reach(figure: dict, axis: str) -> tuple[float, float]:
    options = figure["layout"][axis]["autorangeoptions"]
    return options["minallowed"], options["maxallowed"]


@pytest.mark.parametrize("unit", ["bits", "accuracy"])
def test_while_a_run_grows_the_lines_differ_and_seldom_the_reach_of_an_axis_but_nothing_else(unit):
    figures = [grown(last, unit) for last in range(20, 100)]
    reaches = [(reach(figure, "xaxis"), reach(figure, "yaxis")) for figure in figures]
    changes = sum(before != after for before, after in zip(reaches, reaches[1:], strict=False))
    assert 0 < changes <= 14  # of 79
    for figure in figures:
        training, validation = figure["data"]
        (left, right), (low, high) = reach(figure, "xaxis"), reach(figure, "yaxis")
        assert left == 0 and training["x"][-1] < right <= 1.26 * training["x"][-1]
        assert low <= min(training["y"]) and max(training["y"]) <= high
        assert validation["name"] == "validation" and validation["x"] == [None]  # in the legend from the beginning
        del figure["layout"]["xaxis"]["autorangeoptions"], figure["layout"]["yaxis"]["autorangeoptions"]
    assert all(figure["layout"] == figures[0]["layout"] for figure in figures)


def test_the_axes_of_a_run_that_grows_reach_over_its_reference_lines_and_their_names():
    steps = [{"event": "step", "epoch": 1, "step": 1, "loss": 3.0}]
    figure = loss_chart([{"label": "", "events": steps}], "nats", "epochs", [("a", 4.0), ("b", 0.4)], grows=True)
    low, high = reach(figure, "yaxis")
    assert low == 0 and high == pytest.approx(4.2)


def test_the_axes_of_an_ended_run_end_with_its_lines():
    layout = loss_chart([{"label": "", "events": events()}])["layout"]
    assert "autorangeoptions" not in layout["xaxis"] and "autorangeoptions" not in layout["yaxis"]


def test_a_run_without_steps_has_room_for_nothing():
    untrained = {"event": "epoch", "epoch": 0, "step": 0, "val_loss": 4.2}
    layout = loss_chart([{"label": "", "events": [untrained]}], "bits", "epochs", grows=True)["layout"]
    assert "autorangeoptions" not in layout["xaxis"]
