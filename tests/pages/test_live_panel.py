"""The route that tells a browser how a run goes on, and what the page's script leaves to it."""

from __future__ import annotations

import dataclasses
import json
import math
import re
import time
from functools import partial
from threading import Event
from urllib.parse import parse_qsl, urlencode

import pytest
from starlette.routing import Route

from charlab.charts import loss
from charlab.core.config import TrainConfig
from charlab.runs import baselines, live, store
from helpers import asgi
from helpers.pages import live as told_to
from helpers.pages import open_page
from helpers.tiny import make_run
from helpers.waiting import wait_until
from pages.parts.shared import served_files
from pages.parts.shared.shared_cache import SharedCache
from pages.parts.train import live_document, live_route
from pages.parts.train.live_document import Wanted

LN_2 = math.log(2)
UNTRAINED = {"event": "epoch", "epoch": 0, "step": 0, "val_loss": 2.0, "val_accuracy": 0.1}
STEP = {"event": "step", "step": 5, "epoch": 0.5, "loss": 1.5, "characters_per_second": 1234, "seconds": 3.0}


@pytest.fixture
def client(monkeypatch):
    """A browser of a server that has answered nobody yet, and looks at a run whenever it is asked."""
    monkeypatch.setattr(live_document, "SNAPSHOTS", live.Snapshots())
    monkeypatch.setattr(live_route, "_answers", type(live_route._answers)())  # noqa: SLF001
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(live_route, "LOOK_SECONDS", 0.0)
    routes = [Route(live_route.PATH, live_route.run), Route(served_files.PATH, served_files.answer)]
    return partial(asgi.get, routes)


def ask(client, run, headers=None, **query):
    return client(f"{live_route.PATH}?{urlencode({'run': run.id} | query)}", headers)


def with_baselines(client, run):
    """The answer once the run's baselines are known, which the first one does not wait for."""
    return wait_until(lambda: (answer := ask(client, run)) and "Grey lines" in answer.json()["caption"] and answer)


def sample(epoch: float, **more) -> dict:
    return {"event": "sample", "epoch": epoch, "step": int(10 * epoch), "seed_text": "the ", "text": "fox"} | more


def with_events(*events: dict, **status) -> store.Run:
    run = make_run(**status)
    for event in events:
        run.append_event(event)
    return run


# What is told


def test_a_run_that_trains_is_told_whole(client):
    run = with_events(UNTRAINED, STEP, sample(0), state="running", seconds=65.2, seconds_left=5.0, epoch=0.5)
    run.write_config(store.RunConfig(**run.config().__dict__ | {"train": TrainConfig(minutes=2.0)}))
    with run.lock():
        told = with_baselines(client, run).json()
    assert told["state"] == "Training" and told["more"] and told["controls"] == "running weights"
    assert told["bar"] == {"share": pytest.approx(65.2 / 120), "words": "1:05 of 2:00 min, epoch 0.5"}
    assert [(figure["label"], figure["value"]) for figure in told["figures"]] == [
        ("Time left", "0:05 min"),
        ("Characters/s", "1,234"),
        ("Validation, bits", f"{2 / 0.6931471805599453:.3f}"),
    ]
    chart = json.loads(told["chart"]["figure"])
    assert [(line["name"], line["x"]) for line in chart["data"]] == [("training", [0.5]), ("validation", [0])]
    assert "uniform baseline" in json.dumps(chart["layout"]) and "Grey lines" in told["caption"]
    (text,) = told["texts"]["more"]
    assert (text["text"], text["after"]) == ("the fox", "Untrained") and "continuing “the”" in text["about"]
    assert told["next_text"] == "Next text at the end of epoch 1, or when the time is up."
    assert "equally likely characters" in told["words"]["summary"][-1]


