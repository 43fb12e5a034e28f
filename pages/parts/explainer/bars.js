// The likely next characters as bars: the same figure as charlab/charts/distribution.py `bars` makes, in Plotly's JSON.

import { ranked } from "./sampling.js";
import { inPercent } from "./words.js";

const MODEL = "var(--st-blue-color)", SAMPLING = "var(--st-chart-sequential-colors-5)", ACTUAL = "var(--st-orange-color)";
const INK = "var(--st-text-color)", CLEAR = "rgba(0,0,0,0)", SMALLEST = 12;

// `labels` [V] name the characters in Plotly's markup, `model` [V] and `sampling` [V] or null are probabilities,
// `actual` is the actual character's id or null, `layout` what an empty figure has.
export function bars({ labels, model, sampling, actual, title, most, layout }) {
  const greatest = sampling ? model.map((p, i) => Math.max(p, sampling[i])) : model;
  const order = ranked(greatest), shown = order.slice(0, most);
  if (actual !== null && !shown.includes(actual)) shown[shown.length - 1] = actual;
  const names = shown.map((i) => labels[i]), isActual = (i) => i === actual;
  const drawn = {
    type: "bar", orientation: "h", y: [...shown.keys()], textposition: "outside", cliponaxis: false,
    constraintext: "none", textangle: 0, customdata: names,
  };
  const rows = [{
    name: "model probability", offsetgroup: "model", x: shown.map((i) => rounded(model[i])),
    marker: {
      color: MODEL,
      line: { color: shown.map((i) => (isActual(i) ? ACTUAL : CLEAR)), width: shown.map((i) => (isActual(i) ? 2.5 : 0)) },
    },
    textfont: { size: SMALLEST, color: shown.map((i) => (isActual(i) ? ACTUAL : INK)) },
    text: shown.map((i) => share(model[i]) + (isActual(i) ? " <b>actual</b>" : "")),
    hovertemplate: "%{customdata}: %{x:.2%}<extra>model probability</extra>",
  }];
  if (sampling) rows.push(...samplingBars(shown.map((i) => model[i]), shown.map((i) => sampling[i])));
  const ceiling = [0.25, 0.5].find((limit) => greatest[order[0]] <= limit) ?? 1;
  return {
    data: rows.map((row) => ({ ...drawn, ...row })),
    layout: {
      ...layout,
      title: { text: title }, barmode: sampling ? "group" : "overlay", bargap: 0.2, bargroupgap: 0.05,
      showlegend: Boolean(sampling),
      xaxis: {
        ...layout.xaxis, range: [0, ceiling * (actual === null ? 1.18 : 1.3)], tickformat: ".0%", tickangle: 0,
        tickvals: [0, 1, 2, 3, 4, 5].map((fifth) => rounded((ceiling * fifth) / 5)),
      },
      yaxis: {
        ...layout.yaxis, tickvals: [...shown.keys()], ticktext: names, tickfont: { family: "monospace" },
        range: [shown.length - 0.4, -0.6], showgrid: false, zeroline: false,
      },
    },
  };
}

// A second row of lighter bars: the sampling probabilities, hatched where top-k or top-p removes one.
function samplingBars(model, sampling) {
  const cut = sampling.map((p, i) => p === 0 && model[i] > 0);
  const kept = {
    name: "sampling probability", offsetgroup: "sampling", x: sampling.map(rounded), marker: { color: SAMPLING },
    textfont: { size: SMALLEST }, text: sampling.map((p, i) => (cut[i] ? "" : share(p))),
    hovertemplate: "%{customdata}: %{x:.2%}<extra>sampling probability</extra>",
  };
  const hatched = {
    name: "cut off", offsetgroup: "sampling", x: model.map((p, i) => (cut[i] ? rounded(p) : 0)),
    marker: {
      color: CLEAR, line: { color: MODEL, width: cut.map((isCut) => (isCut ? 0.5 : 0)) },
      pattern: { shape: "/", fgcolor: MODEL, bgcolor: CLEAR, size: 6, solidity: 0.25 },
    },
    textfont: { size: SMALLEST }, text: cut.map((isCut) => (isCut ? "cut off" : "")),
    hovertemplate: "%{customdata}: cut off<extra></extra>",
  };
  return cut.some(Boolean) ? [kept, hatched] : [kept];
}

const rounded = (value) => Math.round(value * 1e6) / 1e6;

// A probability as the label of a bar.
const share = (p) => inPercent(p).replace("<", "&lt;");
