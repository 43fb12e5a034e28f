"""How a tab reports a training on its device, in Node: the numbers of its messages, a server that does not answer,
and where it goes on. The worker is a fake one here; tests/browser/test_device.py has the real one."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from helpers import javascript
from helpers.project import ROOT

PARTS = ROOT / "pages" / "parts" / "train"

# A worker that says what a test lets it say, a server that answers from a list, and a browser's storage.
SCENES = """
import { Trainer } from "PLACE/device_trainer.js";

const sleep = (time) => new Promise((done) => setTimeout(done, time));
const place = (step) => ({ step, epoch: step / 100, seconds: step / 10, whole_epoch: false });
const GO_ON = { request: null }, refusal = (status, problem) => ({ status, problem });
const json = (said, status = 200) => new Response(JSON.stringify(said), { status });

function scene({ job = {}, answers = [], kept, sent = [] } = {}) {
  const seen = { posts: [], worker: [], ended: false, noted: [] };
  const server = async (address, { method, body } = {}) => {
    const what = address.split("/").at(-1);
    if (method === "POST") {
      const bytes = new Uint8Array(await body.arrayBuffer()), line = bytes.indexOf(10);
      const head = JSON.parse(new TextDecoder().decode(line < 0 ? bytes : bytes.subarray(0, line)));
      seen.posts.push({ ...head, bytes: line < 0 ? 0 : bytes.length - line - 1 });
      const next = answers.shift() ?? { request: null };
      if (next === "lost") throw new TypeError("Failed to fetch");
      return json(next, next.status ?? 200);
    }
    if (what === "ids") return new Response(Uint8Array.of(1, 2, 3), { headers: { "Charlab-Bytes": "1" } });
    const job_ = { model: {}, train: {}, vocabulary_size: 4, unknown_id: 3, place: place(0), has_weights: false };
    if (what === "job") return json({ ...job_, ...job });
    return new Response(new Uint8Array(8));
  };
  const storage = {
    checkpoint: async () => kept, sent: async () => sent, finish: async () => { seen.finished = true; },
    keep: async (run, at) => { seen.kept = at; }, note: async (run, at) => { seen.noted.push(at.step); },
  };
  const worker = { postMessage: (said) => seen.worker.push(said), terminate: () => { seen.ended = true; } };
  const trainer = new Trainer(
    { run: "r", secret: "s", address: "/device/r", script: "/engine.js", kernels: "/kernels.wasm" },
    { makeWorker: () => worker, kept: storage, fetched: server });
  return { trainer, seen, hear: (said) => worker.onmessage({ data: said }) };
}
const step = (number) => ({ event: { event: "step", step: number, loss: 1 } });
async function over(trainer) { while (!trainer.isOver) await sleep(20); }

const SCENES = {
  async whole() {
    const { trainer, seen, hear } = scene();
    await trainer.begin();
    hear(step(1));
    hear({ weights: new ArrayBuffer(8), place: place(0) });
    hear({ weights: new ArrayBuffer(4), place: place(1) });
    hear({ weights: new ArrayBuffer(6), place: place(2) });
    await sleep(1300);
    hear({ checkpoint: new ArrayBuffer(3), place: place(7) });
    hear(step(9));
    hear({ weights: new ArrayBuffer(12), place: place(9) });
    hear({ weights: new ArrayBuffer(16), place: place(10) });
    hear({ end: true, state: "done" });
    await over(trainer);
    return { ...seen, worker: seen.worker.map(({ ids, ...said }) => ({ ...said, ids: ids && [...ids] })) };
  },
  async lost() {
    const replay = { ...refusal(409, "Had it."), number: 2 };
    const { trainer, seen, hear } = scene({ answers: [GO_ON, "lost", "lost", replay] });
    await trainer.begin();
    await sleep(50);
    hear(step(1));
    await sleep(1100);
    hear(step(2));
    const silent = [];
    while (!seen.posts[4]) { await sleep(20); silent.push(trainer.silent); }
    const { state } = trainer;
    trainer.leave("");
    return { posts: seen.posts, silent: Math.max(...silent), now: trainer.silent, state };
  },
  async refused() {
    const { trainer, seen, hear } = scene({ answers: [GO_ON, refusal(403, "Another tab trains it.")] });
    await trainer.begin();
    await sleep(50);
    hear(step(1));
    await over(trainer);
    return { asked: seen.worker.slice(1), problem: trainer.problem, refused: trainer.isRefused };
  },
  async pressed() {
    const { trainer, seen, hear } = scene({ answers: [GO_ON, GO_ON, { request: "stop" }] });
    await trainer.begin();
    await sleep(50);
    trainer.press("stop");
    const asked = seen.worker.at(-1);
    hear({ weights: new ArrayBuffer(8), place: place(10) });
    hear({ end: true, state: "stopped" });
    await over(trainer);
    return { asked, posts: seen.posts, asks: seen.worker.filter((said) => said.do === "ask").length };
  },
  async goingOn(job, sent) {
    const kept = { place: place(25), checkpoint: new ArrayBuffer(5) };
    const { trainer, seen } = scene({ job, kept, sent: sent.map(place) });
    await trainer.begin();
    const [{ weights, checkpoint }] = seen.worker, { place: { step }, exact } = trainer.from;
    await sleep(1200);
    trainer.leave("");
    const begins = seen.posts.map((post) => post.begins?.step).filter(Boolean);
    return { step, exact, begins, weights: weights?.byteLength, checkpoint: checkpoint?.byteLength };
  },
};

