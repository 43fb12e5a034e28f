// A training on this device: the steps that the server would take from a seed and a text's ids, and the loop around it.
// What a page or a server shows of it is said in events; weights and checkpoints are bytes of safetensors files.
import { Adam } from "./optimizer.js";
import { Muon } from "./muon.js";
import { RecurrentTraining } from "./recurrent_training.js";
import { TransformerTraining } from "./transformer_training.js";
import { firstWeights } from "./first_weights.js";
import { isSpent, learningRate, spentShare } from "./schedule.js";
import { offsets } from "./batches.js";
import { readArrays, readMetadata, writeArrays } from "./safetensors.js";

const MOST_LOSS = 1e6; // nats per character; training that exceeds it has diverged
const CHECKPOINT_SECONDS = 3;
const BREATH_SECONDS = 0.05; // between two looks at what has been asked meanwhile

// Why a network cannot be trained here, as a sentence; "" where it can.
export function untrainable(model, train) {
  if (!["gru", "lstm", "transformer"].includes(model.kind)) return "Only a GRU, an LSTM or a Transformer can be trained in the browser.";
  if (!["adam", "adamw", "muon"].includes(train.optimizer)) return "In the browser the optimiser is Adam, AdamW or Muon.";
  if ((train.precision ?? "float32") !== "float32") return "In the browser the precision is float32.";
  return "";
}

// Weights, optimizer and place in the text. `model` and `train` are settings as config.json has them; `ids` are those
// of the training text, the last id of the vocabulary being the unknown character. It begins with `arrays` (null: first
// weights drawn from the seed) and their `place` ({ step, seconds }), or exactly where `checkpoint` was made.
export class Training {
  constructor({ model, train, vocabularySize, ids, arrays = null, wasm = null, checkpoint = null, place = null }) {
    const problem = untrainable(model, train);
    if (problem) throw new Error(problem);
    if (model.kind === "transformer" && train.sequence_length > model.context)
      throw new Error(`Rows of ${train.sequence_length} characters do not fit in a context of ${model.context}.`);
    Object.assign(this, { model, train, vocabularySize, ids });
    this.#offsetsOf(0);
    this.stepsPerEpoch = this.offsets.steps;
    if (this.stepsPerEpoch < 1) {
      const given = `${ids.length} characters give no ${train.batch_size} rows of ${train.sequence_length}`;
      throw new Error(`The text is too short for these batches: ${given} as ${train.batches}.`);
    }
    const { batch_size: rows, sequence_length: length, optimizer } = train;
    const Network = model.kind === "transformer" ? TransformerTraining : RecurrentTraining;
    this.network = new Network(model, vocabularySize, rows, length, wasm, optimizer);
    this.optimizer = new (optimizer === "muon" ? Muon : Adam)(this.network, train);
    this.step = place?.step ?? 0;
    this.seconds = place?.seconds ?? 0; // spent in steps
    this.stepSeconds = 0; // of the latest step
    this.#restartEvent();
    if (checkpoint) this.#resume(checkpoint);
    else this.network.setArrays(arrays ?? firstWeights(model, vocabularySize, train));
  }

  // Training

  get isSpent() {
    return isSpent(this.train, this.stepsPerEpoch, this.step, this.seconds, this.stepSeconds);
  }

  get isWholeEpoch() {
    return this.step % this.stepsPerEpoch === 0;
  }

  // One step on the next batch. Throws where training has diverged.
  takeStep() {
    const { network, train, step } = this, began = performance.now(), streams = train.batches === "streams";
    const epoch = Math.floor(step / this.stepsPerEpoch);
    if (epoch !== this.epoch) this.#offsetsOf(epoch);
    if (this.isWholeEpoch) network.clearState();
    if (streams) network.resetStates(train.state_resets, train.seed, step);
    const places = this.offsets.at(step % this.stepsPerEpoch);
    const counted = network.setRows(this.ids, places, this.vocabularySize - 1);
    this.rate = learningRate(train, step, spentShare(train, this.stepsPerEpoch, step, this.seconds));
    const { loss, correct } = network.forward(1 / Math.max(1, counted), [train.seed, step]);
    if (!(loss <= MOST_LOSS * Math.max(1, counted))) throw new Error(this.#diverged());
    network.backward();
    this.optimizer.update(this.rate);
    if (streams) network.carryState();
    this.step++;
    this.stepSeconds = (performance.now() - began) / 1000;
    this.seconds += this.stepSeconds;
    this.#count(loss, correct, counted);
  }

  #offsetsOf(epoch) {
    this.epoch = epoch;
    this.offsets = offsets(this.train, this.ids.length, epoch);
  }

