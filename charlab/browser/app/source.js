// Where the page's models and its engine come from: from the page itself, or from files beside it (a site).

export function sourceOf() {
  return document.getElementById("engine") ? embeddedSource() : servedSource();
}

// A source has models [{ name, title }], `load(name)`: a promise of { about, weights }, `startWorker()` and `kernels()`.
function embeddedSource() {
  const text = (id) => document.getElementById(id).textContent;
  const bytes = (id) => Uint8Array.from(atob(text(id)), (character) => character.charCodeAt(0)).buffer;
  const about = JSON.parse(text("model"));
  return {
    models: async () => [{ name: about.name, title: about.title }],
    load: async () => ({ about, weights: bytes("weights") }),
    startWorker: () => new Worker(URL.createObjectURL(new Blob([text("engine")], { type: "text/javascript" }))),
    kernels: async () => bytes("kernels"),
  };
}

function servedSource() {
  const fetched = async (address) => {
    const answer = await fetch(address).catch(() => null);
    if (!answer?.ok) throw new Error(`“${address}” could not be loaded. Upload the whole folder, and open it by an address that begins with http.`);
    return answer;
  };
  return {
    models: async () => (await fetched("models/index.json")).json(),
    load: async (name) => {
      const [about, weights] = await Promise.all([fetched(`models/${name}.json`), fetched(`models/${name}.safetensors`)]);
      return { about: await about.json(), weights: await weights.arrayBuffer() };
    },
    startWorker: () => new Worker("engine.js"),
    kernels: async () => (await fetched("kernels.wasm")).arrayBuffer(),
  };
}
