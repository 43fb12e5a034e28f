// A Transformer like GPT over whole windows, with the way back written out: what charlab.training computes with
// TensorFlow, to rounding. Pre-norm, learned positions, causal attention.
// Names in shape comments: B rows, T characters a row, R = B * T, V ids, U units, F = 4 * U, H heads, E units of a head,
// A = H * E. In the memory T, U, F, V and E are rounded up to whole panels: no character looks at those that fill up T,
// which come later, and they have no target.
import { PANEL } from "./kernels.js";
import { NetworkTraining } from "./network_training.js";
import { paddedWidth } from "./weight_shapes.js";

// A network that reads rows of a text, B of them and T characters long, and learns from them.
export class TransformerTraining extends NetworkTraining {
  constructor(model, vocabularySize, rows, length, wasm, optimizer) {
    super(model, vocabularySize, optimizer);
    const T = paddedWidth(length), E = paddedWidth(model.units / model.heads);
    Object.assign(this, { rows, length, T, E, A: model.heads * E, F: paddedWidth(4 * model.units) });
    this.byRow = T;
    this.byCharacter = 1;
    this.scale = 1 / Math.sqrt(model.units / model.heads);
    this.#placeLayers(rows * T);
    this.#placeScratch(rows * T);
    this.allocate(wasm);
  }

  // Where everything lies

