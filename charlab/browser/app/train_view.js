// Train: the current model further, or a new one from nothing, on a text of one's own; with a curve, and a model file.

import { duration, grouped } from "./characters.js";
import { current, showProblem, whenChanged } from "./current.js";
import { lossCurve } from "./curve.js";
import { button, choice, field, make, oncePerFrame, spoken } from "./dom.js";
import { LEAST_CHARACTERS, aboutText, asTitle, countCharacters, textOf, tidy } from "./own_text.js";
import { OwnTraining, planned } from "./own_training.js";
import { sampling } from "./settings.js";
import { showSettings } from "./temperature.js";

const SHOWN = 100_000; // characters of a file in the box: a longer one stays out of it

export function trainView(root) {
  const view = { root, text: "", corpus: "", counted: countCharacters(""), training: null };
  view.redraw = oncePerFrame(() => drawTraining(view));
  root.append(make("div", { class: "split even" }, form(view), progress(view)));
  whenChanged(() => { if (!root.hidden) showForm(view); });
  addEventListener("resize", view.redraw);
  addEventListener("beforeunload", (event) => { if (isRunning(view)) event.preventDefault(); });
  return { show: () => { showForm(view); view.redraw(); } };
}

const isRunning = ({ training }) => Boolean(training && ["starting", "training", "measuring"].includes(training.state));

// The text and the settings

function form(view) {
  const area = field("Text to train on", make("textarea", { rows: 5, class: "code", spellcheck: false }));
  const file = field("or open a text file", make("input", { type: "file", accept: ".txt,text/plain" }));
  view.area = area.input;
  view.facts = spoken({ class: "quiet" });
  area.input.addEventListener("input", () => take(view, area.input.value, ""));
  file.input.addEventListener("change", () => openFile(view, file.input.files[0]));
  view.start = field("Begin with", choice([["further", "this model: train it further"], ["new", "nothing: a new network"]], "further"));
  view.kind = field("Network", choice([["gru", "GRU"], ["lstm", "LSTM"]], "gru"));
  view.units = field("Units", choice([[64, "64"], [128, "128"], [256, "256"]], 128));
  view.layers = field("Layers", choice([[1, "1"], [2, "2"]], 1));
  view.minutes = field("Train for (minutes)", make("input", { type: "number", min: 0.1, max: 120, step: 0.1, value: 1 }));
  view.why = make("p", { class: "note" });
  view.go = button("Start", () => begin(view), { class: "primary" });
  view.stop = button("Stop", () => view.training.stop());
  for (const { input } of [view.start, view.kind, view.units, view.layers, view.minutes]) input.addEventListener("change", () => showForm(view));
  return make("div", {}, make("h2", {}, "A text of your own"), area.box, file.box, view.facts, view.why,
    make("div", { class: "row" }, ...[view.start, view.kind, view.units, view.layers, view.minutes].map(({ box }) => box)),
    make("div", { class: "buttons" }, view.go, view.stop), saving(view));
}

async function openFile(view, file) {
  if (!file) return;
  try {
    const text = await textOf(file);
    view.area.value = text.length > SHOWN ? "" : text;
    view.area.placeholder = text.length > SHOWN ? `“${file.name}” is open. Its ${grouped(text.length)} characters are not shown here.` : "";
    take(view, text, asTitle(file.name));
    showProblem(null);
  } catch (problem) {
    showProblem(problem);
  }
}

function take(view, text, corpus) {
  const read = tidy(text);
  Object.assign(view, { text: read, corpus, counted: countCharacters(read) });
  showForm(view);
}

function showForm(view) {
  const reason = current.untrainable, running = isRunning(view);
  if (reason) view.start.input.value = "new";
  view.start.input.options[0].disabled = Boolean(reason);
  view.why.hidden = !reason;
  view.why.textContent = reason && `${reason} This model cannot be trained further here; a new network can be trained from nothing.`;
  const isNew = view.start.input.value === "new";
  for (const { box } of [view.kind, view.units, view.layers]) box.hidden = !isNew;
  view.facts.textContent = aboutText(view.counted);
  view.go.disabled = running || view.counted.characters < LEAST_CHARACTERS;
  view.stop.disabled = !running;
}

// Training

