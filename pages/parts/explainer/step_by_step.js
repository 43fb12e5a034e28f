// Write step by step: the segments and the random number of a position, what is written, and what to press. The
// position, the temperature and the seed move in the browser (place.js), from the logits that came with each answer.
// The server writes: a step, a character chosen by hand and another branch are asked of it, one at a time.

import { place } from "./place.js";
import mountChart from "./chart.js";
import mountStrip from "./character_strip.js";
import { numbersAt } from "./numbers.js";
import { chosenBy, ranked, shaped } from "./sampling.js";
import { segments } from "./segments.js";
import { setting } from "./settings.js";
import { fixed, inPercent } from "./words.js";
import { button, element, styled } from "./elements.js";
import { foldedTable } from "./table.js";
import { fetched } from "./fetched.js";

const HANDS = 10; // buttons, of the most likely characters
const MOST_LISTED = 10000; // names of an alphabet
const OVERDUE = 10000; // milliseconds, after which no answer is waited for
const views = new WeakMap(); // parentElement -> what is drawn there
const known = { session: null, logits: new Map() }; // of a session: what was written -> logits [V]
let turn = 0; // of what was sent to the server

await styled("step_by_step.css");

export default function ({ data, parentElement, setTriggerValue }) {
  const view = views.get(parentElement) ?? create(parentElement);
  view.tell = (event, more) => setTriggerValue(event, { ...place.take(), ...more, turn: ++turn, known: countKnown(view.data) });
  const before = view.unfollow, unlisten = place.listen(() => draw(view));
  const disconnect = place.connect(() => view.tell("moved"), ["seed", "walk"]);
  view.unfollow = () => { unlisten(); disconnect(); };
  before();
  hearNamed(view, data);
  const call = ++view.call;
  return () => {
    if (view.call !== call) return; // a call that a newer one has overtaken
    views.delete(parentElement);
    view.unfollow();
    pause(view);
    clearTimeout(view.overdue);
    view.removeChart?.();
    view.removeStrip?.();
    view.root.remove();
  };
}

function create(parentElement) {
  const view = { root: element("div", "part walk"), call: 0, drawing: 0, unfollow: () => {}, waiting: [], isAsking: false, isPlaying: false };
  view.root.toggleAttribute("data-moves", true);
  view.chart = element("div", "picture st-key-random_number");
  view.words = element("p", "st-key-details-random-number"); // Present mode hides it
  view.hint = element("p");
  view.problem = element("p", "note");
  view.problem.setAttribute("role", "alert");
  view.problem.hidden = true;
  view.strip = element("div", "st-key-walk_strip");
  view.said = element("p");
  view.more = element("div", "st-key-details-what-if");
  view.root.append(view.chart, view.words, view.hint, view.problem, createButtons(view), view.strip, view.said, view.more);
  view.ask = element("span");
  const title = element("p"), settings = element("div", "settings");
  title.append(element("b", "", "What if?"), " ", view.ask);
  view.inputs = [
    setting(settings, "temperature", "Temperature", "range"),
    setting(settings, "speed", "Speed", "range", (power) => `${2 ** power} per second`),
    setting(settings, "seed", "Random seed", "number"),
  ];
  view.branches = element("div", "branches");
  view.table = foldedTable("step-by-step", () => draw(view));
  view.byHand = element("div");
  view.byHand.append(title, createHands(view));
  view.more.append(view.byHand, settings, view.branches, view.table.details);
  const shadow = view.strip.attachShadow({ mode: "open" });
  view.cells = element("div");
  shadow.append(view.cells);
  view.isStyled = styled("character_strip.css", shadow);
  parentElement.appendChild(view.root);
  views.set(parentElement, view);
  if (!("speed" in place.values)) place.put({ speed: 1 });
  return view;
}

