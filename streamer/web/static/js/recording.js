// The sound of a take, 16 bits a sample, in bounded memory; and as a WAV file.

const MOST_S = 20 * 60;
const CHUNK_S = 1;

export class Recording {
  #chunks = [];
  #last = null;
  #used = 0;

  constructor(rateHz) {
    this.rateHz = rateHz;
    this.samples = 0; // heard, whether or not they are kept
    this.kept = 0;
  }

  get durationS() {
    return this.samples / this.rateHz;
  }

  get full() {
    return this.kept < this.samples;
  }

  add(samples) {
    this.samples += samples.length;
    if (this.kept >= MOST_S * this.rateHz) return;
    for (const sample of samples) {
      if (!this.#last || this.#used === this.#last.length) {
        this.#last = new Int16Array(CHUNK_S * this.rateHz);
        this.#chunks.push(this.#last);
        this.#used = 0;
      }
      this.#last[this.#used++] = Math.max(-32768, Math.min(32767, Math.round(32768 * sample)));
    }
    this.kept += samples.length;
  }

  /** A WAV file of what is kept. */
  wav() {
    const bytes = 2 * this.kept;
    const header = new DataView(new ArrayBuffer(44));
    const words = [[0, "RIFF"], [8, "WAVE"], [12, "fmt "], [36, "data"]];
    for (const [at, word] of words) for (let i = 0; i < 4; i++) header.setUint8(at + i, word.charCodeAt(i));
    header.setUint32(4, 36 + bytes, true);
    header.setUint32(16, 16, true);
    header.setUint16(20, 1, true);
    header.setUint16(22, 1, true);
    header.setUint32(24, this.rateHz, true);
    header.setUint32(28, 2 * this.rateHz, true);
    header.setUint16(32, 2, true);
    header.setUint16(34, 16, true);
    header.setUint32(40, bytes, true);
    const parts = this.#chunks.map((chunk) => (chunk === this.#last ? chunk.subarray(0, this.#used) : chunk));
    return new Blob([header, ...parts], { type: "audio/wav" });
  }
}
