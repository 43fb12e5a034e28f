// The random numbers of the server, drawn again: NumPy's default generator, which chooses characters and the places
// of batches, and TensorFlow's stateless one, which draws first weights, dropout and resets of the state.

const LOW_32 = 0xffffffffn, LOW_64 = (1n << 64n) - 1n, LOW_128 = (1n << 128n) - 1n;

// NumPy's default_rng(seeds): PCG64 (O'Neill, 2014), its state made of the seeds by a SeedSequence. The seeds are
// whole numbers from 0 on, one or several.
export function generator(...seeds) {
  const [a, b, c, d] = seedSequence(seeds);
  const increment = (((c << 64n) | d) << 1n | 1n) & LOW_128;
  let state = 0n, half = null; // of a number of 64 bits, the upper 32 wait for the next call

  const advance = () => { state = (state * 0x2360ed051fc65da44385df649fccf645n + increment) & LOW_128; };
  const next64 = () => {
    advance();
    const folded = ((state >> 64n) ^ state) & LOW_64, turn = state >> 122n;
    return ((folded >> turn) | (folded << (-turn & 63n))) & LOW_64;
  };
  const next32 = () => {
    if (half !== null) {
      const kept = half;
      half = null;
      return kept;
    }
    const both = next64();
    half = Number(both >> 32n);
    return Number(both & LOW_32);
  };
  advance();
  state = (state + ((a << 64n) | b)) & LOW_128;
  advance();

  return {
    // a number from [0, 1), in double precision
    random: () => Number(next64() >> 11n) * 2 ** -53,
    // `count` whole numbers from [0, high), high at most 2^32: by multiplication (Lemire, 2019)
    integers(high, count) {
      const least = 2 ** 32 % high;
      return Float64Array.from({ length: count }, () => {
        for (;;) {
          const [upper, lower] = multiplied(next32(), high);
          if (lower >= least) return upper;
        }
      });
    },
    // `count` whole numbers from [0, 2^63), as BigInt
    integers63: (count) => Array.from({ length: count }, () => next64() >> 1n),
  };
}

// NumPy's SeedSequence (after O'Neill's seed_seq_fe128): whole numbers -> four of 64 bits.
function seedSequence(seeds) {
  const entropy = seeds.flatMap(words), size = 4;
  const hashed = hasher(0x43b0d7e5, 0x931e8875);
  const pool = Array.from({ length: size }, (_, i) => hashed(entropy[i] ?? 0));
  for (let from = 0; from < size; from++)
    for (let to = 0; to < size; to++) if (from !== to) pool[to] = mixed(pool[to], hashed(pool[from]));
  for (const word of entropy.slice(size))
    for (let to = 0; to < size; to++) pool[to] = mixed(pool[to], hashed(word));
  const output = hasher(0x8b51f9dd, 0x58f38ded);
  const state = Array.from({ length: 2 * size }, (_, i) => BigInt(output(pool[i % size])));
  return Array.from({ length: size }, (_, i) => (state[2 * i + 1] << 32n) | state[2 * i]);
}

function hasher(constant, multiplier) {
  return (word) => {
    const value = word ^ constant;
    constant = Math.imul(constant, multiplier);
    const product = Math.imul(value, constant);
    return (product ^ (product >>> 16)) >>> 0;
  };
}

function mixed(x, y) {
  const result = (Math.imul(x, 0xca01f9dd) - Math.imul(y, 0x4973f715)) | 0;
  return (result ^ (result >>> 16)) >>> 0;
}

// A whole number's digits to the base 2^32, the lowest first.
function words(number) {
  const result = [number % 2 ** 32];
  for (let rest = Math.floor(number / 2 ** 32); rest; rest = Math.floor(rest / 2 ** 32)) result.push(rest % 2 ** 32);
  return result;
}

// The product of two numbers of 32 bits: [its upper 32 bits, its lower 32 bits].
function multiplied(a, b) {
  const low = (a & 0xffff) * b, high = (a >>> 16) * b + Math.floor(low / 65536); // below 2^53
  return [Math.floor(high / 65536), (high % 65536) * 65536 + (low % 65536)];
}

// TensorFlow's tf.random.stateless_uniform([count], key): numbers from [0, 1), in single precision. A key is two
// whole numbers from 0 on, below 2^53.
export function statelessUniform(count, key) {
  const bits = philoxBits(count, key);
  for (let i = 0; i < bits.length; i++) bits[i] = (bits[i] & 0x7fffff) | 0x3f800000; // 1 to 2, as a float's bits
  return new Float32Array(bits.buffer, 0, count).map((number) => number - 1);
}

// TensorFlow's tf.random.stateless_normal([count], key), by Box and Muller (1958); to rounding.
export function statelessNormal(count, key) {
  const uniforms = statelessUniform(Math.ceil(count / 2) * 2, key), result = new Float32Array(uniforms.length);
  for (let i = 0; i < result.length; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(Math.max(uniforms[i], 1e-7))), angle = 2 * Math.PI * uniforms[i + 1];
    result[i] = Math.sin(angle) * radius;
    result[i + 1] = Math.cos(angle) * radius;
  }
  return result.subarray(0, count);
}

// At least `count` numbers of 32 bits: the generator Philox (Salmon et al., 2011) counts, from a key that it has made
// of the given one.
function philoxBits(count, [first, second]) {
  const [key0, key1, counter2, counter3] = philox(...pair(first), ...pair(second), 0x3ec8f720, 0x02461e29);
  const result = new Uint32Array(Math.ceil(count / 4) * 4);
  for (let i = 0; i < result.length; i += 4) result.set(philox(i / 4, 0, counter2, counter3, key0, key1), i);
  return result;
}

const pair = (number) => [number % 2 ** 32, Math.floor(number / 2 ** 32)];

function philox(c0, c1, c2, c3, key0, key1) {
  for (let round = 0; round < 10; round++) {
    const [upper0, lower0] = multiplied(c0, 0xd2511f53), [upper2, lower2] = multiplied(c2, 0xcd9e8d57);
    [c0, c1, c2, c3] = [(upper2 ^ c1 ^ key0) >>> 0, lower2, (upper0 ^ c3 ^ key1) >>> 0, lower0];
    key0 = (key0 + 0x9e3779b9) >>> 0;
    key1 = (key1 + 0xbb67ae85) >>> 0;
  }
  return [c0, c1, c2, c3];
}
