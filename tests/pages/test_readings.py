"""What browsers get of a reading: the same as Python has, by a key that says what it is of."""

from __future__ import annotations

import gzip
import json
from types import SimpleNamespace

import numpy as np
import pytest

from charlab.core.display import in_line, named
from charlab.core.reading import explain
from charlab.runs import models, writers
from helpers import asgi
from helpers.tiny import make_run, random_weights
from pages.parts.explainer import activations, readings
from pages.parts.shared.routes import routes

TEXT = "the quick\u0301 \u05d0b €\n"


def ask(address: str, what: str):
    key, _ = address.removeprefix("/reading/").split("/")
    return readings.answer(SimpleNamespace(path_params={"key": key, "what": what}))


def unpacked(answer) -> bytes:
    assert answer.status_code == 200 and "immutable" in answer.headers["cache-control"]
    return gzip.decompress(answer.body)


@pytest.fixture(params=["gru", "ngram"])
def read(request):
    """A model, Python's reading of TEXT, and the address of the one that browsers get."""
    from charlab.core import ngram
    from charlab.core.config import ModelConfig

    run = make_run("gru")
    model = models.load(run.id)
    if request.param == "ngram":
        ids = model.vocab.encode("the quick brown fox.\n")
        config, size = ModelConfig(kind="ngram", order=3), len(model.vocab)
        predictor = models.build_predictor(config, size, ngram.count(ids, size, 3))
        model = models.Model(
            model.name, "best", predictor, model.vocab, model.config, model.status, "0123456789ab"
        )
    return model, explain(model.predictor, model.vocab, TEXT), readings.address(model, readings.read(model, TEXT))


def test_the_head_says_of_every_position_what_python_says(read):
    model, reading, address = read
    head = json.loads(unpacked(ask(address, "head")))
    assert head["text"] == list(TEXT)
    assert head["alphabet"] == [named(c) for c in model.vocab.characters] + ["� not in the alphabet"]
    assert head["unknown"] == model.vocab.unknown_id and head["next"] == reading.next_ids.tolist()
    for name, values in (("probabilities", reading.next_probabilities), ("bits", reading.bits)):
        assert np.array_equal(np.array(head[name], dtype=float), values, equal_nan=True)
    assert head["entropies"] == reading.entropies.tolist()
    assert [np.nan if rank is None else rank for rank in head["ranks"]] == pytest.approx(
        reading.ranks.tolist(), nan_ok=True
    )
    shown = [c if i in head["onLetters"] else head["drawn"].get(c, c) for i, c in enumerate(head["text"])]
    assert "".join(shown) == in_line(TEXT).strip("\u2068\u2069") and head["leftward"] == ["\u05d0"]


def test_the_logits_are_those_of_the_reading(read):
    _, reading, address = read
    head = json.loads(unpacked(ask(address, "head")))
    numbers = np.frombuffer(unpacked(ask(address, "logits-0")), dtype=np.dtype(head["type"]).newbyteorder("<"))
    assert np.array_equal(numbers.reshape(reading.logits.shape), reading.logits)


def test_no_answer_is_large_and_the_parts_make_the_whole(monkeypatch):
    model = models.load(make_run().id)
    text = "the quick brown fox.\n" * 20
    monkeypatch.setattr(readings, "_PART", 5000)
    address = readings.address(model, readings.read(model, text))
    rows = json.loads(unpacked(ask(address, "head")))["rows"]
    parts = [unpacked(ask(address, f"logits-{first}")) for first in range(0, len(text), rows)]
    assert len(parts) > 3 and max(map(len, parts)) <= 5000
    logits = explain(model.predictor, model.vocab, text).logits
    assert np.array_equal(np.frombuffer(b"".join(parts), "<f4").reshape(logits.shape), logits)


