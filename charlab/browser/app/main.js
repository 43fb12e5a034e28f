// The page of a model: its parts as tabs, the choice of model where there are several, light and dark.

import { grouped } from "./characters.js";
import { clientOf } from "./client.js";
import { current, showProblem, useModel, whenChanged } from "./current.js";
import { make } from "./dom.js";
import { readView } from "./read_view.js";
import { sampling } from "./settings.js";
import { sourceOf } from "./source.js";
import { stepsView } from "./steps_view.js";
import { showSettings } from "./temperature.js";
import { trainView } from "./train_view.js";
import { writeView } from "./write_view.js";

const VIEWS = { write: writeView, steps: stepsView, read: readView, train: trainView };

const source = sourceOf(), views = {}, get = (id) => document.getElementById(id);
startPage().catch(showProblem);

async function startPage() {
  setUpTheme();
  current.client = clientOf(await source.startWorker());
  current.kernels = await source.kernels();
  const models = await source.models();
  setUpPicker(models);
  whenChanged(showModel);
  await openModel(chosenModel(models));
  for (const [name, view] of Object.entries(VIEWS)) views[name] = view(get(name));
  setUpTabs();
}

async function openModel(name) {
  const { about, weights } = await source.load(name);
  Object.assign(sampling, { prompt: about.train.seed_text });
  await useModel(about, weights);
  showSettings();
}

// What is said of the model above everything
function showModel() {
  const { about, parameters } = current, { title, corpus, bits, isTraining } = about;
  document.title = title;
  get("name").textContent = title;
  const figures = [
    describe(about.model, parameters), `trained on ${corpus}`,
    bits ? `${bits.toFixed(2)} bits per character on its validation set` : "", isTraining ? "in training" : "",
  ];
  get("about").textContent = figures.filter(Boolean).join(" · ");
  get("models").value = about.name; // none, where it was trained here
  get("models").disabled = Boolean(isTraining);
  for (const [name, view] of Object.entries(views)) if (!get(name).hidden) view.show();
}

function describe({ kind, layers, units, order, context }, parameters) {
  const layered = layers > 1 ? `${layers} layers of ${units} units` : `${units} units`;
  if (kind === "ngram") return `n-gram model of order ${order}, ${grouped(parameters / 2)} counts`;
  const looks = kind === "transformer" ? `Transformer, ${layered}, context of ${context} characters` : `${kind.toUpperCase()}, ${layered}`;
  return `${looks}, ${(parameters / 1e6).toFixed(2)} M parameters`;
}

// Choices

function setUpPicker(models) {
  get("picker").hidden = models.length < 2;
  get("models").append(...models.map(({ name, title }) => make("option", { value: name }, title)));
  get("models").addEventListener("change", () => {
    const address = new URL(location.href);
    address.searchParams.set("model", get("models").value);
    history.replaceState(null, "", address);
    openModel(get("models").value).then(() => showProblem(null), showProblem);
  });
}

function chosenModel(models) {
  const wanted = new URLSearchParams(location.search).get("model");
  return (models.find((model) => model.name === wanted) ?? models[0]).name;
}

// Tabs: arrow keys move between them (WAI-ARIA), and the address names the open one.
function setUpTabs() {
  const tabs = [...document.querySelectorAll("[role=tab]")];
  const select = (tab) => {
    for (const other of tabs) {
      const isChosen = other === tab;
      other.setAttribute("aria-selected", String(isChosen));
      other.tabIndex = isChosen ? 0 : -1;
      get(other.getAttribute("aria-controls")).hidden = !isChosen;
    }
    const name = tab.getAttribute("aria-controls");
    if (location.hash.slice(1) !== name) history.replaceState(null, "", `#${name}`);
    views[name].show();
  };
  tabs.forEach((tab, i) => {
    tab.addEventListener("click", () => select(tab));
    tab.addEventListener("keydown", ({ key }) => {
      const next = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: tabs.length - 1 }[key];
      if (next === undefined) return;
      const other = tabs[(next + tabs.length) % tabs.length];
      other.focus();
      select(other);
    });
  });
  const named = () => tabs.find((tab) => `#${tab.getAttribute("aria-controls")}` === location.hash);
  addEventListener("hashchange", () => { if (named()) select(named()); });
  select(named() ?? tabs[0]);
}

// Light and dark: as the system has it, until the reader chooses.
function setUpTheme() {
  const root = document.documentElement, system = matchMedia("(prefers-color-scheme: dark)");
  let chosen = null;
  const isDark = () => (chosen ?? (system.matches ? "dark" : "light")) === "dark";
  const show = () => {
    root.dataset.theme = isDark() ? "dark" : "light";
    get("theme").textContent = isDark() ? "Light colours" : "Dark colours";
  };
  get("theme").addEventListener("click", () => {
    chosen = isDark() ? "light" : "dark";
    show();
  });
  system.addEventListener("change", show);
  show();
}
