// The character strip: one cell per character. Texts are set as textContent, never as HTML.
// Cells are inline boxes without space between them where letters join or carry marks (Arabic, Devanagari), so that the
// browser shapes them as one word; each line has the direction of its first letter.
// Python owns the chosen index; between two of its answers the browser runs ahead, so that arrow keys respond at once.
// Where the strip moves the page's place (place.js), the browser owns it, and Python is not asked. So it is where
// another script draws the strip and gives it `onChoose`.

import { place } from "./place.js";

const LEVELS = 24; // shades of the scale; a cell's shade is a class, so a new theme rewrites one style sheet
// Characters that never join their neighbours get some space at their sides; U+0640 is drawn between Arabic letters.
const STANDS_ALONE = /^(?!\u0640)[\p{sc=Zyyy}\p{sc=Latn}\p{sc=Grek}\p{sc=Cyrl}\p{sc=Hani}\p{sc=Hira}\p{sc=Kana}]$/u;
const LEFTWARD = /^(?=\p{L})[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]$/u;
const strips = new WeakMap(); // parentElement -> what is drawn there

export default function ({ data, parentElement, setTriggerValue }) {
  const strip = strips.get(parentElement) ?? create(parentElement);
  strip.choose = data.onChoose ?? (data.inBrowser ? (index) => place.move({ step: index }) : null);
  strip.send = (index) => setTriggerValue("chosen", index);
  strip.root.toggleAttribute("data-moves", Boolean(strip.choose));
  const before = strip.data;
  strip.data = data;
  if (textChanged(before, data)) build(strip, data);
  else recolour(strip, data, before);
  paintScale(strip, data.scale);
  drawLegend(strip, data);
  strip.unlisten?.();
  strip.unlisten = data.inBrowser ? place.listen(({ step }) => moveTo(strip, step)) : null;
  if (data.inBrowser) place.hear({ step: data.chosen }, data.characters.length - 1);
  else if (data.onChoose) moveTo(strip, data.chosen);
  else hear(strip, data.chosen);
  const turn = ++strip.turn;
  return () => {
    if (strip.turn !== turn) return; // a call that a newer one has overtaken
    strips.delete(parentElement);
    clearTimeout(strip.timer);
    strip.unlisten?.();
    strip.watcher.disconnect();
    strip.root.remove();
  };
}

function create(parentElement) {
  const strip = {
    root: document.createElement("div"), sheet: document.createElement("style"), text: document.createElement("div"),
    legend: document.createElement("div"), cells: [], leaders: [], chosen: null, turn: 0, sent: [], heard: undefined,
  };
  strip.text.dir = "ltr";
  strip.root.append(strip.sheet, strip.text, strip.legend);
  parentElement.appendChild(strip.root);
  strip.text.addEventListener("click", (event) => {
    const index = strip.cells.indexOf(event.target);
    if (index >= 0 && !strip.data.readOnly) choose(strip, nextInGroup(strip, index), 0);
  });
  strip.text.addEventListener("keydown", (event) => onKey(strip, event));
  // While it is hidden, its cells have no width.
  strip.watcher = new ResizeObserver(() => { if (!strip.leaders.length) group(strip); });
  strip.watcher.observe(strip.text);
  strips.set(parentElement, strip);
  return strip;
}

// Drawing

function textChanged(old, now) {
  return !old || old.readOnly !== now.readOnly || old.characters.length !== now.characters.length
    || old.characters.some((character, i) => character !== now.characters[i]);
}

