// Generate text: several samples, which follow the temperature while it moves, and the next character after the prompt.

import { barLegend, barList } from "./bars.js";
import { inPercent, lastCharacters } from "./characters.js";
import { ask, current, showProblem } from "./current.js";
import { field, make, oncePerFrame, spoken } from "./dom.js";
import { sampleConfig, sampling } from "./settings.js";
import { colourOf, surpriseLegend } from "./strip.js";
import { numberBox, promptBox, seedButton, temperatureBox } from "./temperature.js";
import { isShaped, predicted, shaped } from "../engine/sampling.js";

// Fills its section; returns { show }, which draws what is new.
export function writeView(root) {
  const refresh = oncePerFrame(() => { if (!root.hidden) drawAll(view); });
  const view = { root, job: null, drawing: 0, samples: make("div", { class: "samples" }), bars: make("div"), status: spoken({ class: "hidden" }) };
  view.heading = make("h2");
  const colour = field("Colour by surprise", make("input", { type: "checkbox" }));
  colour.box.classList.add("check");
  colour.input.addEventListener("change", refresh);
  view.isColoured = () => colour.input.checked;
  view.legend = surpriseLegend();
  const more = make("details", {}, make("summary", {}, "Length, samples, top-k, top-p, random seed"), make("div", { class: "row" },
    numberBox("Length (characters)", "length", { min: 1, max: 2000, step: 1 }, refresh),
    numberBox("Samples", "samples", { min: 1, max: 12, step: 1 }, refresh),
    numberBox("Top-k (0 is off)", "top_k", { min: 0, max: 10000, step: 1 }, refresh),
    numberBox("Top-p (1 is off)", "top_p", { min: 0.05, max: 1, step: 0.05 }, refresh),
    numberBox("Random seed", "seed", { min: 0, max: 2 ** 31 - 1, step: 1 }, refresh)));
  root.append(
    make("div", { class: "controls" }, promptBox(refresh), temperatureBox(refresh), make("div", { class: "buttons" }, seedButton(refresh), colour.box)),
    more, view.status,
    make("div", { class: "split" },
      make("div", {}, view.samples, view.legend),
      make("aside", {}, view.heading, view.bars)),
  );
  return { show: refresh };
}

async function drawAll(view) {
  const drawing = ++view.drawing, isNewest = () => view.drawing === drawing;
  if (view.job) current.client.tell({ do: "cancel", job: view.job });
  view.legend.hidden = !view.isColoured();
  try {
    await Promise.all([drawBars(view, isNewest), drawSamples(view, isNewest)]);
    showProblem(null);
  } catch (problem) {
    if (isNewest()) showProblem(problem);
  }
}

async function drawBars(view, isNewest) {
  const { vocab } = current, text = sampling.prompt || vocab.beginning;
  const { logits } = await ask("read", { text }).done;
  if (!isNewest()) return;
  const last = logits.subarray(logits.length - vocab.size), config = sampleConfig();
  const model = predicted(last).probabilities, drawnFrom = isShaped(config) ? shaped(last, config, vocab.unknown) : null;
  view.heading.textContent = `Next character after “${lastCharacters(text)}”`;
  view.bars.replaceChildren(...(drawnFrom ? [barLegend()] : []), barList({ alphabet: vocab.alphabet, model, sampling: drawnFrom }));
}

async function drawSamples(view, isNewest) {
  const config = sampleConfig(), cards = Array.from({ length: config.samples }, (_, n) => card(n));
  const written = cards.map(() => ({ text: "", bits: [] })), prompt = sampling.prompt;
  const { job, done } = ask("generate", { prompt, config }, ({ texts, probabilities }) => {
    if (!isNewest()) return;
    texts.forEach((text, n) => {
      const length = probabilities.length / texts.length;
      const bits = Array.from(probabilities.subarray(n * length, (n + 1) * length), (p) => -Math.log2(p));
      written[n].text += text;
      written[n].bits.push(...bits);
      addText(cards[n].text, text, view.isColoured() ? bits : null);
      const mean = written[n].bits.reduce((sum, value) => sum + value, 0) / written[n].bits.length;
      cards[n].figures.textContent = `${mean.toFixed(2)} bits per character`;
    });
    if (cards[0].box.parentNode !== view.samples) view.samples.replaceChildren(...cards.map(({ box }) => box));
  });
  view.job = job;
  const { cancelled } = await done;
  if (isNewest() && !cancelled) view.status.textContent = `${config.samples} samples at temperature ${config.temperature.toFixed(2)}.`;
}

function card(n) {
  const text = make("p", { class: "code sample", dir: "auto" }, make("span", { class: "quiet" }, sampling.prompt));
  const figures = make("small", { class: "quiet" });
  return { text, figures, box: make("article", { class: "card", "aria-label": `Sample ${n + 1}` }, text, figures) };
}

function addText(parent, text, bits) {
  if (!bits) return parent.append(text);
  parent.append(...[...text].map((character, i) => make("span", { class: colourOf(bits[i]), title: `${inPercent(2 ** -bits[i])}, ${bits[i].toFixed(2)} bits` }, character)));
}
