// Read a text: each character coloured by surprise; a chosen one with the prediction before it.

import { barList } from "./bars.js";
import { inPercent, lastCharacters, named, ordinal } from "./characters.js";
import { ask, current, showProblem } from "./current.js";
import { field, make, oncePerFrame, spoken } from "./dom.js";
import { stripOf, surpriseLegend } from "./strip.js";
import { predictionAt } from "../engine/reading.js";

const MOST_READ = 2000; // characters
const EXAMPLE = "To be, or not to be: that is the question.";

export function readView(root) {
  const refresh = oncePerFrame(() => { if (!root.hidden) drawReading(view).catch(showProblem); });
  const view = { root, chosen: 9, reading: null };
  const { box, input } = field("Text", make("textarea", { rows: 2, maxLength: MOST_READ, class: "code", spellcheck: false, value: EXAMPLE }),
    `At most ${MOST_READ.toLocaleString("en")} characters.`);
  input.addEventListener("input", refresh);
  view.input = input;
  view.summary = spoken();
  view.strip = stripOf("The text, coloured by surprise", (index) => { view.chosen = index; drawChosen(view); });
  view.heading = make("h2");
  view.figures = make("p", { class: "figures" });
  view.words = spoken({ class: "quiet" });
  view.bars = make("div");
  root.append(box, make("div", { class: "split" },
    make("div", {}, view.strip.root, surpriseLegend(), view.summary,
      make("p", { class: "quiet" }, "Click a character to see what the model predicted there, or use the arrow keys once the text has focus.")),
    make("aside", {}, view.heading, view.figures, view.bars, view.words)));
  return { show: refresh };
}

async function drawReading(view) {
  const text = view.input.value, asked = (view.asked = {}), { vocab } = current;
  if (!text) {
    view.strip.fill([], 0);
    view.summary.textContent = "There is no text. Type at least two characters.";
    for (const part of [view.heading, view.figures, view.words, view.bars]) part.replaceChildren();
    view.reading = null;
    return;
  }
  const read = await ask("read", { text }).done;
  if (view.asked !== asked) return;
  const characters = [...text], predictions = characters.map((_, t) => predictionAt(read, t, vocab.size));
  view.reading = { characters, predictions };
  const known = predictions.map(({ bits }) => bits).filter((bits) => bits !== null);
  const unknown = read.ids.reduce((number, id) => number + (id === vocab.unknown), 0);
  const cells = characters.map((character, i) => ({ character, bits: i ? predictions[i - 1].bits : null }));
  view.strip.fill([...cells, { character: "▯", bits: null }], view.chosen);
  view.summary.textContent = (known.length
    ? `Mean surprise: ${(known.reduce((sum, bits) => sum + bits, 0) / known.length).toFixed(4)} bits per character, over ${known.length} characters.`
    : "No character could be predicted: the text is too short.")
    + (unknown ? ` ${unknown} are not in the model's alphabet, and are left out.` : "");
  showProblem(null);
  drawChosen(view);
}

function drawChosen(view) {
  if (!view.reading) return;
  const { characters, predictions } = view.reading, { vocab } = current, index = Math.min(Math.max(view.chosen, 0), characters.length);
  view.heading.textContent = index ? `Position ${index + 1}: after “${lastCharacters(characters.slice(0, index).join(""))}”` : "The first character";
  if (!index) {
    view.figures.textContent = "Before it the model has read nothing, so there is no prediction yet. Choose a later character.";
    view.bars.replaceChildren();
    view.words.textContent = "";
    return;
  }
  const { probabilities, entropy, next, probability, bits, rank } = predictions[index - 1];
  const about = bits === null ? [] : [`probability ${inPercent(probability)}`, `surprise ${bits.toFixed(2)} bits`, `rank ${rank} of ${vocab.size}`];
  view.figures.textContent = [...about, `entropy ${entropy.toFixed(2)} bits`].join(" · ");
  view.bars.replaceChildren(barList({ alphabet: vocab.alphabet, model: probabilities, actual: bits === null ? null : next }));
  const alike = `The prediction was like choosing among ${(2 ** entropy).toFixed(1)} equally likely characters.`;
  const actual = index === characters.length ? "The text ends here, so the next character is open."
    : bits === null ? `The actual character, “${named(characters[index])}”, is not in the model's alphabet.`
      : `The actual character, “${named(characters[index])}”, was the model's ${ordinal(rank)} choice.`;
  view.words.textContent = `${actual} ${alike}`;
}
