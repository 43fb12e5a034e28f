// One Plotly chart on one node: redrawn in place, in the theme's colours, as wide as its place.
// charlab/charts/base.py names colours as var(--st-...). A chart that follows the page's place (place.js) has a cursor
// in its figure's `meta`, drawn at the chosen position, and may load its figure when it comes near the screen.

import { place } from "./place.js";
import { fetched } from "./fetched.js";

const charts = new WeakMap(); // parentElement -> what is drawn there

// The function of a component (chart.py); other scripts call it with a node of their own.
export default function mountChart({ data, parentElement, setTriggerValue }) {
  let chart = charts.get(parentElement);
  if (!chart) {
    chart = { node: document.createElement("div"), problem: document.createElement("p"), turn: 0, reach: {} };
    chart.problem.setAttribute("role", "alert");
    chart.problem.hidden = true;
    chart.node.setAttribute("role", "figure"); // not "img": buttons within an image cannot be reached
    chart.node.className = "charlab-chart";
    parentElement.append(chart.problem, chart.node);
    charts.set(parentElement, chart);
  }
  const turn = ++chart.turn;
  chart.data = data;
  chart.report = (click) => setTriggerValue("click", click);
  chart.node.setAttribute("aria-label", data.label);
  chart.node.style.height = `${data.height}px`;
  chart.node.style.width = "100%";
  const show = () => Promise.all([loadPlotly(data.script), loadFigure(chart)]).then(
    ([Plotly, figure]) => {
      if (chart.turn !== turn) return;
      chart.problem.hidden = true;
      chart.figure = figure;
      draw(Plotly, chart);
    },
    () => {
      if (chart.turn !== turn) return;
      chart.problem.textContent = "The chart could not be drawn: a part of it did not load. Reload the page.";
      chart.problem.hidden = false;
    },
  );
  show();
  chart.unlisten?.();
  chart.unlisten = !data.follows ? null : place.listen(({ step }) => {
    if (step === chart.step) return;
    chart.step = step;
    clearTimeout(chart.following);
    chart.following = setTimeout(show, 120); // once the reader rests
  });
  // Streamlit calls this when the chart leaves the page, and also for a call that a newer one has overtaken.
  return () => chart.turn === turn && remove(parentElement, chart);
}

export function loadPlotly(address) {
  window.charlabPlotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => { delete window.charlabPlotly; script.remove(); reject(new Error(address)); };
    document.head.appendChild(script);
  });
  return window.charlabPlotly;
}

// The figure's JSON: given, or from the server once the chart is near the screen. Of a long text it is one of several
// windows, the one with the chosen position near its middle; where a network reads a text in parts, of that part.
async function loadFigure({ node, data }) {
  if (!data.source) return data.figure;
  node.toggleAttribute("data-lazy", true);
  await Promise.all([isNear(node), hasPlace()]);
  node.toggleAttribute("data-lazy", false);
  const { address, length, most, parts } = data.source, { step } = place.values;
  const [at, start, stop] = partAt(parts ?? [[0, 0, length]], step);
  const every = Math.min(100, most - 20), middle = every * Math.round((step - start - most / 2) / every);
  const first = start + Math.max(0, Math.min(middle, stop - start - most));
  return fetched(address.replace("{first}", first).replace("{at}", at)).then((answer) => answer.text());
}

// Of the parts [first position, start, stop] the one that the character read last belongs to.
export const partAt = (parts, step) => parts.findLast(([position]) => position < Math.max(step, 1));

// On a page that has just been opened, other parts of it have yet to say where the reader is.
const hasPlace = () => new Promise((done) => {
  if ("step" in place.values) return done();
  const unlisten = place.listen(() => { unlisten(); done(); });
});

const near = new WeakMap(); // node -> a promise

function isNear(node) {
  if (!near.has(node)) {
    near.set(node, new Promise((done) => {
      const watcher = new IntersectionObserver((seen) => {
        if (!seen.some(({ isIntersecting }) => isIntersecting)) return;
        watcher.disconnect();
        done();
      }, { rootMargin: "200px" });
      watcher.observe(node);
    }));
  }
  return near.get(node);
}

