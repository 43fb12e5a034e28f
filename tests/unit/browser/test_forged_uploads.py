"""What somebody else sends to a run, or what no device sends: refused in words, and nothing of it is written."""

import json
import re
import struct

import numpy as np
import pytest
from safetensors.numpy import save
from starlette.middleware import Middleware

from charlab.browser import device_runs, uploads
from charlab.runs import control, store
from helpers import asgi
from helpers.devices import ANNA, BEN, cookie_of, device_of, queued, training
from pages.parts.shared import http_guard, routes

pytestmark = pytest.mark.usefixtures("server")
MORE = 1e308


@pytest.fixture
def device(clock):
    """Anna's, three seconds into its training, with one more step taken and not reported."""
    found = training(queued(), clock)
    clock.now += 1
    found.take_steps()
    return found


def files_of(run_id):
    """Every file of a run, byte for byte, and when it was written."""
    paths = sorted(path for path in store.find(run_id).path.rglob("*") if path.is_file() and path.name != "lock")
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in paths}


def refused(device, status, words, send):
    """The answer to a request that is refused without a trace, after which the device goes on."""
    before, number = files_of(device.run), device.number
    answer = send()
    assert answer.status_code == status, answer.text
    assert words in answer.json()["problem"]
    assert files_of(device.run) == before and device.number == number
    device.take_steps(seconds=0)
    assert device.report(with_weights=True).status_code == 200
    return answer


def post(device, body, actor=ANNA, *, headers=None, **more):
    """A POST of this body, which may come in parts."""
    said = cookie_of(actor) | device.headers() | (headers or {})
    parts = [body] if isinstance(body, bytes) else body
    return asgi.ask(routes.routes(), "POST", f"/device/{device.run}/progress", said, parts, **more)


def good(device, **more):
    """A body that would be taken, but for `more` in its line."""
    said, weights = device.message(True, **{"events": [device.event()]} | more)
    return json.dumps(said).encode() + b"\n" + weights


@pytest.mark.parametrize(
    ("actor", "headers", "words"),
    [
        (BEN, {}, "was started in another browser: only that browser can train it"),
        (ANNA, {"Cookie": ""}, "was started in another browser"),
        (ANNA, {"Cookie": "charlab_name=" + "a" * 16 + "." + "0" * 64}, "was started in another browser"),
        (ANNA, {"Charlab-Secret": "x" * 32}, "was opened by another page since"),
        (ANNA, {"Charlab-Secret": ""}, "was opened by another page since"),
        (ANNA, {"Charlab-Secret": "\u00e9"}, "was opened by another page since"),
    ],
)
def test_a_request_of_somebody_else(device, actor, headers, words):
    refused(device, 403, words, lambda: post(device, good(device), actor, headers=headers))
    for what in ("job", "ids", "weights"):
        said = cookie_of(actor) | device.headers() | headers
        assert asgi.get(routes.routes(), f"/device/{device.run}/{what}", said).status_code == 403


def test_the_secret_of_a_page_that_was_opened_before(device):
    run, old = store.find(device.run), device.secret
    control.pause(run, ANNA)
    device.end("paused")
    control.resume(run, ANNA)
    again = device_of(run)
    again.begin()
    before = files_of(run.id)
    device.secret, device.number = old, 0
    assert device.report().status_code == 403
    assert files_of(run.id) == before


