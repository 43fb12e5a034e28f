"""The Playground's texts while they are generated: what is drawn when, and what ends the work."""

from __future__ import annotations

import os
import time
from types import SimpleNamespace

import pytest

from charlab.core.config import SampleConfig
from charlab.core.generation import generate, texts
from charlab.runs import models, writer, writers
from helpers.pages import codes, open_page, press, shown, written
from helpers.tiny import TINY, make_run, random_weights
from helpers.waiting import wait_until
from pages.parts.playground import stream_samples
from pages.parts.playground.stream_samples import Generation, GenerationRequest, GenerationResult

LONG = SampleConfig(length=100_000, samples=16)


class Place:
    """An empty place of a page, which notes what is drawn in it."""

    def __init__(self) -> None:
        self.drawn: list[str] = []

    def code(self, text: str, **_: object) -> None:
        self.drawn.append(text.removeprefix("\n").removesuffix("\n"))  # the outer line ends

    caption = code


@pytest.fixture
def script(monkeypatch):
    """A running script, with nothing that would interrupt it."""
    found = SimpleNamespace(session_id="a", yield_check=lambda: None)
    monkeypatch.setattr(stream_samples, "_script", lambda: found)
    monkeypatch.setattr(stream_samples, "stop", lambda: None)
    return found


def begun(config: SampleConfig) -> tuple[Generation, list[tuple[Place, Place]]]:
    model = models.load(make_run().id)
    request = GenerationRequest("samples", "the ", config, ((model.name, "best"),), (model.digest,))
    result = GenerationResult(request, stream_samples.new_samples(request, [model]), time.time())
    job = writers.pool().generate("a", [(model, "the ")], config)
    return Generation(result, job), [(Place(), Place()) for _ in result.samples]


def expected(run, seed: int = 1) -> list[str]:
    model = models.load(run.id)
    config = SampleConfig(length=30, samples=3, temperature=0.8, seed=seed)
    return texts(generate(model.predictor, model.vocab, "the ", config), model.vocab)


def test_all_texts_are_redrawn_together_and_not_often(script):
    generation, boxes = begun(SampleConfig(length=10_000, samples=3))
    began = time.monotonic()
    with generation.job:
        generation.stream(boxes)
    most = 3 + (time.monotonic() - began) / writer.PIECE_SECONDS
    assert all(len(sample.text) == 10_000 for sample in generation.result.samples)
    for sample, (place, _) in zip(generation.result.samples, boxes, strict=True):
        assert 1 <= len(place.drawn) <= most and place.drawn[-1].startswith("the ")
        assert all(("the " + sample.text).startswith(text) for text in place.drawn)
    assert len({tuple(map(len, place.drawn)) for place, _ in boxes}) == 1


def test_who_waits_in_line_sees_the_place(script, monkeypatch):
    monkeypatch.setattr(writers, "AT_ONCE", 1)
    model = models.load(make_run().id)
    with writers.pool().generate("b", [(model, "the ")], LONG) as before:
        generation, boxes = begun(SampleConfig(length=30, samples=2))

        def check() -> None:
            if any(place.drawn for _, place in boxes):
                before.__exit__()  # whoever was before has left

        script.yield_check = check
        with generation.job:
            generation.stream(boxes)
    assert all(place.drawn[0] == "Number 1 in line." for _, place in boxes)
    assert all(place.drawn[0] == "the " for place, _ in boxes)  # the prompt
    assert all(len(sample.text) == 30 for sample in generation.result.samples)


def test_what_interrupts_the_script_ends_the_work_and_leaves_the_text_so_far(script):
    class Interrupted(Exception):
        pass

    generation, boxes = begun(LONG)

    def check() -> None:
        if generation.result.length:
            raise Interrupted

    script.yield_check = check
    with pytest.raises(Interrupted), generation.job:
        generation.stream(boxes)
    assert 0 < generation.result.length < LONG.length
    wait_until(lambda: not generation.job.writer.jobs)


def test_weights_that_were_replaced_unseen_are_loaded_again():
    run = make_run()
    app = open_page("playground", model=run.id, length="30", seed_text="the ")
    path = run.weights_path("best")
    before = path.stat()
    run.write_weights(random_weights(TINY["gru"], len(run.vocab()), seed=7), "best")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # as of a copy that keeps the times
    press(app, "Generate")
    assert not app.exception and not app.error
    result: GenerationResult = app.session_state["written"]
    assert [sample.text for sample in result.samples] == expected(run)
    assert result.request.digests == (models.load(run.id).digest,) and not app.session_state["writing"]


def test_a_new_text_is_not_drawn_where_the_older_one_was():
    app = open_page("playground", model=make_run().id, length="30", seed_text="the ")
    places = []
    for seed in (1, 2, 3):
        app.number_input(key="playground.seed").set_value(seed)
        press(app, "Generate")
        places.append(app.session_state["written"].place)
    assert places[0] != places[1] != places[2]
    app.slider(key="playground.temperature").set_value(0.3).run()
    assert app.session_state["written"].place == places[2]  # it takes the place of the older one


def test_a_page_that_was_left_while_it_generated_shows_what_is_there_and_does_not_begin_again():
    app = press(open_page("playground", model=make_run().id, length="40", seed_text="the "), "Generate")
    written(app).samples[0].text = "left"  # as a script leaves it that is cut off by a link to another page
    written(app).samples[0].probabilities = written(app).samples[0].probabilities[:4]
    app.session_state["writing"] = True
    app.switch_page("home.py").run()
    app.switch_page("playground.py").run()
    assert not app.exception and not app.session_state["writing"]
    assert codes(app)[0] == "the left" and "Stopped after 4 of 40 characters." in shown(app)
    app.session_state["writing"] = True  # and by a setting that changed nothing
    app.run()
    assert len(codes(app)[0]) == len("the ") + 40