  #placeLayers(R) {
    const { model, T, U, A, F } = this, mask = (rate) => (rate ? this.take(R * U) : 0);
    this.inputMask = mask(model.input_dropout);
    this.blocks = Array.from({ length: model.layers }, (_, i) => ({
      name: `block_${i}`,
      norm1: this.#placeNorm(`block_${i}/norm_1`, R),
      sums: this.take(R * 3 * A), // queries, keys and values, each head by head
      seen: this.take(this.rows * model.heads * T * T), // attention [B, H, T, T]
      heads: this.take(R * A), // the values, weighted by it
      norm2: this.#placeNorm(`block_${i}/norm_2`, R),
      wide: this.take(R * F),
      share: this.take(R * F),
      passed: this.take(R * F),
      masks: [mask(model.output_dropout), mask(model.output_dropout)],
    }));
    this.norm = this.#placeNorm("norm", R);
  }

  #placeNorm(name, R) {
    const [result, normed] = [this.take(R * this.U), this.take(R * this.U)];
    return { scale: this.placeOf(`${name}/scale`), offset: this.placeOf(`${name}/offset`), result, normed, scaled: this.take(R) };
  }

  #placeScratch(R) {
    const { T, U, W, A, F, E, model } = this, width = Math.max(F, 3 * A), drops = model.input_dropout || model.output_dropout;
    this.takeShared(R, width, Math.max(U * width, T * E));
    this.x = this.take(R * U); // what the blocks add to
    this.added = this.take(R * Math.max(U, A)); // what a block adds, and the gradient by what one of its parts read
    this.dX = this.take(R * U);
    this.dWide = this.take(R * width);
    this.dSeen = this.take(T * T);
    this.turned = this.take(T * T);
    this.zeros = this.take(Math.max(width, W, T, drops ? R * U : 0));
    this.dAdded = this.take(drops ? R * U : 0); // by what a block adds, where some is dropped
  }

  // Forward

  // Read the rows. `key` [seed, step] means training, with dropout; each counted target's loss counts `share` in the
  // gradient. Returns the sum of the losses in nats and the number of right predictions.
  forward(share, key) {
    this.drops = Boolean(key);
    if (key) this.#drawMasks(key);
    this.#lookUp();
    for (const block of this.blocks) this.#readBlock(block);
    this.#normalize(this.norm);
    return this.readHead(this.norm.result, share);
  }

  // x [R, U]: the characters' embeddings and positions
  #lookUp() {
    const { R, T, U, floats, ints, x } = this, table = this.placeOf("embedding"), positions = this.placeOf("position");
    for (let r = 0; r < R; r++) {
      const from = table + ints[this.ids + r] * U, position = positions + (r % T) * U, to = x + r * U;
      for (let u = 0; u < U; u++) floats[to + u] = floats[from + u] + floats[position + u];
    }
    this.#mask(x, this.inputMask);
  }

  #readBlock(block) {
    const { U, A, F, R, kernels, added } = this, { name, norm1, norm2, masks } = block;
    this.#normalize(norm1);
    this.dense(block.sums, norm1.result, `${name}/attention`, 3 * A, U);
    this.#attend(block);
    this.dense(added, block.heads, `${name}/projection`, U, A);
    this.#add(masks[0]);
    this.#normalize(norm2);
    this.dense(block.wide, norm2.result, `${name}/expand`, F, U);
    kernels.gelu(block.passed, block.share, block.wide, R * F);
    this.dense(added, block.passed, `${name}/contract`, U, F);
    this.#add(masks[1]);
  }

  #normalize({ result, normed, scaled, scale, offset }) {
    this.kernels.layer_norm(result, normed, scaled, this.x, scale, offset, this.R, this.U, this.model.units);
  }

  // What a block adds, where it is not dropped.
  #add(mask) {
    this.#mask(this.added, mask);
    this.kernels.combine(this.x, 1, this.x, 1, this.added, this.R * this.U);
  }

  #mask(x, mask) {
    if (mask && this.drops) this.kernels.multiply_each(x, this.zeros, x, mask, this.R * this.U);
  }

  #drawMasks(key) {
    const { model, rows, length, T, U } = this;
    const draw = (to, rate, place) => // `dWide` is what nothing else needs while reading
      to && this.drawMask(to, rate, key, place, rows, length, model.units, U, T, this.dWide);
    draw(this.inputMask, model.input_dropout, 0);
    this.blocks.forEach(({ masks }, i) => masks.forEach((mask, j) => draw(mask, model.output_dropout, 1 + 2 * i + j)));
  }

  // Attention, one row and one head at a time

  // For each row and head: where its queries lie in `sums`, keys and values A and 2 A behind them, the attention in `seen`,
  // and what it gives in `heads`.
  #eachHead({ sums, seen, heads }, act) {
    const { rows, T, E, A, model } = this;
    for (let b = 0; b < rows; b++)
      for (let h = 0; h < model.heads; h++)
        act(sums + b * T * 3 * A + h * E, seen + (b * model.heads + h) * T * T, heads + b * T * A + h * E);
  }

  #attend(block) {
    const { T, A, kernels, scale } = this;
    this.#eachHead(block, (queries, seen, heads) => {
      this.#scores(seen, queries, 3 * A, queries + A);
      kernels.attention(seen, T, scale);
      this.#sumOfEarlier(heads, A, seen, queries + 2 * A);
    });
  }

  // From `added`, the gradient by what the heads gave, that by queries, keys and values, into `dWide`.
  #backThroughAttention(block) {
    const { T, A, kernels, scale, dSeen } = this, toGradient = this.dWide - block.sums, toHeads = this.added - block.heads;
    this.#eachHead(block, (queries, seen, heads) => {
      const d = heads + toHeads, dQueries = queries + toGradient;
      this.#scores(dSeen, d, A, queries + 2 * A);
      kernels.attention_back(dSeen, seen, T, scale);
      this.#sumOfEarlier(dQueries, 3 * A, dSeen, queries + A);
      this.#sumOfLater(dQueries + A, dSeen, queries, 3 * A);
      this.#sumOfLater(dQueries + 2 * A, seen, d, A);
    });
  }

  // scores [T, T] = a [T, E] @ b [T, E] transposed, in the panels up to each row's own character
  #scores(scores, a, byA, b) {
    const { T, E, A, kernels, packed, zeros } = this;
    kernels.pack(packed, b, 1, 3 * A, E, T);
    for (let t = 0; t < T; t += PANEL)
      kernels.multiply(scores + t * T, T, zeros, 0, a + t * byA, byA, packed, PANEL, t + PANEL, E);
  }

  // c [T, E] = weights [T, T] @ b [T, E]: of each row of weights what is in those panels
  #sumOfEarlier(c, byC, weights, b) {
    const { T, E, A, kernels, packed, zeros } = this;
    kernels.pack(packed, b, 3 * A, 1, T, E);
    for (let t = 0; t < T; t += PANEL)
      for (let e = 0; e < E; e += PANEL)
        kernels.multiply(c + t * byC + e, byC, zeros, 0, weights + t * T, T, packed + e * T, PANEL, PANEL, t + PANEL);
  }

  // c [T, E] = weights [T, T] transposed @ b [T, E]: of each column what is in them
  #sumOfLater(c, weights, b, byB) {
    const { T, E, A, kernels, packed, turned, zeros } = this;
    kernels.transpose(turned, T, weights, T, T, T);
    kernels.pack(packed, b, byB, 1, T, E);
    for (let t = 0; t < T; t += PANEL)
      for (let e = 0, from = packed + t * PANEL; e < E; e += PANEL, from += T * PANEL)
        kernels.multiply(c + t * 3 * A + e, 3 * A, zeros, 0, turned + t * T + t, T, from, PANEL, PANEL, T - t);
  }

  // Backward

  // The gradients of what `forward` has just read, into the places of the gradients.
  backward() {
    const { R, U, floats, added, dX } = this;
    floats.fill(0, dX, dX + R * U);
    this.backThroughHead(added);
    this.#backThroughNorm(this.norm);
    for (let i = this.blocks.length - 1; i >= 0; i--) this.#backThroughBlock(this.blocks[i]);
    this.#mask(dX, this.inputMask);
    this.#backThroughLookUp();
  }

  #backThroughBlock(block) {
    const { R, U, A, F, kernels, added, dWide } = this, { name, norm1, norm2, masks } = block;
    this.denseBack(dWide, block.passed, this.#masked(masks[1]), `${name}/contract`, U, F);
    kernels.gelu_back(dWide, block.share, block.wide, R * F);
    this.denseBack(added, norm2.result, dWide, `${name}/expand`, F, U);
    this.#backThroughNorm(norm2);
    this.denseBack(added, block.heads, this.#masked(masks[0]), `${name}/projection`, U, A);
    this.#backThroughAttention(block);
    this.denseBack(added, norm1.result, dWide, `${name}/attention`, 3 * A, U);
    this.#backThroughNorm(norm1);
  }

  // The gradient by what a block adds.
  #masked(mask) {
    const { R, U, kernels, zeros, dX } = this;
    if (!mask || !this.drops) return dX;
    kernels.multiply_each(this.dAdded, zeros, dX, mask, R * U);
    return this.dAdded;
  }

  // From `added`, the gradient by what a norm gave; that by what it read is added to `dX`.
  #backThroughNorm({ normed, scaled, scale, offset }) {
    const { R, U, floats, kernels, toGradient, added, dX, model } = this;
    for (const place of [scale, offset]) floats.fill(0, place + toGradient, place + toGradient + U);
    kernels.layer_norm_back(dX, added, normed, scaled, scale, scale + toGradient, offset + toGradient, R, U, model.units);
  }

  // The gradients of embeddings and positions.
  #backThroughLookUp() {
    const { R, T, U, floats, ints, dX, toGradient } = this;
    for (const name of ["embedding", "position"]) {
      const { place, size } = this.named.get(name);
      floats.fill(0, place + toGradient, place + toGradient + size);
    }
    const table = this.placeOf("embedding") + toGradient, positions = this.placeOf("position") + toGradient;
    for (let r = 0; r < R; r++) {
      const from = dX + r * U, embedding = table + ints[this.ids + r] * U, position = positions + (r % T) * U;
      for (let u = 0; u < U; u++) {
        floats[embedding + u] += floats[from + u];
        floats[position + u] += floats[from + u];
      }
    }
  }
}
