// A small synthesiser: plucked tones of a few harmonics that bend with the voice.

import { midiToHz } from "./music.js";

const VOICES = 24; // those that fade away are among them
const HARMONICS = 12;
const ATTACK_S = 0.004;
const DECAY_S = 2.5; // to 1/e while the note lasts
const RELEASE_S = 0.03;
const BEND_S = 0.004;
const LOUDEST = 0.3;

export class Synth {
  #voices = new Map(); // id -> {tone, level, released}

  constructor(context, loudness) {
    this.context = context;
    this.out = new GainNode(context, { gain: loudness });
    this.limiter = new DynamicsCompressorNode(context, { threshold: -6, ratio: 12, attack: 0.001, release: 0.1 });
    this.out.connect(this.limiter).connect(context.destination);
    const real = new Float32Array(HARMONICS + 1);
    const imaginary = Float32Array.from(real, (_, k) => (k ? 1 / k ** 1.4 : 0));
    this.wave = context.createPeriodicWave(real, imaginary);
  }

  set loudness(value) {
    this.out.gain.setTargetAtTime(value, this.context.currentTime, 0.02);
  }

  /** How many tones have begun, or will, and are not yet told to end. */
  get sounding() {
    return [...this.#voices.values()].filter((voice) => !voice.released).length;
  }

  noteOn(id, note, velocity, atS = this.context.currentTime) {
    this.noteOff(id);
    if (this.#voices.size >= VOICES) this.#end(this.#voices.keys().next().value);
    const tone = new OscillatorNode(this.context, { frequency: midiToHz(note), periodicWave: this.wave });
    const level = new GainNode(this.context, { gain: 0 });
    const top = LOUDEST * (0.2 + 0.8 * (velocity / 127) ** 2);
    level.gain.setValueAtTime(0, atS);
    level.gain.linearRampToValueAtTime(top, atS + ATTACK_S);
    level.gain.setTargetAtTime(0, atS + ATTACK_S, DECAY_S);
    tone.connect(level).connect(this.out);
    const voice = { tone, level, released: false };
    tone.onended = () => {
      level.disconnect();
      if (this.#voices.get(id) === voice) this.#voices.delete(id);
    };
    tone.start(atS);
    this.#voices.delete(id); // the newest stand last
    this.#voices.set(id, voice);
  }

  noteOff(id, atS = this.context.currentTime) {
    const voice = this.#voices.get(id);
    if (!voice || voice.released) return;
    voice.released = true;
    const { gain } = voice.level;
    if (gain.cancelAndHoldAtTime) gain.cancelAndHoldAtTime(atS);
    else gain.cancelScheduledValues(atS);
    gain.setTargetAtTime(0, atS, RELEASE_S);
    voice.tone.stop(atS + 8 * RELEASE_S);
  }

  bend(id, semitones, atS = this.context.currentTime) {
    this.#voices.get(id)?.tone.detune.setTargetAtTime(100 * semitones, atS, BEND_S);
  }

  /** End all, also what is only to begin. */
  releaseAll() {
    for (const id of this.#voices.keys()) this.#end(id);
  }

  close() {
    this.releaseAll();
    setTimeout(() => this.limiter.disconnect(), 1000 * 10 * RELEASE_S);
  }

  #end(id) {
    const { tone, level } = this.#voices.get(id);
    const nowS = this.context.currentTime;
    this.#voices.delete(id);
    if (level.gain.cancelAndHoldAtTime) level.gain.cancelAndHoldAtTime(nowS);
    else level.gain.cancelScheduledValues(nowS);
    level.gain.setTargetAtTime(0, nowS, RELEASE_S);
    tone.stop(nowS + 8 * RELEASE_S);
  }
}