function build(strip, data) {
  const pieces = document.createDocumentFragment(), onLetters = new Set(data.onLetters);
  strip.cells = data.characters.map((character, i) => {
    const cell = document.createElement("span");
    const form = data.drawn[character] ?? character, isToken = [...character].length > 1;
    const isSign = !isToken && [...form].length > 2; // "U+202E"
    cell.textContent = onLetters.has(i) || (data.readOnly && !isSign) ? character : form;
    cell.classList.toggle("sign", isSign);
    cell.classList.toggle("token", isToken);
    cell.classList.toggle("circled", cell.textContent.startsWith("◌") && cell.textContent !== character);
    if (!data.readOnly) {
      cell.classList.toggle("alone", isSign || (STANDS_ALONE.test(character) && !onLetters.has(i + 1)));
      cell.setAttribute("role", "option");
      cell.tabIndex = -1;
    }
    dress(cell, data, i);
    if (isToken && character.startsWith(" ")) pieces.appendChild(document.createElement("wbr"));
    pieces.appendChild(cell);
    if (!data.readOnly && character.endsWith("\n")) pieces.appendChild(document.createElement("br"));
    else if (!data.readOnly && character === " ") pieces.appendChild(document.createElement("wbr"));
    return cell;
  });
  strip.text.replaceChildren(pieces);
  strip.text.className = data.readOnly ? "strip plain" : "strip live";
  strip.text.setAttribute("role", data.readOnly ? "group" : "listbox");
  strip.text.setAttribute("aria-label", data.label);
  strip.text.style.maxHeight = data.height ? `${data.height}px` : "";
  strip.chosen = null;
  strip.heard = undefined;
  group(strip);
  if (!data.readOnly && strip.cells.length) strip.cells[0].tabIndex = 0;
}

function recolour(strip, data, old) {
  strip.text.setAttribute("aria-label", data.label);
  strip.text.style.maxHeight = data.height ? `${data.height}px` : "";
  strip.cells.forEach((cell, i) => {
    const same = old.colours?.[i] === data.colours?.[i] && old.values?.[i] === data.values?.[i]
      && old.unit === data.unit && old.scale === data.scale;
    if (!same) dress(cell, data, i);
  });
  paintGroups(strip, data);
}

// The browser draws a mark with its letter, and some letters as one shape (Arabic lam and alef): all but the first of
// such a group have no width. `leaders` has the first of its group for each cell; empty until it is known.
function group(strip) {
  strip.leaders = [];
  if (!strip.text.clientWidth) return;
  const leads = (cell, i) => i === 0 || cell.classList.contains("alone") || cell.getBoundingClientRect().width > 0.5;
  const first = strip.cells.map(leads);
  first.forEach((isFirst, i) => strip.leaders.push(isFirst ? i : strip.leaders[i - 1]));
  strip.cells.forEach((cell, i) => cell.classList.toggle("part", !first[i]));
  paintGroups(strip, strip.data);
}

function membersOf(strip, index) {
  const first = strip.leaders[index] ?? index;
  let end = index + 1;
  while (end < strip.cells.length && strip.leaders[end] === first) end++;
  return Array.from({ length: end - first }, (_, i) => first + i);
}

// A second click on a letter goes on to its marks.
function nextInGroup(strip, index) {
  const members = membersOf(strip, index), place = members.indexOf(strip.chosen);
  return place < 0 ? index : members[(place + 1) % members.length];
}

// The colours of cells without width are a band at the foot of the first of their group.
function paintGroups(strip, data) {
  strip.leaders.forEach((leader, i) => {
    if (leader !== i || strip.leaders[i + 1] !== i) return;
    const parts = membersOf(strip, i).slice(1), share = 100 / parts.length;
    const bands = parts.map((part, k) => {
      const colour = data.colours?.[part] ?? null;
      const paint = typeof colour === "number" ? `var(--shade-${level(colour, data.scale)})` : colour ?? "transparent";
      return `${paint} ${k * share}% ${(k + 1) * share}%`;
    });
    const side = LEFTWARD.test(data.characters[i]) ? "left" : "right";
    strip.cells[i].style.backgroundImage = `linear-gradient(to ${side}, ${bands})`;
    strip.cells[i].title = [i, ...parts].map((part) => describe(data, part)).join("\n");
  });
}

