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
    const { kernels, gradients, count } = this.network, limit = this.train.clip_norm;
    this.iterations++;
    const norm = Math.sqrt(kernels.sum_squares(gradients, count));
    this.apply(rate, limit ? limit * Math.min(1 / norm, 1 / limit) : 1);
  }

  // The same with gradients times `scale`.
  apply(rate, scale) {
    const { decayed, count } = this.network;
    this.step(0, decayed, rate, scale);
    this.step(decayed, count, rate, scale);
  }

  // A step of the weights that lie from one place to another, counted from the first weight's.
  step(from, to, rate, scale) {
    const { kernels, weights, gradients, means, squares, decayed } = this.network, { train } = this;
    const corrected = (Math.fround(rate) * Math.sqrt(this.#forgotten(train.beta_2))) / this.#forgotten(train.beta_1);
    kernels.adam(
      weights + from, gradients + from, means + from, squares + from, to - from, scale, corrected,
      1 - train.beta_1, 1 - train.beta_2, EPSILON, from < decayed ? this.decay(rate) : 0,
    );
  }

  // What share of itself a weight loses in a step.
  decay(rate) {
    return (this.train.weight_decay ?? 0) * rate;
  }

  // 1 - beta^iterations in single precision, as the server has it: 1 - 0.999 differs from it in the fifth digit.
  #forgotten(beta) {
    return Math.fround(1 - Math.fround(Math.fround(beta) ** this.iterations));
  }
}