def test_curve_and_figures_do_not_wait_for_the_baselines(client, monkeypatch):
    computed, ready = baselines.of, Event()

    def slow(config):
        assert ready.wait(60)
        return computed(config)

    monkeypatch.setattr(baselines, "of", slow)
    monkeypatch.setattr(live_document, "_BASELINES", SharedCache(2**18))
    run = with_events(UNTRAINED, STEP, state="done")
    began = time.monotonic()
    first = ask(client, run).json()
    assert time.monotonic() - began < 0.5  # it once waited for a second
    drawn = json.loads(first["chart"]["figure"])
    assert drawn["data"] and not drawn["layout"]["shapes"] and first["figures"][2]["value"] == "2.885"
    assert first["more"] and "Grey lines" not in first["caption"]
    ready.set()
    last = with_baselines(client, run).json()
    assert not last["more"]
    lines = json.loads(last["chart"]["figure"])["layout"]["shapes"]
    assert [line["y0"] for line in lines[:1]] == [pytest.approx(max(y for _, y in computed(run.config())) / LN_2)]
    assert len(lines) >= 4 and "Grey lines" in last["caption"]


def test_the_chart_is_that_of_loss_chart_in_the_unit_and_over_the_axis_that_are_asked_for(client):
    run = with_events(UNTRAINED, STEP)
    for unit in ("bits", "nats", "accuracy"):
        for over in ("epochs", "steps", "seconds"):
            told = json.loads(ask(client, run, unit=unit, over=over).json()["chart"]["figure"] or "{}")
            expected = loss.loss_chart([{"label": "", "events": [UNTRAINED, STEP]}], unit, over)
            assert told.get("data", []) == expected["data"]
            if told:
                assert told["layout"]["uirevision"] == f"{unit} over {over}"


def test_who_waits_is_told_the_place_in_the_queue_and_when_it_will_start(client):
    trains = with_events(state="running", seconds_left=90.0)
    first, second = (with_events(state="queued", queued=float(number)) for number in (1, 2))
    for run in (first, second):
        run.write_config(store.RunConfig(**run.config().__dict__ | {"train": TrainConfig(minutes=2.0)}))
    with trains.lock():
        told = [ask(client, run).json() for run in (first, second)]
    starts = "in the queue. It starts automatically, in about"
    assert told[0]["queue"] == f"Next {starts} 1:30 min."
    assert re.fullmatch(rf"Number 2 {starts} 3:[345]\d min\.", told[1]["queue"])
    assert told[0]["controls"] == f"queued weights {trains.id}"


def test_other_runs_are_in_the_chart_and_broken_ones_left_out(client):
    run, broken = with_events(STEP), with_events(STEP, name="broken")
    damaged, other = with_events(STEP, name="damaged"), with_events(STEP, name="Sea")
    (broken.path / "config.json").write_text("{")
    (damaged.path / "metrics.jsonl").write_text("hello\n")
    others = ",".join([broken.id, other.id, "nowhere", damaged.id])
    chart = json.loads(ask(client, run, others=others).json()["chart"]["figure"])
    assert [line["name"] for line in chart["data"]] == ["Sea: training", "this run: training"]


def test_a_text_turns_nothing_around_it_and_each_has_its_epoch_and_step(client):
    run = with_events(sample(0, seed_text="b\u202e ", text="<b>$x$"), sample(0.25, step=2), sample(1, step=1000))
    texts = ask(client, run).json()["texts"]["more"]
    assert texts[0]["text"] == "bU+202E <b>$x$"
    assert [(text["epoch"], text["step"]) for text in texts] == [("0", "0"), ("0.25", "2"), ("1", "1,000")]


def test_advice_to_act_is_for_those_who_may(client):
    reason = "Only 12 steps in 1 minute of training: train longer, or choose a smaller model."
    run = with_events(state="done", reason=reason)
    assert "train longer" in ask(client, run, may_act=1).json()["reason"]["words"]
    assert "train longer" not in ask(client, run, may_act=0).json()["reason"]["words"]


def test_nothing_says_whose_a_run_is(client):
    owner = "a" * 16
    run = with_events(UNTRAINED, STEP, sample(1))
    run.write_config(dataclasses.replace(run.config(), owner=owner))
    answer = ask(client, run)
    assert owner not in answer.text and "owner" not in answer.text and owner not in str(answer.headers)


# What is sent


