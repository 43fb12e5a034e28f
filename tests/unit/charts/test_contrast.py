"""All of a figure can be seen in both themes: letters at least 4.5 to 1, lines and marks at least 3 to 1."""

import inspect
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go
import pytest

from charlab.charts import along_text, base, dataset, distribution, internals, loss
from charlab.core.summary import Layer
from helpers.contrast import MARK, TEXT, THEMES, blended, colour_of, contrast, theme
from helpers.figures import ALPHABET, loss_events, loss_figure, plain_json

TEXT_READ = "the quick brown fox"
V, T = len(ALPHABET), len(TEXT_READ)
BITS, ENTROPIES = np.linspace(0, 9, T - 1), np.ones(T)
PROBABILITIES = np.tile(np.linspace(2, 0, V) / V, (T, 1))
STATES = np.tanh(np.random.default_rng(0).normal(size=(T, 20)))
ATTENTION = np.tril(np.ones((T, T))) / np.arange(1, T + 1)[:, None]
IDS = np.arange(4 * 9).reshape(4, 9) % V
PAPER = "var(--st-background-color)"
CUT = np.where(np.arange(V) < 5, 0.2, 0)
RUNS = [{"label": name, "events": loss_events()} for name in ("this run", "earlier")]
FIGURES = {
    "heatmap_figure": along_text.heatmap_figure(TEXT_READ, ALPHABET, PROBABILITIES, BITS, 0, ENTROPIES),
    "surprise_figure": along_text.surprise_figure(TEXT_READ, BITS, ENTROPIES),
    "difference_figure": along_text.difference_figure(TEXT_READ, BITS - 4, ("one", "other")),
    "epochs_figure": along_text.epochs_figure([0, 1], [6.0, 2.0], 1, 6.02),
    "alphabet_figure": dataset.alphabet_figure(ALPHABET, np.arange(V) + 1),
    "batch_figure": dataset.batch_figure(ALPHABET, [IDS], [np.arange(4)], 40, [(30, 40)]),
    "layers_figure": dataset.layers_figure([Layer("GRU", "reads", 8, 100)]),
    "bars_figure": distribution.bars_figure(ALPHABET, PROBABILITIES[0], CUT, 3, "Next"),
    "sampling_chart": go.Figure(distribution.sampling_chart(ALPHABET, CUT, 0.5, 2)),
    "states_figure": internals.states_figure(TEXT_READ, STATES, 3, 5),
    "unit_figure": internals.unit_figure(TEXT_READ, STATES[:, 0], 3, "unit 1", ("spaces", ENTROPIES, 0.5)),
    "gates_figure": internals.gates_figure({"update": STATES[0], "hidden": STATES[0]}, 3),
    "arcs_figure": internals.arcs_figure(TEXT_READ, ATTENTION[-1]),
    "attention_figure": internals.attention_figure(TEXT_READ, ATTENTION, 3),
    "loss_chart": loss_figure(RUNS, "bits", "steps", [("uniform baseline", 6.0)]),
}


def listed(value) -> list:
    """One colour or number, or those of every point; figures on a scale of colours are left to its own test."""
    values = value if isinstance(value, list) else [value]
    return [one for one in values if one not in (None, base.CLEAR)]


def letters(part: dict, behind: tuple[str, ...] = (PAPER,)):
    """(colour, background, size) of all letters in a part of a figure."""
    if part.get("textposition") == "inside":
        behind = tuple(listed(part["marker"]["color"]))
    for name, value in part.items():
        if name.endswith("font"):
            for colour in listed(value.get("color", base.INK)):
                yield from ((colour, paper, value.get("size", base.SMALLEST)) for paper in behind)
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict):
                yield from letters(inner, behind)


def marks(part: dict, opacity: float = 1.0):
    """(colour, opacity) of all lines and markers in a part of a figure."""
    opacity *= part.get("opacity", 1)
    for name, value in part.items():
        if name in ("line", "marker") and isinstance(value, dict) and "coloraxis" not in value:
            shown = opacity * (value.get("opacity", 1) if name == "marker" else 1)
            if not is_outlined(value) and value.get("width") != 0:
                yield from ((colour, shown) for colour in listed(value.get("color")))
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict):
                yield from marks(inner, opacity)


def is_outlined(marker: dict) -> bool:
    """Whether each point has an outline, which `marks` looks at, so that any colour may be within."""
    widths = marker.get("line", {}).get("width", 0)
    return all(width > 0 for width in listed(widths))


def in_theme(colour: str, name: str) -> str:
    return colour if colour.startswith("#") else colour_of(name, colour)


def test_every_figure_is_looked_at():
    modules = (along_text, dataset, distribution, internals, loss)
    public = {
        name
        for module in modules
        for name, function in vars(module).items()
        if name.endswith(("_figure", "_chart"))
        and inspect.getmodule(function) is module
        and not name.startswith("_")
    }
    assert public == FIGURES.keys()


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("figure", FIGURES.values(), ids=FIGURES)
def test_letters_lines_and_marks_of_a_figure_can_be_seen(figure, name):
    drawn = plain_json(figure)
    drawn["layout"].pop("template")
    for colour, paper, size in letters(drawn):
        if drawn["data"][-1].get("texttemplate") and colour == "#ffffff":
            continue  # on the cells, whose scale of colours has a test of its own
        assert contrast(in_theme(colour, name), in_theme(paper, name)) >= TEXT, (colour, paper)
        assert size >= base.SMALLEST
    seen = list(marks(drawn))
    paper = theme(name)["backgroundColor"]
    for colour, opacity in seen:
        assert contrast(blended(in_theme(colour, name), opacity, paper), paper) >= MARK, (colour, opacity)


@pytest.mark.parametrize("name", THEMES)
def test_positions_of_a_batch_have_readable_letters_and_stand_out(name):
    stops = [colour for _, colour in dataset._POSITIONS]
    between = [blended(a, share / 8, b) for a, b in pairwise(stops) for share in range(9)]
    for colour in between:
        assert contrast(colour, "#ffffff") >= TEXT
        assert contrast(colour, theme(name)["backgroundColor"]) >= MARK


@pytest.mark.parametrize("name", THEMES)
def test_the_colours_of_the_theme_can_be_read(name):
    colours = theme(name)
    for paper in (colours["backgroundColor"], colours["secondaryBackgroundColor"]):
        for colour in ("text", "link", "blue", "orange", "green", "violet", "gray", "codeText"):
            assert contrast(colours[f"{colour}Color"], paper) >= TEXT, colour
    assert contrast(colours["primaryColor"], "#ffffff") >= TEXT  # the letters of a primary button
    assert contrast(colours["primaryColor"], colours["backgroundColor"]) >= MARK  # outlines, sliders
    for colour in colours["chartCategoricalColors"]:
        assert contrast(colour, colours["backgroundColor"]) >= MARK, colour
