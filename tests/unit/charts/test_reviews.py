"""Figures of a judge of reviews show what they were given."""

import numpy as np

from charlab.charts import reviews
from charlab.charts.reviews import Accuracies


def test_a_review_has_a_column_per_word_with_judgement_and_contribution():
    figure = reviews.review_figure(["not", "<b>", "good"], [0.5, 0.25, 0.125], [-0.1, 0.0, 0.3], 2)
    line, bars = figure.data
    assert list(line.x) == list(bars.x) == [1, 2, 3]
    assert list(line.y) == [50.0, 25.0, 12.5] and list(bars.y) == [-10.0, 0.0, 30.0]
    assert bars.yaxis == "y2" and list(figure.layout.xaxis.ticktext) == ["not", "&lt;b&gt;", "good"]
    outline = figure.layout.shapes[0]
    assert (outline.x0, outline.x1) == (2.5, 3.5)
    assert figure.layout.coloraxis.cmin == -figure.layout.coloraxis.cmax == -30


def test_long_words_are_turned_and_many_words_thinned():
    assert reviews.word_ticks(["a", "film"], 20) == {"tickvals": [1, 2], "ticktext": ["a", "film"], "tickangle": 0}
    assert reviews.word_ticks(["incomprehensible"] * 3, 20)["tickangle"] == -40
    many = reviews.word_ticks([f"w{place}" for place in range(100)], 68)
    assert many["tickvals"] == list(range(1, 101, 3)) and many["ticktext"][1] == "w3"


def test_padding_is_drawn_against_the_judgement_without_it():
    figure = reviews.padding_figure(0.9, [0.9, 0.5, 0.1], 2)
    read, masked = figure.data
    assert list(read.y) == [90.0, 50.0, 10.0] and list(masked.y) == [90.0] * 3 and list(read.x) == [0, 1, 2]


def test_a_map_names_the_chosen_word_its_neighbours_and_the_most_extreme():
    random = np.random.default_rng(1)
    points, tones = random.normal(size=(100, 2)), random.uniform(0.4, 0.6, 100)
    tones[7], tones[8] = 0.99, 0.01
    points[[3, 5, 7, 8]] = [[3, 3], [-3, 3], [3, -3], [-3, -3]]
    words = [f"w{place}" for place in range(99)] + ["<i>"]
    figure = reviews.map_figure(words, points, tones.tolist(), 3, [5], "After")
    named = {note.text for note in figure.layout.annotations}
    assert {"<b>w3</b>", "w5", "w7", "w8"} <= named and len(named) <= 36
    assert figure.data[0].text[99] == "&lt;i&gt;" and len(figure.data[0].x) == 100


def test_few_labels_have_a_line_for_test_and_training_and_own_runs_as_diamonds():
    one, other = Accuracies(["100", "300"], [0.6, 0.7], [1.0, 0.9]), Accuracies(["100", "300"], [0.5, 0.8], [1, 1])
    figure = reviews.labels_figure({"a": one, "b": other}, {"b": Accuracies(["300"], [0.75], [0.9])})
    lines = {line.name: list(line.y) for line in figure.data}
    assert lines["a, test"] == [60.0, 70.0] and lines["a, training"] == [100.0, 90.0]
    assert lines["b, your runs"] == [75.0] and "a, your runs" not in lines
    assert {line.name: line.marker.symbol for line in figure.data}["b, your runs"] == "diamond-open"
