// The microphone, as it is: at the device's rate, without what browsers do for telephony.

const BLOCK_S = 0.0055; // 256 samples at 44.1 and 48 kHz
const PROCESSING = { echoCancellation: "echo cancellation", noiseSuppression: "noise suppression", autoGainControl: "automatic gain" };

/** What the browser says in names, in words for people. */
export function microphoneTrouble(error) {
  switch (error.name) {
    case "NotAllowedError":
    case "SecurityError":
      return "The microphone was denied. Allow it for this page in the address bar (the symbol beside the address), then press Start again.";
    case "NotFoundError":
    case "DevicesNotFoundError":
      return "There is no microphone. Plug one in, then press Start again.";
    case "NotReadableError":
    case "AbortError":
      return "The microphone is in use by another program, or the system keeps it. Close that program, then press Start again.";
    case "OverconstrainedError":
      return "The chosen microphone is gone. Choose another one, then press Start again.";
    default:
      return error.words || `The microphone cannot be opened (${error.message || error.name}).`;
  }
}

function unusable(words) {
  return Object.assign(new Error(words), { words });
}

/** Microphones by id and name; names are known only once one was allowed. */
export async function listMicrophones() {
  if (!navigator.mediaDevices?.enumerateDevices) return [];
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter((device) => device.kind === "audioinput" && device.deviceId && device.deviceId !== "default");
}

/** An open microphone: `onBlock(samples, endFrame)` gets mono blocks, `onEnd(words)` its end. */
export class Microphone {
  onBlock = () => {};
  onEnd = () => {};

  static async open(deviceId) {
    if (!window.isSecureContext || !navigator.mediaDevices?.getUserMedia) {
      throw unusable("Browsers give the microphone only to secure pages. Open this page by https, or as http://localhost on the machine itself.");
    }
    const off = Object.fromEntries(Object.keys(PROCESSING).map((name) => [name, false]));
    const audio = { ...off, channelCount: { ideal: 1 }, ...(deviceId ? { deviceId: { exact: deviceId } } : {}) };
    const stream = await navigator.mediaDevices.getUserMedia({ audio });
    try {
      return await Microphone.#listen(stream);
    } catch (error) {
      stream.getTracks().forEach((track) => track.stop());
      throw error;
    }
  }

  static async #listen(stream) {
    const microphone = new Microphone();
    const [track] = stream.getAudioTracks();
    const settings = track.getSettings();
    const rate = settings.sampleRate;
    // Without a rate from the device the context takes that of the output, and the browser resamples.
    const context = new AudioContext({ latencyHint: "interactive", ...(rate ? { sampleRate: rate } : {}) });
    Object.assign(microphone, { stream, track, settings, context, rateHz: context.sampleRate });
    try {
      await context.audioWorklet.addModule(new URL("capture-worklet.js", import.meta.url));
      await context.resume();
    } catch (error) {
      await context.close();
      throw error;
    }
    const blockSamples = Math.max(128, 128 * Math.round((BLOCK_S * context.sampleRate) / 128));
    microphone.blockMs = (1000 * blockSamples) / context.sampleRate;
    const node = new AudioWorkletNode(context, "capture", { numberOfOutputs: 0, processorOptions: { blockSamples } });
    node.port.onmessage = ({ data }) => microphone.onBlock(data.samples, data.endFrame);
    node.onprocessorerror = () => microphone.onEnd("The browser's audio stopped. Press Start again.");
    microphone.input = context.createMediaStreamSource(stream);
    microphone.input.connect(node);
    track.addEventListener("ended", () => microphone.onEnd("The microphone was unplugged or taken away. The take is kept."));
    return microphone;
  }

  /** What the browser went on doing to the sound although it was asked not to; empty where nothing. */
  get warning() {
    const kept = Object.keys(PROCESSING).filter((name) => this.settings[name] === true);
    if (!kept.length) return "";
    const words = kept.map((name) => PROCESSING[name]).join(" and ");
    return `The browser keeps ${words} on for this microphone. Notes may be late, cut off or missing; another browser or microphone may be better.`;
  }

  /** How old the newest sample of a block was when the page got it, in ms, as far as the browser tells. */
  ageMs(endFrame) {
    const waited = this.context.currentTime - endFrame / this.context.sampleRate;
    return 1000 * Math.max(0, waited) + 1000 * (this.settings.latency || 0);
  }

  close() {
    this.onBlock = this.onEnd = () => {};
    this.stream.getTracks().forEach((track) => track.stop());
    this.input.disconnect();
  }
}