  #diverged() {
    const limit = this.train.clip_norm ? "" : ", or limit the gradient norm (clip_norm), to 1 for example";
    return (
      `Training diverged near step ${this.step}: the loss is no longer a number. Try a smaller learning rate than ` +
      `${this.train.learning_rate}${limit}. The weights saved before that are kept.`
    );
  }

  // What is said of it

  // How far it is: of the weights as they are now.
  get place() {
    const epoch = Math.round((this.step / this.stepsPerEpoch) * 1e4) / 1e4;
    return { step: this.step, epoch, seconds: this.#seconds(), whole_epoch: this.isWholeEpoch };
  }

  // The means since the last event; null where none of the characters since then could be read.
  event() {
    const { loss, correct, counted, characters, seconds } = this.sums, { step, epoch } = this.place;
    this.#restartEvent();
    if (!counted) return null;
    return {
      event: "step", step, epoch, loss: loss / counted, accuracy: correct / counted, learning_rate: this.rate,
      characters_per_second: Math.round(characters / seconds), seconds: this.#seconds(),
    };
  }

  #seconds() {
    return Math.round(this.seconds * 1000) / 1000;
  }

  #count(loss, correct, counted) {
    this.sums.loss += loss;
    this.sums.correct += correct;
    this.sums.counted += counted;
    this.sums.characters += this.train.batch_size * this.train.sequence_length;
    this.sums.seconds += this.stepSeconds;
  }

  #restartEvent() {
    this.sums = { loss: 0, correct: 0, counted: 0, characters: 0, seconds: 0 };
  }

  // To bytes and back

  weights() {
    return writeArrays(this.network.arrays());
  }

  // Everything that a resumed training needs: weights, the optimizer's means, the carried state, and the place.
  checkpoint() {
    const { network } = this, { means, squares, weights } = network, arrays = {};
    for (const [prefix, shift] of Object.entries({ model: 0, means: means - weights, squares: squares - weights }))
      for (const [name, array] of Object.entries(network.arrays(shift))) arrays[`${prefix}/${name}`] = array;
    const shape = [this.train.batch_size, this.model.units];
    network.state().forEach((values, i) => { arrays[`state/${i}`] = { shape, values }; });
    const { step, seconds } = this, { iterations } = this.optimizer;
    return writeArrays(arrays, { place: JSON.stringify({ step, seconds, iterations }) });
  }

  #resume(bytes) {
    const { network } = this, { means, squares, weights } = network, all = readArrays(bytes);
    for (const [prefix, shift] of Object.entries({ model: 0, means: means - weights, squares: squares - weights })) {
      const names = [...network.named.keys()];
      network.setArrays(Object.fromEntries(names.map((name) => [name, all[`${prefix}/${name}`]])), shift);
    }
    network.setState(network.state().map((_, i) => all[`state/${i}`].values));
    const { step, seconds, iterations } = JSON.parse(readMetadata(bytes).place);
    Object.assign(this, { step, seconds });
    this.optimizer.iterations = iterations;
  }
}

// Train until the budget is spent or `asked()` says "pause" or "stop": returns how it ended. `tell` gets events,
// weights (at the beginning, at each epoch and every `weightsSeconds`) and checkpoints as they come.
export async function runTraining(training, { weightsSeconds, eventsSeconds, asked, tell }) {
  const events = timer(eventsSeconds), weights = timer(weightsSeconds), checkpoints = timer(CHECKPOINT_SECONDS);
  const pauses = timer(BREATH_SECONDS);
  const sayEvent = () => { const event = training.event(); if (event) tell({ event }); };
  const sayWeights = () => tell({ weights: training.weights().buffer, place: training.place });
  const sayCheckpoint = () => tell({ checkpoint: training.checkpoint().buffer, place: training.place });
  if (training.step === 0) sayWeights();
  for (let isFirst = true; ; isFirst = false) {
    if (isFirst || pauses.isDue()) await breathe();
    if (asked() || training.isSpent) break;
    training.takeStep();
    if (isFirst || events.isDue()) sayEvent();
    if (training.isWholeEpoch ? weights.restart() : weights.isDue()) sayWeights();
    if (checkpoints.isDue()) sayCheckpoint();
  }
  sayEvent();
  sayCheckpoint();
  return training.isSpent ? "done" : asked() === "pause" ? "paused" : "stopped";
}

// Whether so many seconds have passed since it last said so.
function timer(seconds) {
  let since = performance.now();
  const restart = () => { since = performance.now(); return true; };
  return { restart, isDue: () => performance.now() - since >= seconds * 1000 && restart() };
}

// Lets messages come in: by a message to itself, since a hidden page's timers wait for a second.
function breathe() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel(); // a new one: Node handles all messages of one port before another's
    port1.onmessage = () => { port1.close(); resolve(); };
    port2.postMessage(null);
  });
}
