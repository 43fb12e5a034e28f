// The trainers of this tab, which outlast runs of the page's script and changes of the page; what other tabs of this
// browser train; and how fast this device is.

import { kernelBytes, Trainer } from "./device_trainer.js";
import { askSoon } from "./live_panel.js";

const ASKED = [0, 400, 800]; // milliseconds after which other tabs are asked who trains a run
const ANSWER = 400; // milliseconds that they have to answer after the last time

// On the window: a server that was updated meanwhile serves this module at another address.
const tab = (window.charlabDevice ??= { trainers: new Map(), begun: new Set(), speeds: new Map(), channel: null, stopMeasuring() {} });

// The trainer of a run in this tab, begun where its secret is new here; undefined where there is none.
export function trainer(given) {
  listenOnce();
  if (given.secret && !tab.begun.has(given.secret)) {
    tab.begun.add(given.secret);
    tab.stopMeasuring();
    tab.trainers.get(given.run)?.leave("");
    const begun = new Trainer(given, { shown: askSoon });
    tab.trainers.set(given.run, begun);
    begun.begin();
  }
  return tab.trainers.get(given.run);
}

const isTraining = (run) => tab.trainers.has(run) && !tab.trainers.get(run).isOver;

// Whether another tab of this browser trains the run.
export function isElsewhere(run) {
  listenOnce();
  return new Promise((done) => {
    const hear = ({ data }) => data.trains === run && finish(true);
    const finish = (found) => {
      tab.channel.removeEventListener("message", hear);
      done(found);
    };
    tab.channel.addEventListener("message", hear);
    // A page that is being drawn may be late to hear the answer: it is asked again, and not all in one wait.
    for (const wait of ASKED) setTimeout(() => tab.channel.postMessage({ whoTrains: run }), wait);
    setTimeout(() => setTimeout(finish, ANSWER, false), ASKED.at(-1));
  });
}

function listenOnce() {
  if (tab.channel) return;
  tab.channel = new BroadcastChannel("charlab-device");
  tab.channel.addEventListener("message", ({ data }) => {
    if (isTraining(data.whoTrains)) tab.channel.postMessage({ trains: data.whoTrains });
  });
  // A press on Pause or Stop reaches the worker at once, and the server by the page's script.
  document.addEventListener("click", ({ target }) => {
    for (const [run, one] of tab.trainers) {
      const pressed = ["pause", "stop"].find((request) => target.closest?.(`.${classOf(`${request}-${run}`)} button`));
      if (pressed) one.press(pressed);
    }
  }, true);
}

// The class that Streamlit gives to the element with a key.
const classOf = (key) => `st-key-${key.replace(/[^a-zA-Z0-9_-]/g, "-")}`;

// Characters per second of training, measured in a worker and remembered: {speed, simd}. None while this tab trains.
export async function measure({ script, kernels, model, train, vocabulary_size, seconds }, signal) {
  const key = JSON.stringify([model, train.batch_size, train.sequence_length, train.optimizer, vocabulary_size]);
  if (tab.speeds.has(key)) return tab.speeds.get(key);
  if ([...tab.trainers.keys()].some(isTraining)) return null;
  const wasm = await kernelBytes(kernels, (address) => fetch(address));
  if (signal.aborted) return null;
  const worker = new Worker(script);
  try {
    const said = await new Promise((done, fail) => {
      worker.onmessage = ({ data }) => (data.problem ? fail(new Error(data.problem)) : data.end && done(data));
      worker.onerror = ({ message }) => fail(new Error(message));
      tab.stopMeasuring = () => done(null);
      signal.addEventListener("abort", tab.stopMeasuring);
      worker.postMessage({ id: 1, do: "measure", model, train, vocabularySize: vocabulary_size, seconds, wasm });
    });
    if (said) tab.speeds.set(key, { speed: said.characters_per_second, simd: said.simd });
    return tab.speeds.get(key) ?? null;
  } finally {
    worker.terminate();
  }
}