def test_a_request_from_another_site(device):
    guard = [Middleware(http_guard.Guard)]
    for headers in ({"Origin": "http://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}):
        before = files_of(device.run)
        answer = post(device, good(device), headers=headers | {"Host": "class.example"}, middleware=guard)
        assert answer.status_code == 403 and "from a page of another site" in answer.text
        assert files_of(device.run) == before
    own = {"Origin": "http://class.example", "Host": "class.example"}
    assert post(device, good(device), headers=own, middleware=guard).status_code == 200


@pytest.mark.parametrize("number", [-1, 0, 3, 5, True, 4.0, "4", None])
def test_a_message_that_came_before_or_is_out_of_turn(device, number):
    """The device has sent three: the third is a replay."""
    is_number = type(number) is int and number > 0
    words = (
        f"message {number} came out of turn: message 4 is next" if is_number else "not a whole number from 1 on"
    )
    answer = refused(device, 409 if is_number else 400, words, lambda: post(device, good(device, number=number)))
    assert answer.json().get("number") == (3 if is_number else None)


def changed(name, array):
    """Weights with one array changed, or without it where it is None."""

    def change(weights):
        rest = {other: weights[other] for other in weights if other != name}
        return save(
            rest if array is None else rest | {name: array(weights[name]) if name in weights else array(0)}
        )

    return change


BIAS, NAN = "head/bias", float("nan")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (changed(BIAS, lambda array: array[:-1]), "'head/bias' in it should be (3,) and is [2]"),
        (
            changed(BIAS, lambda array: array.astype(np.float16)),
            "'head/bias' in it has a type that weights cannot",
        ),
        (changed(BIAS, None), "'head/bias' in it should be (3,) and is nothing"),
        (changed("head/bias_2", lambda _: np.zeros(3, np.float32)), "'head/bias_2' in it should be absent"),
        (changed(BIAS, lambda array: array * NAN), "contains values that are not numbers, or are beyond"),
        (changed(BIAS, lambda array: array + np.float32(np.inf)), "contains values that are not numbers"),
        (changed(BIAS, lambda array: array + np.float32(2e6)), "beyond 1,000,000"),
        (lambda weights: save(weights)[:-1], "longer or shorter than its arrays"),
        (lambda weights: save(weights) + b"\0", "longer or shorter than its arrays"),
        (lambda weights: b"garbage" * 100, "is not a safetensors file"),
        (lambda weights: struct.pack("<Q", 2**60) + save(weights)[8:], "is not a safetensors file"),
        (lambda weights: struct.pack("<Q", 2) + b"{}" + save(weights)[10:], "should be"),
        (lambda weights: b"\n", "is not a safetensors file"),
    ],
)
def test_weights_that_are_not_the_models(device, change, words):
    def send():
        said, _ = device.message(True, events=[device.event()])
        return post(device, json.dumps(said).encode() + b"\n" + change(device.weights))

    refused(device, 400, words, send)


def event_with(**more):
    return lambda device: {"events": [device.event() | more]}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (event_with(event="epoch"), "event 1 is not a step with"),
        (event_with(val_loss=0.1), "event 1 is not a step with"),
        (event_with(loss=-1), "a loss from 0 to"),
        (event_with(loss=None), "'loss' in line 1"),
        (event_with(accuracy=2), "a share from 0 to 1"),
        (event_with(characters_per_second="fast"), "'characters_per_second' in line 1"),
        (event_with(step=3), "Step 3 is not in epoch|Step 3 does not come after step 3"),
        (event_with(epoch=7), "Step 4 is not in epoch 7"),
        (event_with(seconds=60), "57 s of training|60 s of training cannot have passed in 4 s"),
        (event_with(seconds=2.5), "Step 4 does not come after step 3"),
        (lambda device: {"events": [device.event()] * 2}, "Step 4 does not come after step 4"),
        (lambda device: {"events": [device.event()] * 1001}, "not a list of at most 1,000"),
        (lambda device: {"events": {}}, "not a list"),
        (lambda device: {"events": [[]]}, "event 1 is not a step"),
        (lambda device: {"val_loss": 0.1}, "'val_loss' is not known"),
        (lambda device: {"place": device.place() | {"step": 2}}, "Step 2 is not in|older than those"),
        (lambda device: {"place": device.place() | {"seconds": 1}}, "older than those that came before"),
        (lambda device: {"place": device.place() | {"step": -1}}, "'step' of a place is not"),
        (lambda device: {"place": device.place() | {"seconds": MORE}}, "'seconds' of a place is not"),
        (lambda device: {"place": {"step": 4}}, "a place in training is not described by"),
        (lambda device: {"place": None}, "its weights have no place"),
        (lambda device: {"begins": device.place()}, "a second time where it begins"),
        (lambda device: {"ended": {"state": "queued"}}, "its end is not one of done, paused, stopped, failed"),
        (lambda device: {"ended": {"state": "failed", "problem": "a\x1b[31m"}}, "its end is not one of"),
        (lambda device: {"ended": {"state": "failed", "problem": "a" * 301}}, "its end is not one of"),
        (lambda device: {"ended": "done"}, "its end has no state"),
    ],
)
def test_a_line_that_no_device_sends(device, more, words):
    before = files_of(device.run)
    answer = post(device, good(device, **more(device)))
    assert answer.status_code == 400 and re.search(words, answer.json()["problem"]), answer.text
    assert files_of(device.run) == before
    assert device.report(with_weights=True).status_code == 200


