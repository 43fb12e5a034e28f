// A model trained in the browser as a model file: a zip archive that `charlab import` takes, as charlab/export/bundle.py
// makes it. Nothing in it is compressed.

import { writeArrays } from "./safetensors.js";

const ZIP_DATE = 0x21; // 1 January 1980, so that equal models give equal bytes

// The bytes of a model file. `config` has name, corpus (the text's title), corpus_sha256, model, train and versions;
// `vocab` characters and lower_case; `progress` epoch, step and seconds; `results` as status.json has them; `events` are
// lines of metrics.jsonl; `best` and `last` weights, { name: { shape, values } }.
export function bundle({ config, vocab, progress, results, events, best, last }) {
  const text = (value) => new TextEncoder().encode(value), json = (value) => text(JSON.stringify(value, null, 1));
  return zipped({
    "bundle.json": json({ format: "charlab bundle", version: 1 }),
    "model-card.md": text(modelCard(config, vocab, progress, results)),
    "config.json": json({ preset: "custom", notes: ["Trained in a browser."], ...config }),
    "vocab.json": json({ characters: vocab.characters, lower_case: vocab.lower_case }),
    "status.json": json({ ...progress, results }),
    "metrics.jsonl": text(events.map((event) => `${JSON.stringify(event)}\n`).join("")),
    "weights/best.safetensors": writeArrays(best),
    "weights/last.safetensors": writeArrays(last),
  });
}

function modelCard({ name, corpus, corpus_sha256, model }, { characters }, { epoch, step, seconds }, { val_loss }) {
  const bits = (val_loss / Math.LN2).toFixed(4), plain = (words) => words.replace(/[\\`*_{}[\]<>#|]/g, "\\$&");
  const measured = val_loss === undefined ? "Not measured." : `${val_loss.toFixed(4)} nats = ${bits} bits per character `
    + "on the validation set (the end of the text), the mean over windows of 256 characters.";
  return `# ${plain(name)}

## What it is

A model that predicts the next character of a text: ${model.kind.toUpperCase()}, ${model.layers} × ${model.units} units, an alphabet of \
${[...characters].length} characters and one id for unknown characters.

## Training text

${plain(corpus)}. SHA-256 of the text: ${corpus_sha256}.

## Loss

${measured} Trained in a browser for ${epoch.toFixed(1)} epochs (${step} steps, ${Math.round(seconds)} seconds).

## Limits

- It continues text; it knows no facts, and what it generates has no meaning for it.
- It may repeat its training text, good or bad, word for word.
`;
}

// A zip archive of { name: bytes }.
export function zipped(members) {
  const parts = [], directory = [];
  let end = 0;
  for (const [name, data] of Object.entries(members)) {
    const title = new TextEncoder().encode(name);
    // version, flags (UTF-8), method, time, date, checksum, sizes, length of the name, of what is extra
    const common = [[20, 2], [0x800, 2], [0, 2], [0, 2], [ZIP_DATE, 2], [checksum(data), 4], [data.length, 4], [data.length, 4], [title.length, 2], [0, 2]];
    directory.push(fields([[0x02014b50, 4], [20, 2], ...common, [0, 2], [0, 2], [0, 2], [0, 4], [end, 4]]), title);
    parts.push(fields([[0x04034b50, 4], ...common]), title, data);
    end += 30 + title.length + data.length;
  }
  const number = Object.keys(members).length, size = directory.reduce((sum, part) => sum + part.length, 0);
  const tail = fields([[0x06054b50, 4], [0, 2], [0, 2], [number, 2], [number, 2], [size, 4], [end, 4], [0, 2]]);
  const file = new Uint8Array(end + size + tail.length);
  let at = 0;
  for (const part of [...parts, ...directory, tail]) {
    file.set(part, at);
    at += part.length;
  }
  return file;
}

// Whole numbers with their sizes in bytes, lowest byte first.
function fields(values) {
  return Uint8Array.from(values.flatMap(([value, size]) => Array.from({ length: size }, (_, i) => Math.floor(value / 256 ** i) % 256)));
}

// CRC-32 of bytes.
function checksum(data) {
  let crc = 0xffffffff;
  for (const byte of data) crc = crcTable[(crc ^ byte) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

const crcTable = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});
