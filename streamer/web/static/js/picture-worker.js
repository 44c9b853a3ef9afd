// A spectrogram whose rows are notes, and the peaks of the waveform; both of bounded size.

const MOST_COLUMNS = 4096;
const LEAST_HOP = 128;
const PEAKS = 2048;
const WINDOW = 2048;
const LOW = 21; // MIDI notes
const HIGH = 108;
const ROWS_PER_NOTE = 3;
const RANGE_DB = 66;

const cosines = Float32Array.from({ length: WINDOW / 2 }, (_, k) => Math.cos((2 * Math.PI * k) / WINDOW));
const sines = Float32Array.from({ length: WINDOW / 2 }, (_, k) => -Math.sin((2 * Math.PI * k) / WINDOW));
const hann = Float32Array.from({ length: WINDOW }, (_, k) => 0.5 - 0.5 * Math.cos((2 * Math.PI * k) / WINDOW));
const bits = Math.log2(WINDOW);
const reversed = Uint16Array.from({ length: WINDOW }, (_, k) => parseInt(k.toString(2).padStart(bits, "0").split("").reverse().join(""), 2));
const real = new Float32Array(WINDOW);
const imaginary = new Float32Array(WINDOW);

/** Power of each frequency of one window, into `power`. */
function transform(samples, start, power) {
  for (let k = 0; k < WINDOW; k++) {
    const at = start + k;
    real[reversed[k]] = at >= 0 && at < samples.length ? samples[at] * hann[k] : 0;
  }
  imaginary.fill(0);
  for (let size = 2; size <= WINDOW; size *= 2) {
    const half = size / 2;
    const step = WINDOW / size;
    for (let first = 0; first < WINDOW; first += size) {
      for (let k = 0; k < half; k++) {
        const a = first + k;
        const b = a + half;
        const c = cosines[k * step];
        const s = sines[k * step];
        const re = real[b] * c - imaginary[b] * s;
        const im = real[b] * s + imaginary[b] * c;
        real[b] = real[a] - re;
        imaginary[b] = imaginary[a] - im;
        real[a] += re;
        imaginary[a] += im;
      }
    }
  }
  for (let k = 0; k < power.length; k++) power[k] = real[k] ** 2 + imaginary[k] ** 2;
}

/** For each row, top first, the frequencies that it takes. */
function rowPlaces(rateHz) {
  const rows = (HIGH - LOW + 1) * ROWS_PER_NOTE;
  const place = (midi) => ((440 * 2 ** ((midi - 69) / 12)) * WINDOW) / rateHz;
  return Array.from({ length: rows }, (_, row) => {
    const top = HIGH + 0.5 - row / ROWS_PER_NOTE;
    return { from: place(top - 1 / ROWS_PER_NOTE), to: place(top) };
  });
}

function rowPower(power, { from, to }) {
  if (from >= power.length - 1) return 0;
  const middle = (from + to) / 2;
  const below = Math.floor(middle);
  let most = power[below] + (power[below + 1] - power[below]) * (middle - below);
  for (let k = Math.ceil(from); k <= to && k < power.length; k++) most = Math.max(most, power[k]);
  return most;
}

onmessage = ({ data: { samples, rateHz } }) => {
  const hop = Math.max(LEAST_HOP, Math.ceil(samples.length / MOST_COLUMNS));
  const columns = Math.max(1, Math.ceil(samples.length / hop));
  const places = rowPlaces(rateHz);
  const db = new Float32Array(columns * places.length);
  const power = new Float32Array(WINDOW / 2);
  let most = -120;
  for (let column = 0; column < columns; column++) {
    transform(samples, column * hop + hop / 2 - WINDOW / 2, power);
    for (let row = 0; row < places.length; row++) {
      const value = 10 * Math.log10(rowPower(power, places[row]) + 1e-12);
      db[row * columns + column] = value;
      most = Math.max(most, value);
    }
  }
  const levels = Uint8Array.from(db, (value) => Math.max(0, Math.min(255, 255 * (1 + (value - most) / RANGE_DB))));
  const peaks = new Float32Array(PEAKS);
  for (let i = 0; i < samples.length; i++) {
    const place = Math.floor((i * PEAKS) / samples.length);
    peaks[place] = Math.max(peaks[place], Math.abs(samples[i]));
  }
  const durationS = samples.length / rateHz;
  postMessage({ durationS, peaks, columns, rows: places.length, levels, low: LOW, high: HIGH }, [levels.buffer, peaks.buffer]);
};
