// Weights as bytes and back: the safetensors format (eight bytes of the header's length, a JSON header with type,
// shape and place of each array, then the arrays), as CharLab's own files have it. Little-endian, as all browsers are.

const ARRAY_TYPES = {
  F32: Float32Array, U8: Uint8Array, U16: Uint16Array, U32: Uint32Array, U64: BigUint64Array,
};
const HEADER_LIMIT = 1e6; // bytes

// Bytes of a file -> { name: { shape, values } }. Half precision becomes single. Throws where it is no such file.
export function readArrays(bytes) {
  const file = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
  const { header, start } = headerOf(file), arrays = {};
  delete header.__metadata__;
  for (const [name, { dtype, shape, data_offsets: [first, last] }] of Object.entries(header)) {
    const at = file.byteOffset + start, part = file.buffer.slice(at + first, at + last); // a copy: its numbers are aligned
    const width = dtype === "F16" ? 2 : ARRAY_TYPES[dtype]?.BYTES_PER_ELEMENT;
    if (!width || part.byteLength !== width * shape.reduce((a, b) => a * b, 1)) {
      throw new Error(`The weights are damaged: the file does not hold all of “${name}”.`);
    }
    arrays[name] = { shape, values: dtype === "F16" ? singles(new Uint16Array(part)) : new ARRAY_TYPES[dtype](part) };
  }
  return arrays;
}

// The texts that a file has beside its arrays, by name.
export function readMetadata(bytes) {
  return headerOf(bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes)).header.__metadata__ ?? {};
}

// { name: { shape, values } } -> the bytes of a file, in the order of the names; `metadata` are texts by name.
export function writeArrays(arrays, metadata = null) {
  const header = metadata ? { __metadata__: metadata } : {}, names = Object.keys(arrays).sort();
  let size = 0;
  for (const name of names) {
    const { shape, values } = arrays[name];
    const [dtype] = Object.entries(ARRAY_TYPES).find(([, type]) => values instanceof type);
    header[name] = { dtype, shape: [...shape], data_offsets: [size, (size += values.byteLength)] };
  }
  const words = new TextEncoder().encode(JSON.stringify(header)), length = Math.ceil(words.length / 8) * 8;
  const file = new Uint8Array(8 + length + size);
  new DataView(file.buffer).setUint32(0, length, true);
  file.fill(32, 8, 8 + length); // spaces, which JSON allows at its end
  file.set(words, 8);
  for (const name of names) {
    const { values } = arrays[name];
    file.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), 8 + length + header[name].data_offsets[0]);
  }
  return file;
}

function headerOf(file) {
  const length = file.length >= 8 ? new DataView(file.buffer, file.byteOffset, 8).getUint32(0, true) : Infinity;
  if (length > Math.min(HEADER_LIMIT, file.length - 8)) throw new Error("The weights are damaged or incomplete.");
  return { header: JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length))), start: 8 + length };
}

// Numbers in half precision (sign, 5 bits of exponent, 10 of fraction) -> in single precision, exactly.
function singles(halves) {
  return Float32Array.from(halves, (half) => {
    const sign = half & 0x8000 ? -1 : 1, exponent = (half >> 10) & 31, fraction = half & 1023;
    if (exponent === 31) return fraction ? NaN : sign * Infinity;
    return sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24);
  });
}