// What is pressed again and again. No button has a tooltip: it would cover the sentence above the row.
function createButtons(view) {
  const row = element("div", "row buttons"), others = element("div", "row");
  const add = (parent, key, words, onClick, icon) => {
    const box = parent.appendChild(element("div", `st-key-${key}`));
    return box.appendChild(button(words, onClick, icon));
  };
  view.step = add(row, "walk_step", "Step", () => { pause(view); ask(view, { act: "step" }); }, "arrow_forward");
  view.step.className = "primary";
  view.play = add(row, "walk_play", "Play", () => (view.isPlaying ? pause(view) : play(view)), "play_arrow");
  view.back = add(others, "walk_back", "Back", () => goTo(view, place.values.written - 1), "arrow_back");
  view.first = add(others, "walk_first", "Restart", () => goTo(view, 0), "first_page");
  add(others, "walk_dice", "New random numbers", () => place.move({ seed: view.nextSeed }), "casino");
  row.append(element("div", "st-key-details-other-buttons")); // Present mode hides it
  row.lastChild.append(others);
  return row;
}

// The most likely characters, and a list of all.
function createHands(view) {
  const row = element("div", "row"), choose = (id) => { pause(view); ask(view, { act: "hand", id }); };
  view.hands = Array.from({ length: HANDS }, () => row.appendChild(button("", ({ currentTarget }) => choose(Number(currentTarget.value)))));
  view.any = row.appendChild(element("select"));
  view.any.addEventListener("change", () => {
    choose(Number(view.any.value));
    view.any.value = "";
  });
  return row;
}

// Asking the server

// One question at a time, each with where the reader is then.
function ask(view, act) {
  if (view.isAsking) return view.waiting.push(act);
  view.isAsking = true;
  view.asked = performance.now();
  view.tell("asked", { ...act, isPlaying: view.isPlaying });
  view.overdue = setTimeout(stop, OVERDUE, view);
}

// Nothing more is asked or waited for.
function stop(view) {
  clearTimeout(view.overdue);
  [view.isAsking, view.waiting] = [false, []];
  pause(view);
}

const logitsAfter = ({ ids }, length) => known.logits.get(ids.slice(0, length).join());

// Of how many positions of the branch, from its beginning, the logits are here: the server need not send them again.
function countKnown(data) {
  let length = 0;
  while (length <= data.ids.length && logitsAfter(data, length)) length++;
  return length;
}

// The names of a large alphabet are at an address of their own, which is asked for once.
function hearNamed(view, data) {
  view.newest = data;
  if (!data.alphabet) return hear(view, data);
  if (data.alphabet === known.address) return hear(view, Object.assign(data, known.names));
  fetched(data.alphabet).then((answer) => answer.json()).then((names) => {
    Object.assign(known, { address: data.alphabet, names });
    if (view.newest === data && view.root.isConnected) hear(view, Object.assign(data, names));
  }).catch((problem) => {
    console.warn(problem);
    view.problem.hidden = false;
    view.problem.textContent = "The names of the tokens could not be loaded from the server. Reload the page.";
  });
}

// What the server says of the branch. Its position counts once it answers the last thing that was sent, unless the
// reader has moved on meanwhile.
function hear(view, data) {
  const isNew = known.session !== data.session;
  if (isNew) Object.assign(known, { session: data.session, logits: new Map() });
  const Numbers = { float32: Float32Array, float64: Float64Array }[data.type];
  for (const [length, packed] of data.rows) {
    const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
    known.logits.set(data.ids.slice(0, length).join(), new Numbers(bytes.buffer));
  }
  if (isNew || !view.any.options.length) listNames(view, data);
  view.data = data;
  for (const input of view.inputs) Object.assign(input, data.limits[input.name]);
  const isAnswer = data.turn === turn;
  if (isNew || (isAnswer && !place.isAhead)) place.put({ written: data.written });
  place.hear(data.place);
  if (data.isStopped) stop(view); // by the Stop of Streamlit's own bar, perhaps before it was heard
  draw(view);
  if (!isAnswer || !view.isAsking) return;
  view.isAsking = false;
  clearTimeout(view.overdue);
  if (view.waiting.length) ask(view, view.waiting.shift());
  else if (view.isPlaying && isFull(view)) pause(view);
  else if (view.isPlaying) view.next = setTimeout(() => ask(view, { act: "step" }), view.asked + 1000 / 2 ** place.values.speed - performance.now());
}

