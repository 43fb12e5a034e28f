// How fast a device is, and where it began, in words.

// `characters` are those that one epoch reads; the budget is in minutes or in epochs.
export function speedInWords({ speed, simd }, { characters, minutes, epochs }) {
  const read = (60 * minutes * speed) / characters;
  const budget = minutes
    ? `${minutes} ${minutes === 1 ? "minute reads" : "minutes read"} ${share(read)}`
    : `${epochs} ${epochs === 1 ? "epoch takes" : "epochs take"} ${lasting((epochs * characters) / speed)}`;
  const slow = simd ? "" : " This browser has no WebAssembly SIMD: another one may be several times as fast.";
  const little = minutes && read < 0.3 ? " A model with fewer units would read more of it." : "";
  return `This device trains about ${rounded(speed)} characters per second: ${budget}.${little}${slow}`;
}

const share = (read) => (read >= 0.95 ? `the text ${rounded(read)} times` : `${Math.ceil(100 * read)}% of the text`);

// To two digits: 41,234 is "41,000", 2.34 is "2.3".
function rounded(number) {
  const unit = 10 ** Math.max(-1, Math.floor(Math.log10(number)) - 1);
  return (Math.round(number / unit) * unit).toLocaleString("en-GB", { maximumFractionDigits: 1 });
}

function lasting(seconds) {
  if (seconds < 55) return `about ${Math.max(5, 5 * Math.round(seconds / 5))} seconds`;
  if (seconds < 90) return "about 1 minute";
  return seconds < 5400 ? `about ${Math.round(seconds / 60)} minutes` : `about ${rounded(seconds / 3600)} hours`;
}

// Nothing of a run that begins at its beginning.
export function begunAt(from) {
  if (!from?.place.step) return "";
  const step = `step ${from.place.step.toLocaleString("en-GB")}`;
  return from.exact
    ? `It continued exactly from ${step}, as this browser had stored it.`
    : `It continued from ${step} with the last weights that the server had: this browser had stored no state of it.`;
}
