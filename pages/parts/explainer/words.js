// The prediction at one position in words and figures. `head` is what pages/parts/explainer/readings.py says of a
// reading; `step` is the index of the predicted character, the text's length for the one after its end.

// A number with so many decimals, as Python writes it: exactly half of the last one goes to the even digit.
export function fixed(value, decimals) {
  const written = Math.abs(value).toFixed(decimals), exact = Math.abs(value).toFixed(Math.min(100, decimals + 60));
  const rest = exact.slice(exact.indexOf(".") + 1 + decimals);
  let digits = written;
  if (/^50*$/.test(rest) && Number(written.at(-1)) % 2) {
    digits = (Number(written) - 10 ** -decimals).toFixed(decimals);
  }
  return value < 0 ? `-${digits}` : digits;
}

export const inPercent = (p) => (p > 0 && p < 0.0005 ? "<0.1%" : `${fixed(100 * p, 1)}%`);

// Text that is read from right to left stays apart from the words around it.
const isolated = (head, forms) => (forms.some((form) => head.leftward.includes(form)) ? `\u2068${forms.join("")}\u2069` : forms.join(""));

// The last characters before a position, with invisible ones made visible.
export function before(head, step, most = 16) {
  let start = step, room = most;
  while (start > 0 && (room -= head.text[start - 1].length) >= 0) start--; // tokens whole
  const forms = head.text.slice(start, step).map((character, i) =>
    i > 0 && head.onLetters.includes(start + i) ? character : head.drawn[character] ?? character);
  return isolated(head, start ? ["…", ...forms] : forms);
}

export function heading(head, step) {
  return step ? `Position ${step + 1}: after “${before(head, step)}”` : `The first ${head.unit}`;
}

// Probability, surprise, rank and entropy, in a line.
export function figures(head, step) {
  const t = step - 1, entropy = `entropy ${fixed(head.entropies[t], 2)} bits`, bits = head.bits[t] ?? null;
  if (step === head.text.length || bits === null) return entropy;
  const rank = head.ranks[t] === null ? "" : `rank ${head.ranks[t]} of ${head.alphabet.length}`;
  return [`probability ${inPercent(head.probabilities[t])}`, `surprise ${fixed(bits, 2)} bits`, rank, entropy].filter(Boolean).join(" · ");
}

export function inWords(head, step) {
  const alike = fixed(2 ** head.entropies[step - 1], 1);
  const uncertainty = `The prediction was like choosing among ${alike} equally likely ${head.unit}s.`;
  if (step === head.text.length) return `The text ends here, so the next ${head.unit} is open. ${uncertainty}`;
  const character = head.names[head.text[step]] ?? head.text[step];
  if ((head.bits[step - 1] ?? null) === null) {
    return `The actual ${head.unit}, “${character}”, is not in the model's alphabet. ${uncertainty}`;
  }
  return `The actual ${head.unit}, “${character}”, was the model's ${ordinal(head.ranks[step - 1])} choice. ${uncertainty}`;
}

function ordinal(number) {
  const ending = number % 100 >= 10 && number % 100 <= 20 ? "th" : { 1: "st", 2: "nd", 3: "rd" }[number % 10] ?? "th";
  return `${number}${ending}`;
}