function play(view) {
  view.isPlaying = true;
  ask(view, { act: "step" });
  draw(view);
}

function pause(view) {
  clearTimeout(view.next);
  view.isPlaying = false;
  draw(view);
}

// Moving in the browser

function goTo(view, position) {
  pause(view);
  place.move({ written: Math.min(Math.max(position, 0), view.data.ids.length) });
}

const getPosition = (view) => Math.min(place.values.written, view.data.ids.length);
const isFull = (view) => getPosition(view) >= view.data.most;

// The part of a branch's code up to a position: what follows what is written in the page's link.
export function codeTo(code, position) {
  let part = "", changes = "", left = position;
  for (const [word, kind, number] of code.matchAll(/([sthn])([0-9.]+)/g)) {
    if (!left) break;
    const isChange = kind === "s" || kind === "t", length = kind === "n" ? Math.min(number, left) : 1;
    if (isChange) changes += word;
    else [part, changes, left] = [part + changes + (kind === "n" ? `n${length}` : word), "", left - length];
  }
  return part;
}

// Drawing

async function draw(view) {
  const { data } = view, drawing = ++view.drawing, { temperature, seed } = place.values;
  if (!data || seed === undefined) return;
  const position = getPosition(view), code = codeTo(data.code, position);
  if (!view.isPlaying && place.values.walk !== code) return place.put({ walk: code }); // draws
  const logits = logitsAfter(data, position);
  const numbers = await numbersAt(data.numbers.replace("{seed}", seed), Float64Array).catch(() => null);
  await view.isStyled;
  if (view.drawing !== drawing || !view.root.isConnected) return; // a newer one has overtaken it, or another view
  view.problem.hidden = Boolean(numbers);
  view.problem.textContent = "The random numbers could not be loaded from the server. Move again, or reload the page.";
  if (isFull(view)) {
    view.problem.hidden = false;
    view.problem.textContent = `A branch has at most ${data.most} ${data.unit}s. Go back, or restart.`;
  }
  const isOpen = Boolean(numbers && !isFull(view));
  for (const part of [view.chart, view.words, view.hint, view.byHand]) part.hidden = !isOpen;
  if (isOpen) {
    const probabilities = shaped(logits, { temperature, top_k: 0, top_p: 1 }, data.unknown);
    const chosen = chosenBy(probabilities, numbers[position]);
    view.choice = { logits, probabilities, uniform: numbers[position], chosen };
    drawChoice(view);
  }
  drawWritten(view, position);
  drawControls(view, position);
}

function drawChoice(view) {
  const { data, choice: { logits, probabilities, uniform, chosen } } = view;
  const left = probabilities.slice(0, chosen).reduce((sum, p) => sum + p, 0), p = probabilities[chosen];
  const words = `The random number ${fixed(uniform, 3)} falls on “${data.names[chosen]}”, whose segment runs from `
    + `${fixed(left, 3)} to ${fixed(left + p, 3)}: a probability of ${inPercent(p)}.`;
  view.words.textContent = words;
  view.hint.textContent = `Each segment is one ${data.unit}: the wider, the more likely. Light and dark only tell neighbours apart.`;
  view.ask.textContent = `Choose the next ${data.unit} yourself.`;
  view.hint.className = data.chart.least_type ? "" : "small";
  const labels = data.names.map((name, i) => data.labels[i] ?? name), forms = labels.map((label, i) => data.forms[i] ?? label);
  const figure = segments({ ...data.segments, labels, forms, probabilities, uniform, chosen });
  const chart = { ...data.chart, figure: JSON.stringify(figure), label: words, filename: "random-number" };
  view.chart.style.minHeight = `${chart.height}px`;
  view.removeChart = mountChart({ data: chart, parentElement: view.chart, setTriggerValue: () => {} });
  const order = ranked(logits).filter((i) => i !== data.unknown);
  view.hands.forEach((hand, rank) => {
    hand.hidden = rank >= order.length;
    hand.value = order[rank];
    hand.lastChild.textContent = `${data.names[order[rank]]}  ${inPercent(probabilities[order[rank]])}`;
  });
}

