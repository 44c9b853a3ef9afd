// The note in large letters, the cents needle and the level.

import { byId, setText } from "./dom.js";
import { hzToMidi, noteName, signed, spokenName } from "./music.js";

const FLOOR_DB = -60;
const HELD_S = 0.25; // so long a reading stays after the pitch has ended
const SPOKEN_MS = 500;
const IN_TUNE_CENTS = 8;

export class Meters {
  #peak = 0;
  #pitch = null; // {midi, atS}
  #spokenMs = 0;

  /** A block of samples as the microphone gave them. */
  level(samples) {
    for (const sample of samples) this.#peak = Math.max(this.#peak, Math.abs(sample));
  }

  pitch(hz, atS) {
    this.#pitch = { hz, midi: hzToMidi(hz), atS };
  }

  clear() {
    this.#peak = 0;
    this.#pitch = null;
  }

  /** `note` sounds, or null; `nowS` is the newest pitch's scale of time. */
  draw(note, nowS) {
    const pitch = this.#pitch && nowS - this.#pitch.atS < HELD_S ? this.#pitch : null;
    const shown = note ? note.note : pitch ? Math.round(pitch.midi) : null;
    const label = byId("note");
    setText(label, shown === null ? "–" : noteName(shown));
    label.classList.toggle("sounding", note !== null);

    let cents = null;
    if (pitch) {
      const nearest = note && Math.abs(pitch.midi - note.note) < 1 ? note.note : Math.round(pitch.midi);
      cents = 100 * (pitch.midi - nearest);
    }
    const tuning = byId("tuning");
    tuning.classList.toggle("idle", cents === null);
    tuning.classList.toggle("in-tune", cents !== null && Math.abs(cents) <= IN_TUNE_CENTS);
    if (cents !== null) byId("needle").style.left = `${50 + Math.max(-50, Math.min(50, cents))}%`;
    setText(byId("cents"), cents === null ? "– cents" : `${signed(cents)} cents`);
    setText(byId("hz"), pitch ? `${pitch.hz.toFixed(1)} Hz` : "– Hz");

    const db = Math.max(FLOOR_DB, 20 * Math.log10(this.#peak + 1e-9));
    this.#peak *= 0.85; // falls by some 80 dB a second at 60 pictures a second
    const level = byId("level");
    byId("level-bar").style.width = `${(100 * (db - FLOOR_DB)) / -FLOOR_DB}%`;
    level.classList.toggle("loud", db > -6);
    level.classList.toggle("clipped", db > -0.2);
    this.#speak(tuning, level, shown, cents, db);
  }

  #speak(tuning, level, shown, cents, db) {
    if (performance.now() - this.#spokenMs < SPOKEN_MS) return;
    this.#spokenMs = performance.now();
    setText(byId("level-text"), db <= FLOOR_DB ? "– dB" : `${Math.round(db)} dB`);
    level.setAttribute("aria-valuenow", Math.round(db));
    tuning.setAttribute("aria-valuenow", Math.round(cents ?? 0));
    tuning.setAttribute("aria-valuetext", cents === null ? "no pitch" : `${spokenName(shown)}, ${Math.round(cents)} cents`);
  }
}
