// The temperature's slider with what it does, and the fold with the other settings: every part of the page has its own,
// and all show the same values.

import { button, field, make } from "./dom.js";
import { newSeed, sampling, temperatureWords } from "./settings.js";

const followers = new Set();
export const showSettings = () => followers.forEach((show) => show());

// Calls `changed` after each change. `more` are further elements of the fold.
export function temperatureBox(changed) {
  const { box, input, said } = field("Temperature", make("input", { type: "range", min: 0, max: 2, step: 0.05 }));
  const words = make("small", { class: "quiet" });
  box.append(words);
  box.classList.add("temperature");
  const show = () => {
    input.value = sampling.temperature;
    said.textContent = sampling.temperature.toFixed(2);
    words.textContent = temperatureWords(sampling.temperature);
  };
  input.addEventListener("input", () => change("temperature", input.valueAsNumber, changed));
  followers.add(show);
  show();
  return box;
}

export function promptBox(changed) {
  const { box, input } = field("Prompt (seed text)", make("textarea", { rows: 2, maxLength: 500, spellcheck: false, class: "code" }));
  const show = () => { if (input.value !== sampling.prompt) input.value = sampling.prompt; };
  input.addEventListener("input", () => change("prompt", input.value, changed));
  followers.add(show);
  show();
  return box;
}

export function seedButton(changed) {
  return button("New random numbers", () => change("seed", newSeed(), changed));
}

// A whole or decimal number that falls back to its limits; `label` names it.
export function numberBox(label, name, limits, changed, help = "") {
  const { box, input } = field(label, make("input", { type: "number", ...limits }), help);
  const show = () => { input.value = sampling[name]; };
  input.addEventListener("change", () => {
    const value = Number.isFinite(input.valueAsNumber) ? input.valueAsNumber : sampling[name];
    change(name, Math.min(limits.max, Math.max(limits.min, limits.step < 1 ? value : Math.round(value))), changed);
  });
  followers.add(show);
  show();
  return box;
}

function change(name, value, changed) {
  sampling[name] = value;
  showSettings();
  changed();
}
