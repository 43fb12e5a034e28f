// What the Train page says of this device: how fast it is, and how its training of a run goes on.

import { storage } from "./device_storage.js";
import { isElsewhere, measure, trainer } from "./device_tab.js";

const REST = 500; // milliseconds after the last change of a setting, before the device is measured
const SECONDS = 2; // of measuring

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
  const wanted = JSON.stringify(part.data);
  if (part.wanted === wanted) return;
  part.wanted = wanted;
  part.end?.();
  const ended = new AbortController(), { data } = part;
  const timer = setTimeout(async () => {
    say(part, "Measuring this device ...");
    try {
      const measured = await measure({ ...data, seconds: SECONDS }, ended.signal);
      if (!ended.signal.aborted) say(part, measured ? inWords(measured, data) : "This device is training a run.");
    } catch (problem) {
      if (!ended.signal.aborted) say(part, `This device could not be measured. ${problem.message}`);
    }
  }, REST);
  part.end = () => {
    clearTimeout(timer);
    ended.abort();
  };
}

// `characters` are those that one epoch reads; the budget is in minutes or in epochs.
export function inWords({ speed, simd }, { characters, minutes, epochs }) {
  const read = (60 * minutes * speed) / characters;
  const budget = minutes
    ? `${minutes} ${minutes === 1 ? "minute reads" : "minutes read"} ${share(read)}`
    : `${epochs} ${epochs === 1 ? "epoch takes" : "epochs take"} ${lasting((epochs * characters) / speed)}`;
  const slow = simd ? "" : " This browser has no WebAssembly SIMD: another one may be several times as fast.";
  const little = minutes && read < 0.3 ? " A model with fewer units would read more of it." : "";
  return `This device trains about ${rounded(speed)} characters per second: ${budget}.${little}${slow}`;
}

const share = (read) => (read >= 0.95 ? `the text ${rounded(read)} times` : `${Math.ceil(100 * read)}% of the text`);

// To two digits: 41,234 is "41,000", 2.34 is "2.3".
function rounded(number) {
  const unit = 10 ** Math.max(-1, Math.floor(Math.log10(number)) - 1);
  return (Math.round(number / unit) * unit).toLocaleString("en-GB", { maximumFractionDigits: 1 });
}

function lasting(seconds) {
  if (seconds < 55) return `about ${Math.max(5, 5 * Math.round(seconds / 5))} seconds`;
  if (seconds < 90) return "about 1 minute";
  return seconds < 5400 ? `about ${Math.round(seconds / 60)} minutes` : `about ${rounded(seconds / 3600)} hours`;
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
    training: "Training on this device: leave this tab open. Meanwhile you can use the other pages in it.",
    ending: "Sending the last weights ...",
    over: active && here.end && here.end !== "paused" ? "The server is evaluating the last weights." : "",
  };
  const words = [states[here.state], here.isOver && !active ? "" : began(here)];
  if (here.silent > 1) words.push("The server does not answer. Training goes on here, and what is new is sent when it answers.");
  if (here.cannotKeep) words.push("This browser cannot store the state of the training: a reload goes on from the last weights sent.");
  if (here.isRefused || here.end === "failed") words.push(here.problem);
  say(part, words.filter(Boolean).join(" "), here.silent > 1 || here.problem ? "warning" : "");
}

function began({ from }) {
  if (!from?.place.step) return "";
  const step = `step ${from.place.step.toLocaleString("en-GB")}`;
  return from.exact
    ? `It continued exactly from the state that this browser had stored, at ${step}.`
    : `It continued from the last weights that the server had, at ${step}: this browser had stored no state of it.`;
}
