// The most likely next characters as bars: the model's probabilities, below them the sampling probabilities, hatched
// where top-k or top-p removes one; the actual character is outlined.

import { inPercent, named } from "./characters.js";
import { make } from "./dom.js";
import { ranked } from "../engine/sampling.js";

// `model` [V] and `sampling` [V] or null are probabilities; `actual` is an id or null.
export function barList({ alphabet, model, sampling = null, actual = null, most = 10 }) {
  const greatest = Array.from(model, (p, i) => Math.max(p, sampling?.[i] ?? 0));
  const order = ranked(greatest), shown = order.slice(0, most), ceiling = greatest[order[0]] || 1;
  if (actual !== null && !shown.includes(actual)) shown[shown.length - 1] = actual;
  return make("ol", { class: "bars" }, ...shown.map((i) => {
    const row = make("li", { class: i === actual ? "actual" : "" }, make("b", {}, named(alphabet[i])));
    const lines = make("span", { class: "lines" }, line("model", model[i], ceiling));
    if (sampling) lines.append(sampling[i] || !model[i] ? line("sampling", sampling[i], ceiling) : line("cut", model[i], ceiling, "cut off"));
    row.append(lines);
    if (actual !== null) row.append(make("em", {}, i === actual ? "actual" : "")); // in each row, so that all bars have one scale
    return row;
  }));
}

function line(kind, p, ceiling, words = inPercent(p)) {
  const bar = make("i", { class: kind, "aria-hidden": "true" });
  bar.style.setProperty("--share", p / ceiling);
  return make("span", { class: "line" }, bar, make("small", {}, words));
}

// What the bars' colours mean, where there are two.
export function barLegend() {
  return make("p", { class: "quiet legend" }, make("i", { class: "model" }), "model probability ", make("i", { class: "sampling" }), "sampling probability");
}