function draw(Plotly, chart) {
  const { node, data } = chart;
  clearTimeout(chart.later);
  chart.unseen?.disconnect();
  if (!node.isConnected) return; // it has left the page while its script was loading
  if (!node.clientWidth) return drawOnceSeen(Plotly, chart);
  if (node._dragging) { // a hand is drawing a zoom: a new picture now would take it away
    chart.later = setTimeout(() => draw(Plotly, chart), 200);
    return;
  }
  const theme = readTheme(node);
  const figure = resolve(JSON.parse(chart.figure), theme);
  if (data.follows) putCursor(figure.layout, chart.step = place.values.step);
  dress(figure.layout, theme);
  if (data.least_type) enlarge(figure, data.least_type);
  widenMargins(figure.layout);
  fitSteps(figure.layout, node);
  wrapTitle(figure.layout, node);
  fitLabels(figure, node);
  thinTicks(figure.layout, node);
  chart.settings ??= settings(Plotly, chart);
  const marker = getMarker(node)?.getBoundingClientRect();
  chart.drawn = Promise.all([chart.drawn, redraw(Plotly, chart, figure)]);
  if (marker && figure.layout.meta?.glide) glide(node, marker, figure.layout.meta.glide);
  if (chart.watcher) return;
  node.on("plotly_click", ({ points: [p] }) => {
    if (chart.data.follows) follow(node.layout.meta.cursor, p);
    if (!chart.data.clickable) return;
    chart.report({ x: p.x, y: node.layout.meta?.rows?.[p.y] ?? p.y, curve: p.curveNumber, point: p.pointNumber ?? p.pointIndex ?? null });
  });
  let width = node.clientWidth;
  chart.watcher = new ResizeObserver(() => requestAnimationFrame(() => {
    if (!charts.has(node.parentNode) || !node.clientWidth || node.clientWidth === width) return;
    width = node.clientWidth;
    Plotly.Plots.resize(node);
    if (JSON.parse(chart.figure).layout.xaxis?.tickvals) draw(Plotly, chart);
  }));
  chart.watcher.observe(node);
  node.on("plotly_afterplot", () => describe(node));
  describe(node);
}

// Plotly fails on what is hidden, as by Present mode: it has no width.
function drawOnceSeen(Plotly, chart) {
  const { node } = chart;
  node.toggleAttribute("data-lazy", true);
  chart.unseen = new ResizeObserver(() => {
    if (!node.clientWidth) return;
    node.toggleAttribute("data-lazy", false);
    draw(Plotly, chart);
  });
  chart.unseen.observe(node);
}

// A screen reader reads the chart's label and its buttons, not the letters of the picture one by one.
function describe(node) {
  node.querySelectorAll(".main-svg").forEach((picture) => picture.setAttribute("aria-hidden", "true"));
  node.querySelector("[role=toolbar]")?.setAttribute("aria-label", "Buttons of the chart");
}

// What Plotly redraws by itself in a part of the time, where all else is the same: the lengths and labels of bars on a
// fixed axis, and lines within axes whose reach the figure sets; an axis that gets longer is redrawn for itself.
const MOVING = {
  bar: { keys: ["x", "text"], where: ({ xaxis }) => xaxis?.range },
  scatter: { keys: ["x", "y"], where: ({ xaxis }) => xaxis?.autorangeoptions },
};

function redraw(Plotly, chart, { data, layout }) {
  const { node } = chart, { keys, where } = MOVING[data[0]?.type] ?? {};
  const moves = where?.(layout) && data.every(({ type }) => type === data[0].type);
  const rest = (trace) => Object.entries(trace).filter(([key]) => !keys.includes(key));
  const still = moves && JSON.stringify([layout, data.map(rest)], (key, value) => (key === REACH ? null : value));
  const alike = moves && chart.still === still;
  chart.still = still;
  const zoomed = getZoomed(chart, layout);
  const before = Object.keys(chart.reach);
  if (moves) chart.reach = getReach(layout);
  if (!alike) { // Plotly keeps a zoom while `uirevision` is the same, and takes what `relayout` has set for one
    const revision = (name) => (zoomed.includes(name) ? node.layout[name].uirevision : chart.turn);
    for (const name of before) layout[name].uirevision = revision(name);
    return Plotly.react(node, data, layout, chart.settings);
  }
  const moved = (trace) => Object.fromEntries(keys.map((key) => [key, trace[key]]));
  const frame = { data: data.map(moved), traces: [...data.keys()] };
  const atOnce = { mode: "immediate", transition: { duration: 0 }, frame: { duration: 0, redraw: false } };
  const move = () => Plotly.animate(node, frame, atOnce).catch(() => {}); // a newer picture has overtaken it
  const outgrown = Object.entries(chart.reach)
    .filter(([name, reach]) => !zoomed.includes(name) && !isSame(node.layout[name].range, reach))
    .map(([name, reach]) => [`${name}.range`, [...reach]]); // Plotly changes what it is given
  if (!outgrown.length) return move();
  return Plotly.relayout(node, Object.fromEntries(outgrown))
    .then(() => new Promise((done) => setTimeout(done))) // a task of its own, so that neither is long
    .then(() => node.isConnected && chart.still === still && move());
}

