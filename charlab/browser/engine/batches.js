// Where in the text the rows of each batch start: the same offsets as corpora/batching.py, from seed, epoch and step.
// Names in shape comments: B rows per batch, T characters per row.

import { generator } from "./random.js";

const ROUNDS = 6; // of the Feistel cipher

// The offsets of an epoch's batches (counted from 0) over a training text of this many characters: `steps`, and
// `at(step)` -> offsets [B]. Of a text that is too short there are no steps.
export function offsets(train, characters, epoch) {
  const batches = { windows, chunks, streams }[train.batches](train, characters, epoch);
  return characters > train.sequence_length ? batches : { ...batches, steps: 0 };
}

// Uniformly random offsets; rows may overlap.
function windows({ seed, batch_size: B, sequence_length: T, steps_per_epoch }, characters, epoch) {
  return {
    steps: steps_per_epoch || Math.ceil(characters / (B * T)),
    at: (step) => generator(seed, epoch, step).integers(characters - T, B),
  };
}

// The text cut every `shift` characters (0: T + 1) and shuffled; full batches, the remainder dropped.
function chunks({ seed, batch_size: B, sequence_length: T, steps_per_epoch, shift }, characters, epoch) {
  const each = shift || T + 1, count = Math.max(0, Math.floor((characters - T - 1) / each) + 1);
  const shuffled = shuffler(count, [seed, epoch]);
  return {
    steps: atMost(Math.floor(count / B), steps_per_epoch),
    at: (step) => Float64Array.from({ length: B }, (_, b) => shuffled(step * B + b) * each),
  };
}

// The text cut into B equal streams: row b of a step starts where row b of the step before ended.
function streams({ batch_size: B, sequence_length: T, steps_per_epoch }, characters) {
  const length = Math.floor(characters / B);
  return {
    steps: atMost(Math.floor(Math.max(0, length - 1) / T), steps_per_epoch),
    at: (step) => Float64Array.from({ length: B }, (_, b) => b * length + step * T),
  };
}

// Where a place among 0 ... count - 1 lands when all are shuffled: a Feistel cipher (Luby and Rackoff, 1988) permutes
// the next power of four, and what lands outside is sent through again.
function shuffler(count, seeds) {
  const half = BigInt(Math.max(1, Math.ceil(Math.log2(Math.max(2, count)) / 2))), mask = (1n << half) - 1n;
  const keys = generator(...seeds).integers63(ROUNDS);
  return (place) => {
    let result = BigInt(place);
    do {
      let left = result >> half, right = result & mask;
      for (const key of keys) [left, right] = [right, left ^ (stirred(right ^ key) & mask)];
      result = (left << half) | right;
    } while (result >= count);
    return Number(result);
  };
}

// SplitMix64's last step (Steele et al., 2014): each bit depends on all others.
function stirred(x) {
  x = BigInt.asUintN(64, (x ^ (x >> 30n)) * 0xbf58476d1ce4e5b9n);
  x = BigInt.asUintN(64, (x ^ (x >> 27n)) * 0x94d049bb133111ebn);
  return x ^ (x >> 31n);
}

const atMost = (steps, limit) => (limit ? Math.min(steps, limit) : steps);
