// Trains a run on this device: in a Web Worker, while the tab is open, whatever page of the app it shows.
//
// The text, the configuration and the first weights come from the server; once per second the figures go to it, and
// the weights now and then. The server writes the run and measures; what it asks for (pause, stop) is in its answers.

import { storage } from "./device_storage.js";

const BEAT = 1000; // milliseconds between two messages to the server
const SOON = 200; // after a click on Pause or Stop, until the server has heard of it
const PATIENCE = 5000; // for the server to hear of it
const WAIT = 20000; // for an answer
const TRIES = [500, 1500, 4000]; // milliseconds after which a file is asked for again
const MOST_EVENTS = 600; // that wait for a server which does not answer
const MOST_WORDS = 300; // characters of a problem

const ENDED = { pause: "paused", stop: "stopped" };
const ARRAYS = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array };

// The server's word that it does not take part: nothing is gained by asking again.
export class Refused extends Error {}

export class Trainer {
  // `given`: run, its secret, its address, those of the engine's script and its kernels, and whether the run `isNew`, so
  // that nothing of it can be stored here.
  // `shown` is called with the run once the server has the first figures.
  constructor(given, { makeWorker, kept = storage, fetched, shown = () => {} } = {}) {
    Object.assign(this, given, { kept, shown });
    this.makeWorker = makeWorker ?? ((address) => new Worker(address));
    this.fetched = fetched ?? ((...asked) => fetch(...asked));
    this.state = "preparing"; // training | ending | over
    this.from = null; // {place, exact}: where it goes on, and whether to the bit
    this.problem = ""; // what ended it, in a sentence
    this.isRefused = false; // by the server, which did not let it end
    this.silent = 0; // messages that the server has not answered, one after the other
    this.listeners = new Set();
    this.number = 0;
    this.events = [];
    this.weights = []; // {place, bytes} to be sent: the first ones, and the newest
    this.unanswered = null; // the message that may or may not have arrived
    this.end = null; // how the worker ended: done | paused | stopped | failed
    this.pressed = null; // {request, at} in this tab
    this.told = null; // what the server asks for
  }

  get isOver() { return this.state === "over"; }

  listen(changed) {
    this.listeners.add(changed);
    return () => this.listeners.delete(changed);
  }

  async begin() {
    this.worker = this.makeWorker(this.script); // its script is loaded meanwhile
    this.worker.onerror = (event) => this.fail(`The training on this device failed: ${event.message}`);
    this.worker.onmessage = ({ data }) => this.hearWorker(data);
    try {
      const loading = Promise.all([this.ids(), kernelBytes(this.kernels, this.fetched), this.isNew && this.serversWeights()]);
      loading.catch(() => {}); // until it is waited for
      const job = await this.asked("job", (answer) => answer.json());
      const going = this.isNew ? { place: job.place } : await this.goingOn(job);
      if (going.exact || going.place.step) this.from = { place: going.place, exact: going.exact };
      this.beat(); // while it loads the rest, the server hears that this device is there
      const [ids, wasm, first] = await loading;
      if (this.isOver) return;
      const { model, train, vocabulary_size: vocabularySize } = job;
      const { weights = first, checkpoint = null, place } = going;
      const times = { weights_seconds: 10, events_seconds: 1 };
      this.worker.postMessage({
        id: 1, do: "train", model, train, vocabularySize, ids, wasm, weights, checkpoint, place, ...times,
      });
      this.become("training");
      if (this.pressed || this.told) this.askWorker(this.pressed?.request ?? this.told);
    } catch (problem) {
      this.fail(problem instanceof Refused ? problem.message : "The server does not answer.");
    }
  }

  // Pause or stop, because a button was pressed in this tab: at once, without waiting for the server's word.
  press(request) {
    if (this.pressed || this.end || this.isOver) return;
    this.pressed = { request, at: Date.now() };
    this.askWorker(request);
    this.schedule(SOON);
  }

  askWorker(request) {
    this.worker.postMessage({ id: 2, do: "ask", job: 1, request });
  }

  hearWorker(said) {
    if (said.problem) this.fail(said.problem);
    const begins = said.event && !this.hasBegun; // the curve: it is not to wait for the next message
    if (said.event) {
      this.events = [...this.events, said.event].slice(-MOST_EVENTS);
      this.hasBegun = true;
    }
    if (said.weights) this.weights = [...this.weights.filter(isFirst), { place: said.place, bytes: said.weights }];
    if (said.checkpoint) this.keep(said.place, said.checkpoint);
    if (said.end && !said.problem) {
      this.end = said.state;
      this.become("ending");
      this.worker.terminate();
    }
    // Besides the timer, which browsers slow down in a tab that nobody sees.
    if (Date.now() - this.sentAt >= BEAT || this.end || begins) this.beat();
    this.tell();
  }

  async keep(place, checkpoint) {
    try {
      await this.kept.keep(this.run, place, checkpoint);
    } catch { // private windows, or a full disk: the server's weights remain
      this.cannotKeep = true;
    }
  }

  // The server takes nothing more: the worker pauses, so that its last checkpoint is where it stopped.
  leave(problem) {
    if (this.isOver) return;
    this.problem ||= problem;
    this.isRefused = true;
    this.askWorker("pause");
    setTimeout(() => this.worker.terminate(), 2 * BEAT);
    this.become("over");
  }

