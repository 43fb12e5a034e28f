// Where the page's models and its engine come from: from the page itself, or from files beside it (a site).

export function sourceOf() {
  return document.getElementById("engine") ? embeddedSource() : servedSource();
}

// A source has promises of models [{ name, title }], of { about, weights } by `load(name)`, of a worker by
// `startWorker()`, and of the `kernels()`.
function embeddedSource() {
  const text = (id) => document.getElementById(id).textContent;
  const about = JSON.parse(text("model"));
  // Packed, a page with a network of 128 units takes a fifth less room.
  const unpacked = (id) => {
    const packed = Uint8Array.from(atob(text(id)), (character) => character.charCodeAt(0));
    return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip")));
  };
  return {
    models: async () => [{ name: about.name, title: about.title }],
    load: async () => ({ about, weights: await unpacked("weights").arrayBuffer() }),
    startWorker: async () => {
      const script = new Blob([await unpacked("engine").text()], { type: "text/javascript" });
      return new Worker(URL.createObjectURL(script));
    },
    kernels: () => unpacked("kernels").arrayBuffer(),
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
    startWorker: async () => new Worker("engine.js"),
    kernels: async () => (await fetched("kernels.wasm")).arrayBuffer(),
  };
}
