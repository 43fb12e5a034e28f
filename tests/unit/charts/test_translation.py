"""Figures of a translator: padding is greyed, the tree has its scores, and greedy's own way where it leaves it."""

import numpy as np
import pytest

from charlab.charts import translation
from charlab.charts.translation import Leaf


def test_attention_has_a_row_per_character_written_and_greyed_columns_of_padding():
    weights = np.array([[0.25, 0.75, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]])
    figure = translation.attention_matrix_figure("M ", "2-", weights).to_dict()
    (heatmap,) = figure["data"]
    assert heatmap["z"] == weights.tolist() and list(heatmap["x"]) == [1, 2, 3, 4]
    assert heatmap["text"][0][3] == "2 looks at padding" and "space" in heatmap["text"][1][1]
    (grey,) = figure["layout"]["shapes"]
    assert (grey["x0"], grey["x1"], grey["y0"], grey["y1"]) == (2.5, 4.5, 0.5, 2.5)
    assert [note["text"] for note in figure["layout"]["annotations"]] == ["padding: 0%"]
    assert list(figure["layout"]["yaxis"]["ticktext"]) == ["2", "-"]
    whole = translation.attention_matrix_figure("M ", "2-", weights[:, :2]).to_dict()
    assert "shapes" not in whole["layout"]


def test_what_was_written_is_outlined_among_what_could_have_been():
    probabilities = np.array([[0.5, 0.25, 0.25], [0.0, 0.0, 1.0]])
    figure = translation.candidates_figure("012", "02", probabilities).to_dict()
    assert figure["data"][0]["z"] == probabilities.tolist()
    assert [(shape["x0"], shape["y0"]) for shape in figure["layout"]["shapes"]] == [(0.5, 0.5), (2.5, 1.5)]


STEPS = [[Leaf("7", 0, 0.6), Leaf("5", 0, 0.4)], [Leaf("1", 1, 0.4), Leaf("2", 0, 0.3)]]


@pytest.mark.parametrize("kept, own_row", [([0, 1], False), ([0, None], True)])
def test_a_beams_tree_has_its_scores_and_greedys_way(kept, own_row):
    figure = translation.beam_figure(STEPS, ["51", "72"], "73", kept, [0.6, 0.25]).to_dict()
    texts = [text for trace in figure["data"] for text in trace.get("text") or ()]
    assert {"7", "5", "1", "2", "60%", "40%", "30%"} <= set(texts) and ("3" in texts) == own_row
    names = [note["text"] for note in figure["layout"]["annotations"]]
    assert names == [*["73"] * own_row, "<b>51</b>", "72"] and ("25%" in texts) == own_row
    (greedy,) = [trace for trace in figure["data"] if trace.get("line", {}).get("dash") == "dot"]
    assert list(greedy["y"]) == ([0, 2.1] if own_row else [0, 1])


def test_what_leads_to_no_ending_is_grey_and_the_best_text_bold():
    steps = [*STEPS, [Leaf("8", 0, 0.3)]]  # the second text is dropped
    figure = translation.beam_figure(steps, ["518"], "518", [1, 0, 0], [0.4, 0.4, 0.3]).to_dict()
    grey, alive, best = figure["data"][:3]
    assert list(grey["x"]) == [1, 2, None] and list(grey["y"]) == [0, 1, None]
    assert list(alive["y"]) == list(best["y"]) == [1, 0, None, 0, 0, None]
    assert best["line"]["width"] > alive["line"]["width"]


@pytest.mark.parametrize("share, said", [(0.999, "100%"), (0.126, "13%"), (0.001, "&lt;1%")])
def test_probabilities_of_the_tree_are_in_whole_percent(share, said):
    assert translation.percent(share) == said


def test_the_temperature_curves_are_in_percent_with_the_chosen_one_marked():
    figure = translation.temperature_figure([0, 1], [1.0, 0.125], [1.0, 0.5], 0.5).to_dict()
    assert {line["name"]: list(line["y"]) for line in figure["data"]} == {
        "dates at all": [100.0, 50.0],
        "right": [100.0, 12.5],
    }
    assert [shape["x0"] for shape in figure["layout"]["shapes"]] == [0.5]
