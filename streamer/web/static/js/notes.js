// Notes and pitch as the server told them, in bounded memory; times are seconds of the take or file.

const MOST_NOTES = 50_000;
const MOST_PITCHES = 600_000; // some 26 minutes
const MOST_BENDS = 200_000;

/** Pitch over time in two arrays that grow. */
class Curve {
  constructor() {
    this.count = 0;
    this.times = new Float32Array(4096);
    this.midi = new Float32Array(4096);
  }

  add(timeS, midi) {
    if (this.count >= MOST_PITCHES) return;
    if (this.count === this.times.length) {
      for (const name of ["times", "midi"]) {
        const longer = new Float32Array(2 * this.count);
        longer.set(this[name]);
        this[name] = longer;
      }
    }
    this.times[this.count] = timeS;
    this.midi[this.count++] = midi;
  }

  /** Index of the first point that is not before a time. */
  from(timeS) {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.times[middle] < timeS) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/**
 * Each note is {note, name, velocity, onsetS, endS, midi, emitS, latencyMs, bends}; endS is null while it sounds.
 * A note under a better name stays the same note.
 */
export class Notes {
  constructor() {
    this.list = [];
    this.curve = new Curve();
    this.full = false;
    this.#bends = 0;
  }

  #open = new Map(); // note_id of the present connection -> note
  #bends;

  get sounding() {
    return [...this.#open.values()].at(-1) ?? null;
  }

  on(event) {
    const corrected = event.corrects ? this.#open.get(event.corrects) : null;
    if (corrected) {
      this.#open.delete(event.corrects);
      Object.assign(corrected, { note: event.note, midi: event.midi });
      this.#open.set(event.note_id, corrected);
      return;
    }
    if (this.list.length >= MOST_NOTES) {
      this.full = true;
      return;
    }
    const note = {
      note: event.note, velocity: event.velocity, onsetS: event.onset_s, endS: null, midi: event.midi,
      emitS: event.time_s, latencyMs: event.latency_ms, bends: [],
    };
    this.list.push(note);
    this.#open.set(event.note_id, note);
  }

  off(event) {
    const note = this.#open.get(event.note_id);
    if (!note) return; // it ended under another name
    this.#open.delete(event.note_id);
    note.endS = Math.max(event.offset_s, note.onsetS);
    note.midi = event.midi ?? note.midi;
  }

  bend(event) {
    const note = this.#open.get(event.note_id) ?? this.sounding;
    if (note && this.#bends++ < MOST_BENDS) note.bends.push([event.time_s, event.semitones]);
  }

  /** A note that has ended. */
  whole(line) {
    if (this.list.length >= MOST_NOTES) {
      this.full = true;
      return;
    }
    this.list.push({
      note: line.note, velocity: line.velocity, onsetS: line.onset_s, endS: line.offset_s, midi: line.midi,
      emitS: line.emit_s, latencyMs: line.latency_ms, bends: line.bends ?? [],
    });
  }

  pitch(timeS, midi) {
    this.curve.add(timeS, midi);
  }

  /** End what sounds: nobody will tell its end any more. */
  endOpen(timeS) {
    for (const note of this.#open.values()) note.endS = Math.max(timeS, note.onsetS);
    this.#open.clear();
  }
}
