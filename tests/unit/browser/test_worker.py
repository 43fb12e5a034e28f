"""What the browser's engine answers while it trains: events, weights, checkpoints; and how a training goes on."""

import numpy as np
import pytest

from charlab.core.config import ModelConfig, TrainConfig
from charlab.runs import budget
from helpers.javascript import evaluate_js, kernels

V = 12
MODEL = ModelConfig(kind="gru", units=16, embedding=8, recurrent_dropout=0.1)
TRANSFORMER = ModelConfig(kind="transformer", units=20, layers=2, heads=2, context=16, output_dropout=0.1)
TRAIN = TrainConfig(epochs=3, batch_size=4, sequence_length=8, batches="streams", state_resets=0.1)
IDS = (np.arange(404) ** 2 % 11).astype(np.uint8)  # an epoch of 12 steps
GIVEN = {"model": MODEL.to_json(), "train": TRAIN.to_json(), "vocabularySize": V, "ids": IDS, "wasm": kernels()}

ASK = """
import { serve } from "./worker.js";
import { readArrays } from "./safetensors.js";
const { port1: page, port2: worker } = new MessageChannel();
let id = 0;
// Ask the worker, and let `seen(answer, job)` see each answer -> all of them.
const asked = (request, seen = () => {}) => new Promise((resolve) => {
  const job = ++id, answers = [];
  page.onmessage = ({ data }) => {
    answers.push(data);
    seen(data, job);
    if (data.end) resolve(answers);
  };
  page.postMessage({ id: job, ...request });
});
const arraysOf = (buffer) => readArrays(new Uint8Array(buffer));
const main = async (input) => {
  serve(worker);
  const result = await run(input);
  page.close();
  return result;
};
"""


def ask(code, **inputs):
    return evaluate_js(ASK + code, **inputs)


def test_a_training_says_how_it_goes():
    code = """
    const run = async (request) => {
      const answers = await asked({ do: "train", ...request, events_seconds: 0 });
      return answers.map(({ weights, checkpoint, ...rest }) => (
        { ...rest, weights: weights && arraysOf(weights), checkpoint: Boolean(checkpoint) }));
    };
    """
    answers = ask(code, **GIVEN)
    events = [answer["event"] for answer in answers if "event" in answer]
    assert [event["step"] for event in events] == list(range(1, 37))
    assert events[-1]["epoch"] == 3 and events[-1]["loss"] < events[0]["loss"]
    figures = ["loss", "accuracy", "learning_rate", "characters_per_second", "seconds"]
    assert set(events[0]) == {"event", "step", "epoch", *figures}
    places = [answer["place"] for answer in answers if "weights" in answer and not answer.get("end")]
    assert [(place["step"], place["epoch"], place["whole_epoch"]) for place in places] == [
        (step, step / 12, True) for step in (0, 12, 24, 36)
    ]
    assert [answer["checkpoint"] for answer in answers][-2:] == [True, False]
    assert answers[-1]["state"] == "done" and answers[-1]["place"]["step"] == 36
    assert answers[-1]["weights"]["layer_0/recurrent_kernel"]["shape"] == [16, 48]


@pytest.mark.parametrize(
    ("model", "train", "states"),
    [(MODEL, TRAIN, 1), (TRANSFORMER, TRAIN.replace(batches="windows", optimizer="muon", weight_decay=0.1), 0)],
    ids=["gru", "transformer, Muon"],
)
def test_it_goes_on_exactly_from_a_checkpoint(model, train, states):
    code = """
    import { Training } from "./training.js";
    const main = (given) => {
      const whole = new Training(given), begun = new Training(given);
      for (let step = 0; step < 17; step++) begun.takeStep(); // into the second epoch, the state carried along
      const resumed = new Training({ ...given, checkpoint: begun.checkpoint() }), place = resumed.place;
      for (const training of [whole, resumed]) while (!training.isSpent) training.takeStep();
      return [begun.place, place, resumed.place.step, whole.checkpoint(), resumed.checkpoint()].map((one) => (
        one.buffer ? arraysOf(one.buffer) : one));
    };
    """
    given = GIVEN | {"model": model.to_json(), "train": train.to_json()}
    begun, place, last, whole, resumed = evaluate_js(ASK.split("const main")[0] + code, **given)
    assert begun == place and place["step"] == 17 and last > 17
    assert sorted(name.split("/")[0] for name in whole).count("state") == states
    for name, array in whole.items():
        assert (array["values"] == resumed[name]["values"]).all(), name


