// The view of the microphone: what is heard, and what is done with it.

import { byId, fitCanvas, make, save, setText } from "./dom.js";
import { csvFile } from "./csvfile.js";
import { Latency } from "./latency.js";
import { Meters } from "./meters.js";
import { say } from "./message.js";
import { listMicrophones, microphoneTrouble } from "./microphone.js";
import { midiFile } from "./midifile.js";
import { clock, spokenName } from "./music.js";
import { NotesTable } from "./notestable.js";
import { Outputs } from "./outputs.js";
import { Player } from "./player.js";
import { drawRoll, Span } from "./roll.js";
import { Settings } from "./settings.js";
import { Synth } from "./synth.js";
import { Take } from "./take.js";
import { MidiOutput } from "./midichoice.js";

const SLOW_MS = 250; // between looks at what changes slowly
const SHOWN_S = { wide: 8, narrow: 5 };
const SPOKEN_MS = 400;

export class Live {
  #take = null;
  #outputs = new Outputs();
  #meters = new Meters();
  #span = new Span();
  #table = new NotesTable(byId("notes"));
  #synth = null;
  #player = null;
  #busy = false;
  #slowMs = 0;
  #spokenMs = 0;
  #saved = true;

  constructor(descriptions) {
    this.settings = new Settings(descriptions, byId("settings-first"), byId("settings-rest"), (name, value, live) => this.#set(name, value, live));
    this.midi = new MidiOutput(this.#outputs);
    byId("start").onclick = () => this.#startOrStop();
    byId("panic").onclick = () => this.#outputs.panic();
    byId("sound").onchange = () => this.#useSynth();
    byId("loudness").oninput = () => this.#synth && (this.#synth.loudness = Number(byId("loudness").value));
    byId("input").onchange = () => this.#changeInput();
    byId("replay").onclick = () => this.#replay();
    byId("save-midi").onclick = () => this.#save("mid", "audio/midi", (take) => midiFile(take.notes.list, take.durationS));
    byId("save-csv").onclick = () => this.#save("csv", "text/csv", (take) => csvFile(take.notes.list, take.durationS));
    byId("save-wav").onclick = () => this.#save("wav", "audio/wav", (take) => take.recording.wav());
    document.addEventListener("visibilitychange", () => document.hidden && this.#outputs.releaseAll());
    window.addEventListener("pagehide", () => this.#leave());
    window.addEventListener("beforeunload", (event) => {
      if (this.#take?.running || !this.#saved) event.preventDefault();
    });
    navigator.mediaDevices?.addEventListener?.("devicechange", () => this.#listInputs());
    byId("start").disabled = false;
    this.#listInputs();
    new Latency().show(byId("latency"));
    this.#draw();
  }

  // -- beginning and ending ---------------------------------------------------------------------------------------

  async #startOrStop() {
    if (this.#busy) return;
    this.#busy = true;
    try {
      if (this.#take?.running) await this.#stop();
      else await this.#start();
    } finally {
      this.#busy = false;
    }
  }

  async #start() {
    if (!this.#saved && !confirm("The last take is not saved, and a new one takes its place. Go on?")) return;
    say("");
    this.#closePlayer();
    this.#state("Asking for the microphone…", "waiting");
    try {
      this.#take = await Take.begin({
        deviceId: byId("input").value,
        options: this.settings.values,
        outputs: this.#outputs,
        outputMs: () => this.#outputMs(),
        told: {
          onState: (state, words) => this.#told(state, words),
          onLevel: (samples) => this.#meters.level(samples),
          onPitch: (hz, atS) => this.#meters.pitch(hz, atS),
          onNote: (event) => this.#noted(event),
          onEnd: (words) => this.#stop().then(() => say(words, "bad")),
        },
      });
    } catch (error) {
      this.#state("Not listening", "");
      say(microphoneTrouble(error), "bad");
      return;
    }
    this.#saved = true;
    this.#table.clear();
    byId("roll-hint").hidden = true;
    byId("start").classList.add("running");
    setText(byId("start"), "Stop");
    this.#state("Connecting…", "waiting");
    const { warning } = this.#take.microphone;
    byId("input-warning").hidden = !warning;
    setText(byId("input-warning"), warning);
    this.#useSynth();
    await this.#listInputs();
  }

  async #stop() {
    this.#state("Finishing…", "waiting");
    await this.#take?.stop();
    byId("start").classList.remove("running");
    setText(byId("start"), "Start");
    this.#state("Not listening", "");
    this.#useSynth();
    this.#meters.clear();
    await this.#take?.microphone.context.close().catch(() => {});
    this.#slow();
  }

  /** The page goes away, perhaps for ever. */
  #leave() {
    if (this.#take?.running) {
      this.#take.abort();
      byId("start").classList.remove("running");
      setText(byId("start"), "Start");
      this.#state("Not listening", "");
    }
    this.#outputs.releaseAll();
  }

  async #changeInput() {
    if (!this.#take?.running) return;
    await this.#startOrStop();
    await this.#startOrStop();
  }

  #told(state, words) {
    if (state === "ready") {
      this.#state(`Listening at ${this.#take.recording.rateHz / 1000} kHz`, "good");
      say("");
    } else if (state === "lost" && words) {
      this.#state("Reconnecting…", "waiting");
      say(`${words}. The take goes on; trying again…`, "warn");
    } else if (state === "refused") {
      this.#stop().then(() => say(words, "bad"));
    }
  }

  #state(words, kind) {
    setText(byId("state"), words);
    byId("state").className = `state ${kind}`;
  }

  // -- settings, inputs and outputs -------------------------------------------------------------------------------

  #set(name, value, live) {
    if (!this.#take?.running) return;
    if (live) this.#take.stream.set(name, value);
    else this.#take.stream.restart(this.settings.values);
  }

  async #listInputs() {
    const select = byId("input");
    const chosen = select.value;
    const devices = await listMicrophones().catch(() => []);
    const options = devices.map((device, i) => make("option", { value: device.deviceId, textContent: device.label || `Microphone ${i + 1}` }));
    select.replaceChildren(make("option", { value: "", textContent: "Default" }), ...options);
    select.value = devices.some((device) => device.deviceId === chosen) ? chosen : "";
  }

