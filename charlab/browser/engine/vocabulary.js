// Characters and their ids, as charlab/core/vocab.py: one sorted alphabet, and one more id for every character
// outside it. A character is a Unicode code point, as in Python, never half of a surrogate pair.

const TWO_CASES = 0x1ffff; // every letter that has two cases is below
const UNKNOWN_CHARACTER = "\ufffd";
const DEFAULT_LIMIT = 512; // characters in an alphabet

// { characters, lower_case } as vocab.json has it -> what reads and writes texts.
export function vocabulary({ characters, lower_case }) {
  const alphabet = [...characters], unknown = alphabet.length;
  const places = new Map(alphabet.map((character, id) => [character, id]));
  const idOf = (character) => places.get(lower_case ? small(character) : character) ?? unknown;
  return {
    alphabet: [...alphabet, UNKNOWN_CHARACTER], // what each id stands for, the unknown one last: [V]
    size: unknown + 1, // V
    unknown,
    encode: (text) => Uint16Array.from(text, idOf), // one id per character
    decode: (ids) => Array.from(ids, (id) => alphabet[id] ?? UNKNOWN_CHARACTER).join(""),
    beginning: places.has("\n") ? "\n" : alphabet[0], // what is read where there is no prompt
  };
}

// The sorted alphabet of a text: all its characters, or the most frequent ones.
export function alphabetOf(text, { lower_case = false, maximum = DEFAULT_LIMIT } = {}) {
  const counts = new Map();
  for (const character of text) {
    const read = lower_case ? small(character) : character;
    counts.set(read, (counts.get(read) ?? 0) + 1);
  }
  const byCodePoint = (a, b) => a.codePointAt(0) - b.codePointAt(0);
  const kept = [...counts.keys()].sort((a, b) => counts.get(b) - counts.get(a) || byCodePoint(a, b)).slice(0, maximum);
  return kept.sort(byCodePoint).join("");
}

// A capital as a lowercase letter, where that is one character.
function small(character) {
  if (character.codePointAt(0) >= TWO_CASES) return character;
  const lower = character.toLowerCase();
  return [...lower].length === 1 ? lower : character;
}
