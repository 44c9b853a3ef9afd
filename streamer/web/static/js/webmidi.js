// Notes to a MIDI port, where the browser has Web MIDI.

import { wheel } from "./midifile.js";

const CHANNEL = 0;

export class MidiPort {
  #access = null;
  #port = null;
  #notes = new Map(); // id -> note number
  #bent = false;
  #range = 2; // semitones of a full bend

  onChange = () => {};

  /** Why there is no MIDI, in words; empty where there may be. */
  static get missing() {
    if (navigator.requestMIDIAccess) return "";
    if (!window.isSecureContext) return "Browsers give MIDI only to secure pages: https, or http://localhost.";
    return "This browser has no Web MIDI. Chrome, Edge, Opera and Firefox have it; Safari has not.";
  }

  get allowed() {
    return this.#access !== null;
  }

  /** Ask the browser; throws with words where it is refused. */
  async allow() {
    try {
      this.#access = await navigator.requestMIDIAccess({ sysex: false });
    } catch (error) {
      const denied = error.name === "SecurityError" || error.name === "NotAllowedError";
      throw new Error(denied ? "MIDI was denied. Allow it for this page in the address bar." : `This system has no MIDI (${error.message}).`);
    }
    this.#access.onstatechange = () => {
      if (this.#port && this.#port.state === "disconnected") this.choose("");
      this.onChange();
    };
  }

  /** Ports by id and name. */
  get ports() {
    return this.#access ? [...this.#access.outputs.values()].filter((port) => port.state !== "disconnected") : [];
  }

  get chosen() {
    return this.#port?.id ?? "";
  }

  /** Send to another port from now on; what sounds on the present one ends. */
  choose(id) {
    this.releaseAll();
    this.#port = id ? (this.#access?.outputs.get(id) ?? null) : null;
    this.#tellRange();
  }

  /** Bends reach so many semitones from now on; the receiver is told at each start: it may have been reset meanwhile. */
  setBendRange(semitones) {
    if (semitones !== this.#range) this.releaseAll();
    this.#range = semitones;
    this.#tellRange();
  }

  noteOn(id, note, velocity) {
    if (!this.#port) return;
    if (this.#bent) this.bend(id, 0);
    this.#notes.set(id, note);
    this.#send([0x90 | CHANNEL, note, velocity]);
  }

  noteOff(id) {
    const note = this.#notes.get(id);
    if (note === undefined) return;
    this.#notes.delete(id);
    if (![...this.#notes.values()].includes(note)) this.#send([0x80 | CHANNEL, note, 64]);
  }

  bend(id, semitones) {
    if (!this.#port) return;
    this.#bent = semitones !== 0;
    this.#send([0xe0 | CHANNEL, ...wheel(semitones, this.#range)]);
  }

  releaseAll() {
    for (const note of new Set(this.#notes.values())) this.#send([0x80 | CHANNEL, note, 64]);
    this.#notes.clear();
    if (this.#bent) this.bend(0, 0);
  }

  /** Every note off on every channel, also those that are not known of. */
  panic() {
    this.releaseAll();
    for (let channel = 0; channel < 16; channel++) {
      this.#send([0xb0 | channel, 120, 0]);
      this.#send([0xb0 | channel, 123, 0]);
    }
  }

  #tellRange() {
    for (const [control, value] of [[101, 0], [100, 0], [6, this.#range], [38, 0]]) this.#send([0xb0 | CHANNEL, control, value]);
  }

  #send(message) {
    try {
      this.#port?.send(message);
    } catch {
      this.#port = null; // it is gone; `onstatechange` tells
    }
  }
}
