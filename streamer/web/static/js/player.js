// A recording and its notes: seen above each other, heard together.

import { fitCanvas, make, setText } from "./dom.js";
import { clock } from "./music.js";
import { makePicture } from "./picture.js";
import { drawRoll, Span } from "./roll.js";
import { Synth } from "./synth.js";
import { theme } from "./theme.js";

const AHEAD_S = 0.25; // notes are given to the synthesiser so long before they sound
const AHEAD_HIDDEN_S = 2.5; // timers of hidden pages are slow
const TICK_MS = 60;
const ZOOMS_S = [4, 8, 15, 30, 60, Infinity];
const LOUDNESS = 0.8;

export class Player {
  #picture = null;
  #span = new Span();
  #next = 0; // index of the next note to be given to the synthesiser
  #run = 0; // so that ids of one run of playing differ from those of the next
  #timer = 0;
  #frame = 0;
  #stale = true;
  #startS = 0; // left edge of what is seen

  /** `notes` is a `Notes`; `onTrouble(words)` gets what cannot be played. */
  constructor(container, { blob, notes, durationS, onTrouble }) {
    Object.assign(this, { container, blob, notes, durationS, onTrouble });
    this.audio = new Audio();
    this.audio.preload = "metadata";
    this.url = URL.createObjectURL(blob);
    this.#build();
    this.#listen();
    this.audio.src = this.url;
    this.observer = new ResizeObserver(() => (this.#stale = true));
    this.observer.observe(this.roll);
    this.#frame = requestAnimationFrame(() => this.#draw());
  }

  /** Let go of all that it holds. */
  close() {
    clearInterval(this.#timer);
    cancelAnimationFrame(this.#frame);
    this.observer.disconnect();
    this.audio.pause();
    this.audio.removeAttribute("src");
    this.audio.load();
    this.synth?.close();
    this.context?.close();
    URL.revokeObjectURL(this.url);
    this.#picture = null;
    this.container.replaceChildren();
    this.container.hidden = true;
  }

  #build() {
    this.wave = make("canvas", { className: "wave", ariaHidden: "true" });
    this.roll = make("canvas", { className: "roll", role: "img", ariaLabel: "Notes over the spectrogram; they are listed below as a table." });
    this.button = make("button", { type: "button", className: "primary play", textContent: "Play" });
    this.position = make("input", { type: "range", min: 0, max: 1, step: "any", value: 0, ariaLabel: "Position" });
    this.time = make("span", { className: "number", textContent: `0:00 / ${clock(this.durationS)}` });
    this.mix = make("input", { type: "range", min: 0, max: 1, step: 0.01, value: 0.5 });
    this.zoom = make("select", {}, ...ZOOMS_S.map((s) => make("option", { value: s, textContent: s === Infinity ? "all" : `${s} s` })));
    this.zoom.value = this.durationS > 20 ? 15 : Infinity;
    const ends = make("span", { className: "ends", ariaHidden: "true" }, make("span", { textContent: "sound" }), make("span", { textContent: "notes" }));
    this.container.replaceChildren(
      this.wave,
      this.roll,
      make("div", { className: "row transport" }, this.button, this.position, this.time),
      make(
        "div", { className: "row" },
        make("label", { className: "mix" }, "Sound or notes ", make("span", {}, this.mix, ends)),
        make("label", {}, "Shown ", this.zoom),
      ),
    );
    this.container.hidden = false;
  }

  #listen() {
    const { audio } = this;
    audio.addEventListener("loadedmetadata", () => {
      if (Number.isFinite(audio.duration)) this.durationS = audio.duration;
      this.position.max = this.durationS;
      this.#stale = true;
      this.#load();
    });
    audio.addEventListener("error", () => {
      if (audio.getAttribute("src")) this.onTrouble("This browser cannot play that kind of file; its notes are shown all the same.");
    });
    audio.addEventListener("play", () => this.#begin());
    audio.addEventListener("pause", () => this.#pause());
    audio.addEventListener("seeking", () => this.#place());
    this.button.onclick = () => this.#toggle();
    this.position.oninput = () => this.#seek(Number(this.position.value));
    this.mix.oninput = () => this.#balance();
    this.zoom.onchange = () => (this.#stale = true);
    this.wave.onclick = ({ offsetX }) => this.#seek((offsetX / this.wave.clientWidth) * this.durationS);
  }

  async #load() {
    const picture = await makePicture(this.blob, this.durationS);
    if (!this.container.childElementCount) return; // it was closed meanwhile
    this.#picture = picture;
    this.#stale = true;
    if (!picture) this.onTrouble("It is shown without its spectrogram: it is too long for this page, or of a kind that the browser cannot read.");
  }

  async #toggle() {
    if (!this.audio.paused) {
      this.audio.pause();
      return;
    }
    if (!this.context) {
      this.context = new AudioContext();
      this.original = new GainNode(this.context);
      new MediaElementAudioSourceNode(this.context, { mediaElement: this.audio }).connect(this.original).connect(this.context.destination);
      this.synth = new Synth(this.context, 0);
      this.#balance();
    }
    await this.context.resume();
    await this.audio.play().catch((error) => this.onTrouble(`It cannot be played (${error.message}).`));
  }

  /** In the middle both are at full loudness. */
  #balance() {
    const mix = Number(this.mix.value);
    if (!this.context) return;
    this.original.gain.setTargetAtTime(Math.min(1, 2 - 2 * mix), this.context.currentTime, 0.02);
    this.synth.loudness = LOUDNESS * Math.min(1, 2 * mix);
  }

  #seek(timeS) {
    this.audio.currentTime = Math.max(0, Math.min(this.durationS, timeS));
    this.#stale = true;
  }

  #begin() {
    setText(this.button, "Pause");
    this.#place();
    this.#timer = setInterval(() => this.#give(), TICK_MS);
    this.#give();
  }

  #pause() {
    setText(this.button, "Play");
    clearInterval(this.#timer);
    this.synth?.releaseAll();
  }

  #place() {
    this.synth?.releaseAll();
    this.#run++;
    const atS = this.audio.currentTime;
    const next = this.notes.list.findIndex((note) => note.onsetS >= atS - 0.02);
    this.#next = next < 0 ? this.notes.list.length : next;
  }

