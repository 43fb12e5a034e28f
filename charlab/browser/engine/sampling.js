// From logits to probabilities and a chosen character, as charlab/core/sampling.py and charlab/core/reading.py do it, in
// double precision. V ids in shape comments.

// What the model predicts: logits [V] -> { probabilities [V], entropy in bits }.
export function predicted(logits) {
  const greatest = greatestOf(logits);
  const shifted = Float64Array.from(logits, (logit) => logit - greatest);
  const log = Math.log(shifted.reduce((total, x) => total + Math.exp(x), 0));
  const probabilities = shifted.map((x) => Math.exp(x - log));
  const entropy = -probabilities.reduce((total, p, i) => (p ? total + p * (shifted[i] - log) : total), 0) / Math.LN2;
  return { probabilities, entropy };
}

// The model's probability of one id alone: logits [V].
export function probabilityOf(logits, id) {
  const greatest = greatestOf(logits);
  let whole = 0;
  for (let i = 0; i < logits.length; i++) whole += Math.exp(logits[i] - greatest);
  return Math.exp(logits[id] - greatest) / whole;
}

// What a character is drawn from, after temperature, top-k and top-p: logits [V] -> weights [V], which need not sum to
// 1. Temperature 0 takes the most likely character; top-k 0 or null and top-p 1 or null are off; the unknown character
// is never drawn. The weights are written into `out` [V].
export function weigh(logits, { temperature, top_k, top_p }, unknown, out = new Float64Array(logits.length)) {
  out.set(logits);
  out[unknown] = -Infinity;
  const greatest = greatestOf(out), divisor = Math.max(temperature, 1e-200); // a smaller one would overflow
  for (let i = 0; i < out.length; i++) out[i] = Math.exp((out[i] - greatest) / divisor);
  if (temperature === 0) {
    const first = logits.findIndex((logit, i) => i !== unknown && logit === greatest);
    out.fill(0);
    out[first] = 1;
  }
  if (top_k || (top_p ?? 1) < 1) cut(out, top_k || out.length, top_p ?? 1);
  return out;
}

// The same as probabilities, which sum to 1.
export function shaped(logits, config, unknown) {
  const weights = weigh(logits, config, unknown), whole = totalOf(weights);
  return weights.map((weight) => weight / whole);
}

// The id that a random number from [0, 1) falls on when the weights [V] are laid end to end.
export function chosenBy(weights, uniform) {
  const point = uniform * totalOf(weights);
  let right = 0;
  return weights.findIndex((weight) => (right += weight) > point);
}

export const isShaped = ({ temperature, top_k, top_p }) => temperature !== 1 || top_k > 0 || (top_p ?? 1) < 1;

// The indices of some numbers, the greatest first; equal ones in their order.
export const ranked = (numbers) => [...numbers.keys()].sort((a, b) => numbers[b] - numbers[a] || a - b);

// Sets weights to 0: all but the k greatest, then those before which the greater ones already reach p.
function cut(weights, k, p) {
  const order = ranked(weights);
  order.slice(k).forEach((i) => { weights[i] = 0; });
  if (p >= 1) return;
  const whole = totalOf(order.map((i) => weights[i]));
  let before = 0; // what the more likely ones reach
  for (const i of order) {
    const share = weights[i] / whole;
    if (before >= p) weights[i] = 0;
    before += share;
  }
}

function greatestOf(numbers) {
  let greatest = -Infinity;
  for (let i = 0; i < numbers.length; i++) if (numbers[i] > greatest) greatest = numbers[i];
  return greatest;
}

function totalOf(numbers) {
  let total = 0;
  for (let i = 0; i < numbers.length; i++) total += numbers[i];
  return total;
}