async function main() {
  const { whole, lost, refused, pressed, goingOn } = SCENES, has_weights = true;
  const weightsAt = (step) => goingOn({ has_weights, place: place(step) }, [10, 20]);
  const played = {
    whole: whole(), lost: lost(), refused: refused(), pressed: pressed(),
    fresh: goingOn({}, []), own: weightsAt(20), others: weightsAt(30),
  };
  for (const name of Object.keys(played)) played[name] = await played[name];
  return played;
}
"""


@pytest.fixture(scope="module")
def scenes(tmp_path_factory) -> dict[str, Any]:
    """What was seen in each of the scenes, which are played at once."""
    folder = tmp_path_factory.mktemp("trainer")
    (folder / "package.json").write_text('{ "type": "module" }')
    for name in ("device_trainer.js", "device_storage.js"):
        shutil.copy(PARTS / name, folder)
    return javascript.evaluate_js(SCENES.replace("PLACE", folder.as_uri()), timeout=60)


def test_messages_are_numbered_and_the_last_one_has_the_weights_and_the_end(scenes):
    seen = scenes["whole"]
    (task,) = seen["worker"]
    assert (task["do"], task["ids"], task["vocabularySize"]) == ("train", [1, 2, 3], 4)
    posts = seen["posts"]
    assert [post["number"] for post in posts] == list(range(1, len(posts) + 1))
    assert [event["step"] for post in posts for event in post["events"]] == [1, 9]
    assert [(post["place"]["step"], post["bytes"]) for post in posts if "place" in post] == [
        (0, 8),
        (2, 6),
        (10, 16),
    ]
    assert [post["ended"] for post in posts if "ended" in post] == [{"state": "done"}]
    assert "ended" in posts[-1] and seen["ended"] and seen["finished"]
    assert seen["noted"] == [0, 2, 10] and seen["kept"]["step"] == 7


def test_a_message_without_an_answer_is_sent_again_as_it_was_and_what_is_new_comes_after_it(scenes):
    seen = scenes["lost"]
    numbers = [(post["number"], [event["step"] for event in post["events"]]) for post in seen["posts"][:5]]
    assert numbers == [(1, []), (2, [1]), (2, [1]), (2, [1]), (3, [2])]
    assert seen["silent"] == 2 and seen["now"] == 0 and seen["state"] == "training"


def test_what_the_server_refuses_pauses_the_worker_and_says_why(scenes):
    seen = scenes["refused"]
    assert seen["asked"] == [{"id": 2, "do": "ask", "job": 1, "request": "pause"}]
    assert seen["problem"] == "Another tab trains it." and seen["refused"]


def test_a_press_reaches_the_worker_at_once_and_the_end_waits_for_the_servers_word(scenes):
    seen = scenes["pressed"]
    assert seen["asked"]["request"] == "stop" and seen["asks"] == 1
    ended = [post.get("ended") for post in seen["posts"]]
    assert ended == [None] * 3 + [{"state": "stopped"}]


@pytest.mark.parametrize(
    ("scene", "expected"),
    [
        ("fresh", {"step": 25, "exact": True, "begins": [25], "checkpoint": 5}),
        ("own", {"step": 25, "exact": True, "begins": [25], "checkpoint": 5}),
        ("others", {"step": 30, "exact": False, "begins": [30], "weights": 8}),
    ],
)
def test_it_goes_on_from_its_checkpoint_where_the_servers_weights_are_of_its_making(scenes, scene, expected):
    assert scenes[scene] == expected


WORDS = """
import { speedInWords } from "PLACE/device_words.js";
const main = ({ measured, budgets }) =>
  budgets.map((budget) => speedInWords(measured, { characters: 1e6, ...budget }));
"""


def test_what_a_device_will_do_in_the_time_that_it_gets(tmp_path):
    (tmp_path / "package.json").write_text('{ "type": "module" }')
    shutil.copy(PARTS / "device_words.js", tmp_path)
    budgets = [{"minutes": 1}, {"minutes": 2.5}, {"minutes": 0.1}, {"epochs": 1}, {"epochs": 100}]
    script = WORDS.replace("PLACE", tmp_path.as_uri())
    said = javascript.evaluate_js(script, measured={"speed": 41234.5, "simd": True}, budgets=budgets)
    assert [
        sentence.removeprefix("This device trains about 41,000 characters per second: ") for sentence in said
    ] == [
        "1 minute reads the text 2.5 times.",
        "2.5 minutes read the text 6.2 times.",
        "0.1 minutes read 25% of the text. A model with fewer units would read more of it.",
        "1 epoch takes about 25 seconds.",
        "100 epochs take about 40 minutes.",
    ]
    slow = javascript.evaluate_js(script, measured={"speed": 950, "simd": False}, budgets=[{"epochs": 7}])
    assert slow[0].startswith("This device trains about 950 characters per second: 7 epochs take about 2 hours.")
    assert slow[0].endswith("no WebAssembly SIMD: another one may be several times as fast.")