@pytest.mark.parametrize(("request_", "state"), [("pause", "paused"), ("stop", "stopped")])
def test_it_ends_when_asked(request_, state):
    code = """
    const run = async ({ request_, ...request }) => {
      let began;
      const answers = await asked({ do: "train", ...request }, (answer, job) => {
        if (!answer.event || began) return;
        began = performance.now();
        page.postMessage({ do: "ask", job, request: request_ });
      });
      const { state, place } = answers.at(-1), checkpoint = Boolean(answers.at(-2).checkpoint);
      return { state, place, checkpoint, milliseconds: performance.now() - began };
    };
    """
    result = ask(code, **GIVEN | {"train": TRAIN.replace(minutes=5.0).to_json()}, request_=request_)
    assert result["state"] == state and result["checkpoint"]
    assert 0 < result["place"]["seconds"] < 2 and result["milliseconds"] < 500


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model": ModelConfig(kind="ngram").to_json()}, "Only a GRU, an LSTM or a Transformer"),
        ({"model": TRANSFORMER.replace(context=6).to_json()}, "8 characters do not fit in a context of 6"),
        ({"train": TRAIN.replace(optimizer="sgd").to_json()}, "Adam, AdamW or Muon"),
        ({"train": TRAIN.replace(batch_size=200).to_json()}, "too short"),
        ({"train": TRAIN.to_json() | {"learning_rate": 1e38}}, "diverged"),
        ({"do": "juggle"}, "no task"),
    ],
)
def test_a_problem_is_said_in_a_sentence(changes, said):
    code = 'const run = async (request) => (await asked({ do: "train", ...request })).at(-1).problem ?? "";'
    assert said in ask(code, **GIVEN | changes)


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
@pytest.mark.parametrize("minutes", [None, 2.0])
def test_the_learning_rate_is_the_servers(schedule, minutes):
    train = TRAIN.replace(learning_rate_schedule=schedule, warm_up_steps=10, minutes=minutes)
    steps, seconds, limit = (
        [0, 4, 20, 35, 36, 40],
        [0.0, 2.5, 60.0, 118.0, 119.95, 121.0],
        budget.Budget(train, 12),
    )
    code = """
    import { isSpent, learningRate, spentShare } from "./schedule.js";
    const main = ({ train, steps, seconds }) => steps.map((step, i) => [
      learningRate(train, step, spentShare(train, 12, step, seconds[i])),
      isSpent(train, 12, step, seconds[i], 0.2),
    ]);
    """
    for step, second, (rate, is_spent) in zip(
        steps, seconds, evaluate_js(code, train=train.to_json(), steps=steps, seconds=seconds), strict=True
    ):
        assert rate == pytest.approx(budget.learning_rate(train, step, limit.progress(step, second)), rel=1e-12)
        assert is_spent == limit.is_spent(step, second, 0.2)


def test_the_device_is_measured():
    code = """
    const run = async (request) => {
      const measured = async (wasm) => (await asked({ do: "measure", ...request, wasm, seconds: 0.1 })).at(-1);
      return [await measured(request.wasm), await measured(null)];
    };
    """
    with_simd, without = ask(code, **GIVEN)
    assert with_simd["simd"] and not without["simd"]
    assert with_simd["characters_per_second"] > without["characters_per_second"] > 100
