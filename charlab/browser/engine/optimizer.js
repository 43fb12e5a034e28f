// Adam and AdamW as Keras 3 computes them (keras.src.optimizers: adam.py, base_optimizer.py), on weights that lie in one
// memory: gradients clipped by their global norm, weight decay before the step and not on biases.

const EPSILON = 1e-7;

export class Adam {
  // Of a network: where in its memory weights, gradients, means and squares lie, and how many numbers have decay.
  constructor(network, train) {
    Object.assign(this, { network, train, iterations: 0 });
  }

  // One step at a learning rate, on the gradients that lie in the memory.
  update(rate) {
    const { kernels, weights, gradients, means, squares, decayed, count } = this.network, { train } = this;
    this.iterations++;
    const norm = Math.sqrt(kernels.sum_squares(gradients, count)), limit = train.clip_norm;
    const scale = limit ? limit * Math.min(1 / norm, 1 / limit) : 1;
    const corrected = (Math.fround(rate) * Math.sqrt(this.#forgotten(train.beta_2))) / this.#forgotten(train.beta_1);
    const step = (from, to, decay) =>
      kernels.adam(
        weights + from, gradients + from, means + from, squares + from, to - from, scale, corrected,
        1 - train.beta_1, 1 - train.beta_2, EPSILON, decay,
      );
    step(0, decayed, (train.weight_decay ?? 0) * rate);
    step(decayed, count, 0);
  }

  // 1 - beta^iterations in single precision, as the server has it: 1 - 0.999 differs from it in the fifth digit.
  #forgotten(beta) {
    return Math.fround(1 - Math.fround(Math.fround(beta) ** this.iterations));
  }
}
