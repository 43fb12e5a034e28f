// How characters are chosen: prompt, temperature, top-k, top-p and random seed, which all parts of the page share.

export const sampling = { prompt: "", temperature: 0.8, top_k: 0, top_p: 1, seed: 1, length: 250, samples: 4 };

// As a SampleConfig has them.
export function sampleConfig(changes = {}) {
  const { prompt, ...config } = sampling;
  return { ...config, top_k: config.top_k || null, top_p: config.top_p < 1 ? config.top_p : null, ...changes };
}

// What a temperature does, in a sentence.
export function temperatureWords(temperature) {
  if (temperature === 0) return "Greedy: always the most likely character.";
  if (temperature < 0.6) return "Cautious: likely characters become even more likely. Correct, but soon dull.";
  if (temperature < 1) return "Slightly more cautious than the model.";
  if (temperature === 1) return "Uses the model's probabilities unchanged.";
  if (temperature < 1.6) return "Daring: unlikely characters come more often than the model predicts.";
  return "Very random: unlikely characters come often.";
}

export const newSeed = () => Math.floor(Math.random() * 2 ** 31);
