// A run's panel: each part of it is a node of its own, and all parts of one route share one source, which asks the
// server (live_route.py) once per second while the run goes on.

import mountChart from "./chart.js";

const EVERY = 1000; // milliseconds between an answer and the next question
const EVERY_HIDDEN = 15000; // in a tab that nobody sees
const SLOWEST = 8000; // after several questions without an answer
const WAIT = 20000; // for an answer
const LOOKED = 550; // as long as the server tells what it has seen last
const AGAIN = 5000; // until the script is asked again to run for the same reason

for (const name of ["chart.css", "live_panel.css"]) {
  const href = new URL(`./${name}`, import.meta.url).href;
  document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href }));
}

const sources = new Map(); // route -> what the server last said, and who draws it
const mounted = new Map(); // parentElement -> part
const readings = new Map(); // run -> its generated texts, and which one the reader holds

export default function ({ data, parentElement, setTriggerValue }) {
  let part = mounted.get(parentElement);
  if (!part) {
    part = { root: make("div", `charlab-live charlab-live-${data.part}`), turn: 0, source: null, nodes: {} };
    parentElement.appendChild(part.root);
    mounted.set(parentElement, part);
  }
  const turn = ++part.turn;
  part.data = data;
  part.runAgain = (why) => setTriggerValue("changed", why);
  const source = sourceOf(data.route);
  if (part.source !== source) leave(part);
  part.source = source;
  source.parts.add(part);
  show(part);
  if (data.part === "progress" || !source.document) ask(source);
  // Streamlit calls this when the part leaves the page, and also for a call that a newer one has overtaken.
  return () => {
    if (part.turn !== turn) return;
    leave(part);
    part.removeChart?.();
    part.root.remove();
    mounted.delete(parentElement);
  };
}

function leave(part) {
  const { source } = part;
  if (!source) return;
  source.parts.delete(part);
  if (source.parts.size) return;
  clearTimeout(source.timer);
  sources.delete(source.route);
}

// Asking

function sourceOf(route) {
  if (!sources.has(route)) {
    sources.set(route, {
      route, run: new URLSearchParams(route.split("?")[1]).get("run"), parts: new Set(), document: null,
      chart: null, etag: "", at: 0, failed: 0, trouble: "", gone: false, asking: false, timer: 0,
    });
  }
  return sources.get(route);
}

async function ask(source) {
  clearTimeout(source.timer);
  if (source.asking) return;
  source.asking = true;
  try {
    await hear(source);
    source.failed = 0;
    source.trouble = "";
  } catch (problem) {
    source.failed += 1;
    const words = problem instanceof Told ? problem.message : "The server does not answer.";
    if (source.failed > 1) source.trouble = `${words} What you see here may be out of date. Trying again ...`;
  }
  source.asking = false;
  if (!source.parts.size) return; // they have left meanwhile
  source.parts.forEach(show);
  const wait = source.failed ? Math.min(EVERY * 2 ** (source.failed - 1), SLOWEST) : EVERY;
  if (source.failed || source.document?.more || needsScript(source) || isBehind(source)) {
    source.timer = setTimeout(ask, document.hidden ? EVERY_HIDDEN : wait, source);
  }
}

// Ask about a run once the server looks at it again, and not only in a second: it has something to show.
export function askSoon(run) {
  for (const source of sources.values()) if (source.run === run && source.parts.size) setTimeout(ask, LOOKED, source);
}

class Told extends Error {} // in words by the server

async function hear(source) {
  const reading = readingOf(source.run), texts = reading.texts.length;
  const query = `&chart=${source.chart?.version ?? ""}&reading=${reading.number}&texts=${texts}`;
  const headers = source.etag ? { "If-None-Match": source.etag } : {};
  const options = { headers, cache: "no-store", signal: AbortSignal.timeout(WAIT) };
  const answer = await fetch(source.route + query, options);
  source.gone = answer.status === 404;
  if (source.gone) return;
  if (answer.status === 503) throw new Told((await answer.json()).error);
  if (answer.status !== 304) {
    if (!answer.ok) throw new Error(`${answer.status}`);
    take(source, reading, await answer.json());
    source.etag = answer.headers.get("ETag");
  }
  source.at = Number(answer.headers.get("Charlab-Read"));
}

