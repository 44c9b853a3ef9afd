// Where the time of a note goes, from the sound at the microphone to the speaker.

import { make } from "./dom.js";

const REMEMBERED = 512;
const PARTS = [
  ["decision", "sound until decided"],
  ["input", "microphone and browser"],
  ["network", "network, both ways"],
  ["server", "service"],
  ["output", "sound output"],
  ["total", "end to end"],
];

export class Latency {
  #rows = new Map(PARTS.map(([name]) => [name, []]));

  get count() {
    return this.#rows.get("total").length;
  }

  /** Parts in ms by name; what is left out is unknown and counts as none. */
  add(parts) {
    parts.total = Object.values(parts).reduce((sum, ms) => sum + ms, 0);
    for (const [name, values] of this.#rows) {
      if (!(name in parts)) continue;
      values.push(parts[name]);
      if (values.length > REMEMBERED) values.shift();
    }
  }

  /** [words, median, 95th percentile] for each part; null where nothing is known. */
  summary() {
    return PARTS.map(([name, words]) => {
      const sorted = [...this.#rows.get(name)].sort((a, b) => a - b);
      const at = (share) => (sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] : null);
      return [words, at(0.5), at(0.95)];
    });
  }

  show(body) {
    const text = (ms) => (ms === null ? "–" : ms.toFixed(ms < 9.95 ? 1 : 0));
    body.replaceChildren(
      ...this.summary().map(([words, median, p95]) =>
        make("tr", {}, make("th", { scope: "row", textContent: words }), make("td", { textContent: text(median) }), make("td", { textContent: text(p95) })),
      ),
    );
  }
}
