// The training budget and the learning rate at each point of it, as charlab.training.budget has them.

const END_OF_COSINE = 0.01; // the share of the learning rate at the end

// The share of the budget that is spent, 0 to 1, after so many steps and seconds of training.
export function spentShare(train, stepsPerEpoch, step, seconds) {
  const share = train.minutes == null ? step / (train.epochs * stepsPerEpoch) : seconds / (train.minutes * 60);
  return Math.min(1, share);
}

// Whether training ends nearer to its budget now than after another step, which takes `stepSeconds`. One step is always
// taken.
export function isSpent(train, stepsPerEpoch, step, seconds, stepSeconds) {
  if (train.minutes == null) return step >= train.epochs * stepsPerEpoch;
  return step > 0 && spentShare(train, stepsPerEpoch, step, seconds + stepSeconds / 2) >= 1;
}

// The rate of a step (counted from 0) where a share of the budget is spent: it rises in a line over the steps of the
// warm-up; "cosine" then falls along half a cosine (Loshchilov and Hutter, 2017) to a hundredth.
export function learningRate(train, step, share) {
  const rise = train.warm_up_steps ? Math.min(1, (step + 1) / train.warm_up_steps) : 1;
  if (train.learning_rate_schedule === "constant") return train.learning_rate * rise;
  const fall = 0.5 * (1 + Math.cos(Math.PI * Math.min(1, Math.max(0, share))));
  return train.learning_rate * rise * (END_OF_COSINE + (1 - END_OF_COSINE) * fall);
}
