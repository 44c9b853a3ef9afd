// One take: microphone, socket, sound and notes, from Start to Stop.

import { hzToMidi } from "./music.js";
import { Latency } from "./latency.js";
import { Microphone } from "./microphone.js";
import { Notes } from "./notes.js";
import { Recording } from "./recording.js";
import { socketAddress, socketProtocols } from "./service.js";
import { Stream } from "./stream.js";

/** `told`: onState(state, words), onLevel(samples), onPitch(hz, atS), onNote(event), onEnd(words). */
export class Take {
  static async begin({ deviceId, options, outputs, outputMs, told }) {
    const microphone = await Microphone.open(deviceId);
    return new Take(microphone, options, outputs, outputMs, told);
  }

  constructor(microphone, options, outputs, outputMs, told) {
    Object.assign(this, { microphone, outputs, outputMs, told });
    this.notes = new Notes();
    this.recording = new Recording(microphone.rateHz);
    this.latency = new Latency();
    this.status = null;
    this.roundTripMs = null;
    this.running = true;
    this.stream = new Stream({
      url: socketAddress("stream"),
      protocols: socketProtocols(),
      rateHz: microphone.rateHz,
      options,
      handlers: {
        onEvents: (events) => events.forEach((event) => this.#take(event)),
        onStatus: (status) => (this.status = status),
        onState: (state, words, bendRange) => this.#state(state, words, bendRange),
        onRoundTrip: (ms) => (this.roundTripMs = ms),
      },
    });
    microphone.onBlock = (samples, endFrame) => {
      this.recording.add(samples);
      this.stream.push(samples, microphone.ageMs(endFrame));
      told.onLevel(samples);
    };
    microphone.onEnd = (words) => told.onEnd(words);
  }

  get durationS() {
    return this.recording.durationS;
  }

  /** Samples that were not heard by the service, as seconds. */
  get lostS() {
    return (this.stream.skipped + (this.status?.dropped ?? 0)) / this.recording.rateHz;
  }

  /** What is under way is decided yet; then all ends. */
  async stop() {
    if (!this.running) return;
    this.running = false;
    this.microphone.close();
    await this.stream.stop();
    this.#endNotes();
  }

  /** The page goes away: end all at once. */
  abort() {
    this.running = false;
    this.microphone.close();
    this.stream.abort();
    this.#endNotes();
  }

  #endNotes() {
    this.outputs.releaseAll();
    this.notes.endOpen(this.durationS);
  }

  #state(state, words, bendRange) {
    if (state === "ready") this.outputs.bendRange = bendRange;
    else this.#endNotes();
    this.told.onState(state, words);
  }

  #take(event) {
    switch (event.type) {
      case "note_on":
        this.outputs.on(event);
        this.#measure(event);
        this.notes.on(event);
        this.told.onNote(event);
        break;
      case "note_off":
        this.outputs.off(event);
        this.notes.off(event);
        break;
      case "bend":
        this.outputs.bend(event);
        this.notes.bend(event);
        break;
      case "pitch":
        if (event.f0_hz !== null) {
          this.notes.pitch(event.centre_s, hzToMidi(event.f0_hz));
          this.told.onPitch(event.f0_hz, event.time_s);
        }
        break;
    }
  }

  #measure(event) {
    const sent = this.stream.sentWith(event.sample);
    if (!sent || event.corrects) return;
    const roundMs = performance.now() - sent.atMs;
    const server = Math.min(event.server_ms ?? 0, roundMs);
    // A note is decided within a block: what of the block came after it was waited for, too.
    const waitedMs = (1000 * (sent.until - event.sample)) / this.recording.rateHz;
    const parts = { decision: event.latency_ms, input: sent.ageMs + waitedMs, network: roundMs - server, server };
    const output = this.outputMs();
    if (output !== null) parts.output = output;
    this.latency.add(parts);
  }
}
