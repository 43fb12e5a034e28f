// Sampling probabilities as segments side by side, on one of which a random number falls: the same figure as
// charlab/charts/distribution.py `sampling_chart` makes, in Plotly's JSON.

import { fixed } from "./words.js";

// `figure` is what Python makes of any prediction; `labels` and `forms` [V] name the characters in Plotly's markup, in
// a wide segment and in a narrow one; `colours` are those of every second segment, of the others, and of the chosen one.
export function segments({ figure, labels, forms, probabilities, uniform, chosen, colours, least, labelled }) {
  const { data: [bar, marker], layout } = structuredClone(figure), [even, odd, picked] = colours;
  let end = 0;
  const starts = Array.from(probabilities, (p) => (end += p) - p);
  const shown = [...starts.keys()].filter((i) => probabilities[i] >= least || i === chosen);
  const label = (i, p) => (p < labelled ? "" : p > 0.2 ? labels[i] : forms[i]);
  Object.assign(bar, {
    y: shown.map(() => 0),
    x: shown.map((i) => rounded(probabilities[i])),
    base: shown.map((i) => rounded(starts[i])),
    marker: {
      color: shown.map((_, segment) => (segment % 2 ? odd : even)),
      line: { color: shown.map((i) => (i === chosen ? picked : odd)), width: shown.map((i) => (i === chosen ? 3 : 1)) },
    },
    text: shown.map((i) => label(i, probabilities[i])),
    customdata: shown.map((i) => labels[i]),
  });
  marker.x = [rounded(uniform), rounded(uniform)];
  Object.assign(layout.annotations[0], {
    x: uniform, text: `${fixed(uniform, 3)} falls on <b>${labels[chosen]}</b>`,
    xanchor: uniform < 0.25 ? "left" : uniform > 0.75 ? "right" : "center",
  });
  return { data: [bar, marker], layout };
}

const rounded = (value) => Math.round(value * 1e6) / 1e6;
