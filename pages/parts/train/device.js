// What the Train page says of this device: how fast it is, and how its training of a run goes on.

import { loadPlotly } from "./chart.js";
import { storage } from "./device_storage.js";
import { isElsewhere, measure, trainer } from "./device_tab.js";
import { begunAt, speedInWords } from "./device_words.js";

const REST = 500; // milliseconds after the last change of a setting, before the device is measured
const SOON = 50; // until it is said that it is being measured
const SECONDS = 2; // of measuring
const AGAIN = 2000; // until one is measured that could not be

const href = new URL("./device.css", import.meta.url).href;
document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href }));

const mounted = new Map(); // parentElement -> part

export default function ({ data, parentElement, setTriggerValue }) {
  let part = mounted.get(parentElement);
  if (!part) {
    part = { root: parentElement.appendChild(document.createElement("div")), turn: 0 };
    part.root.className = "charlab-device";
    part.words = part.root.appendChild(document.createElement("p"));
    part.words.setAttribute("role", "status");
    mounted.set(parentElement, part);
  }
  const turn = ++part.turn;
  part.data = data;
  part.ask = (act) => setTriggerValue("asked", act);
  (data.run ? showTraining : showSpeed)(part);
  // As in live_panel.js: also called for a call that a newer one has overtaken.
  return () => {
    if (part.turn !== turn) return;
    part.end?.();
    part.root.remove();
    mounted.delete(parentElement);
  };
}

function say(part, words, kind = "") {
  part.words.hidden = !words;
  part.words.dataset.kind = kind;
  if (part.words.textContent !== words) part.words.textContent = words;
}

// The speed of this device

function showSpeed(part) {
  const { begins, ...plan } = part.data, wanted = JSON.stringify(plan);
  if (begins) trainer({ ...begins, isNew: true }); // a run that Start has just made
  if (part.wanted === wanted) return;
  part.wanted = wanted;
  part.end?.();
  const ended = new AbortController();
  let timer = setTimeout(look, REST);
  async function look() {
    loadPlotly(plan.plotly).catch(() => {}); // before Start: the curve does not wait for it
    const words = await measured(part, ended.signal);
    if (ended.signal.aborted) return;
    say(part, words);
    if (!words) timer = setTimeout(look, AGAIN);
  }
  part.end = () => {
    clearTimeout(timer);
    ended.abort();
  };
}

// "" while it cannot be measured: nobody sees the form, or this tab trains.
async function measured(part, signal) {
  const { root, data } = part;
  if (document.hidden || !root.offsetParent) return "";
  const heard = setTimeout(() => say(part, "Measuring this device ..."), SOON);
  try {
    const found = await measure({ ...data, seconds: SECONDS }, signal);
    return found ? speedInWords(found, data) : "";
  } catch (problem) {
    return `This device could not be measured. ${problem.message}`;
  } finally {
    clearTimeout(heard);
  }
}

// The training of a run

async function showTraining(part) {
  const { data } = part, here = trainer(data);
  part.end?.();
  part.end = here?.listen(() => tellOf(part, here));
  offer(part, false);
  if (here && !(here.isRefused && data.active)) return tellOf(part, here);
  say(part, here && data.active ? here.problem : "", "warning");
  if (data.active && data.mine) await find(part, here);
}

// Who trains a run that is under way, if it is not this tab.
async function find(part, refused) {
  const { turn, data } = part;
  const checkpoint = storage.checkpoint(data.run).catch(() => undefined);
  const [elsewhere, kept] = await Promise.all([isElsewhere(data.run), checkpoint]);
  if (part.turn !== turn) return;
  if (elsewhere) say(part, "Another tab of this browser is training this run: leave that tab open.");
  else if (kept && !kept.ended && !refused) part.ask("open"); // this browser trained it, and was reloaded
  else if (!kept?.ended) offer(part, true);
}

function offer(part, isOffered) {
  if (isOffered && !part.button) {
    part.button = part.root.appendChild(document.createElement("button"));
    Object.assign(part.button, { type: "button", textContent: "Train it on this device" });
    part.button.addEventListener("click", () => part.ask("open"));
  }
  if (part.button) part.button.hidden = !isOffered;
}

// This tab was asleep, or the server was away, and the run was paused for no other reason: it continues.
function continueIfLost(part, here) {
  if (!here.isRefused || here.hasAsked || !part.data.lost) return;
  here.hasAsked = true;
  part.ask("continue");
}

function tellOf(part, here) {
  const { active } = part.data;
  continueIfLost(part, here);
  const states = {
    preparing: "Loading the text and the weights ...",
    training: "Training on this device: leave this tab open. You can use CharLab's other pages in it.",
    ending: "Sending the last weights ...",
    over: active && here.end && here.end !== "paused" ? "The server is evaluating the last weights." : "",
  };
  const words = [states[here.state], here.isOver && !active ? "" : begunAt(here.from)];
  if (here.silent > 1) words.push("The server does not answer. Training goes on here, and what is new is sent when it answers.");
  if (here.cannotKeep) words.push("This browser cannot store the state of the training: a reload goes on from the last weights sent.");
  if (here.isRefused || here.end === "failed") words.push(here.problem);
  say(part, words.filter(Boolean).join(" "), here.silent > 1 || here.problem ? "warning" : "");
}
