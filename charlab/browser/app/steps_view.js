// Step by step: the sampling probabilities side by side, on which a random number falls, one character after the other.

import { inPercent, named, visible } from "./characters.js";
import { ask, current, showProblem, whenChanged } from "./current.js";
import { button, make, oncePerFrame, spoken } from "./dom.js";
import { sampleConfig, sampling } from "./settings.js";
import { promptBox, seedButton, temperatureBox } from "./temperature.js";
import { generator } from "../engine/random.js";
import { chosenBy, predicted, ranked, shaped } from "../engine/sampling.js";

const MOST_WRITTEN = 300; // characters of a branch
const LEAST_LABEL = 0.025; // of the bar's width
const HANDS = 10; // characters that can be chosen by hand
const PLAY = 500; // milliseconds from one character to the next

export function stepsView(root) {
  const refresh = oncePerFrame(() => { if (!root.hidden) drawStep(view).catch(showProblem); });
  const restart = () => { pause(view); view.ids = []; view.byHand = new Set(); refresh(); };
  const view = { root, ids: [], byHand: new Set(), rows: { text: null, logits: null }, timer: null, refresh };
  view.marker = make("div", { class: "marker" }, make("span"));
  view.bar = make("div", { class: "segments", "aria-hidden": "true" });
  view.words = spoken();
  view.text = make("p", { class: "code written", dir: "auto" });
  view.step = button("Step", () => { pause(view); goOn(view); }, { class: "primary" });
  view.play = button("Play", () => (view.timer ? pause(view) : play(view)));
  view.back = button("Back", () => { pause(view); view.ids.pop(); refresh(); });
  view.restart = button("Restart", restart);
  view.hands = make("div", { class: "buttons" });
  const changed = () => refresh();
  const alphabet = () => current.vocab.alphabet.join("");
  let known = alphabet();
  whenChanged(() => {
    if (known !== alphabet()) restart(); // ids of another alphabet are other characters
    known = alphabet();
  });
  root.append(
    make("h2", {}, "Which character does the random number choose?"),
    make("div", { class: "picture" }, view.marker, view.bar), view.words,
    make("div", { class: "buttons" }, view.step, view.play, view.back, view.restart, seedButton(changed)),
    view.text,
    make("div", { class: "controls" }, promptBox(restart), temperatureBox(changed)),
    make("h3", {}, "Choose the next character yourself"), view.hands,
    make("p", { class: "quiet" }, "Each segment is one character: the wider, the more likely. Light and dark only tell neighbours apart."),
  );
  return { show: refresh };
}

const promptOf = () => sampling.prompt || current.vocab.beginning;

// The logits after the prompt and the first characters of the branch: [V]. A text is read once.
async function logitsAt(view, length) {
  const { vocab, weights } = current, text = promptOf() + vocab.decode(view.ids.slice(0, length)), { rows } = view;
  if (rows.weights !== weights || !rows.text?.startsWith(text)) {
    const { logits } = await ask("read", { text }).done;
    view.rows = { text, logits, weights };
  }
  const at = [...text].length - 1;
  return view.rows.logits.subarray(at * vocab.size, (at + 1) * vocab.size);
}

// The random number of a position: that of the first sample which Generate writes from the same seed.
function uniformAt(position) {
  const { random } = generator(sampling.seed, 0);
  for (let i = 0; i < position; i++) random();
  return random();
}

async function drawStep(view) {
  const position = view.ids.length, asked = (view.asked = {});
  const logits = await logitsAt(view, position);
  if (view.asked !== asked) return;
  const { vocab } = current, probabilities = shaped(logits, sampleConfig({ top_k: null, top_p: null }), vocab.unknown);
  const uniform = uniformAt(position), chosen = chosenBy(probabilities, uniform);
  view.chosen = chosen;
  drawSegments(view, probabilities, uniform, chosen);
  drawHands(view, predicted(logits).probabilities);
  drawWritten(view);
  showProblem(null);
}

function drawSegments(view, probabilities, uniform, chosen) {
  const { alphabet } = current.vocab;
  let right = 0, left = 0, number = 0;
  const segments = [...probabilities.keys()].filter((i) => probabilities[i] >= 0.0005 || i === chosen).map((i) => {
    const p = probabilities[i], segment = make("i", { class: `${number++ % 2 ? "odd" : "even"}${i === chosen ? " chosen" : ""}`, title: `${named(alphabet[i])} ${inPercent(p)}` },
      p >= LEAST_LABEL ? visible(alphabet[i]) : "");
    segment.style.setProperty("--share", p);
    return segment;
  });
  for (let i = 0; i <= chosen; i++) [left, right] = [right, right + probabilities[i]];
  view.bar.replaceChildren(...segments);
  view.marker.style.setProperty("--at", uniform);
  view.marker.firstChild.textContent = `${uniform.toFixed(3)} falls on “${named(alphabet[chosen])}”`;
  view.marker.className = `marker${uniform < 0.3 ? " left" : uniform > 0.7 ? " right" : ""}`;
  view.words.textContent = `The random number ${uniform.toFixed(3)} falls on “${named(alphabet[chosen])}”, whose segment runs from `
    + `${left.toFixed(3)} to ${right.toFixed(3)}: a probability of ${inPercent(probabilities[chosen])}.`;
}

function drawHands(view, probabilities) {
  const { alphabet, unknown } = current.vocab, order = ranked(probabilities).filter((i) => i !== unknown).slice(0, HANDS);
  view.hands.replaceChildren(...order.map((i) => button(`${named(alphabet[i])}  ${inPercent(probabilities[i])}`, () => {
    pause(view);
    view.byHand.addCharacter(view.ids.length);
    addCharacter(view, i);
  })));
}

function drawWritten(view) {
  const { vocab } = current, characters = view.ids.map((id, i) => make("span", { class: view.byHand.has(i) ? "by-hand" : "" },
    vocab.alphabet[id] === "\n" ? "↵\n" : vocab.alphabet[id]));
  view.text.replaceChildren(make("span", { class: "quiet" }, promptOf()), ...characters, make("span", { class: "caret", "aria-hidden": "true" }));
  const isFull = view.ids.length >= MOST_WRITTEN;
  for (const part of [view.step, view.play]) part.disabled = isFull;
  for (const part of [view.back, view.restart]) part.disabled = !view.ids.length;
  view.play.textContent = view.timer ? "Pause" : "Play";
  if (isFull) {
    pause(view);
    view.words.textContent = `A branch has at most ${MOST_WRITTEN} characters. Go back, or restart.`;
  }
}

function goOn(view) {
  if (view.ids.length >= MOST_WRITTEN || view.chosen === undefined) return;
  view.byHand.delete(view.ids.length);
  addCharacter(view, view.chosen);
}

function addCharacter(view, id) {
  view.ids.push(id);
  view.chosen = undefined; // until it is known what comes next
  view.refresh();
}

function play(view) {
  view.timer = setInterval(() => (view.root.hidden ? pause(view) : goOn(view)), PLAY);
  goOn(view);
}

function pause(view) {
  clearInterval(view.timer);
  view.timer = null;
  view.play.textContent = "Play";
}
