// What this browser keeps of the runs that it trains, in IndexedDB: of each run the newest checkpoint, and the places
// of the last weights that went to the server, by which it knows whether the server's weights are of its making.

const NAME = "charlab-device", CHECKPOINTS = "checkpoints", SENT = "sent";
const MOST_RUNS = 6; // the checkpoint of a GRU of 256 units takes 6 MB
const MOST_PLACES = 4;

export const storage = {
  // {place, checkpoint: ArrayBuffer, saved: milliseconds since 1970}; undefined where there is none.
  checkpoint: (run) => within(CHECKPOINTS, "readonly", (store) => store.get(run)),

  async keep(run, place, checkpoint) {
    await within(CHECKPOINTS, "readwrite", (store) => store.put({ place, checkpoint, saved: Date.now() }, run));
    await forgetOldRuns(run);
  },

  sent: async (run) => (await within(SENT, "readonly", (store) => store.get(run))) ?? [],

  // Notes where weights are from that are about to be sent.
  async note(run, place) {
    const places = [...(await storage.sent(run)), place].slice(-MOST_PLACES);
    await within(SENT, "readwrite", (store) => store.put(places, run));
  },

  // Notes that the server has all of the run: a page that is opened does not go on with it by itself.
  async finish(run) {
    const kept = await storage.checkpoint(run);
    if (kept) await within(CHECKPOINTS, "readwrite", (store) => store.put({ ...kept, ended: true }, run));
  },

  async forget(run) {
    for (const name of [CHECKPOINTS, SENT]) await within(name, "readwrite", (store) => store.delete(run));
  },
};

let opened = null;
let isTidy = false;

function database() {
  opened ??= new Promise((done, fail) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => [CHECKPOINTS, SENT].forEach((name) => asked.result.createObjectStore(name));
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => fail(asked.error);
  });
  return opened;
}

// The result of a request to a store, once its transaction is over.
async function within(name, mode, request) {
  const transaction = (await database()).transaction(name, mode), asked = request(transaction.objectStore(name));
  return new Promise((done, fail) => {
    transaction.oncomplete = () => done(asked.result);
    transaction.onerror = transaction.onabort = () => fail(transaction.error);
  });
}

// Once per tab, leaves the runs that were saved last.
async function forgetOldRuns(current) {
  if (isTidy) return;
  isTidy = true;
  const runs = await within(CHECKPOINTS, "readonly", (store) => store.getAllKeys()), saved = new Map();
  for (const run of runs) saved.set(run, run === current ? Infinity : (await storage.checkpoint(run))?.saved ?? 0);
  const oldest = runs.sort((a, b) => saved.get(b) - saved.get(a)).slice(MOST_RUNS);
  for (const run of oldest) await storage.forget(run);
}