function take(source, reading, told) {
  if (told.chart.version) source.chart = { version: told.chart.version, figure: told.chart.figure };
  const { number, first, more } = told.texts;
  if (number !== reading.number || first < reading.texts.length) {
    reading.number = number;
    reading.texts.length = Math.min(first, reading.texts.length);
  }
  if (first === reading.texts.length) reading.texts.push(...more);
  const newest = reading.texts.length - 1;
  if (reading.held !== null && reading.held >= newest) reading.held = null; // a resume has removed the texts after it
  source.document = told;
}

function readingOf(run) {
  if (!readings.has(run)) readings.set(run, { number: -1, texts: [], held: null });
  return readings.get(run);
}

const drawnBy = (source) => [...source.parts].find(({ data }) => data.part === "progress")?.data;

// Whether the page's script has seen the run later than the last answer.
function isBehind(source) {
  return source.at <= drawnBy(source)?.at;
}

// Whether the page's script has drawn other controls than the run has now.
function needsScript(source) {
  const drawn = drawnBy(source);
  return drawn && (source.gone || (!isBehind(source) && source.document?.controls !== drawn.controls));
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) sources.forEach(ask); // a run that had ended, too: it may have been resumed elsewhere
});

// Drawing: only what differs is touched, so that a selection stays and a screen reader reads nothing twice

const SHOW = {
  progress: showProgress, figures: showFigures, chart: showChart, texts: showTexts, about: showAbout,
  caption: (part, told) => say(part, "caption", told.caption, "p", "caption"), words: showWords,
};

function show(part) {
  const { source, data, root } = part;
  if (data.part === "progress") {
    disableOutdated(source, data);
    say(part, "trouble", source.trouble, "p", "box", "warning").setAttribute("role", "status");
    const why = source.gone ? "gone" : source.document?.controls;
    if (needsScript(source) && (part.why !== why || Date.now() - part.asked > AGAIN)) {
      Object.assign(part, { why, asked: Date.now() });
      part.runAgain(why);
    }
  }
  if (data.part === "chart" || data.part === "texts") root.style.minHeight = source.document ? "" : `${data.height}px`;
  if (source.document) SHOW[data.part](part, source.document);
}

// Pause and Stop do nothing once the run has ended, until the script has drawn other controls in their place.
function disableOutdated(source, drawn) {
  const controls = document.querySelector(".st-key-while-active"), told = source.document;
  const hasEnded = !isBehind(source) && (source.gone || (told && !told.active));
  if (controls) controls.inert = hasEnded || !drawn.active;
}

function showProgress(part, told) {
  say(part, "state", told.state, "p", "state").setAttribute("role", "status");
  say(part, "queue", told.queue, "p");
  say(part, "problem", told.problem, "p", "box", "error");
  say(part, "reason", told.reason?.words, "p", "box", told.reason?.kind);
  say(part, "doing", told.bar?.words, "p", "doing");
  const track = node(part, "track", "div", "track");
  track.hidden = !told.bar;
  if (!told.bar) return;
  if (!track.firstChild) track.append(make("div"));
  track.setAttribute("role", "progressbar");
  track.setAttribute("aria-label", told.bar.words);
  track.setAttribute("aria-valuenow", Math.round(100 * told.bar.share));
  track.firstChild.style.width = `${100 * told.bar.share}%`;
}

function showFigures(part, told) {
  told.figures.forEach(({ label, value, error, help }, index) => {
    const figure = node(part, `figure${index}`, "div", "figure");
    const head = node(part, `head${index}`, "div", "label", figure);
    say(part, `label${index}`, label, "p", "words", "", head);
    if (help) explain(node(part, `help${index}`, "button", "help", head), help);
    say(part, `value${index}`, value, "p", "value", "", figure);
    say(part, `error${index}`, error, "p", "caption", "", figure);
  });
}

function explain(button, words) {
  if (button.textContent !== "?") button.textContent = "?";
  button.type = "button";
  button.setAttribute("aria-label", words);
}

function showChart(part, told) {
  const { source, data } = part;
  say(part, "instead", told.chart.instead, "p", "box", "info");
  const holder = node(part, "chart", "div", "chart");
  if (!source.chart?.figure) {
    part.removeChart?.();
    part.removeChart = part.drawn = null;
    return;
  }
  const { label, filename } = told.chart;
  const { script, height, least_type } = data;
  const wanted = { figure: source.chart.figure, label, filename, script, height, least_type, clickable: false };
  const drawn = JSON.stringify([source.chart.version, label, part.turn]); // a call may mean a new theme
  if (part.drawn === drawn) return;
  part.drawn = drawn;
  part.removeChart = mountChart({ data: wanted, parentElement: holder, setTriggerValue() {} });
}

