// The n-gram model, as charlab/core/ngram.py: Witten-Bell interpolation (Witten and Bell, 1991) of counted sequences.
// An n-gram is one number, its ids as digits to the base V: up to 64 bits, hence BigInt. Keys are sorted, so that those
// that share a context are neighbours.

export function ngramPredictor(model, V, weights) {
  const tables = [];
  for (let k = 1; k <= model.order && `order_${k}/keys` in weights; k++) {
    tables.push({ keys: BigUint64Array.from(weights[`order_${k}/keys`], BigInt), counts: weights[`order_${k}/counts`] });
  }
  if (!tables.length) throw new Error("An n-gram model needs the keys and counts of every order from 1 on.");
  const base = BigInt(V), p = new Float64Array(V);

  // The first n-gram of a table that begins with a context, the one after the last, and the least key
  function placesOf({ keys }, context) {
    const least = context.reduce((key, id) => (key + BigInt(id)) * base, 0n);
    return { first: firstNotBelow(keys, least), last: firstNotBelow(keys, least + base), least };
  }

  // The state is the last characters read, at most order - 1.
  const start = () => ({ ids: [] });
  function step(id, state) {
    state.ids = [...state.ids, id].slice(Math.max(0, state.ids.length + 2 - tables.length));
    p.fill(1 / V);
    for (let length = 0; length <= state.ids.length; length++) {
      const table = tables[length], { keys, counts } = table;
      const { first, last, least } = placesOf(table, state.ids.slice(state.ids.length - length));
      let total = 0;
      for (let i = first; i < last; i++) total += counts[i];
      if (!total) continue; // an unseen context leaves the shorter one's prediction as it is
      const different = last - first;
      for (let v = 0; v < V; v++) p[v] *= different / (total + different);
      for (let i = first; i < last; i++) p[Number(keys[i] - least)] += counts[i] / (total + different);
    }
    return Float32Array.from(p, Math.log);
  }
  return { start, step };
}

// The first place of sorted keys whose key is not below a number.
function firstNotBelow(keys, number) {
  let low = 0, high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keys[middle] < number) low = middle + 1;
    else high = middle;
  }
  return low;
}
