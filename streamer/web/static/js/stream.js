// The socket: samples out, events in, and again after every loss.

const RETRY_MS = [200, 500, 1000, 2000, 4000];
const PING_MS = 1000;
const SILENT_MS = 6000; // without any word the connection counts as lost
const MOST_WAITING_S = 3.0; // of sound that the network has not taken; beyond it we begin anew at the present
const MOST_KEPT_S = 1.5; // of sound that waits for a connection; the service takes that much at once
const STOP_MS = 4000;
const FINAL_CODES = new Set([1003, 1008, 1009]); // trying again would end the same

/**
 * Where the sound stands is counted in samples of the take, so that times go on after a reconnection: the first message
 * of each connection says with which sample it begins.
 */
export class Stream {
  #socket = null;
  #ready = false;
  #tries = 0;
  #position = 0; // samples of the take so far
  #timer = 0;
  #pings = 0;
  #heardMs = 0;
  #stopped = false;
  #ended = null;
  #error = "";
  #sent = []; // {until: sample after the block, atMs: when it was sent, ageMs}, the newest last
  #waiting = []; // blocks for the connection that is to come
  #waitingSamples = 0;

  /** `handlers`: onEvents(list), onStatus(status), onState(state, words, bendRange), onRoundTrip(ms). */
  constructor({ url, protocols, rateHz, options, handlers }) {
    Object.assign(this, { url, protocols, rateHz, options, handlers });
    this.skipped = 0; // samples that no server heard
    this.losses = 0; // connections lost
    this.#open();
  }

  /** Send a block. The newest wait while there is no connection; what does not reach the service is counted. */
  push(samples, ageMs) {
    this.#position += samples.length;
    if (this.#ready && this.#socket.bufferedAmount > MOST_WAITING_S * this.rateHz * samples.BYTES_PER_ELEMENT) {
      this.#lose("The network is too slow");
    }
    if (!this.#ready) {
      this.#keep(samples);
      return;
    }
    this.#socket.send(samples);
    this.#sent.push({ until: this.#position, atMs: performance.now(), ageMs });
    if (this.#sent.length > 2048) this.#sent.splice(0, 1024);
  }

  #keep(samples) {
    this.#waiting.push(samples);
    this.#waitingSamples += samples.length;
    while (this.#waitingSamples > MOST_KEPT_S * this.rateHz) {
      const { length } = this.#waiting.shift();
      this.#waitingSamples -= length;
      this.skipped += length;
    }
  }

  /** The block with this sample as {until, atMs, ageMs}; null where it had waited for a connection. */
  sentWith(sample) {
    let low = 0;
    let high = this.#sent.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#sent[middle].until < sample) low = middle + 1;
      else high = middle;
    }
    const sent = this.#sent[low];
    return sent && sent.until - sample < this.rateHz ? sent : null;
  }

  /** Change what the server can change while it runs. */
  set(name, value) {
    this.options[name] = value;
    if (this.#ready) this.#send({ type: "set", name, value });
  }

  /** Begin anew with other options; what sounds ends. */
  restart(options) {
    this.options = options;
    if (this.#socket) this.#lose("", 0);
  }

  /** The rest is decided; resolves when the server has said that all is told, or after some seconds. */
  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    if (!this.#ready) {
      this.abort();
      return Promise.resolve();
    }
    this.#send({ type: "stop" });
    return new Promise((resolve) => {
      this.#ended = resolve;
      setTimeout(resolve, STOP_MS);
    }).then(() => this.abort());
  }

  /** Close at once. */
  abort() {
    this.#stopped = true;
    this.#drop();
  }

  #open() {
    const socket = new WebSocket(this.url, this.protocols);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    this.#heardMs = performance.now();
    this.#pings = setInterval(() => this.#ping(), PING_MS);
    socket.onopen = () => {
      const { preset, ...options } = this.options;
      this.#sent = [];
      this.#send({
        type: "start", protocol: 1, rate_hz: this.rateHz, format: "f32", ...(preset ? { preset } : {}), options,
        first_sample: this.#position - this.#waitingSamples,
      });
      for (const samples of this.#waiting) socket.send(samples);
      this.#waiting = [];
      this.#waitingSamples = 0;
      this.#ready = true; // what is sent from here on follows the start, whether or not it was answered
    };
    socket.onmessage = ({ data }) => {
      this.#heardMs = performance.now();
      const message = JSON.parse(data);
      if (Array.isArray(message)) this.handlers.onEvents(message);
      else this.#take(message);
    };
    socket.onclose = ({ code }) => this.#closed(code);
  }

  #take(message) {
    switch (message.type) {
      case "ready":
        this.#tries = 0;
        this.#error = "";
        this.handlers.onState("ready", "", message.bend_range);
        break;
      case "status":
        this.handlers.onStatus(message);
        break;
      case "pong":
        this.handlers.onRoundTrip(performance.now() - message.sent);
        break;
      case "error":
        this.#error = message.message;
        break;
      case "end":
        this.#ended?.();
        break;
      default:
        this.handlers.onEvents([message]);
    }
  }

  #ping() {
    if (performance.now() - this.#heardMs > SILENT_MS) this.#lose("The service does not answer");
    else if (this.#ready) this.#send({ type: "ping", sent: performance.now() });
  }

  #send(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #closed(code) {
    if (this.#stopped) {
      this.#drop();
      this.#ended?.();
    } else if (FINAL_CODES.has(code)) {
      this.#stopped = true;
      this.#drop();
      this.handlers.onState("refused", this.#error || `The service refused the connection (${code}).`);
    } else {
      this.#lose(this.#error || "The connection was lost");
    }
  }

  #lose(words, waitMs) {
    this.#drop();
    this.losses += words ? 1 : 0;
    const wait = waitMs ?? RETRY_MS[Math.min(this.#tries++, RETRY_MS.length - 1)];
    this.handlers.onState("lost", words);
    if (!this.#stopped) this.#timer = setTimeout(() => this.#open(), wait);
  }

  #drop() {
    clearTimeout(this.#timer);
    clearInterval(this.#pings);
    this.#ready = false;
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }
}
