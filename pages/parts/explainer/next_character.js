// The prediction at the chosen position: heading, figures, bars, the sliders that shape them, and words. All of it
// follows the page's place (place.js) in the browser, from the logits of the reading.

import { place } from "./place.js";
import mountChart from "./chart.js";
import { readingAt } from "./reading.js";
import { isShaped, predicted, ranked, shaped } from "./sampling.js";
import { bars } from "./bars.js";
import { figures, fixed, heading, inWords } from "./words.js";
import { setting } from "./settings.js";
import { element } from "./elements.js";
import { foldedTable } from "./table.js";

const ROWS = 12; // of the table
const views = new WeakMap(); // parentElement -> what is drawn there

export default function ({ data, parentElement, setTriggerValue }) {
  const view = views.get(parentElement) ?? create(parentElement);
  view.data = data;
  view.chart.style.minHeight = `${data.chart.height}px`;
  for (const input of view.inputs) Object.assign(input, data.limits[input.name]);
  const before = view.unlisten, unlisten = place.listen(() => draw(view));
  const disconnect = place.connect((values) => setTriggerValue("moved", values));
  view.unlisten = () => { unlisten(); disconnect(); };
  before();
  place.hear(data.place, data.length);
  const turn = ++view.turn;
  return () => {
    if (view.turn !== turn) return; // a call that a newer one has overtaken
    views.delete(parentElement);
    view.unlisten();
    view.removeChart?.();
    view.root.remove();
  };
}

function create(parentElement) {
  const root = element("div", "part next"), view = { root, turn: 0, drawing: 0, unlisten: () => {} };
  root.toggleAttribute("data-moves", true);
  view.heading = element("h2");
  view.nothing = element("p", "note");
  view.figures = element("p", "st-key-details-figures");
  view.chart = element("div", "picture");
  view.problem = element("p", "note");
  view.problem.setAttribute("role", "alert");
  view.problem.hidden = view.nothing.hidden = true;
  const settings = element("div", "settings"), cuts = element("div", "cuts");
  view.inputs = [
    setting(settings, "temperature", "Temperature", "range"),
    setting(cuts, "top_k", "Top-k (0 is off)", "number"),
    setting(cuts, "top_p", "Top-p (1 is off)", "range"),
  ];
  settings.append(element("div", "st-key-details-cut-offs")); // Present mode hides it
  settings.lastChild.append(cuts);
  view.more = element("div", "st-key-details-words");
  view.words = element("p", "small");
  view.other = element("p", "small");
  view.table = foldedTable("next-character", () => draw(view));
  view.more.append(view.words, view.other, view.table.details);
  view.predicted = [view.figures, view.chart, settings, view.more];
  root.append(view.heading, view.nothing, view.figures, view.problem, view.chart, settings, view.more);
  parentElement.appendChild(root);
  views.set(parentElement, view);
  return view;
}

async function draw(view) {
  const drawing = ++view.drawing, { data } = view, { ...values } = place.values;
  const step = Math.min(values.step, data.length);
  for (const input of view.inputs) input.show(values[input.name]);
  const reading = readingAt(data.reading), other = data.other && readingAt(data.other.reading);
  const loading = Promise.all([reading.head, other?.head, step ? reading.row(step - 1) : null]);
  const loaded = await loading.catch(() => null);
  if (view.drawing !== drawing) return; // a newer one has overtaken it
  view.problem.hidden = loaded !== null;
  if (!loaded) {
    view.problem.textContent = "The prediction could not be loaded from the server. Choose the position again, or reload the page.";
    return;
  }
  const [head, otherHead, logits] = loaded;
  view.nothing.hidden = step > 0;
  view.nothing.textContent = `Before it the model has read nothing, so there is no prediction yet. Choose a later ${head.unit}.`;
  for (const part of view.predicted) part.hidden = step === 0;
  view.heading.textContent = heading(head, step);
  if (step) show(view, { head, otherHead, logits, step, values });
}

function show(view, { head, otherHead, logits, step, values }) {
  const { data } = view, { probabilities } = predicted(logits);
  const sampling = isShaped(values) ? shaped(logits, values, head.unknown) : null;
  const actual = step < head.text.length ? head.next[step - 1] : null;
  const words = inWords(head, step);
  view.figures.textContent = figures(head, step);
  view.words.textContent = words;
  const known = otherHead && step < head.text.length && (otherHead.bits[step - 1] ?? null) !== null;
  view.other.hidden = !known;
  if (known) view.other.textContent = `The other model, ${data.other.name}: ${figures(otherHead, step)}`;
  const figure = bars({
    labels: head.labels ?? head.alphabet, model: probabilities, sampling, actual, title: `Predicted next ${head.unit}`,
    most: data.most, layout: data.layout,
  });
  const chart = { ...data.chart, figure: JSON.stringify(figure), label: words, filename: `position-${step + 1}` };
  view.removeChart = mountChart({ data: chart, parentElement: view.chart, setTriggerValue: () => {} });
  fill(view.table, { head, probabilities, sampling, actual });
}

// The most likely characters, and the actual one.
function fill(table, { head, probabilities, sampling, actual }) {
  const shown = ranked(probabilities).slice(0, ROWS);
  if (actual !== null && !shown.includes(actual)) shown.push(actual);
  const share = (p) => fixed(100 * p, 2), names = [head.unit, "model probability, %"];
  if (sampling) names.push("sampling probability, %");
  const rows = shown.map((i) => [
    head.alphabet[i], share(probabilities[i]), ...(sampling ? [share(sampling[i])] : []), i === actual ? "actual" : "",
  ]);
  table.show([...names, "actual"], rows);
}
