// The weights that training changes, by name: their shapes, which are those of charlab.core, and how they lie in a memory.
// Names in shape comments: V ids, D numbers of an input vector, U units, H heads.
import { PANEL } from "./kernels.js";

export const CELLS_TRAINED = {
  gru: { gates: 3, kept: 4, biases: [2], states: ["hidden"] },
  lstm: { gates: 4, kept: 5, biases: [], states: ["hidden", "cell"] },
};
const BLOCK_KERNELS = { attention: [1, 3], projection: [1, 1], expand: [1, 4], contract: [4, 1] }; // in multiples of U

export const paddedWidth = (n) => Math.ceil(n / PANEL) * PANEL;

// Every weight's shape by its name.
export function weightShapes(model, V) {
  const shapes = model.kind === "transformer" ? transformerShapes(model, V) : recurrentShapes(model, V);
  return { ...shapes, "head/kernel": [model.units, V], "head/bias": [V] };
}

function recurrentShapes({ kind, layers, units, embedding }, V) {
  const { gates, biases } = CELLS_TRAINED[kind], shapes = embedding ? { embedding: [V, embedding] } : {};
  for (let i = 0; i < layers; i++) {
    shapes[`layer_${i}/kernel`] = [i ? units : embedding || V, gates * units];
    shapes[`layer_${i}/recurrent_kernel`] = [units, gates * units];
    shapes[`layer_${i}/bias`] = [...biases, gates * units];
  }
  return shapes;
}

function transformerShapes({ layers, units: U, context }, V) {
  const shapes = { embedding: [V, U], position: [context, U] };
  const norm = (name) => Object.assign(shapes, { [`${name}/scale`]: [U], [`${name}/offset`]: [U] });
  for (let i = 0; i < layers; i++) {
    for (const [name, [rows, columns]] of Object.entries(BLOCK_KERNELS)) {
      shapes[`block_${i}/${name}/kernel`] = [rows * U, columns * U];
      shapes[`block_${i}/${name}/bias`] = [columns * U];
    }
    norm(`block_${i}/norm_1`);
    norm(`block_${i}/norm_2`);
  }
  norm("norm");
  return shapes;
}

// How a weight lies in a memory: rows and columns in equal parts, each rounded up to whole panels (gates, and the heads
// of queries, keys and values); `stride` numbers from one row to the next, `size` in all.
export function layoutOf(model, name, shape) {
  const [rowParts, parts] = partsOf(model, name), columns = shape[shape.length - 1] / parts, width = paddedWidth(columns);
  const isBias = !isDecayed(name), rows = shape.length > 1 ? shape[0] : 1, partRows = rows / rowParts;
  const partHeight = isBias ? partRows : paddedWidth(partRows), stride = parts * width;
  const height = rowParts * partHeight;
  return { shape, rows, partRows, partHeight, parts, columns, width, stride, height, size: height * stride };
}

function partsOf({ kind, heads }, name) {
  if (name.startsWith("layer_")) return [1, CELLS_TRAINED[kind].gates];
  if (name.includes("/attention/")) return [1, 3 * heads];
  return [name.endsWith("/projection/kernel") ? heads : 1, 1];
}

// Weight decay is for matrices.
export const isDecayed = (name) => !/(bias|scale|offset)$/.test(name);

// What Muon turns: kernels, without the head's.
export const isTurned = (name) => name.endsWith("kernel") && name !== "head/kernel";