def test_an_unchanged_run_costs_no_bytes(client):
    run = with_events(STEP, state="done")
    first = with_baselines(client, run)
    again = ask(client, run, {"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304 and not again.content
    assert float(again.headers[live_route.AT]) >= float(first.headers[live_route.AT])
    run.append_event(STEP | {"step": 6, "epoch": 0.6})
    changed = ask(client, run, {"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200 and changed.headers["ETag"] != first.headers["ETag"]


def test_what_the_browser_has_is_left_out(client):
    run = with_events(STEP, sample(0), sample(1), state="done")
    first = with_baselines(client, run).json()
    chart, texts = first["chart"]["version"], first["texts"]
    assert texts["first"] == 0 and len(texts["more"]) == 2
    run.append_event(sample(2))
    more = ask(client, run, chart=chart, reading=texts["number"], texts=2).json()
    assert more["texts"]["first"] == 2 and [text["epoch"] for text in more["texts"]["more"]] == ["2"]
    run.append_event(STEP | {"step": 6, "epoch": 0.6})
    drawn = ask(client, run, chart=chart, reading=texts["number"], texts=3).json()
    assert drawn["texts"]["more"] == [] and drawn["chart"]["version"] != chart
    same = ask(client, run, chart=drawn["chart"]["version"]).json()
    assert "figure" not in same["chart"] and len(same["texts"]["more"]) == 3


def test_after_a_resume_all_texts_are_sent_again(client):
    run = with_events(sample(0), sample(1))
    texts = ask(client, run).json()["texts"]
    run.cut_events(0)
    run.append_event(sample(0, text="another"))
    again = ask(client, run, reading=texts["number"], texts=2).json()["texts"]
    assert again["first"] == 0 and again["number"] != texts["number"]
    assert [text["text"] for text in again["more"]] == ["the another"]


def test_what_was_recorded_again_while_nobody_looked_is_sent_again(client, monkeypatch):
    """Of a browser that slept meanwhile, so that the server has forgotten the run."""
    run = with_events(STEP, sample(0))
    before = ask(client, run).json()
    monkeypatch.setattr(live_document, "SNAPSHOTS", live.Snapshots())
    run.cut_events(0)
    run.append_event(STEP | {"loss": 0.5})
    run.append_event(sample(0, text="cat"))
    has = {"chart": before["chart"]["version"], "reading": before["texts"]["number"], "texts": 1}
    after = ask(client, run, **has).json()
    assert [text["text"] for text in after["texts"]["more"]] == ["the cat"]
    assert json.loads(after["chart"]["figure"])["data"][0]["y"] == [pytest.approx(0.5 / 0.6931, abs=1e-3)]


@pytest.mark.parametrize("texts", ["-1", "nonsense", "", "9" * 40, "1.5", "7"])
def test_a_browser_that_says_nonsense_gets_an_answer(client, texts):
    run = with_events(STEP, sample(0))
    said = {
        "texts": texts,
        "reading": "0",
        "unit": "hartleys",
        "over": "moons",
        "others": ",,../../etc",
        "chart": "x",
    }
    answer = ask(client, run, **said)
    assert answer.status_code == 200 and "bits" in answer.json()["chart"]["label"]


def test_an_answer_is_compressed_for_those_who_take_it(client):
    run = with_events(STEP, *(sample(epoch) for epoch in range(80)), state="done")
    packed, plain = with_baselines(client, run), ask(client, run, {"Accept-Encoding": "identity"})
    assert packed.headers["Content-Encoding"] == "gzip" and "Content-Encoding" not in plain.headers
    assert packed.json() == plain.json() and len(packed.json()["texts"]["more"]) == 80


def test_the_bytes_are_made_once_for_all(client, monkeypatch):
    monkeypatch.setattr(live_route, "LOOK_SECONDS", 60.0)
    made, make = [], live_document.make

    def noting(wanted):
        made.append(wanted)
        return make(wanted)

    monkeypatch.setattr(live_document, "make", noting)
    run = with_events(UNTRAINED, STEP)
    answers = [ask(client, run) for _ in range(5)] + [ask(client, run, unit="nats")]
    assert len(made) == 2 and len({answer.content for answer in answers[:5]}) == 1
    (answer, _) = live_route._answers.values()  # noqa: SLF001
    assert len(answer.packed) == 1 and answer.body(False, 0) is answer.packed[False, 0]


def test_no_more_answers_are_kept_than_a_few_megabytes(client, monkeypatch):
    monkeypatch.setattr(live_route, "_MOST_ANSWERS", 3)
    run = with_events(STEP)
    for other in range(6):
        assert ask(client, run, others=f"nowhere{other}").status_code == 200
    assert [wanted.others for wanted in live_route._answers] == [(f"nowhere{i}",) for i in (3, 4, 5)]  # noqa: SLF001


@pytest.mark.parametrize("name", ["nowhere", "", "../tiny", "a" * 300, "\x00"])
def test_a_run_that_is_not_there_is_gone(client, name):
    answer = client(f"{live_route.PATH}?{urlencode({'run': name})}")
    assert answer.status_code == 404 and answer.json() == {"gone": True}


def test_a_run_that_is_deleted_or_damaged_while_it_is_watched_is_gone(client):
    deleted, damaged = with_events(STEP), with_events(STEP)
    assert {ask(client, run).status_code for run in (deleted, damaged)} == {200}
    store.delete(deleted)
    (damaged.path / "status.json").write_text("{")
    assert {ask(client, run).status_code for run in (deleted, damaged)} == {404}


def test_what_the_server_cannot_do_is_said_in_a_sentence(client, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(live_document, "make", full)
    answer = ask(client, make_run())
    assert answer.status_code == 503 and "full" in answer.json()["error"]


# The page's script


@pytest.mark.parametrize("state", ["queued", "running", "paused", "stopped", "done", "failed"])
def test_the_script_and_the_server_agree_on_the_controls_of_a_run(state):
    trains = make_run(name="trains", state="running")
    run = make_run(name="watched", state=state)
    with trains.lock(), run.lock():
        app = open_page("train", run=run.id)
        (part,) = [
            data
            for element in app.get("bidi_component")
            if (data := json.loads(element.proto.json)).get("part") == "progress"
        ]
        assert part["controls"] == told_to(app)["controls"]
    assert part["controls"].startswith(state) and (trains.id in part["controls"]) == (state == "queued")


def test_the_controls_change_with_the_state_the_first_weights_and_the_runs_to_watch():
    trains, run = make_run(state="running"), make_run(state="queued")
    known = set()
    with trains.lock():
        known.add(live_document.controls(run, run.status(), ()))
        known.add(live_document.controls(run, run.status(), ("best",)))
    trains.write_status(store.Status("done"))
    known.add(live_document.controls(run, run.status(), ()))
    run.write_status(store.Status("done"))
    known.add(live_document.controls(run, run.status(), ()))
    assert len(known) == 4


def test_a_run_of_the_script_sends_neither_figures_nor_texts_nor_scripts():
    run = with_events(UNTRAINED, *(STEP | {"step": n, "epoch": n / 10} for n in range(500)), sample(0))
    app = open_page("train", run=run.id)
    parts = [element.proto for element in app.get("bidi_component") if "/live/run" in element.proto.json]
    assert len(parts) == 7 and sum(len(part.json) + len(part.js_content) for part in parts) < 5000


def test_addresses_hold_what_is_asked_for():
    wanted = Wanted("a-run", "nats", "steps", ("b", "c"), True)
    query = dict(parse_qsl(live_route.address(wanted).partition("?")[2]))
    assert live_route.wanted_by(query) == wanted


# Scripts that browsers keep


def test_scripts_are_served_to_be_kept_under_an_address_that_changes_with_them(client):
    (path,) = re.findall(r'"(/assets/[^"]+)"', served_files.loader("live_panel.js"))
    answer = client(path)
    assert "export default" in answer.text and answer.headers["content-type"].startswith("text/javascript")
    assert "immutable" in answer.headers["Cache-Control"]
    for name in re.findall(r'from "\./([\w.]+)"|"(\w+\.css)"', answer.text):
        assert client(path.replace("live_panel.js", "".join(name))).status_code == 200
    older = client(re.sub(r"parts/\w+/", "parts/older/", path))
    assert older.status_code == 200 and "no-store" in older.headers["Cache-Control"]
    for wrong in ("router.py", "..%2Frouter.py", "nothing.js"):
        assert client(path.replace("live_panel.js", wrong)).status_code == 404
