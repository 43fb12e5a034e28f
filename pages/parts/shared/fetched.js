// What this server computes from a text: asked for once, and again where it has forgotten the text meanwhile.

import { place } from "./place.js";

const WAITS = [300, 1000, 3000]; // milliseconds

export async function fetched(address) {
  for (const wait of [...WAITS, 0]) {
    const answer = await fetch(address);
    if (answer.ok) return answer;
    if (answer.status !== 404 || !wait) break;
    place.ask(); // the page's run reads the text again
    await new Promise((done) => setTimeout(done, wait));
  }
  throw new Error(`${address} was not answered.`);
}
