"""Figures of the judge of strings, and what the loss chart has more for labs."""

import numpy as np

from charlab.charts import judgement, loss


def test_a_judgement_is_a_bar_per_letter_and_the_first_wrong_letter_is_marked():
    figure = judgement.judgement_figure("BTX", [0.25, 0.5, 0.75], 2, 1).to_dict()
    (bars,) = figure["data"]
    assert list(bars["x"]) == [1, 2, 3] and list(bars["y"]) == [0.25, 0.5, 0.75]
    assert list(figure["layout"]["xaxis"]["ticktext"]) == ["B", "T", "X"]
    (label,) = figure["layout"]["annotations"]
    assert (label["text"], label["x"]) == ("not allowed here", 2)
    assert "annotations" not in judgement.judgement_figure("BT", [0.1, 0.2], 0).to_dict()["layout"]


def test_the_memory_curve_is_in_percent_with_its_two_reference_lines():
    figure = judgement.memory_figure([5, 10], [1.0, 0.625], 43).to_dict()
    assert list(figure["data"][0]["y"]) == [100.0, 62.5]
    assert [label["text"] for label in figure["layout"]["annotations"]] == ["guessing", "longest in training"]
    assert {shape["x0"] for shape in figure["layout"]["shapes"]} >= {43}


def test_the_loss_chart_draws_further_accuracies_of_all_runs_and_lines_of_accuracies():
    events = [
        {"event": "epoch", "epoch": e, "step": e, "val_loss": 1.0, "val_accuracy": 0.5, "memory": e / 2}
        for e in range(3)
    ]
    runs = [{"label": "a", "events": events}, {"label": "b", "events": events}]
    more = {"accuracy_lines": [("counting", 0.985)], "further": {"memory": "remembered"}, "one": "string"}
    chart = loss.loss_chart(runs, "accuracy", "epochs", [("uniform", 2.0)], **more)
    names = [line["name"] for line in chart["data"]]
    assert names == ["a: validation", "b: remembered", "a: remembered"]  # of others nothing else
    other, own = chart["data"][1:]
    assert own["y"] == other["y"] == [0.0, 50.0, 100.0]
    assert own["line"]["color"] != other["line"]["color"] and own["marker"]["symbol"] != other["marker"]["symbol"]
    assert [note["text"] for note in chart["layout"]["annotations"]] == ["counting 98.50"]
    chart = loss.loss_chart(runs, "bits", "epochs", [("uniform", np.log(2))], **more)
    assert [note["text"] for note in chart["layout"]["annotations"]] == ["uniform 1.00"]
    assert [line["name"] for line in chart["data"]] == ["b: validation", "a: validation"]
    plain = loss.loss_chart(runs, "accuracy", "epochs", [("uniform", 2.0)])
    assert "annotations" not in plain["layout"] and "shapes" not in plain["layout"]


def test_what_a_model_expects_is_a_heatmap_with_squares_on_what_is_allowed():
    expected, allowed = np.array([[0.9, 0.1], [0.25, 0.75]]), np.array([[True, False], [True, True]])
    figure = judgement.allowed_figure("B", ["B", "\n"], expected, allowed).to_dict()
    heatmap, squares = figure["data"]
    assert np.array(heatmap["z"]).tolist() == expected.T.tolist() and list(heatmap["x"]) == [1, 2]
    assert list(zip(squares["x"], squares["y"], strict=True)) == [(1, 0), (2, 0), (2, 1)]
    assert list(figure["layout"]["yaxis"]["ticktext"]) == ["B", "↵"]
    assert squares["name"] == "allowed by the grammar" and figure["layout"]["showlegend"]
