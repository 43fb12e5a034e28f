// A text as cells that can be chosen, coloured by surprise.

import { visible } from "./characters.js";
import { make } from "./dom.js";

const DEEPEST_BITS = 8, SHADES = 10;

// The class of a colour for a surprise in bits; null: not known.
export const colourOf = (bits) => (bits === null ? "" : `s${Math.min(SHADES - 1, Math.floor((Math.max(0, bits) / DEEPEST_BITS) * SHADES))}`);

export function surpriseLegend() {
  const shades = Array.from({ length: SHADES }, (_, shade) => make("i", { class: `shade s${shade}` }));
  return make("p", { class: "quiet legend" }, "0 bits: expected ", make("span", { class: "scale", "aria-hidden": "true" }, ...shades), " 8 bits or more: surprising");
}

// Shows cells [{ character, bits }] in a list of which one is chosen: by a click, or by the arrow keys.
export function stripOf(label, choose) {
  const root = make("div", { class: "code strip", role: "listbox", tabIndex: 0, "aria-label": label, dir: "auto" });
  let cells = [], chosen = -1;
  const mark = () => cells.forEach((cell, i) => {
    cell.classList.toggle("chosen", i === chosen);
    cell.setAttribute("aria-selected", String(i === chosen));
    if (i === chosen) root.setAttribute("aria-activedescendant", cell.id);
  });
  const moved = (index) => {
    chosen = Math.min(cells.length - 1, Math.max(0, index));
    mark();
    cells[chosen]?.scrollIntoView({ block: "nearest" });
    choose(chosen);
  };
  root.addEventListener("click", ({ target }) => { if (cells.includes(target)) moved(cells.indexOf(target)); });
  root.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 20, ArrowUp: -20, Home: -Infinity, End: Infinity }[event.key];
    if (!step || !cells.length) return;
    event.preventDefault();
    moved(chosen + step);
  });
  return {
    root,
    fill(list, index) {
      cells = list.map(({ character, bits }, i) => make("span", { id: `${label.replace(/\W/g, "")}-${i}`, role: "option", class: colourOf(bits) },
        visible(character)));
      root.replaceChildren(...cells.flatMap((cell, i) => (list[i].character === "\n" ? [cell, make("br")] : [cell])));
      chosen = Math.min(index, cells.length - 1);
      mark();
    },
  };
}
