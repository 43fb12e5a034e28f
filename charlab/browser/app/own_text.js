// A text of one's own, to train on: from the box or from a file, as CharLab reads an uploaded one.

import { grouped } from "./characters.js";

export const LEAST_CHARACTERS = 2000;
const MOST_BYTES = 20e6;

// A file's text. Throws a sentence where it is none.
export async function textOf(file) {
  if (file.size > MOST_BYTES) throw new Error(`“${file.name}” has ${(file.size / 1e6).toFixed(0)} MB. A text here has at most 20 MB: choose a smaller one.`);
  try {
    return tidy(new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer()));
  } catch {
    throw new Error(`“${file.name}” is not a text in UTF-8. Save it as a text file in UTF-8, or paste the text.`);
  }
}

// Lines end with "\n", letters have their accents in them, and no half of a pair of surrogates is alone.
export const tidy = (text) => text.replace(/\r\n?/g, "\n").replace(/\p{Cs}/gu, "\ufffd").normalize("NFC");

// A file's name as a text's: one that a system takes for a path would be refused by whoever imports the model.
export const asTitle = (name) => name.replace(/[\\/\p{C}]/gu, "_");

// How many characters a text has, and how many distinct ones.
export function countCharacters(text) {
  const distinct = new Set();
  let characters = 0;
  for (const character of text) {
    distinct.add(character);
    characters++;
  }
  return { characters, distinct: distinct.size };
}

// What there is to say of a text before it is used.
export function aboutText({ characters, distinct }) {
  if (!characters) return "Paste a text, or open a file.";
  if (characters < LEAST_CHARACTERS) return `${grouped(characters)} characters. A text to train on needs at least ${grouped(LEAST_CHARACTERS)}.`;
  return `${grouped(characters)} characters, ${grouped(distinct)} distinct. The last tenth is the validation set.`;
}