async function begin(view) {
  const minutes = view.minutes.input.valueAsNumber;
  if (!(minutes >= 0.1 && minutes <= 120)) return showProblem(new Error(`Train for 0.1 to 120 minutes. Received: ${view.minutes.input.value || "nothing"}.`));
  showProblem(null);
  const settings = {
    isNew: view.start.input.value === "new", kind: view.kind.input.value, units: Number(view.units.input.value),
    layers: Number(view.layers.input.value), minutes, corpus: view.corpus, name: view.corpus.replace(/\.[^.]*$/, ""),
  };
  try {
    view.training = new OwnTraining(planned(view.text, settings), view.redraw);
    sampling.prompt = view.training.plan.about.train.seed_text;
    showSettings();
    showForm(view);
    view.redraw();
    await view.training.run();
  } catch (problem) {
    if (view.training) view.training.state = "failed";
    showProblem(problem);
  }
  showForm(view);
  view.redraw();
}

// How it goes

function progress(view) {
  view.figures = make("p", { class: "figures" });
  view.status = spoken();
  view.chart = make("div", { class: "picture" });
  view.sample = make("p", { class: "code sample", dir: "auto" });
  view.told = make("div", { hidden: true }, make("h3", {}, "What it writes now"), view.sample);
  return make("div", {}, make("h2", {}, "Loss"), view.status, view.figures, view.chart, view.told);
}

// What to do with the trained network
function saving(view) {
  view.name = field("Name", make("input", { maxLength: 200 }));
  view.save = button("Save model file", () => save(view), { class: "primary" });
  view.saving = make("div", { hidden: true }, make("h3", {}, "The trained network"), make("div", { class: "row" }, view.name.box, view.save),
    make("p", { class: "quiet" }, "Import it into CharLab: on the Train page under Import, or with the command charlab import FILE."));
  return view.saving;
}

function drawTraining(view) {
  const { training } = view;
  const bits = (loss) => loss / Math.LN2, width = Math.max(280, view.chart.clientWidth);
  view.chart.replaceChildren(lossCurve(training ? {
    training: training.events.map(({ seconds, loss }) => [seconds, bits(loss)]),
    validation: training.validation.map(({ seconds, loss }) => [seconds, bits(loss)]),
    budget: training.plan.about.train.minutes * 60, width,
  } : { training: [], validation: [], budget: 60, width }));
  view.told.hidden = !training?.sample;
  view.sample.textContent = training?.sample ? training.plan.about.train.seed_text + training.sample : "";
  if (!training) {
    view.status.textContent = "The curve appears here once training starts: training as a line, validation dashed.";
    return;
  }
  drawFigures(view, bits);
  const isDone = ["done", "stopped"].includes(training.state);
  if (isDone && view.saving.hidden) view.name.input.value = training.plan.about.title;
  view.saving.hidden = !isDone;
}

function drawFigures(view, bits) {
  const { training } = view, { latest, best, plan } = training, budget = plan.about.train.minutes * 60;
  const figures = latest ? [`training ${bits(latest.loss).toFixed(3)} bits per character`] : [];
  if (best) figures.push(`validation ${bits(training.last.loss).toFixed(3)}`);
  if (latest) figures.push(`epoch ${latest.epoch.toFixed(1)}`, `${grouped(latest.characters_per_second)} characters per second`);
  if (training.state === "training") figures.push(`${duration(budget - latest.seconds)} left`);
  view.figures.textContent = figures.join(" · ");
  const words = {
    starting: "Training starts ...",
    training: "Training. The other parts of this page already use the model as it is now.",
    measuring: "Measuring the validation loss of the last weights ...",
    failed: "Training ended.",
  };
  const loss = best ? `${bits(best.loss).toFixed(4)} bits per character on the validation set` : "";
  const unknown = plan.unknown ? ` ${grouped(plan.unknown)} characters of the text are not in the model's alphabet, and were read as one unknown character.` : "";
  const said = words[training.state] ?? `${training.state === "done" ? "Done" : "Stopped"} after ${duration(latest?.seconds ?? 0)}: ${loss}. The best weights are used on this page.${unknown}`;
  if (view.status.textContent !== said) view.status.textContent = said;
}

function save(view) {
  const name = view.name.input.value.replace(/\p{C}/gu, "").trim() || "My model";
  const file = new Blob([view.training.file(name)], { type: "application/zip" }), address = URL.createObjectURL(file);
  const link = make("a", { href: address, download: `${name.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").toLowerCase() || "model"}.charlab.zip` });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
