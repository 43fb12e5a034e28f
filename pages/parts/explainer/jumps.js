// Buttons that choose a position of the text, in the browser (place.js).

import { place } from "./place.js";
import { button, element } from "./elements.js";

const rows = new WeakMap(); // parentElement -> its row of buttons

export default function ({ data, parentElement }) {
  const row = rows.get(parentElement) ?? parentElement.appendChild(element("div"));
  rows.set(parentElement, row);
  row.className = "part row";
  row.toggleAttribute("data-moves", true);
  row.replaceChildren(...data.jumps.map(([index, words]) => button(words, () => place.move({ step: index }))));
}
