// SHA-256 (FIPS 180-4) of bytes: crypto.subtle exists only on pages that came over https, or from this machine.

const firstPrimes = Array.from({ length: 312 }, (_, n) => n).filter((n) => n > 1 && Array.from({ length: n }, (_, d) => d).every((d) => d < 2 || n % d));
const fractionBits = (root) => Math.floor((root - Math.floor(root)) * 2 ** 32);
const roundConstants = Uint32Array.from(firstPrimes.slice(0, 64), (prime) => fractionBits(Math.cbrt(prime)));
const turned = (x, bits) => (x >>> bits) | (x << (32 - bits));

// In hexadecimal digits.
export function sha256(bytes) {
  const size = Math.ceil((bytes.length + 9) / 64) * 64, message = new Uint8Array(size), view = new DataView(message.buffer);
  message.set(bytes);
  message[bytes.length] = 0x80;
  view.setUint32(size - 8, Math.floor(bytes.length / 2 ** 29));
  view.setUint32(size - 4, (bytes.length * 8) % 2 ** 32);
  const hash = Uint32Array.from(firstPrimes.slice(0, 8), (prime) => fractionBits(Math.sqrt(prime))), words = new Uint32Array(64);
  for (let at = 0; at < size; at += 64) addBlock(hash, words, view, at);
  return Array.from(hash, (word) => word.toString(16).padStart(8, "0")).join("");
}

function addBlock(hash, words, view, at) {
  for (let t = 0; t < 16; t++) words[t] = view.getUint32(at + 4 * t);
  for (let t = 16; t < 64; t++) {
    const x = words[t - 15], y = words[t - 2];
    words[t] = words[t - 16] + (turned(x, 7) ^ turned(x, 18) ^ (x >>> 3)) + words[t - 7] + (turned(y, 17) ^ turned(y, 19) ^ (y >>> 10));
  }
  let [a, b, c, d, e, f, g, h] = hash;
  for (let t = 0; t < 64; t++) {
    const first = (h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + ((e & f) ^ (~e & g)) + roundConstants[t] + words[t]) | 0;
    const second = ((turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((value, i) => { hash[i] += value; });
}