NO_MESSAGES = [
    b"", b"\n", b"null", b"[]", b"4", b'{"number": 4', b"\xff\xfe", b'{"number": NaN}',
    b'{"number": 4, "number": 4}', b'{"number": 4, "events": [], "ended": {"state": "\\ud800"}}',
    b"[" * 100_000, b'{"number": 4}' + b" " * uploads.MAX_LINE,
]  # fmt: skip


@pytest.mark.parametrize("body", NO_MESSAGES, ids=range(len(NO_MESSAGES)))
def test_bytes_that_are_no_message(device, body):
    refused(device, 400, "What the device sent cannot be taken: ", lambda: post(device, body))


def test_a_message_of_a_hundred_megabytes_is_not_read(device):
    taken = []

    def parts(number, size=1_000_000):
        for _ in range(number):
            taken.append(size)
            yield bytes(size)

    words = "longer than any of this run can be"
    long = {"Content-Length": "100000000"}
    refused(device, 413, words, lambda: post(device, parts(100), headers=long))
    assert not taken
    refused(device, 413, words, lambda: post(device, parts(100)))  # whose length is not said
    assert sum(taken) <= device_runs.pool().session(device.run, ANNA).limit() + 1_000_000
    for length in ("1e9", "-1", "9" * 30, "\u0664"):
        refused(
            device,
            413,
            words,
            lambda length=length: post(device, good(device), headers={"Content-Length": length}),
        )
    packed = {"Content-Encoding": "gzip"}
    refused(device, 400, "must not be compressed", lambda: post(device, good(device), headers=packed))


def test_a_message_that_breaks_off(device):
    body = good(device)
    refused(device, 400, "ended before it was complete", lambda: post(device, body[:500], breaks_off=True))
    refused(device, 400, "longer or shorter", lambda: post(device, body[:-500]))


def test_a_state_of_its_own_that_cannot_be(clock):
    run = queued()
    device = device_of(run)
    device.begin()
    for begins, words in (
        ({"step": 5, "seconds": 1000.0, "epoch": 0.0028}, "1,000 s of training cannot have passed: the run"),
        ({"step": 5, "seconds": 1.0, "epoch": 3.0}, "Step 5 is not in epoch 3"),
        ({"step": -5, "seconds": 1.0, "epoch": 0.0}, "'step' of a place is not"),
    ):
        before = files_of(run.id)
        answer = device.send(*device.message(begins=begins))
        assert answer.status_code == 400 and words in answer.json()["problem"]
        assert files_of(run.id) == before
    assert device.report(with_weights=True).status_code == 200


def test_more_than_the_budget(clock):
    run = queued()
    device = training(run, clock)
    clock.now += 60
    device.take_steps(seconds=60)
    before = files_of(run.id)
    answer = device.report(with_weights=True)
    assert answer.status_code == 400 and "The run's budget is spent" in answer.json()["problem"]
    assert files_of(run.id) == before


def test_more_events_than_time_allows(clock):
    run = queued()
    device = training(run, clock, steps=1)
    for _ in range(3):
        events = []
        for _ in range(uploads.MAX_EVENTS):
            device.take_steps(seconds=0)
            events.append(device.event())
        before = files_of(run.id)
        answer = device.send(*device.message(events=events))
    assert answer.status_code == 429 and "more events than any training has" in answer.json()["problem"]
    assert files_of(run.id) == before
    clock.now += 200
    assert device.send(*device.message(events=events)).status_code == 200


def test_a_run_that_has_ended_is_deleted_or_was_never_there(device):
    run = store.find(device.run)
    device.end("failed")
    before = files_of(run.id)
    device.number = 0
    for send in (device.report, lambda: device.fetch("job"), lambda: device.fetch("weights")):
        answer = send()
        assert answer.status_code == 409 and "is failed: nothing more is taken of it" in answer.json()["problem"]
    assert files_of(run.id) == before
    control.delete(run, ANNA)
    assert "There is no run" in device.report().json()["problem"] and device.last.status_code == 404
    assert not run.path.exists()
    for name in ("nothing", "..", "%2e%2e", "a" * 300, run.id + "%00"):
        device.run = name
        assert device.report().status_code == 404


def test_what_is_not_served(device):
    for method, what in (("GET", "progress"), ("POST", "job"), ("GET", "checkpoint"), ("PUT", "progress")):
        said = cookie_of(ANNA) | device.headers()
        answer = asgi.ask(routes.routes(), method, f"/device/{device.run}/{what}", said, [b""])
        assert answer.status_code in (404, 405)