// Of a chart that grows, the key of how far an axis reaches: Plotly begins with that, and a double click returns to it.
const REACH = "autorangeoptions";

function getReach(layout) {
  const axes = ["xaxis", "yaxis"].filter((name) => layout[name]?.[REACH]);
  const ends = ({ minallowed, maxallowed }) => [minallowed, maxallowed];
  return Object.fromEntries(axes.map((name) => [name, ends(layout[name][REACH])]));
}

// The axes that the reader has zoomed, of a chart of the same quantities: they stay as they are.
function getZoomed({ node, reach }, { uirevision }) {
  if (uirevision !== node.layout?.uirevision) return [];
  const isZoomed = ({ autorange, range }, given) => range && !autorange && !isSame(range, given);
  return Object.keys(reach).filter((name) => isZoomed(node.layout[name], reach[name]));
}

const isSame = (range, other) => range[0] === other[0] && range[1] === other[1];

const getMarker = (node) => node.querySelector(".scatterlayer .trace");

// A marker glides from where it was seen last to its new place; all else is in place at once.
function glide(node, { left }, duration) {
  const marker = getMarker(node), distance = left - marker.getBoundingClientRect().left;
  if (!distance || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const move = [{ transform: `translateX(${distance}px)` }, { transform: "none" }];
  marker.animate(move, { duration, easing: "ease-in-out" });
}

function remove(parentElement, chart) {
  charts.delete(parentElement);
  clearTimeout(chart.later);
  clearTimeout(chart.following);
  chart.unlisten?.();
  chart.watcher?.disconnect();
  chart.unseen?.disconnect();
  chart.problem.remove();
  chart.node.remove();
  const purge = () => window.Plotly.purge(chart.node);
  // Plotly draws on after `react` has returned, and fails on a node purged meanwhile; it never tells the end of a
  // redrawing that another one overtook.
  const long = new Promise((done) => setTimeout(done, 3000));
  if (chart.drawn) Promise.race([chart.drawn, long]).then(purge, purge);
}

function readTheme(node) {
  const style = getComputedStyle(node);
  return (name) => {
    const step = name.match(/^(--st-chart-[a-z]+-colors)-(\d+)$/); // one of a list of colours
    const value = style.getPropertyValue(step ? step[1] : name).trim();
    return step ? value.split(/,(?![^(]*\))/)[Number(step[2])].trim() : value;
  };
}

function resolve(value, theme) {
  if (typeof value === "string") return value.replace(/^var\((--[\w-]+)\)$/, (_, name) => theme(name));
  if (Array.isArray(value)) return value.map((item) => resolve(item, theme));
  if (value && typeof value === "object") {
    for (const name of Object.keys(value)) value[name] = resolve(value[name], theme);
  }
  return value;
}

// Fonts, grids and ink, where the figure leaves them open.
function dress(layout, theme) {
  const ink = theme("--st-text-color"), paper = theme("--st-background-color"), line = theme("--st-border-color");
  const narrow = matchMedia("(max-width: 640px)").matches;
  layout.paper_bgcolor = paper; // so that a downloaded picture can be read anywhere
  layout.font = { family: theme("--st-font"), color: ink, size: narrow ? 12 : 13, ...layout.font };
  if (layout.title?.text) {
    const title = { x: 0, xref: narrow ? "container" : "paper", xanchor: "left", font: { size: narrow ? 14 : 15 } };
    layout.title = { y: 1, yref: "container", yanchor: "top", pad: { t: 10 }, ...title, ...layout.title };
    if (layout.title.subtitle) layout.title.subtitle = { font: { size: 12 }, ...layout.title.subtitle };
  }
  for (const name of Object.keys(layout).filter((key) => /^[xy]axis\d*$/.test(key))) {
    const axis = layout[name];
    if (axis.tickfont?.family === "monospace") axis.tickfont.family = theme("--st-code-font");
    layout[name] = { gridcolor: line, linecolor: line, zerolinecolor: line, tickcolor: line, ...axis };
  }
  layout.hoverlabel = {
    bgcolor: theme("--st-secondary-background-color"), bordercolor: line, font: { color: ink }, namelength: -1,
    ...layout.hoverlabel,
  };
  if (narrow && layout.coloraxis) layout.coloraxis.showscale = false;
  layout.modebar = { bgcolor: "rgba(0,0,0,0)", color: theme("--st-gray-color"), activecolor: ink };
  if (isTouched()) layout.dragmode = false; // a finger scrolls the page
}

// The shape that shows the chosen position: `meta.cursor.shape` is that of index 0, and its coordinates `moves` follow.
function putCursor(layout, step) {
  const { cursor } = layout.meta;
  if (!(step >= 1 && step <= cursor.last)) return;
  const moved = (cursor.moves ?? ["x0", "x1"]).map((name) => [name, cursor.shape[name] + step]);
  layout.shapes = [...(layout.shapes ?? []), { ...cursor.shape, ...Object.fromEntries(moved) }];
  if (cursor.focuses) layout.meta.focus = step + getOffset(cursor);
}

// What a click on a column, or on a row, chooses.
function follow(cursor, point) {
  const position = point[cursor.axis ?? "x"];
  if (Number.isInteger(position) && position >= 1) place.move({ step: position - getOffset(cursor) });
}

// From the index of the chosen character to the position where the shape is.
const getOffset = ({ axis = "x", shape }) => (shape[`${axis}0`] + shape[`${axis}1`]) / 2;

// Present mode: no letter of the picture is smaller.
function enlarge(value, least) {
  for (const [name, inner] of Object.entries(value)) {
    if (!inner || typeof inner !== "object" || typeof inner[0] === "number") continue;
    if (/font$/.test(name) && inner.size) inner.size = Math.max(inner.size, least);
    if (name === "title" && inner.text) inner.font = { size: least, ...inner.font };
    enlarge(inner, least);
  }
}

const getEnlargement = (layout) => Math.max(1, layout.font.size / 13); // in Present mode

// Margins that Plotly does not fit to the letters of an axis are made for the usual size.
function widenMargins(layout) {
  for (const [name, side] of [["xaxis", "b"], ["yaxis", "l"]]) {
    if (layout[name]?.automargin === false) layout.margin[side] *= getEnlargement(layout);
  }
}

const isTouched = () => matchMedia("(pointer: coarse)").matches;

// A title or a subtitle wider than the chart is wrapped, and the picture moves down.
function wrapTitle(layout, node) {
  const { title } = layout, subtitle = title?.subtitle;
  if (title?.text) layout.margin.t += (title.font.size + 5) * wrap(title, title.font.size, node);
  if (!subtitle?.text) return;
  const { size } = subtitle.font;
  layout.margin.t += 3 * (size - 12) + (size + 4) * wrap(subtitle, size, node);
}

// Wraps the text of a title; returns how many lines were added.
function wrap(title, size, node) {
  const lines = [""], most = Math.floor(node.clientWidth / (0.55 * size)); // characters
  for (const word of title.text.split(" ")) {
    const longer = `${lines.at(-1)} ${word}`.trim();
    if (longer.length <= most || !lines.at(-1)) lines.splice(-1, 1, longer);
    else lines.push(word);
  }
  title.text = lines.join("<br>");
  return lines.length - 1;
}

// Room for the label at the end of each bar: a chart may be narrow, and its letters large.
function fitLabels({ data, layout }, node) {
  const { range, tickvals } = layout.xaxis ?? {};
  if (!range || !tickvals || !data.every(({ type, textposition }) => type === "bar" && textposition === "outside")) return;
  const ink = document.createElement("canvas").getContext("2d"), last = tickvals.at(-1);
  const room = node.clientWidth - 45 * getEnlargement(layout); // right of the characters' names
  const needed = data.flatMap(({ x, text, textfont }) => {
    ink.font = `bold ${textfont.size}px ${layout.font.family}`;
    const widths = text.map((label) => ink.measureText(label.replace("&lt;", "<").replace(/<\/?b>/g, "")).width + 10);
    return x.map((value, i) => (value * room) / Math.max(room - widths[i], room / 3));
  });
  const steps = Math.ceil((4 * Math.max(...needed)) / last); // a fourth of the axis each: it moves less often
  range[1] = Math.max(range[1], (steps * last) / 4);
}

// Of a long text as many steps around the focus as can be read; a double click shows all, and then these again.
function fitSteps(layout, node) {
  const { range } = layout.xaxis, { focus, square } = layout.meta ?? {};
  const most = Math.max(30, Math.floor((node.clientWidth - 230) / (10 * getEnlargement(layout))));
  if (focus === undefined || focus === null || range[1] - range[0] <= most) return;
  const first = Math.min(Math.max(range[0], Math.round(focus - most / 2) - 0.5), range[1] - most);
  const last = first + most;
  layout.xaxis.range = [first, last];
  // "1 to 120 of 189" stands somewhere where a part of the text was left out before.
  const part = `${first + 0.5} to ${last - 0.5} of`, pattern = /\b\d+ to \d+ of\b/;
  const told = [layout.xaxis.title, layout.title?.subtitle].filter((words) => pattern.test(words?.text ?? ""));
  for (const words of told) words.text = words.text.replace(pattern, part);
  if (!told.length && layout.xaxis.title?.text) layout.xaxis.title.text += `, ${part} ${range[1] - range[0]}`;
  if (square) layout.yaxis.range = [last, first];
  else layout.yaxis.fixedrange = true;
}

// Ticks that a figure names, or places: every n-th, so that they don't run into each other.
function thinTicks(layout, node) {
  const [low, high] = layout.yaxis?.domain ?? [0, 1], large = getEnlargement(layout);
  const numbers = layout.xaxis?.tickvals && !layout.xaxis.ticktext; // such as 20%
  const wide = numbers && layout.xaxis.range ? Math.min(1, (1.3 * layout.xaxis.tickvals.at(-1)) / layout.xaxis.range[1]) : 1;
  const rooms = {
    xaxis: numbers ? [wide * (node.clientWidth - 60), 40 * large] : [node.clientWidth - 160, 9 * large],
    yaxis: [(node.clientHeight - 130) * (high - low), 12.5 * large],
  };
  for (const [name, [room, each]] of Object.entries(rooms)) {
    const axis = layout[name];
    if (!axis?.tickvals) continue;
    const shown = axis.range && axis.ticktext ? Math.abs(axis.range[1] - axis.range[0]) : axis.tickvals.length;
    const every = Math.ceil((shown * each) / Math.max(room, 60));
    axis.ticktext &&= axis.ticktext.filter((_, i) => i % every === 0);
    axis.tickvals = axis.tickvals.filter((_, i) => i % every === 0);
  }
}

// Plotly's buttons that are not needed, or useless for touch: they would cover the title.
const ALWAYS_OFF = ["toImage", "select2d", "lasso2d", "zoomIn2d", "zoomOut2d", "autoScale2d"];
const FOR_A_MOUSE = ["zoom2d", "pan2d", "resetScale2d", "hoverClosestCartesian", "hoverCompareCartesian"];

// Made once a chart, without lists in lists: where Plotly.react sees another configuration, it starts afresh.
function settings(Plotly, chart) {
  const save = (format, scale) => (node) => Plotly.downloadImage(node, { format, scale, filename: chart.data.filename });
  return {
    displaylogo: false, typesetMath: false, responsive: false,
    showSendToCloud: false, plotlyServerURL: "", // what is drawn here leaves this server by nobody's click
    modeBarButtonsToRemove: isTouched() ? [...ALWAYS_OFF, ...FOR_A_MOUSE] : ALWAYS_OFF,
    modeBarButtonsToAdd: [
      { name: "png", title: "Download as PNG", icon: Plotly.Icons.camera, click: save("png", 2) },
      { name: "svg", title: "Download as SVG", icon: Plotly.Icons.disk, click: save("svg", 1) },
    ],
  };
}
