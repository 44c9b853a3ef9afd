// Notes as a standard MIDI file: 480 ticks a beat at 120 beats a minute, with their bends.

const TICKS_PER_S = 960;
const LEAST_RANGE = 2;

const number = (value) => {
  const bytes = [value & 0x7f];
  for (value >>= 7; value; value >>= 7) bytes.unshift((value & 0x7f) | 0x80);
  return bytes;
};
const text = (words) => [...new TextEncoder().encode(words)];
const int32 = (value) => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];

function track(events) {
  const bytes = [];
  let now = 0;
  for (const { tick, message } of events) {
    bytes.push(...number(Math.max(0, tick - now)), ...message);
    now = Math.max(now, tick);
  }
  bytes.push(0, 0xff, 0x2f, 0);
  return [...text("MTrk"), ...int32(bytes.length), ...bytes];
}

/** Semitones that a bend wheel must reach for these notes. */
export function bendRange(notes) {
  let range = LEAST_RANGE;
  for (const note of notes) for (const [, semitones] of note.bends) range = Math.max(range, Math.ceil(Math.abs(semitones)));
  return Math.min(range, 96);
}

/** The two data bytes of a bend. */
export function wheel(semitones, range) {
  const value = Math.max(0, Math.min(16383, Math.round(8192 + (8192 * semitones) / range)));
  return [value & 127, value >> 7];
}

/** The bytes of a file with these notes; those that still sound end at `endS`. */
export function midiFile(notes, endS) {
  const range = bendRange(notes);
  const events = [];
  const add = (timeS, order, message) => events.push({ tick: Math.max(0, Math.round(timeS * TICKS_PER_S)), order, message });
  const bent = notes.some((note) => note.bends.length);
  if (bent) for (const [control, value] of [[101, 0], [100, 0], [6, range], [38, 0]]) add(0, 0, [0xb0, control, value]);
  let wasBent = false;
  for (const note of notes) {
    if (wasBent) add(note.onsetS, 1, [0xe0, ...wheel(0, range)]);
    add(note.onsetS, 2, [0x90, note.note, note.velocity]);
    for (const [timeS, semitones] of note.bends) add(Math.max(timeS, note.onsetS), 3, [0xe0, ...wheel(semitones, range)]);
    add(Math.max(note.endS ?? endS, note.onsetS + 0.001), 0, [0x80, note.note, 64]);
    wasBent = note.bends.length > 0;
  }
  if (wasBent) add(notes.at(-1).endS ?? endS, 4, [0xe0, ...wheel(0, range)]);
  events.sort((a, b) => a.tick - b.tick || a.order - b.order);
  const tempo = [
    { tick: 0, message: [0xff, 0x51, 3, 0x07, 0xa1, 0x20] },
    { tick: 0, message: [0xff, 0x58, 4, 4, 2, 24, 8] },
  ];
  const name = text("streamer");
  const named = [{ tick: 0, message: [0xff, 0x03, name.length, ...name] }, ...events];
  const head = [...text("MThd"), ...int32(6), 0, 1, 0, 2, 480 >> 8, 480 & 255];
  return new Uint8Array([...head, ...track(tempo), ...track(named)]);
}
