// Parts of the page that follow its place (place.js): what happens inside a network at the chosen position.

import { place } from "./place.js";
import mountChart, { partAt } from "./chart.js";
import { readingAt } from "./reading.js";
import { numbersAt } from "./numbers.js";
import { arcsFigure } from "./arcs.js";
import { before, fixed } from "./words.js";
import { element } from "./elements.js";
import { foldedTable } from "./table.js";

const REST = 250; // milliseconds
const views = new WeakMap(); // parentElement -> what is drawn there

export default function ({ data, parentElement, setTriggerValue }) {
  const view = views.get(parentElement) ?? create(parentElement);
  view.data = data;
  view.tell = () => setTriggerValue("moved", { ...place.values });
  const unfollowed = view.unfollow, unlisten = place.listen(() => draw(view));
  const disconnect = data.place ? place.connect(view.tell) : () => {};
  view.unfollow = () => { unlisten(); disconnect(); };
  unfollowed();
  if (data.place) place.hear(data.place, data.length);
  else draw(view);
  const turn = ++view.turn;
  return () => {
    if (view.turn !== turn) return; // a call that a newer one has overtaken
    views.delete(parentElement);
    view.unfollow();
    clearTimeout(view.later);
    view.removeChart?.();
    view.root.remove();
  };
}

function create(parentElement) {
  const root = element("div", "part follower"), view = { root, turn: 0, drawing: 0, unfollow: () => {} };
  root.toggleAttribute("data-moves", true);
  view.chart = element("div", "picture");
  view.words = element("p");
  view.problem = element("p");
  view.problem.setAttribute("role", "alert");
  view.more = element("div", "st-key-details-of-follower wide"); // Present mode hides it
  view.table = foldedTable("inside", () => draw(view));
  root.append(view.chart, view.words, view.problem, view.more);
  view.chart.hidden = view.words.hidden = view.problem.hidden = view.more.hidden = true;
  parentElement.appendChild(root);
  views.set(parentElement, view);
  return view;
}

// Each part loads what it shows at a step, and returns the function that shows it.
const PARTS = { said, gates, arcs, context, asks };

async function draw(view) {
  const drawing = ++view.drawing, step = Math.min(place.values.step ?? 0, view.data.length);
  const show = await PARTS[view.data.part](view, step).catch((problem) => { console.warn(problem); });
  if (view.drawing !== drawing) return; // a newer one has overtaken it
  view.problem.hidden = Boolean(show);
  if (show) show();
  else view.problem.textContent = "What happens inside the network could not be loaded from the server. Choose the position again, or reload the page.";
}

async function said({ words, data }, step) {
  const head = await readingAt(data.reading).head;
  return () => {
    words.hidden = false;
    words.textContent = step
      ? `The model has read up to “${before(head, step, 12)}”${data.short ? "." : ` and now predicts the next ${head.unit}.`}`
      : `Before the first ${head.unit} the model has read nothing. Choose a later ${head.unit} in the text above.`;
  };
}

// All units of a layer; `figure` is that of some step.
async function gates(view, step) {
  const { address, rows, units, unit, names, figure } = view.data;
  if (!step) return () => { view.chart.hidden = view.more.hidden = true; };
  const at = (step - 1) % rows, values = await numbersAt(address.replace("{first}", step - 1 - at));
  const parts = names.map((_, i) => [...values.subarray((at * names.length + i) * units, (at * names.length + i + 1) * units)]);
  return () => {
    const { data, layout } = JSON.parse(figure);
    parts.forEach((part, i) => {
      data[2 * i].x = part.map(rounded);
      Object.assign(data[2 * i + 1], { x: [rounded(part[unit])], text: [`<b>${fixed(part[unit], 2)}</b>`] });
    });
    drawChart(view, { data, layout });
    const figures = (part) => [part[unit], part.reduce((sum, x) => sum + x, 0) / units, Math.min(...part), Math.max(...part)];
    fill(view, ["gate or state", `unit ${unit + 1}`, "mean of all units", "minimum", "maximum"],
      parts.map((part, i) => [names[i], ...figures(part).map((number) => fixed(number, 3))]));
  };
}

const rounded = (value) => Math.round(value * 1e3) / 1e3;

// Where the last character read looks, in the part of the text that the network holds then.
async function arcs(view, step) {
  const { data } = view;
  if (!step) return () => { view.chart.hidden = view.words.hidden = view.more.hidden = true; };
  const [at, start, stop] = partAt(data.parts, step), row = step - 1 - start, length = stop - start;
  const [weights, heads] = await Promise.all([data.weights, data.heads].map((address) => numbersAt(address.replace("{at}", at))));
  const number = heads.length / length / 3; // of heads in all layers
  const summary = (head) => heads.subarray((row * number + head) * 3, (row * number + head + 1) * 3);
  const perLayer = number / data.layers, name = (position) => data.letters[data.characters[start + position]][2];
  return () => {
    const shown = weights.subarray(row * length, row * length + row + 1);
    drawChart(view, arcsFigure({ ...data, text: data.characters, figure: JSON.parse(data.figure), weights: shown, first: start }));
    const [position, share, distance] = summary((data.layer - 1) * perLayer + data.head - 1), apart = row - position;
    const back = apart ? `${apart} ${data.unit}${apart === 1 ? "" : "s"} back` : `the last ${data.unit} read`;
    view.words.className = "small st-key-details-of-arcs";
    view.words.hidden = false;
    view.words.textContent = `The greatest share, ${fixed(100 * share, 0)}%, goes to “${name(position)}” at position `
      + `${start + position + 1}, ${back}. On average the head looks ${fixed(distance, 1)} ${data.unit}s back.`;
    view.table.summary.textContent = "Every head at this step as a table";
    fill(view, ["layer", "head", "looks most at", "at position", `${data.unit}s back`, "share, %", `mean distance, ${data.unit}s`],
      Array.from({ length: number }, (_, i) => {
        const [place, most, mean] = summary(i);
        return [Math.floor(i / perLayer) + 1, i % perLayer + 1, name(place), start + place + 1, row - place, fixed(100 * most, 1), fixed(mean, 1)];
      }));
  };
}

async function context({ words, data }, step) {
  const [, start] = partAt(data.parts, step);
  return () => {
    words.className = "small";
    words.hidden = !start;
    words.textContent = "When its context is full, the model reads the last half of it again and continues. "
      + `Here the context begins at position ${start + 1}.`;
  };
}

// What the server shows of the position is asked for again once the reader rests.
async function asks(view, step) {
  clearTimeout(view.later);
  if (step !== view.data.step) view.later = setTimeout(view.tell, REST);
  return () => {};
}

function drawChart(view, figure) {
  const { chart } = view.data;
  view.chart.hidden = false;
  view.chart.style.minHeight = `${chart.height}px`;
  const data = { ...chart, figure: JSON.stringify(figure) };
  view.removeChart = mountChart({ data, parentElement: view.chart, setTriggerValue: () => {} });
}

// The table, where it is open.
function fill(view, names, rows) {
  view.more.hidden = false;
  if (!view.table.details.parentNode) view.more.append(view.table.details);
  view.table.show(names, rows);
}
