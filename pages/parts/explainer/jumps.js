// Buttons that choose a position of the text, in the browser (place.js).

import { place } from "./place.js";

const rows = new WeakMap(); // parentElement -> its row of buttons

export default function ({ data, parentElement }) {
  const row = rows.get(parentElement) ?? parentElement.appendChild(document.createElement("div"));
  rows.set(parentElement, row);
  row.className = "jumps";
  row.toggleAttribute("data-moves", true);
  row.replaceChildren(...data.jumps.map(([index, words]) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = words;
    button.addEventListener("click", () => place.move({ step: index }));
    return button;
  }));
}