  fail(problem) {
    if (this.isOver) return;
    this.worker.terminate();
    this.problem = problem;
    if (this.number && !this.end) { // the server has heard of this trainer: it is told
      this.end = "failed";
      this.become("ending");
      this.beat();
    } else {
      this.isRefused = true;
      this.become("over");
    }
  }

  // Files of the run

  async goingOn(job) {
    const [kept, sent] = await Promise.all([this.kept.checkpoint(this.run), this.kept.sent(this.run)])
      .catch(() => []);
    if (kept && isOfThisBrowser(job, sent)) return { exact: true, weights: null, ...kept };
    return { exact: false, weights: await this.serversWeights(), place: job.place };
  }

  async serversWeights() {
    return this.asked("weights", (answer) => answer.arrayBuffer());
  }

  async ids() {
    return this.asked("ids", async (answer) => {
      const kind = ARRAYS[answer.headers.get("Charlab-Bytes")];
      return new kind(await answer.arrayBuffer());
    });
  }

  async asked(what, read) {
    for (const wait of [...TRIES, 0]) {
      try {
        const headers = { "Charlab-Secret": this.secret }, signal = AbortSignal.timeout(WAIT);
        const answer = await this.fetched(`${this.address}/${what}`, { headers, signal, cache: "no-store" });
        if (answer.ok) return await read(answer);
        if (answer.status < 500) throw new Refused(problemOf(answer, await answer.json().catch(() => ({}))));
      } catch (problem) {
        if (problem instanceof Refused) throw problem;
      }
      if (wait) await new Promise((done) => setTimeout(done, wait));
    }
    throw new Error("no answer");
  }

  // Messages to the server

  async beat() {
    clearTimeout(this.timer);
    if (this.sending || this.isOver) return;
    this.sending = true;
    this.sentAt = Date.now();
    try {
      this.unanswered ??= await this.compose();
      await this.send(this.unanswered);
    } catch (problem) {
      if (problem instanceof Refused) this.leave(problem.message);
      else this.silent += 1;
    }
    this.sending = false;
    this.tell();
    const isHurried = !this.silent && (this.waitsForWord() || this.hasMore());
    this.schedule(isHurried ? SOON : BEAT);
  }

  schedule(wait) {
    clearTimeout(this.timer);
    if (!this.isOver) this.timer = setTimeout(() => this.beat(), wait);
  }

  // Whether a button was pressed here of which the server has not heard yet: it would find the run ended.
  waitsForWord() {
    return this.pressed && !this.told && Date.now() - this.pressed.at < PATIENCE;
  }

  hasMore() {
    return Boolean(this.end || this.weights.length);
  }

  async compose() {
    const { events } = this, weights = this.weights.shift(), number = this.number + 1;
    const head = { number, events };
    this.events = [];
    if (weights) {
      head.place = weights.place;
      await this.kept.note(this.run, weights.place).catch(() => {});
    }
    const isLast = Boolean(this.end) && !this.weights.length && !this.waitsForWord();
    if (isLast) head.ended = ended(this.end, this.told, this.problem);
    if (this.from && number === 1) head.begins = this.from.place;
    const parts = [JSON.stringify(head), ...(weights ? ["\n", weights.bytes] : [])];
    return { number, isLast, hasEvents: events.length > 0, body: new Blob(parts, { type: "application/octet-stream" }) };
  }

  async send({ number, isLast, hasEvents, body }) {
    const headers = { "Charlab-Secret": this.secret }, signal = AbortSignal.timeout(WAIT);
    const answer = await this.fetched(`${this.address}/progress`, { method: "POST", headers, signal, body });
    if (answer.status >= 500) throw new Error(`${answer.status}`);
    const said = await answer.json().catch(() => ({}));
    const wasHeard = answer.status === 409 && said.number === number; // before, and only the answer was lost
    if (!answer.ok && !wasHeard) throw new Refused(problemOf(answer, said));
    this.number = number;
    this.unanswered = null;
    this.silent = 0;
    if (hasEvents && !this.hasShown) {
      this.hasShown = true;
      this.shown(this.run);
    }
    if (isLast) {
      await this.kept.finish(this.run).catch(() => {});
      this.become("over");
    } else if (said.request && !this.told) {
      this.told = said.request;
      if (!this.pressed) this.askWorker(said.request);
    }
  }

  become(state) {
    if (this.isOver) return;
    this.state = state;
    this.tell();
  }

  tell() {
    this.listeners.forEach((changed) => changed(this));
  }
}

const isFirst = ({ place }) => place.step === 0;

// Whether the last weights that the server has were trained here, so that the checkpoint is what came after them.
export function isOfThisBrowser(job, sent) {
  return !job.has_weights || sent.some(({ step, seconds }) => step === job.place.step && seconds === job.place.seconds);
}

// How a training has ended, for the server. Who presses Pause and then Stop means Stop.
function ended(state, told, problem) {
  if (state === "failed") return { state, problem: problem.slice(0, MOST_WORDS) };
  return { state: state === "done" ? state : ENDED[told] ?? state };
}

// Who answers without a sentence is not the app: a proxy, for example.
const problemOf = ({ status }, { problem }) => problem ?? `The server refused this device (${status}).`;

// What every worker of this tab is given; without it the engine computes in plain JavaScript.
let kernels = null;

export async function kernelBytes(address, fetched) {
  try {
    kernels ??= await fetched(address).then((answer) => (answer.ok ? answer.arrayBuffer() : null));
    return kernels?.slice(0) ?? null;
  } catch {
    return null;
  }
}
