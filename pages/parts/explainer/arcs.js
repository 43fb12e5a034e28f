// One head's attention from the last character read, as arcs and bars: the same figure as charlab/charts/internals.py
// `arcs_figure` makes, in Plotly's JSON.

import { fixed } from "./words.js";

// `figure` is what Python makes of any row; `weights` belong to the characters of `text` from the index `first` on.
export function arcsFigure({ figure, weights, first, text, letters, leftward, most, thinnest, colours, unit }) {
  const { data: [bars], layout } = structuredClone(figure);
  const last = first + weights.length - 1, start = Math.max(first, last - most + 1);
  const steps = Array.from({ length: last - start + 1 }, (_, i) => start + i), shares = steps.map((t) => weights[t - first]);
  const further = weights.slice(0, start - first).reduce((sum, share) => sum + share, 0), height = Math.max(1, last - start);
  const arcs = steps.map((t, i) => [shares[i], t]).filter(([share, t]) => share >= thinnest && t < last)
    .sort(([a, t], [b, u]) => a - b || t - u) // the strongest last, on top
    .map(([share, t]) => arc(last + 1, t + 1, share, (last - t) / height, colours));
  const shown = steps.map((t) => text[t]), positions = steps.map((t) => t + 1);
  const part = steps.length < text.length ? `, ${start + 1} to ${last + 1} of ${text.length}` : "";
  const arrow = shown.some((character) => leftward.includes(character)) ? " →" : "";
  return {
    data: [{ ...bars, x: positions, y: shares.map(rounded), text: shown.map((character) => letters[character][1]) }],
    layout: {
      ...layout,
      shapes: [...arcs, { ...layout.shapes.at(-1), x0: last + 0.5, x1: last + 1.5 }],
      meta: { focus: last + 1 },
      uirevision: `arcs at ${last}`,
      title: { ...layout.title, subtitle: { text: further >= 0.005 ? `${fixed(100 * further, 0)}% goes further back than shown` : "" } },
      yaxis: { ...layout.yaxis, range: [0, Math.max(Math.max(...shares) * 1.1, 0.05)] },
      xaxis: {
        ...layout.xaxis, title: { text: `${unit} looked at${part}${arrow}` }, tickvals: positions,
        ticktext: shown.map((character) => letters[character][0]), range: [start + 0.5, last + 1.5],
      },
    },
  };
}

function arc(reader, lookedAt, share, distance, colours) {
  const top = 2 * (0.15 + 0.85 * distance); // a curve of this form reaches half of it
  return {
    type: "path", path: `M ${reader},0 Q ${(reader + lookedAt) / 2},${fixed(top, 3)} ${lookedAt},0`, yref: "y2", layer: "below",
    line: { color: colours[Number(fixed(5 + 4 * share, 0))], width: Number(fixed(1 + 7 * share, 2)) },
  };
}

const rounded = (value) => Math.round(value * 1e4) / 1e4;
