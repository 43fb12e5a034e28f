// Sliders and boxes for numbers that move the page's place (place.js).

import { place } from "./place.js";
import { fixed } from "./words.js";
import { element } from "./elements.js";

// An input for the value `name`; `said` writes a slider's value.
export function setting(parent, name, words, type, said = (value) => fixed(value, 2)) {
  const box = element("div", `setting st-key-explainer-${name}`), label = element("label", "", words);
  const input = document.createElement("input"), value = element("output");
  Object.assign(input, { type, name, id: `explainer-${name}` });
  label.htmlFor = input.id;
  box.append(label, ...(type === "range" ? [value] : []), input);
  input.addEventListener("input", () => {
    const given = input.value === "" ? NaN : Number(input.value);
    if (given >= Number(input.min) && given <= Number(input.max)) place.move({ [name]: type === "number" ? Math.trunc(given) : given });
  });
  input.addEventListener("change", () => { input.value = place.values[name]; }); // what is not allowed was not used
  input.show = (now) => {
    value.textContent = said(now);
    if (type === "range") input.setAttribute("aria-valuetext", value.textContent);
    input.style.setProperty("--share", (now - input.min) / (input.max - input.min));
    const isTheSame = input.value !== "" && Number(input.value) === now;
    if (!isTheSame && document.activeElement !== input) input.value = now;
  };
  parent.append(box);
  return input;
}
