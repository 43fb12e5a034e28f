import json

import numpy as np
import pytest

from charlab.charts import dataset
from charlab.core import summary
from charlab.core.config import TrainConfig
from charlab.corpora import batching
from charlab.runs.presets import PRESETS

ALPHABET = "\n <&abc\ufffd"
LENGTH, SPLIT = 5000, 4500
IDS = np.random.default_rng(0).integers(0, len(ALPHABET) - 1, LENGTH)


def batch_figure(batches="streams", sequence_length=10, batch_size=8):
    config = TrainConfig(
        batches=batches, batch_size=batch_size, sequence_length=sequence_length, steps_per_epoch=3
    )
    offsets = [batching.offsets(config, SPLIT, 0)[step] for step in range(3)]
    rows = [batching.gather(IDS, begins, sequence_length) for begins in offsets]
    return dataset.batch_figure(ALPHABET, rows, offsets, LENGTH, ((1000, 1200), (SPLIT, LENGTH))), offsets


@pytest.mark.parametrize("batches", ["windows", "chunks", "streams"])
def test_a_target_is_its_input_one_character_later(batches):
    figure, offsets = batch_figure(batches)
    heat = figure.data[-1]
    lines = dict(zip(figure.layout.yaxis2.ticktext, figure.layout.yaxis2.tickvals, strict=True))
    for begins in offsets:
        for first in (begins[0] + 1, begins[-1] + 1):  # position 1 is the first character
            read, target = heat.text[lines[f"input {first:,}"]], heat.text[lines[f"target {first + 1:,}"]]
            assert list(read[1:]) == list(target[:-1])
            assert list(heat.z[lines[f"input {first:,}"]]) == list(range(first, first + 10))


@pytest.mark.parametrize("batches", ["windows", "chunks", "streams"])
def test_every_row_of_every_step_is_marked_where_it_lies(batches):
    figure, offsets = batch_figure(batches)
    for step, begins in enumerate(offsets):
        assert list(figure.data[step].x) == list(begins + 1)
        assert set(figure.data[step].y) == {step + 1}
        assert max(figure.data[step].x) <= SPLIT
        assert [(shape.x0, shape.x1) for shape in figure.layout.shapes] == [(1001, 1200), (SPLIT + 1, LENGTH)]


def test_a_large_batch_stays_small():
    figure, _ = batch_figure("windows", sequence_length=100, batch_size=1024)
    assert len(figure.data[0].x) <= 256 and len(figure.data[-1].x) == dataset.COLUMNS_SHOWN
    assert len(figure.to_json()) < 100_000


def test_one_row_of_one_character_can_be_drawn():
    figure, _ = batch_figure(sequence_length=1, batch_size=1)
    assert len(figure.data[-1].x) == 1


def test_the_alphabet_is_drawn_the_most_frequent_first():
    figure = dataset.alphabet_figure("abc\n", np.array([1, 7, 0, 2]))
    assert list(figure.layout.xaxis.ticktext) == ["b", "↵", "a"]
    assert list(figure.data[0].y) == [70.0, 20.0, 10.0]
    many = dataset.alphabet_figure([chr(300 + i) for i in range(500)], np.arange(500) + 1)
    assert len(many.data[0].x) == dataset.MAX_DISTINCT
    assert many.layout.xaxis.ticktext[0].endswith(chr(799))


def test_layers_are_drawn_with_their_parameters():
    layers = summary.layers(PRESETS["tutorial-gru"].model, 66)
    figure = dataset.layers_figure(layers)
    assert list(figure.data[0].x) == [16_896, 3_938_304, 67_650]
    assert "3,938,304 parameters" in figure.layout.annotations[1].text


def test_figures_are_plain_json_that_obeys_no_text():
    for figure in (batch_figure()[0], dataset.alphabet_figure(ALPHABET, np.arange(len(ALPHABET)) + 1)):
        text = figure.to_json()
        assert "bdata" not in text and "NaN" not in text
        assert "&lt;" in text and "&amp;" in text
        drawn = json.loads(text)
        ticks = drawn["layout"]["xaxis"].get("ticktext", [])
        cells = [cell for row in drawn["data"][-1].get("text", []) for cell in row]
        assert not [text for text in [*ticks, *cells] if "<" in text or text == "&"]