  /** Give the synthesiser the notes that are due soon. */
  #give() {
    if (!this.synth || this.audio.seeking) return;
    const zeroS = this.context.currentTime - this.audio.currentTime; // moments of the context at the recording's begin
    const untilS = this.audio.currentTime + (document.hidden ? AHEAD_HIDDEN_S : AHEAD_S);
    const { list } = this.notes;
    for (; this.#next < list.length && list[this.#next].onsetS < untilS; this.#next++) {
      const note = list[this.#next];
      const id = `${this.#run}:${this.#next}`;
      const at = (timeS) => Math.max(this.context.currentTime, zeroS + timeS);
      this.synth.noteOn(id, note.note, note.velocity, at(note.onsetS));
      for (const [timeS, semitones] of note.bends) this.synth.bend(id, semitones, at(Math.max(timeS, note.onsetS)));
      this.synth.noteOff(id, at(note.endS ?? this.durationS));
    }
  }

  #draw() {
    this.#frame = requestAnimationFrame(() => this.#draw());
    const { ink } = theme();
    if (this.audio.paused && !this.#stale && this.ink === ink) return;
    if (!this.roll.clientWidth) return; // not seen at present
    this.#stale = false;
    this.ink = ink;
    const atS = this.audio.currentTime;
    if (document.activeElement !== this.position || !this.audio.paused) this.position.value = atS;
    this.position.ariaValueText = clock(atS);
    setText(this.time, `${clock(atS)} / ${clock(this.durationS)}`);
    const shownS = Math.min(Number(this.zoom.value), Math.max(this.durationS, 0.1));
    this.#startS = Math.max(0, Math.min(this.durationS - shownS, atS - shownS / 3));
    this.#drawWave(atS, shownS);
    this.#drawRoll(atS, shownS);
  }

  #drawWave(atS, shownS) {
    const { drawing, width, height } = fitCanvas(this.wave);
    const colours = theme();
    drawing.clearRect(0, 0, width, height);
    const x = (timeS) => (timeS / this.durationS) * width;
    drawing.fillStyle = colours.lane;
    drawing.fillRect(x(this.#startS), 0, x(shownS), height);
    this.#picture?.wave(drawing, width, height);
    drawing.fillStyle = colours.accent;
    drawing.fillRect(x(atS) - 1, 0, 2, height);
  }

  #drawRoll(atS, shownS) {
    const { drawing, width, height } = fitCanvas(this.roll);
    const view = { width, height, fromS: this.#startS, toS: this.#startS + shownS, span: this.#span, playS: atS };
    this.#span.follow(this.notes.list, -Infinity, Infinity, true);
    const background = this.#picture?.behind(view);
    drawRoll(drawing, { ...view, notes: this.notes.list, curve: this.notes.curve, nowS: this.durationS, background });
  }
}