// The end of the text and the branch, one cell per character; a click or an arrow key moves along it.
function drawWritten(view, position) {
  const { data } = view, { before } = data;
  const strip = { ...data.strip, chosen: before + position, onChoose: (index) => goTo(view, index - before) };
  view.removeStrip = mountStrip({ data: strip, parentElement: view.cells, setTriggerValue: () => {} });
  const manual = data.path.slice(0, position).filter(([, isManual]) => isManual).length;
  const number = `${position} ${data.unit}${position === 1 ? "" : "s"} written`;
  const where = `Click a ${data.unit} to go back to it, or use the arrow keys once the text has focus.`;
  const start = data.ids.length ? `Back at the beginning. ${where}` : `Press Step to write “${data.names[view.choice?.chosen]}”, the `
    + `${data.unit} that the random number falls on. Play writes one after the other.`;
  view.said.textContent = position ? `${number}${manual ? `, ${manual} of them chosen by you` : ""}. ${where}${data.keys}` : start;
  view.said.className = data.ids.length ? "small st-key-details-written" : data.chart.least_type ? "" : "small";
  const rows = data.path.slice(0, position).map(([uniform, isManual, share, temperature], i) =>
    [data.length + i + 1, data.names[data.ids[i]], isManual ? "you" : "random number", fixed(uniform, 3), fixed(share, 2), temperature]);
  view.table.details.hidden = !position;
  view.table.show(["position", data.unit, "chosen by", "random number", "probability, %", "temperature"], rows);
}

function drawControls(view, position) {
  const { data } = view, full = isFull(view);
  for (const one of [view.step, view.play]) one.disabled = full;
  for (const one of [view.back, view.first]) one.disabled = position === 0;
  const [icon, words] = view.play.children;
  [icon.textContent, words.textContent] = view.isPlaying ? ["pause", "Pause"] : ["play_arrow", "Play"];
  for (const input of view.inputs) input.show(place.values[input.name]);
  if (view.drawn !== data) drawBranches(view);
  view.drawn = data;
  if (view.nextSeed === undefined || view.nextSeed === place.values.seed) {
    view.nextSeed = Math.floor(10000 * Math.random());
    numbersAt(data.numbers.replace("{seed}", view.nextSeed), Float64Array).catch(() => {}); // at hand when they are asked for
  }
}

// Every branch, with a button to return to it.
function drawBranches(view) {
  const { texts, current, most } = view.data.branches;
  if (texts.length < 2) return view.branches.replaceChildren();
  const title = element("p");
  title.append(element("b", "", `${texts.length} branches`), ` from the same beginning. The latest ${most} are kept.`);
  view.branches.replaceChildren(title, ...texts.map((text, branch) => {
    const row = element("div", "row branch"), go = () => { pause(view); ask(view, { act: "branch", branch }); };
    const press = button(`Branch ${branch + 1}`, go);
    if (branch === current) press.className = "primary";
    press.title = "Go to the end of this branch.";
    row.append(press, element("span", "", `${branch === current ? "current: " : ""}“${text}”`));
    return row;
  }));
}

// All names, or of a large alphabet the first ones: there the buttons have the most likely of them.
function listNames(view, data) {
  const option = (words, value) => Object.assign(element("option", "", words), { value });
  const all = data.names.slice(0, MOST_LISTED).map((name, i) => option(name, i)).filter((_, i) => i !== data.unknown);
  view.any.setAttribute("aria-label", `Any other ${data.unit}`);
  view.any.replaceChildren(option(`Any other ${data.unit}`, ""), ...all);
}