// The slider follows the newest text until the reader goes back; at its end it follows again

function showTexts(part, told) {
  const reading = readingOf(part.source.run), newest = reading.texts.length - 1;
  const head = node(part, "head", "div", "head"), box = node(part, "box", "div", "text");
  head.hidden = box.hidden = newest < 0;
  if (newest < 0) return;
  const place = reading.held ?? newest, slider = sliderOf(part, head, reading);
  slider.parentNode.hidden = newest === 0;
  const only = [reading.texts[0].after, told.next_text].filter(Boolean).join(". ");
  say(part, "only", newest === 0 ? only : "", "p", "caption", "", head);
  if (newest > 0) {
    const words = epochOf(reading.texts, place);
    if (slider.max !== `${newest}`) slider.max = newest;
    if (slider.value !== `${place}`) slider.value = place;
    if (slider.getAttribute("aria-valuetext") !== words) slider.setAttribute("aria-valuetext", words);
    slider.style.setProperty("--share", place / newest);
    write(part.nodes.epoch, words);
  }
  box.style.height = `${part.data.height - (newest > 0 ? head.offsetHeight : 0)}px`;
  const text = boxOf(part, box);
  if (text.textContent !== reading.texts[place].text) {
    text.textContent = reading.texts[place].text;
    text.parentNode.scrollTop = 0;
  }
}

function sliderOf(part, head, reading) {
  if (part.nodes.slider) return part.nodes.slider;
  const label = make("label", "charlab-live-slider"), row = make("span"), slider = make("input");
  row.textContent = "Text after epoch ";
  part.nodes.epoch = row.appendChild(make("b")); // not <output>: it would be read aloud at every epoch
  slider.type = "range";
  slider.min = 0;
  slider.setAttribute("aria-label", "Text after epoch");
  slider.addEventListener("input", () => {
    const now = readingOf(part.source.run), place = Number(slider.value);
    now.held = place < now.texts.length - 1 ? place : null;
    part.source.parts.forEach(show);
  });
  label.append(row, slider);
  head.append(label);
  return (part.nodes.slider = slider);
}

function boxOf(part, box) {
  if (!part.nodes.text) {
    const lines = box.appendChild(make("pre"));
    lines.tabIndex = 0; // so that keys scroll it
    lines.setAttribute("role", "group");
    lines.setAttribute("aria-label", "Generated text");
    part.nodes.text = lines.appendChild(make("code"));
    const button = box.appendChild(make("button", "charlab-live-copy"));
    button.type = "button";
    button.textContent = "Copy";
    button.addEventListener("click", () => copy(part.nodes.text, button));
  }
  return part.nodes.text;
}

function copy(text, button) {
  getSelection().selectAllChildren(text);
  document.execCommand("copy"); // navigator.clipboard is not there where a server has no https
  getSelection().removeAllRanges();
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
}

// An epoch, with the step where several texts have the same one: of a run that was stopped early, it is 0 again.
function epochOf(texts, place) {
  const { epoch, step } = texts[place];
  const isAlone = texts[place - 1]?.epoch !== epoch && texts[place + 1]?.epoch !== epoch;
  return isAlone ? epoch : `${epoch} (step ${step})`;
}

function showAbout(part, told) {
  const reading = readingOf(part.source.run), shown = reading.texts[reading.held ?? reading.texts.length - 1];
  say(part, "about", shown ? `${shown.about} ${told.every_epoch}` : "", "p", "caption");
}

function showWords(part, told) {
  const { gap, saved, summary } = told.words;
  say(part, "gap", gap, "p", "caption");
  say(part, "saved", saved, "p", "caption");
  say(part, "heading", summary.length ? "Summary" : "", "h3");
  const list = node(part, "summary", "div", "summary");
  while (list.childElementCount > summary.length) list.lastChild.remove();
  summary.forEach((sentence, index) => write(list.children[index] ?? list.appendChild(make("p")), sentence));
}

function make(tag, name = "") {
  const made = document.createElement(tag);
  if (name) made.className = name;
  return made;
}

function node(part, name, tag, kind, place = part.root) {
  return (part.nodes[name] ??= place.appendChild(make(tag, `charlab-live-${kind}`)));
}

function say(part, name, words, tag, kind = "words", shade = "", place = part.root) {
  const there = node(part, name, tag, kind, place);
  there.hidden = !words;
  if (shade) there.dataset.kind = shade;
  write(there, words ?? "");
  return there;
}

function write(there, words) {
  if (there.textContent !== words) there.textContent = words;
}
