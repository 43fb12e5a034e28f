// From logits to probabilities, as charlab/core/sampling.py and charlab/core/reading.py do it, in double precision.

// What the model predicts: logits [V] -> { probabilities [V], entropy in bits }.
export function predicted(logits) {
  const greatest = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const shifted = Float64Array.from(logits, (logit) => logit - greatest);
  const log = Math.log(shifted.reduce((sum, x) => sum + Math.exp(x), 0));
  const probabilities = shifted.map((x) => Math.exp(x - log));
  const entropy = -probabilities.reduce((sum, p, i) => (p ? sum + p * (shifted[i] - log) : sum), 0) / Math.LN2;
  return { probabilities, entropy };
}

// What a character is drawn from, after temperature, top-k and top-p: logits [V] -> probabilities [V]. Temperature 0
// takes the most likely character, top-k 0 and top-p 1 are off; the unknown character is never drawn.
export function shaped(logits, { temperature, top_k, top_p }, unknown) {
  const known = Float64Array.from(logits, (logit, i) => (i === unknown ? -Infinity : logit));
  const order = ranked(known); // the most likely first
  let weights = order.map((i) => Math.exp((known[i] - known[order[0]]) / Math.max(temperature, 1e-200)));
  if (temperature === 0) weights.fill(0, 1);
  if (top_k) weights.fill(0, top_k);
  if (top_p < 1) {
    const whole = sum(weights);
    let before = 0; // what the more likely ones reach
    weights = weights.map((weight) => {
      const share = weight / whole, kept = before < top_p ? share : 0;
      before += share;
      return kept;
    });
  }
  const probabilities = new Float64Array(known.length), whole = sum(weights);
  order.forEach((i, rank) => { probabilities[i] = weights[rank] / whole; });
  return probabilities;
}

// The id that a random number from [0, 1) falls on when the probabilities [V] are laid end to end.
export function chosenBy(probabilities, uniform) {
  const point = uniform * sum(probabilities);
  let right = 0;
  return probabilities.findIndex((p) => (right += p) > point);
}

export const isShaped = ({ temperature, top_k, top_p }) => temperature !== 1 || top_k > 0 || top_p < 1;

// The indices of some numbers, the greatest first; equal ones in their order.
export const ranked = (numbers) => [...numbers.keys()].sort((a, b) => numbers[b] - numbers[a] || a - b);

const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