  /** The synthesiser lives in the microphone's context, while there is one. */
  #useSynth() {
    const wanted = byId("sound").checked && this.#take?.running;
    if (this.#synth && (!wanted || this.#synth.context !== this.#take.microphone.context)) {
      this.#outputs.remove(this.#synth);
      this.#synth.close();
      this.#synth = null;
    }
    if (wanted && !this.#synth) {
      this.#synth = new Synth(this.#take.microphone.context, Number(byId("loudness").value));
      this.#outputs.add(this.#synth);
    }
  }

  /** What the way to the speaker takes, in ms; null where nothing is played. */
  #outputMs() {
    const context = this.#synth?.context;
    return context ? 1000 * (context.outputLatency || context.baseLatency || 0) : null;
  }

  #noted(event) {
    this.#saved = false;
    if (!byId("announce").checked || performance.now() - this.#spokenMs < SPOKEN_MS) return;
    this.#spokenMs = performance.now();
    setText(byId("announced"), spokenName(event.note));
  }

  // -- the take ---------------------------------------------------------------------------------------------------

  #save(ending, type, bytes) {
    const stamp = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
    save(new Blob([bytes(this.#take)], { type }), `streamer-${stamp}.${ending}`);
    this.#saved = true;
  }

  #replay() {
    if (this.#player) {
      this.#closePlayer();
      return;
    }
    const { notes, recording, durationS } = this.#take;
    this.#player = new Player(byId("take-player"), { blob: recording.wav(), notes, durationS, onTrouble: (words) => say(words, "warn") });
    setText(byId("replay"), "Close replay");
  }

  #closePlayer() {
    this.#player?.close();
    this.#player = null;
    setText(byId("replay"), "Replay");
  }

  // -- drawing ----------------------------------------------------------------------------------------------------

  #draw() {
    requestAnimationFrame(() => this.#draw());
    const canvas = byId("roll");
    if (!canvas.clientWidth) return; // the other view is seen
    const take = this.#take;
    const nowS = take?.durationS ?? 0;
    const { drawing, width, height } = fitCanvas(canvas);
    const shownS = width > 600 ? SHOWN_S.wide : SHOWN_S.narrow;
    const notes = take?.notes.list ?? [];
    const view = { fromS: nowS - shownS, toS: nowS };
    if (take?.running) this.#meters.draw(take.notes.sounding, nowS);
    this.#span.follow(notes, view.fromS, view.toS);
    drawRoll(drawing, { ...view, width, height, span: this.#span, notes, curve: take?.notes.curve ?? EMPTY, nowS });
    if (performance.now() - this.#slowMs > SLOW_MS) this.#slow();
  }

  /** What need not be looked at sixty times a second. */
  #slow() {
    this.#slowMs = performance.now();
    const take = this.#take;
    if (!take) return;
    const { list, full } = take.notes;
    const notes = list.length === 1 ? "1 note" : `${list.length} notes`;
    const more = full ? "; no more notes are kept" : take.recording.full ? "; the sound is full, notes go on" : "";
    setText(byId("take-size"), `${clock(take.durationS)}, ${notes}${more}`);
    for (const id of ["save-midi", "save-csv"]) byId(id).disabled = !list.length;
    for (const id of ["save-wav", "replay"]) byId(id).disabled = take.running || !take.recording.kept;
    this.#table.show(list);
    take.latency.show(byId("latency"));
    const lost = take.lostS;
    const words = lost ? `${lost.toFixed(1)} s of sound were not heard by the service.` : "Nothing lost.";
    setText(byId("losses"), words);
    byId("losses").classList.toggle("warn", lost > 0);
    if (!take.running) this.#meters.draw(null, Infinity);
  }
}

const EMPTY = { count: 0, from: () => 0 };