def test_a_chart_is_drawn_from_the_first_step_asked_for():
    model = models.load(make_run().id)
    address = readings.address(model, readings.read(model, "the quick brown fox.\n" * 20))
    figure = json.loads(unpacked(ask(address, "heatmap-100")))
    assert figure["data"][0]["x"][0] == 102
    assert json.loads(unpacked(ask(address, "along")))["layout"]["meta"]["cursor"]["last"] == 419


@pytest.mark.parametrize("what", ["logits", "secret", "head-x", "heatmap--1", "heatmap-9999999", ""])
def test_what_is_no_part_of_a_reading_is_refused(what):
    model = models.load(make_run().id)
    answer = ask(readings.address(model, readings.read(model, "the")), what)
    assert answer.status_code == (200 if what == "logits" else 400)


def test_the_server_answers_with_numbers_and_figures():
    model = models.load(make_run().id)
    address = readings.address(model, readings.read(model, "the quick"))
    said = {what: asgi.get(routes(), address.replace("{what}", what)) for what in ("head", "logits-0", "along")}
    for what, found in said.items():
        assert found.content == ask(address, what).body and found.headers["content-encoding"] == "gzip"
    assert said["along"].json()["data"] and said["head"].json()["text"] == list("the quick")
    assert asgi.get(routes(), address.replace("{what}", "secret")).status_code == 400
    inside = activations.address(model, "the quick", "gates", layer=0, first=0)
    assert len(gzip.decompress(asgi.get(routes(), inside).content)) == 4 * 9 * 4 * 16


def test_a_reading_that_was_forgotten_is_not_there():
    assert ask("/reading/0123456789ab-00/{what}?1", "head").status_code == 404


def test_two_forms_of_accents_have_readings_of_their_own():
    one, two = models.load(make_run(text="grün").id), models.load(make_run("lstm", text="gru\u0308n").id)
    first = readings.read(one, "grün")
    whole, aligned = readings.read_in_positions_of(first, two, "gru\u0308n")
    assert (len(whole.text), len(aligned.text)) == (5, 4)
    addresses = {
        readings.address(one, first),
        readings.address(two, whole),
        readings.address(two, aligned, whole.text),
    }
    assert len(addresses) == 3
    head = json.loads(unpacked(ask(readings.address(two, aligned, whole.text), "head")))
    assert len(head["text"]) == 4 and None in head["bits"]


@pytest.fixture
def script(monkeypatch):
    """A page's script that runs, with nothing that would interrupt it, and a writer."""
    found = SimpleNamespace(session_id="a", yield_check=lambda: None)
    monkeypatch.setattr(readings, "get_script_run_ctx", lambda: found)
    writers.pool().prepare()
    return found


def test_a_page_lets_a_writer_read(script, monkeypatch):
    model = models.load(make_run().id)
    wanted = explain(model.predictor, model.vocab, TEXT)
    monkeypatch.setattr(models.Model, "explain", None)  # it would read in the page
    assert np.array_equal(readings.compute(model, TEXT).logits, wanted.logits)


def test_the_first_reading_does_not_wait_until_a_writer_has_started(script, monkeypatch):
    pool = writers.Writers(most=1)
    monkeypatch.setattr(writers, "pool", lambda: pool)
    monkeypatch.setattr(writers, "read", None)
    model = models.load(make_run().id)
    try:
        assert readings.compute(model, TEXT).text == TEXT and pool.is_running
    finally:
        pool.close()


def test_weights_that_changed_since_they_were_loaded_are_read_as_they_were(script):
    run = make_run()
    model = models.load(run.id)
    wanted = explain(model.predictor, model.vocab, TEXT)
    other = random_weights(model.config.model, len(model.vocab), seed=7)
    run.write_weights(other, "best")
    assert np.array_equal(readings.compute(model, TEXT).logits, wanted.logits)


def test_what_interrupts_a_page_ends_its_reading(script):
    class Interrupted(Exception):
        pass

    def interrupt():
        raise Interrupted

    script.yield_check = interrupt
    with pytest.raises(Interrupted):
        readings.compute(models.load(make_run().id), "the quick " * 400)
