// Elements of the page. Texts of people and models go in as text alone, never as markup.

let elementCount = 0;

// An element with properties (`class` among them) and children: elements, or texts.
export function make(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key === "class") element.className = value;
    else if (key in element) element[key] = value;
    else element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

export function button(words, act, properties = {}) {
  const element = make("button", { type: "button", ...properties }, words);
  element.addEventListener("click", act);
  return element;
}

// A labelled input in a box of its own: { box, input, said }, `said` being what stands beside the label.
export function field(label, input, help = "") {
  input.id ||= `input-${++elementCount}`;
  const said = make("output", { class: "value", htmlFor: input.id });
  const box = make("div", { class: "field" }, make("label", { htmlFor: input.id }, label), said, input);
  if (help) {
    const words = make("small", { class: "quiet", id: `${input.id}-help` }, help);
    input.setAttribute("aria-describedby", words.id);
    box.append(words);
  }
  return { box, input, said };
}

// A choice of one: [[value, words]] -> the select.
export function choice(options, value) {
  const select = make("select", {}, ...options.map(([key, words]) => make("option", { value: key }, words)));
  select.value = value;
  return select;
}

// Says something where screen readers hear it: they read what changes.
export const spoken = (properties = {}) => make("p", { role: "status", ...properties });

const SVG = "http://www.w3.org/2000/svg";

export function drawn(name, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

// Calls at most once for each picture on the screen, with the newest arguments.
export function oncePerFrame(act) {
  let waiting = null;
  return (...given) => {
    if (!waiting) requestAnimationFrame(() => { const last = waiting; waiting = null; act(...last); });
    waiting = given;
  };
}
