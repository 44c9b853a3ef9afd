// Notes, pitch and time in words.

const NAMES = ["C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B"];

/** Name of a MIDI note with its octave: C4 is 60. */
export function noteName(note) {
  return NAMES[((note % 12) + 12) % 12] + (Math.floor(note / 12) - 1);
}

/** The same as it is to be spoken. */
export function spokenName(note) {
  return noteName(note).replace("♯", " sharp ");
}

export const isBlackKey = (note) => NAMES[((note % 12) + 12) % 12].length > 1;

/** Fractional MIDI note of a frequency, A4 at 440 Hz. */
export const hzToMidi = (hz) => 69 + 12 * Math.log2(hz / 440);

export const midiToHz = (midi) => 440 * 2 ** ((midi - 69) / 12);

/** Cents with their sign, such as "+3". */
export function signed(cents) {
  const whole = Math.round(cents);
  return whole > 0 ? `+${whole}` : whole < 0 ? `−${-whole}` : "0";
}

/** Minutes and seconds. */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
