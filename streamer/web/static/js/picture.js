// Waveform and spectrogram of a recording, in memory that does not grow with its length.

import { theme } from "./theme.js";

const RATE_HZ = 16_000;
// The browser decodes at the file's own rate before it resamples: for a moment some 400 MB at these limits.
const MOST_S = 5 * 60;
const MOST_BYTES = 2 ** 26;

/** Decode at a low rate, and have a worker make the picture; null where the recording is too long or cannot be read. */
export async function makePicture(blob, durationS) {
  if (!(durationS <= MOST_S) || blob.size > MOST_BYTES) return null;
  let mono;
  try {
    const decoder = new OfflineAudioContext(1, 1, RATE_HZ);
    mono = mixed(await decoder.decodeAudioData(await blob.arrayBuffer()));
  } catch {
    return null;
  }
  const worker = new Worker(new URL("picture-worker.js", import.meta.url), { type: "module" });
  try {
    const made = await new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = reject;
      worker.postMessage({ samples: mono, rateHz: RATE_HZ }, [mono.buffer]);
    });
    return new Picture(made);
  } catch {
    return null;
  } finally {
    worker.terminate();
  }
}

function mixed(buffer) {
  const mono = new Float32Array(buffer.length);
  for (let c = 0; c < buffer.numberOfChannels; c++) {
    const channel = buffer.getChannelData(c);
    for (let i = 0; i < mono.length; i++) mono[i] += channel[i] / buffer.numberOfChannels;
  }
  return mono;
}

class Picture {
  #image = null;
  #ink = "";

  constructor(made) {
    Object.assign(this, made); // durationS, peaks, columns, rows, levels, low, high
  }

  /** The spectrogram as a canvas, a column a moment, the highest note on top. */
  #painted() {
    const { ink } = theme();
    if (this.#image && this.#ink === ink) return this.#image;
    const image = new OffscreenCanvas(this.columns, this.rows);
    const drawing = image.getContext("2d");
    drawing.fillStyle = ink;
    drawing.fillRect(0, 0, 1, 1);
    const [red, green, blue] = drawing.getImageData(0, 0, 1, 1).data;
    const pixels = drawing.createImageData(this.columns, this.rows);
    for (let i = 0; i < this.levels.length; i++) pixels.data.set([red, green, blue, 0.6 * this.levels[i]], 4 * i);
    drawing.putImageData(pixels, 0, 0);
    [this.#image, this.#ink] = [image, ink];
    return image;
  }

  /** Paint what lies behind a roll, see `drawRoll`. */
  behind({ fromS, toS, span, height }) {
    return (drawing, left, width) => {
      const perSecond = this.columns / this.durationS;
      const perNote = this.rows / (this.high - this.low + 1);
      const top = (this.high + 0.5 - (span.high + 0.5)) * perNote;
      drawing.imageSmoothingEnabled = true;
      drawing.drawImage(
        this.#painted(), fromS * perSecond, top, (toS - fromS) * perSecond, (span.high - span.low + 1) * perNote,
        left, 0, width, height,
      );
    };
  }

  /** Draw the whole waveform. */
  wave(drawing, width, height) {
    drawing.fillStyle = theme().quiet;
    const count = this.peaks.length;
    const loudest = Math.max(0.02, ...this.peaks); // soft recordings are seen, too
    for (let x = 0; x < width; x++) {
      let peak = 0;
      for (let i = Math.floor((x * count) / width); i < Math.max(1 + (x * count) / width, ((x + 1) * count) / width) && i < count; i++) {
        peak = Math.max(peak, this.peaks[i]);
      }
      const high = Math.max(1, (peak / loudest) * (height - 4));
      drawing.fillRect(x, (height - high) / 2, 1, high);
    }
  }
}
