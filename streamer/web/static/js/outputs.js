// What sounds, on every output: each note that was begun is ended, whatever happens.

/** Outputs have noteOn(id, note, velocity), noteOff(id), bend(id, semitones) and releaseAll(). */
export class Outputs {
  #outputs = new Set();
  #open = new Set();

  /** Semitones that bends reach, for outputs that must know. */
  set bendRange(semitones) {
    for (const output of this.#outputs) output.setBendRange?.(semitones);
  }

  add(output) {
    this.#outputs.add(output);
  }

  remove(output) {
    output.releaseAll();
    this.#outputs.delete(output);
  }

  on(event) {
    this.#open.add(event.note_id);
    for (const output of this.#outputs) output.noteOn(event.note_id, event.note, event.velocity);
  }

  off(event) {
    if (!this.#open.delete(event.note_id)) return;
    for (const output of this.#outputs) output.noteOff(event.note_id);
  }

  bend(event) {
    if (!this.#open.has(event.note_id)) return;
    for (const output of this.#outputs) output.bend(event.note_id, event.semitones);
  }

  releaseAll() {
    this.#open.clear();
    for (const output of this.#outputs) output.releaseAll();
  }

  panic() {
    this.releaseAll();
    for (const output of this.#outputs) output.panic?.();
  }
}