function dress(cell, data, i) {
  const character = data.characters[i], colour = data.colours?.[i] ?? null, value = data.values?.[i] ?? null;
  const classes = ["sign", "token", "circled", "alone", "part", "chosen", "around"].filter((name) => cell.classList.contains(name));
  if (character in data.drawn && !classes.includes("token") && !data.readOnly && colour === null) classes.push("drawn");
  if (typeof colour === "number") classes.push(`shade-${level(colour, data.scale)}`);
  cell.className = classes.join(" ");
  cell.style.backgroundColor = typeof colour === "string" ? colour : "";
  cell.style.color = typeof colour === "string" ? readableOn(parseColour(getPainted(colour))) : "";
  if (data.readOnly) {
    if (value !== null) cell.title = `${value.toFixed(2)} ${data.unit}`;
    return;
  }
  cell.title = describe(data, i);
  cell.setAttribute("aria-label", cell.title);
}

function describe({ characters, names, values, unit, firstPosition }, i) {
  const name = names[characters[i]] ?? `“${characters[i]}”`, value = values?.[i] ?? null;
  const told = value === null ? name : `${name}, ${value.toFixed(2)}${unit.startsWith("%") ? "" : " "}${unit}`;
  return firstPosition == null ? told : `${told}, position ${firstPosition + i}`;
}

function drawLegend(strip, { legend, scale, swatches }) {
  strip.legend.className = `legend ${scale}`;
  strip.legend.hidden = !legend && !swatches.length;
  if (swatches.length) {
    return strip.legend.replaceChildren(...swatches.map(([shade, words]) => {
      const item = document.createElement("span"), box = document.createElement("b");
      box.className = `shade-${level(shade, scale)}`;
      item.append(box, words);
      return item;
    }));
  }
  if (!legend) return strip.legend.replaceChildren();
  const [low, bar, high] = ["span", "i", "span"].map((name) => document.createElement(name));
  [low.textContent, high.textContent] = legend;
  strip.legend.replaceChildren(low, bar, high);
}

// Colours

function level(colour, scale) {
  const share = scale === "diverging" ? (colour + 1) / 2 : colour;
  return Math.round(Math.min(1, Math.max(0, share)) * LEVELS);
}

function paintScale(strip, scale) {
  const list = getComputedStyle(strip.text).getPropertyValue(`--st-chart-${scale}-colors`);
  if (list === strip.list) return;
  strip.list = list;
  const stops = list.split(/,(?![^(]*\))/).map((colour) => parseColour(getPainted(colour.trim())));
  strip.sheet.textContent = Array.from({ length: LEVELS + 1 }, (_, i) => {
    const place = (i / LEVELS) * (stops.length - 1), first = Math.min(Math.floor(place), stops.length - 2);
    const colour = stops[first].map((c, k) => Math.round(c + (stops[first + 1][k] - c) * (place - first)));
    return `.strip { --shade-${i}: rgb(${colour}); }
      .shade-${i} { background-color: rgb(${colour}); color: ${readableOn(colour)}; }`;
  }).join("\n");
}

function getPainted(colour) {
  const probe = document.createElement("i");
  probe.style.color = colour;
  document.body.appendChild(probe);
  const painted = getComputedStyle(probe).color;
  probe.remove();
  return painted;
}

const parseColour = (painted) => painted.match(/[\d.]+/g).slice(0, 3).map(Number);

// Black or white, whichever can be read better: at least 4.58 to 1 on any colour (WCAG's contrast).
function readableOn(colour) {
  const [r, g, b] = colour.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000" : "#fff";
}

// Choosing

function mark(strip, index) {
  const before = strip.cells[strip.chosen] ?? strip.cells[0], now = strip.cells[index];
  if (before) {
    before.classList.remove("chosen");
    strip.cells[strip.leaders[strip.chosen]]?.classList.remove("around");
    before.setAttribute("aria-selected", "false");
    before.tabIndex = -1;
  }
  strip.chosen = now ? index : null;
  if (now) {
    now.classList.add("chosen");
    if (now.classList.contains("part")) strip.cells[strip.leaders[index]].classList.add("around");
    now.setAttribute("aria-selected", "true");
  }
  if (now ?? strip.cells[0]) (now ?? strip.cells[0]).tabIndex = strip.data?.readOnly ? -1 : 0;
}

