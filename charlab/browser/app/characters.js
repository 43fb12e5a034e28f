// Characters made visible, as charlab/core/display.py, and numbers as texts.

const DRAWN_FORMS = { " ": "·", "\n": "↵", "\t": "⇥", "\r": "⏎", "\u00a0": "⍽" };
const SPOKEN_FORMS = {
  " ": "␣ space", "\n": "↵ newline", "\t": "⇥ tab", "\r": "⏎ return", "\u00a0": "⍽ no-break space",
  "\ufffd": "� not in the alphabet",
};
const WITHOUT_INK = /^[\p{C}\p{Zl}\p{Zp}\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\u180b-\u180f\ufe00-\ufe0f]$/u;

// A visible form of one character: a dot for a space, a dotted circle under an accent.
export function visible(character) {
  if (character in DRAWN_FORMS) return DRAWN_FORMS[character];
  if (WITHOUT_INK.test(character)) return `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
  if (/^\p{M}$/u.test(character)) return `◌${character}`;
  return /^\p{Zs}$/u.test(character) ? "␣" : character;
}

// The same with a name where the form alone would not tell.
export const named = (character) => SPOKEN_FORMS[character] ?? visible(character);

// The end of a text, for a heading.
export function lastCharacters(text, most = 16) {
  const characters = [...text];
  return (characters.length > most ? "…" : "") + characters.slice(-most).map(visible).join("");
}

export const inPercent = (p) => (p > 0 && p < 0.0005 ? "<0.1%" : `${(100 * p).toFixed(1)}%`);
export const grouped = (number) => number.toLocaleString("en");

// A duration in words: "45 s", "2 min 05 s".
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}

export function ordinal(number) {
  const ending = number % 100 >= 10 && number % 100 <= 20 ? "th" : { 1: "st", 2: "nd", 3: "rd" }[number % 10] ?? "th";
  return `${number}${ending}`;
}
