// What a page asks of its Web Worker, in which all computing is. A request is { id, do, ... }; the answers are
// { id, ... }, any number of them, the last with `end: true`; one that fails is { id, end: true, problem }, a sentence.
import { Training, runTraining } from "./training.js";
import { hasSimd } from "./kernels.js";
import { readArrays } from "./safetensors.js";
import { weightShapes } from "./weight_shapes.js";

// Each takes a request and a job ({ say(answer), asked() }), and what the worker keeps between requests.
// It returns the last answer.
const TASKS = { train, measure };

// Answer the requests that come in at a port: a worker's own `self`, or one of a MessageChannel. `more` are further tasks.
export function serve(port, more = {}) {
  const jobs = new Map(), kept = {}, tasks = { ...TASKS, ...more };
  port.onmessage = async ({ data: { id, do: task, ...request } }) => {
    if (task === "cancel" || task === "ask") {
      const job = jobs.get(request.job);
      if (job) job.request = task === "cancel" ? "cancel" : request.request;
      return;
    }
    const job = { request: null };
    jobs.set(id, job);
    const post = (answer) => port.postMessage({ id, ...answer }, buffersOf(answer));
    try {
      if (!Object.hasOwn(tasks, task)) throw new Error(`There is no task "${task}".`);
      const asked = () => job.request; // "cancel", of a training "pause" or "stop"; else null
      post({ ...(await tasks[task](request, { say: post, asked }, kept)), end: true });
    } catch (error) {
      post({ problem: sentenceOf(error), end: true });
    }
    jobs.delete(id);
  };
}

// An Error says in a sentence what is wrong; its subclasses are the browser's own, and a fault of ours.
function sentenceOf(error) {
  return error.constructor === Error ? error.message : `Internal error: ${error.name}: ${error.message}`;
}

// What is handed over and not copied.
function buffersOf(answer) {
  return Object.values(answer).map((value) => (ArrayBuffer.isView(value) ? value.buffer : value))
    .filter((value) => value instanceof ArrayBuffer);
}

// Train a network on the ids of a text. `place` { step, seconds } belongs to `weights` that are not the first ones.
async function train(request, { say, asked }) {
  const arrays = request.weights && readArrays(request.weights);
  const training = new Training({ ...request, arrays });
  const { weights_seconds: weightsSeconds = 10, events_seconds: eventsSeconds = 1 } = request;
  const state = await runTraining(training, { weightsSeconds, eventsSeconds, asked, tell: say });
  return { state, place: training.place, weights: training.weights().buffer };
}

// Numbers between -0.1 and 0.1.
const spread = (count) => Float32Array.from({ length: count }, (_, i) => ((i * 7919) % 2001) / 10_000 - 0.1);

// How fast this device trains a network, on random ids: the first half of the time is left to the browser's compiler.
function measure({ model, train: settings, vocabularySize, seconds, wasm }) {
  const characters = Math.max(10_000, 4 * settings.batch_size * settings.sequence_length);
  const ids = Uint16Array.from({ length: characters }, (_, i) => (i * 7919) % (vocabularySize - 1 || 1));
  const any = ([name, shape]) => [name, { shape, values: spread(shape.reduce((a, b) => a * b)) }];
  const arrays = Object.fromEntries(Object.entries(weightShapes(model, vocabularySize)).map(any)); // faster than drawing
  const training = new Training({ model, train: settings, vocabularySize, ids, arrays, wasm });
  const began = performance.now(), passed = () => (performance.now() - began) / 1000;
  training.takeStep();
  while (passed() < seconds / 2) training.takeStep();
  training.event();
  do training.takeStep(); while (passed() < seconds);
  return { characters_per_second: training.event().characters_per_second, simd: hasSimd(wasm) };
}
