// The grammar as a graph: circles for states, arrows with the letter that leads on. The current state is lit, and the
// letters that may come next are buttons. Nothing is ever read as HTML.

const SVG = "http://www.w3.org/2000/svg";
const RADIUS = 15, BADGE = 12;
const graphs = new WeakMap(); // parentElement -> what is drawn there

export default function ({ data, parentElement, setTriggerValue }) {
  const before = graphs.get(parentElement);
  const graph = before ?? { root: document.createElement("div") };
  if (!before) {
    graph.root.className = "charlab-grammar";
    parentElement.appendChild(graph.root);
    graphs.set(parentElement, graph);
  }
  const focused = graph.root.contains(parentElement.getRootNode().activeElement);
  graph.root.replaceChildren(draw(data, (letter) => setTriggerValue("letter", letter)));
  if (focused) graph.root.querySelector("[tabindex]")?.focus();
  graph.turn = (graph.turn ?? 0) + 1;
  const turn = graph.turn;
  return () => {
    if (graph.turn !== turn) return; // a call that a newer one has overtaken
    graphs.delete(parentElement);
    graph.root.remove();
  };
}

function draw({ states, ways, state, label, width, height }, choose) {
  const svg = make("svg", { viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": label });
  const places = Object.fromEntries(states.map((one) => [one.name, one]));
  const arrow = make("marker", { id: "charlab-arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7,
    markerHeight: 7, orient: "auto-start-reverse" });
  arrow.append(make("path", { d: "M0 0 8 4 0 8z", class: "tip" }));
  const defs = make("defs");
  defs.append(arrow);
  svg.append(defs);
  for (const way of ways) svg.append(make("path", { d: line(places[way.from], places[way.to], way.bend).d, class: "way" }));
  for (const one of states) {
    const circle = make("circle", { cx: one.x, cy: one.y, r: RADIUS, class: one.name === state ? "state lit" : "state" });
    if (one.name === state) circle.append(titled("You are here"));
    svg.append(circle);
    if (one.sign) svg.append(word(one.sign, one.x, one.y, "sign"));
  }
  for (const way of ways) svg.append(badge(way, line(places[way.from], places[way.to], way.bend), way.from === state, choose));
  return svg;
}

// A way from circle to circle, and where its letter is: bent to its left by so many units; a loop above or below.
function line(from, to, bend) {
  if (from === to) {
    const up = Math.sign(bend), y = from.y - up * RADIUS * 0.8;
    const top = y - up * 44;
    return { d: `M${from.x - 9} ${y} C${from.x - 30} ${top} ${from.x + 30} ${top} ${from.x + 9} ${y}`,
      x: from.x, y: y - up * 33 };
  }
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const along = [(to.x - from.x) / length, (to.y - from.y) / length];
  const middle = [(from.x + to.x) / 2 + along[1] * bend, (from.y + to.y) / 2 - along[0] * bend];
  const start = edge(from, middle, RADIUS), end = edge(to, middle, RADIUS + 2);
  return { d: `M${start} Q${middle} ${end}`, x: (from.x + to.x) / 4 + middle[0] / 2, y: (from.y + to.y) / 4 + middle[1] / 2 };
}

function edge(place, towards, radius) {
  const length = Math.hypot(towards[0] - place.x, towards[1] - place.y);
  return [place.x + ((towards[0] - place.x) / length) * radius, place.y + ((towards[1] - place.y) / length) * radius];
}

function badge(way, { x, y }, isNext, choose) {
  const group = make("g", { class: isNext ? "letter next" : "letter" });
  group.append(make("circle", { cx: x, cy: y, r: BADGE }), word(way.letter, x, y, ""));
  if (!isNext) return group;
  for (const [name, value] of Object.entries({ role: "button", tabindex: 0, "aria-label": `Add ${way.letter}` })) {
    group.setAttribute(name, value);
  }
  group.addEventListener("click", () => choose(way.letter));
  group.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    choose(way.letter);
  });
  return group;
}

function word(text, x, y, name) {
  const made = make("text", { x, y: y + 1, class: name, "text-anchor": "middle", "dominant-baseline": "central" });
  made.textContent = text;
  return made;
}

function titled(text) {
  const made = make("title");
  made.textContent = text;
  return made;
}

function make(name, attributes = {}) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
