// A predictor generates text, as charlab/core/generation.py: it reads the prompt, chooses a character, reads that, and
// so on. N samples are written side by side, each with its own state and its own stream of random numbers.

import { generator } from "./random.js";
import { chosenBy, probabilityOf, weigh } from "./sampling.js";

const PIECE = 40; // milliseconds of writing between two reports

// Of each character in turn, for each sample: [{ id, uniform, probability }], the model's probability of the chosen id.
// `config` is a SampleConfig; with `temperatures`, each sample has its own, and all have the first's random numbers.
export function* writing(predictor, vocab, prompt, config) {
  const temperatures = config.temperatures?.length ? config.temperatures : null;
  const begun = predictor.start();
  let logits = null;
  for (const id of vocab.encode(prompt || vocab.beginning)) logits = predictor.step(id, begun);
  const first = logits.slice(), weights = new Float64Array(vocab.size);
  const samples = Array.from({ length: temperatures?.length ?? config.samples }, (_, n) => ({
    state: structuredClone(begun), stream: generator(config.seed, temperatures ? 0 : n), id: null,
    config: temperatures ? { ...config, temperature: temperatures[n] } : config,
  }));
  for (let position = 0; position < config.length; position++) {
    yield samples.map((sample) => {
      logits = position ? predictor.step(sample.id, sample.state) : first;
      const uniform = sample.stream.random();
      sample.id = chosenBy(weigh(logits, sample.config, vocab.unknown, weights), uniform);
      return { id: sample.id, uniform, probability: probabilityOf(logits, sample.id) };
    });
  }
}

// Writes, and reports in pieces: `onPiece({ texts, probabilities })` has what is new of each sample, and the model's
// probabilities of these characters, sample by sample [N * characters]. It is awaited, and returns false to end.
export async function generate(predictor, vocab, prompt, config, onPiece) {
  let steps = [], told = performance.now();
  const tell = () => {
    const bySample = steps[0].map((_, n) => steps.map((step) => step[n]));
    const probabilities = Float64Array.from(bySample.flatMap((sample) => sample.map(({ probability }) => probability)));
    steps = [];
    return onPiece({ texts: bySample.map((sample) => vocab.decode(sample.map(({ id }) => id))), probabilities });
  };
  for (const step of writing(predictor, vocab, prompt, config)) {
    steps.push(step);
    if (performance.now() - told < PIECE) continue;
    if (await tell() === false) return;
    told = performance.now();
  }
  if (steps.length) await tell();
}
