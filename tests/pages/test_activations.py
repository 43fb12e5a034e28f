"""What browsers get of the inside of a network: the same as Python has, and nothing that does not exist."""

from __future__ import annotations

import gzip
import json
from types import SimpleNamespace
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest

from charlab.charts import internals
from charlab.explain import probes
from charlab.explain.probes import Unit
from charlab.runs import models
from helpers.tiny import make_run
from pages.parts.explainer import activations

TEXT = "the quick brown fox.\n" * 10


def ask(address: str, **filled: int):
    address = address.format(**filled)
    _, _, key, what = urlsplit(address).path.split("/")
    query = dict(parse_qsl(urlsplit(address).query, keep_blank_values=True))
    return activations.answer(SimpleNamespace(path_params={"key": key, "what": what}, query_params=query))


def unpacked(answer) -> bytes:
    assert answer.status_code == 200 and "immutable" in answer.headers["cache-control"]
    return gzip.decompress(answer.body)


def numbers(answer, *shape: int) -> np.ndarray:
    return np.frombuffer(unpacked(answer), "<f4").reshape(shape)


@pytest.fixture(params=["gru", "lstm"])
def recurrent(request):
    return models.load(make_run(request.param).id)


@pytest.fixture
def transformer():
    return models.load(make_run("transformer").id)


def test_the_gates_of_every_character_are_those_of_the_network(recurrent, monkeypatch):
    found, _ = activations.of(recurrent, TEXT)
    parts = probes.of_layer(found, 1, 0)
    monkeypatch.setattr(activations, "_PART", 4 * len(parts) * 16 * 50)
    assert activations.rows_of_gates(parts) == 50
    address = activations.address(recurrent, TEXT, "gates", layer=1, first="{first}")
    rows = np.concatenate(
        [numbers(ask(address, first=first), -1, len(parts), 16) for first in range(0, len(TEXT), 50)]
    )
    assert len(rows) == len(TEXT)
    for t in (0, 49, 50, len(TEXT) - 1):
        assert np.array_equal(rows[t], np.stack(list(probes.of_layer(found, 1, t).values())))


def test_a_unit_and_all_units_are_drawn_from_the_step_asked_for(recurrent):
    found, _ = activations.of(recurrent, TEXT)
    unit, feature = Unit("hidden", 0, 3), "space"
    address = activations.address(recurrent, TEXT, "unit", unit=unit.name, feature=feature, first="{first}")
    drawn = json.loads(unpacked(ask(address, first=80)))
    assert drawn["data"][1]["x"] == list(range(81, 81 + internals.MAX_STEPS))
    values = probes.column(found, unit)
    assert drawn["data"][1]["y"] == pytest.approx(values[80 : 80 + internals.MAX_STEPS].astype(float), abs=1e-3)
    assert feature in drawn["layout"]["title"]["subtitle"]["text"]
    address = activations.address(recurrent, TEXT, "states", unit=unit.name, first="{first}")
    drawn = json.loads(unpacked(ask(address, first=0)))
    rows = internals.shown_units(found[unit.array], internals.MAX_STEPS // 2, unit.index)
    assert drawn["layout"]["meta"]["rows"] == rows and drawn["data"][0]["x"][0] == 1


def test_attention_is_that_of_the_part_that_the_network_holds(transformer):
    parts = activations.parts(transformer, TEXT)
    assert len(parts) > 3 and parts[0] == (0, 0, transformer.predictor.context)
    for position in range(len(TEXT)):
        _, start, stop = [part for part in parts if part[0] <= position][-1]
        assert range(start, stop) == probes.context_window(transformer.predictor, len(TEXT), position)
    at, start, stop = parts[2]
    found, part = activations.of(transformer, TEXT, at)
    layers = list(probes.attention(found).values())
    address = activations.address(transformer, TEXT, "weights", layer=2, head=1, at="{at}")
    weights = numbers(ask(address, at=at), stop - start, stop - start)
    assert part == range(start, stop) and np.array_equal(weights, layers[1][0])
    heads = numbers(
        ask(activations.address(transformer, TEXT, "heads", at="{at}"), at=at),
        stop - start,
        len(layers) * len(layers[0]),
        3,
    )
    assert np.array_equal(heads[:, len(layers[0])], probes.attention_summaries(layers[1][0]).astype(np.float32))
    address = activations.address(transformer, TEXT, "matrix", layer=2, head=1, at="{at}", first="{first}")
    drawn = json.loads(unpacked(ask(address, at=at, first=start)))
    assert drawn["data"][0]["y"][0] == start + 1
    assert drawn["data"][0]["z"][3][:4] == pytest.approx(weights[3, :4].astype(float), abs=1e-4)


@pytest.mark.parametrize(
    ("what", "wanted"),
    [
        ("secret", {}),
        ("gates", {"layer": 9, "first": 0}),
        ("gates", {"layer": 0, "first": len(TEXT)}),
        ("gates", {"layer": 0, "first": -1}),
        ("gates", {"layer": "x", "first": 0}),
        ("gates", {}),
        ("unit", {"unit": "hidden-1-99", "first": 0}),
        ("unit", {"unit": "../../x", "first": 0}),
        ("unit", {"unit": "hidden-1-1", "feature": "no such one", "first": 0}),
        ("states", {"unit": "cell-9-1", "first": 0}),
        ("states", {"unit": "hidden-1-99", "first": 0}),
        ("weights", {"layer": 1, "head": 1, "at": 0}),
        ("heads", {"at": 0}),
    ],
)
def test_what_a_network_does_not_have_is_refused(what, wanted):
    model = models.load(make_run("gru").id)
    assert ask(activations.address(model, TEXT, what, **wanted)).status_code == 400


@pytest.mark.parametrize("wanted", [{"layer": 0, "head": 1}, {"layer": 1, "head": -1}, {"layer": 1, "head": 99}])
def test_a_head_that_does_not_exist_is_refused(transformer, wanted):
    assert ask(activations.address(transformer, TEXT, "weights", at=0, **wanted)).status_code == 400


def test_a_text_that_was_forgotten_is_not_there():
    assert ask("/inside/0123456789ab-00/gates?layer=0&first=0").status_code == 404
