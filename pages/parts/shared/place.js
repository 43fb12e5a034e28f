// What a reader of the Explainer moves: the chosen position and how a character would be drawn from the prediction.
// It moves in the browser, at once and without the server. The address follows; the server is told when the reader
// next does something that it answers, so that it answers with what is seen.

const NAMES = ["step", "temperature", "top_k", "top_p"]; // in the addresses of every view
const LEFT_OUT = { top_k: 0, top_p: 1, walk: "" }; // values that an address does not say
const REST = 150; // milliseconds: browsers limit how often an address may change
const OVERTAKEN = 5000; // milliseconds in which the server may still answer with a value that was moved on from
const ANSWERED = "a, button, input, textarea, select, summary, label, [role=button], [role=option], [role=radio], [role=slider]";

let values = {}, heard = {}, trail = [];
let send = null, isAhead = false, writing = 0, names = NAMES;
const listeners = new Set();

export const place = {
  get values() { return values; },

  // Whether the reader has moved since the server was told.
  get isAhead() { return isAhead; },

  // Calls back after each move; the function returned ends that.
  listen(moved) {
    listeners.add(moved);
    return () => listeners.delete(moved);
  },

  // The reader moves something.
  move(moved) {
    const now = Date.now();
    trail = trail.filter(({ time }) => now - time < OVERTAKEN);
    trail.push({ time: now, values: { ...values } }, { time: now, values: moved });
    values = { ...values, ...moved };
    isAhead = true;
    writing ||= setTimeout(write, REST);
    tell();
  },

  // Something follows from what the server said, such as the position after a step.
  put(said) {
    values = { ...values, ...said };
    writing ||= setTimeout(write, REST);
    tell();
  },

  // What the server says counts where it has changed, except where it answers what was moved on from. `last` is the
  // last position of the text.
  hear(said, last = Infinity) {
    for (const [name, value] of Object.entries(said)) {
      const isNews = heard[name] !== value && !(isAhead && name in heard) && !wasHere(name, value);
      heard[name] = value;
      if (isNews || !(name in values)) values = { ...values, [name]: value };
    }
    if ("step" in values) values = { ...values, step: Math.min(values.step, last) };
    tell();
    // The address that the end of the page's run writes may be older than the last move.
    for (const wait of [50, 400]) setTimeout(write, wait);
  },

  // `tellServer` sends the values to the server; `more` are the values that only this view has in its address. The
  // function returned ends that, and forgets what was heard, unless another one has taken its place.
  connect(tellServer, more = []) {
    [send, names] = [tellServer, [...NAMES, ...more]];
    return () => {
      if (send !== tellServer) return;
      [send, isAhead, heard, trail, names] = [null, false, {}, [], NAMES];
    };
  },

  // The values, for a message to the server about them and more.
  take() {
    isAhead = false;
    write();
    return { ...values };
  },

  // Let the server run the page.
  ask() {
    isAhead = true;
    flush();
  },
};

const wasHere = (name, value) =>
  trail.some(({ time, values: then }) => Date.now() - time < OVERTAKEN && then[name] === value);

const tell = () => listeners.forEach((moved) => moved(values));

function flush() {
  if (send && isAhead) send(place.take());
}

// The address, as pages/parts/shared/url_state.py writes it: only what was moved is replaced in it.
function write() {
  writing = 0;
  if (!send) return;
  const before = location.search.slice(1), pieces = before.split("&").filter(Boolean);
  for (const name of names.filter((name) => name in values)) {
    const at = pieces.findIndex((piece) => piece.startsWith(`${name}=`));
    const piece = values[name] === LEFT_OUT[name] ? [] : [`${name}=${written(values[name])}`];
    pieces.splice(at < 0 ? pieces.length : at, at < 0 ? 0 : 1, ...piece);
  }
  const now = pieces.join("&");
  if (now !== before) history.replaceState(history.state, "", `${location.pathname}?${now}${location.hash}`);
}

const written = (value) => (typeof value === "string" || Number.isInteger(value) ? value : Number(value.toPrecision(6)));

// What the reader does elsewhere on the page is sent with what was moved before it: in the same message, or first.
function onAction(event) {
  if (!isAhead || !send) return;
  const target = event.composedPath()[0];
  if (!(target instanceof Element) || target.closest("[data-moves]") || !target.closest(ANSWERED)) return;
  flush();
}

const isOfKeys = ({ key }) => ["Tab", "Shift", "Control", "Alt", "Meta"].includes(key);
addEventListener("click", onAction, true);
addEventListener("pointerdown", (event) => event.target.closest?.("a") && onAction(event), true);
addEventListener("keydown", (event) => {
  if (event.key === "Escape") flush(); // it leaves Present mode
  else if (!isOfKeys(event)) onAction(event);
}, true);
addEventListener("focusout", (event) => event.target.matches?.("input, textarea") && onAction(event), true);
// Back and forward: the address says where.
addEventListener("popstate", () => {
  if (!send) return;
  const asked = new URLSearchParams(location.search);
  const said = names.filter((name) => asked.has(name) && isFinite(Number(asked.get(name))));
  [isAhead, trail] = [false, []];
  values = { ...values, ...LEFT_OUT, ...Object.fromEntries(said.map((name) => [name, Number(asked.get(name))])) };
  tell();
});
