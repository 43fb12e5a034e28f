// A training in the page's worker: what it is asked to do, what is measured of it, and the model file at its end.

import { ask, current, showProblem, useModel } from "./current.js";
import { bundle } from "../engine/bundle.js";
import { readArrays } from "../engine/safetensors.js";
import { sha256 } from "../engine/sha256.js";
import { alphabetOf, vocabulary } from "../engine/vocabulary.js";

const FURTHER_RATE = 0.004; // of a model that is trained already
const MEASURED_SHARE = 0.2; // of the time, at most, is spent on measuring the validation loss
const ROWS = [64, 32, 16, 8, 4, 2]; // streams of the text: each is as long as a few sequences
const STREAM = 4; // sequences

// A training of a new network, or further of the current one: its settings and its data.
export function planned(text, { isNew, kind, units, layers, minutes, name, corpus }) {
  const { about } = current, { recipe } = about;
  const model = isNew ? { ...recipe.model, kind, units, layers, embedding: Math.min(64, units), alphabet: "corpus", lower_case: false } : about.model;
  const vocab = isNew ? { characters: alphabetOf(text), lower_case: false } : about.vocab;
  const read = vocabulary(vocab), ids = read.encode(text), start = splitAt(ids.length, recipe.train.validation_share);
  const fits = (rows) => start >= rows * recipe.train.sequence_length * STREAM;
  const train = {
    ...recipe.train, minutes, batch_size: ROWS.slice(1).find(fits) ?? 2, seed_text: firstWords(text),
    ...(isNew ? {} : { learning_rate: FURTHER_RATE, ...(model.kind === "transformer" && windowsOf(about)) }),
  };
  const titled = { name: name || "My model", corpus: corpus || "my text", corpus_sha256: sha256(new TextEncoder().encode(text)) };
  return {
    isNew, ids: ids.slice(0, start), validation: ids.slice(start), vocabularySize: read.size,
    unknown: ids.reduce((number, id) => number + (id === read.unknown), 0),
    about: { ...about, ...titled, title: titled.name, model, train, vocab },
  };
}

// A Transformer carries no state from row to row: it reads rows as long as those that it was trained on.
const windowsOf = ({ model: { context }, train: { batch_size, sequence_length } }) => (
  { batches: "windows", batch_size, sequence_length: Math.min(sequence_length, context) });

// Where the validation set begins, as charlab/corpora/encoding.py says; Python rounds halves to the even number.
function splitAt(characters, share) {
  const held = characters * share, up = Math.round(held);
  return characters - Math.max(2, held % 1 === 0.5 && up % 2 ? up - 1 : up);
}

const firstWords = (text) => [...text].slice(0, 15).join("").split(/(?<=\n)/)[0];

export class OwnTraining {
  // `changed()` is called whenever there is something new to show; `plan` is what `planned` returns.
  constructor(plan, changed) {
    Object.assign(this, { plan, changed, events: [], validation: [], best: null, last: null, state: "starting", latest: null });
  }

  // Trains to the end; `state` is then "done" or "stopped". The page goes on with the best weights.
  async run() {
    const { plan: { about, ids, vocabularySize, isNew } } = this, { kernels: wasm } = current;
    const { job, done } = ask("train", {
      model: about.model, train: about.train, vocabularySize, ids, wasm, weights: isNew ? null : current.weights.slice(0), checkpoint: null,
    }, (answer) => this.#hear(answer));
    this.job = job;
    try {
      const { state, place, weights } = await done;
      this.state = "measuring";
      this.changed();
      while (this.measuring) await this.measuring;
      await this.#measure(weights, place);
      this.state = state;
    } finally {
      while (this.measuring) await this.measuring;
      if (this.best) await useModel(this.#aboutNow(), this.best.weights);
      this.changed();
    }
  }

  stop() {
    current.client.tell({ do: "ask", job: this.job, request: "stop" });
  }

  #hear({ event, weights, place }) {
    if (event) {
      this.state = "training";
      this.events.push(event);
      this.latest = event;
      this.changed();
    }
    if (weights && !this.measuring && this.#mayMeasure()) {
      this.measuring = this.#measure(weights, place).catch(showProblem).finally(() => { this.measuring = null; });
    }
  }

  #mayMeasure() {
    const { latest: event, took = 0, measuredAt = -Infinity } = this;
    return !event || event.seconds - measuredAt >= took / MEASURED_SHARE;
  }

  // The validation loss of weights, and what they write; the page's other parts then use them, too.
  async #measure(weights, place) {
    const began = performance.now();
    await useModel(this.#aboutNow(true), weights);
    const found = await ask("evaluate", { ids: this.plan.validation }).done;
    this.validation.push({ ...place, ...found });
    this.last = { weights, ...place, ...found };
    if (!this.best || found.loss < this.best.loss) this.best = this.last;
    let text = "";
    await ask("generate", { prompt: this.plan.about.train.seed_text, config: { length: 160, samples: 1, temperature: 0.8, top_k: null, top_p: null, seed: 1 } },
      ({ texts }) => { text += texts[0]; }).done;
    this.sample = text;
    this.took = (performance.now() - began) / 1000;
    this.measuredAt = place.seconds;
    this.changed();
  }

  #aboutNow(isTraining = false) {
    const { about } = this.plan;
    return { ...about, isTraining, bits: isTraining ? null : this.best.loss / Math.LN2 };
  }

  // The bytes of a model file, called by a name.
  file(name) {
    const { plan: { about }, best, last, latest } = this, { model, train, corpus, corpus_sha256, versions } = about;
    const epochs = this.validation.map(({ step, epoch, seconds, loss, accuracy }) => ({ event: "epoch", step, epoch, seconds, val_loss: loss, val_accuracy: accuracy }));
    const events = [...this.events, ...epochs].sort((a, b) => a.step - b.step);
    const { step, epoch, seconds } = last;
    return bundle({
      config: { name, corpus, corpus_sha256, model, train, versions }, vocab: about.vocab, progress: { step, epoch, seconds }, events,
      results: {
        epochs: epoch, steps: step, seconds, val_loss: last.loss, best_val_loss: best.loss, train_loss: latest.loss,
        characters_per_second: latest.characters_per_second,
      },
      best: readArrays(best.weights), last: readArrays(last.weights),
    });
  }
}
