// A text word by word: a button per word, its colour from the page's diverging scale. Nothing is ever read as HTML.

const strips = new WeakMap(); // parentElement -> what is drawn there

export default function ({ data, parentElement, setTriggerValue }) {
  const before = strips.get(parentElement);
  const strip = before ?? { root: document.createElement("div"), turn: 0 };
  if (!before) {
    strip.root.className = "words";
    strip.root.setAttribute("role", "group");
    parentElement.appendChild(strip.root);
    strips.set(parentElement, strip);
  }
  const focused = parentElement.getRootNode().activeElement;
  const place = [...strip.root.children].indexOf(focused);
  strip.root.setAttribute("aria-label", data.label);
  const scale = colours(strip.root);
  strip.root.replaceChildren(...data.words.map((word, index) => draw(word, index, data.chosen, scale, setTriggerValue)));
  if (place >= 0) strip.root.children[Math.min(place, data.words.length - 1)]?.focus();
  const turn = ++strip.turn;
  return () => {
    if (strip.turn !== turn) return; // a call that a newer one has overtaken
    strips.delete(parentElement);
    strip.root.remove();
  };
}

function draw(word, index, chosen, scale, setTriggerValue) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = word.text;
  button.title = word.about;
  button.setAttribute("aria-label", `${word.text}: ${word.about}`);
  button.setAttribute("aria-pressed", String(index === chosen));
  if (!word.known) button.className = "unknown";
  const colour = scale[Math.round(Math.min(1, Math.max(0, word.tone)) * (scale.length - 1))];
  button.style.backgroundColor = colour;
  button.style.color = readableOn(colour);
  button.addEventListener("click", () => setTriggerValue("place", index));
  button.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const other = step && button.parentElement.children[index + step];
    if (!other) return;
    event.preventDefault();
    other.focus();
    other.click();
  });
  return button;
}

function colours(element) {
  const list = getComputedStyle(element).getPropertyValue("--st-chart-diverging-colors");
  return list.split(/,(?![^(]*\))/).map((colour) => painted(colour.trim()));
}

function painted(colour) {
  const probe = document.createElement("i");
  probe.style.color = colour;
  document.body.appendChild(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

// Black or white, whichever can be read better on a colour.
function readableOn(colour) {
  const [red, green, blue] = colour.match(/[\d.]+/g).slice(0, 3).map((part) => {
    const share = Number(part) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#000" : "#fff";
}
