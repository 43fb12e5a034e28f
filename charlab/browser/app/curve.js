// The loss over the time of training, drawn as it comes: training as a line, validation as dashes with dots.

import { duration } from "./characters.js";
import { drawn } from "./dom.js";

const CURVE_HEIGHT = 300, LEFT_MARGIN = 48, RIGHT_MARGIN = 12, TOP_MARGIN = 14, BOTTOM_MARGIN = 40;

// `training` and `validation` are [[seconds, bits per character]], `budget` the seconds that the axis
// has, `width` the pixels that there are.
export function lossCurve({ training, validation, budget, width }) {
  const all = [...training, ...validation].map(([, bits]) => bits);
  const [least, greatest] = all.length ? [Math.min(...all), Math.max(...all)] : [0, 6];
  const step = [0.1, 0.25, 0.5, 1].find((size) => (greatest - least) / size <= 5) ?? 2;
  const low = Math.floor(least / step) * step, high = Math.max(low + 2 * step, Math.ceil(greatest / step) * step);
  const last = Math.max(budget, ...[...training, ...validation].map(([seconds]) => seconds));
  const x = (seconds) => LEFT_MARGIN + (seconds / last) * (width - LEFT_MARGIN - RIGHT_MARGIN);
  const y = (bits) => CURVE_HEIGHT - BOTTOM_MARGIN - ((bits - low) / (high - low)) * (CURVE_HEIGHT - TOP_MARGIN - BOTTOM_MARGIN);
  const path = (points) => points.map(([seconds, bits], i) => `${i ? "L" : "M"}${x(seconds).toFixed(1)},${y(bits).toFixed(1)}`).join("");
  const word = (text, attributes) => drawn("text", attributes, text);
  const marks = width > 450 ? [0, 1, 0.25, 0.5, 0.75] : [0, 1, 0.5], anchors = ["start", "end"];
  const ticks = Array.from({ length: Math.round((high - low) / step) + 1 }, (_, i) => low + i * step);
  const label = (points, words, shift) => points.slice(-1).map(([seconds, bits]) => word(words, {
    x: x(seconds), y: Math.min(y(bits) + shift, CURVE_HEIGHT - BOTTOM_MARGIN - 5), class: words,
    "text-anchor": x(seconds) > width - 90 ? "end" : "start",
  }));
  const root = drawn("svg", { viewBox: `0 0 ${width} ${CURVE_HEIGHT}`, class: "curve", role: "img", "aria-label": inWords(training, validation) });
  root.append(
    ...ticks.flatMap((bits) => [
      drawn("line", { x1: LEFT_MARGIN, x2: width - RIGHT_MARGIN, y1: y(bits), y2: y(bits), class: "grid" }),
      word(Number(bits.toFixed(2)), { x: LEFT_MARGIN - 6, y: y(bits) + 4, "text-anchor": "end" }),
    ]),
    ...marks.map((share, i) => word(duration(last * share), { x: x(last * share), y: CURVE_HEIGHT - 20, "text-anchor": anchors[i] ?? "middle" })),
    word("bits per character", { x: LEFT_MARGIN, y: TOP_MARGIN - 3 }),
    word("time in training", { x: (width + LEFT_MARGIN) / 2, y: CURVE_HEIGHT - 4, "text-anchor": "middle" }),
  );
  root.append(drawn("path", { d: path(training), class: "training" }), drawn("path", { d: path(validation), class: "validation" }),
    ...validation.map(([seconds, bits]) => drawn("circle", { cx: x(seconds), cy: y(bits), r: 3.5, class: "validation" })),
    ...label(validation, "validation", -8), ...label(training, "training", 18));
  return root;
}

function inWords(training, validation) {
  const end = (points) => `${points.at(-1)[1].toFixed(2)} bits per character after ${duration(points.at(-1)[0])}`;
  if (!training.length) return "Loss over the time of training: nothing yet.";
  return `Training loss ${end(training)}${validation.length ? `; validation loss ${end(validation)}` : ""}.`;
}