// What Python says wins where it has changed, except where it is an answer to something sent a moment ago.
function hear(strip, chosen) {
  if (strip.data.readOnly || chosen === strip.heard) return;
  strip.heard = chosen;
  const answer = strip.sent.findIndex(({ index, time }) => index === chosen && Date.now() - time < 5000);
  if (answer >= 0) {
    strip.sent.splice(0, answer + 1);
    return;
  }
  if (strip.timer) return; // the reader is still moving
  strip.sent = [];
  mark(strip, chosen);
  if (chosen !== null) reveal(strip, chosen);
}

// The page's place was moved, here or elsewhere.
function moveTo(strip, index) {
  if (index === strip.chosen || !strip.cells[index]) return;
  mark(strip, index);
  reveal(strip, index);
}

function choose(strip, index, delay) {
  if (!strip.cells[index]) return;
  mark(strip, index);
  strip.cells[index].focus({ preventScroll: true });
  reveal(strip, index);
  if (strip.choose) return strip.choose(index);
  clearTimeout(strip.timer);
  const send = () => {
    strip.timer = 0;
    strip.sent.push({ index, time: Date.now() });
    strip.send(index);
  };
  if (delay) strip.timer = setTimeout(send, delay);
  else send();
}

// Scroll within the strip alone: the page stays where it is.
function reveal(strip, index) {
  const cell = strip.cells[index], box = strip.text;
  if (box.scrollHeight <= box.clientHeight) return;
  const top = cell.getBoundingClientRect().top - box.getBoundingClientRect().top;
  if (top < 0 || top > box.clientHeight - 28) box.scrollTop += top - box.clientHeight / 2;
}

function onKey(strip, event) {
  if (strip.data.readOnly || event.ctrlKey || event.metaKey || event.altKey) return;
  const last = strip.cells.length - 1;
  const here = Math.max(0, strip.cells.indexOf(event.target));
  const next = () => Math.min(last, here + 1), previous = () => Math.max(0, here - 1);
  const leftward = isLeftward(strip, here);
  const places = {
    ArrowRight: leftward ? previous : next, ArrowLeft: leftward ? next : previous,
    Home: () => 0, End: () => last,
    ArrowDown: () => nextLine(strip.cells, here, 1), ArrowUp: () => nextLine(strip.cells, here, -1),
    Enter: () => here, " ": () => here,
  };
  const index = /^[1-9]$/.test(event.key) ? strip.data.surprises[Number(event.key) - 1] : places[event.key]?.();
  if (index === undefined) return;
  event.preventDefault();
  choose(strip, index, event.key === "Enter" || event.key === " " ? 0 : 120);
}

// Whether a cell's line is read from right to left: the direction of the line's first letter, as in the style sheet.
function isLeftward(strip, index) {
  const { characters } = strip.data, start = index ? characters.lastIndexOf("\n", index - 1) + 1 : 0;
  const end = characters.indexOf("\n", start);
  const first = characters.slice(start, end < 0 ? undefined : end).find((character) => /\p{L}/u.test(character));
  return first !== undefined && LEFTWARD.test(first);
}

// The cell right above or below.
function nextLine(cells, here, direction) {
  const { offsetTop, offsetLeft } = cells[here];
  let best = here, line = null;
  for (let i = here + direction; cells[i]; i += direction) {
    if (cells[i].offsetTop === offsetTop) continue;
    line ??= cells[i].offsetTop;
    if (cells[i].offsetTop !== line) break;
    if (best === here || Math.abs(cells[i].offsetLeft - offsetLeft) < Math.abs(cells[best].offsetLeft - offsetLeft)) best = i;
  }
  return best;
}
