// A piano roll with the pitch as a line.

import { isBlackKey, noteName } from "./music.js";
import { theme } from "./theme.js";

const KEYS = 34; // width of the note names
const LEAST_SPAN = 16; // semitones
const BREAK_S = 0.03; // longer without pitch, and the line is broken
const LEAP = 2.5; // semitones from one point to the next are no glide
const EASE = 0.12;

/** The range of notes that is shown; it moves slowly. */
export class Span {
  low = 52;
  high = 76;

  /** Go towards what is to be seen; at once where `now`. */
  follow(notes, fromS, toS, now = false) {
    let low = Infinity;
    let high = -Infinity;
    for (let i = notes.length - 1; i >= 0; i--) {
      const note = notes[i];
      if (note.onsetS > toS) continue;
      if ((note.endS ?? toS) < fromS) {
        if (!now && i < notes.length - 200) break;
        continue;
      }
      low = Math.min(low, note.note);
      high = Math.max(high, note.note);
    }
    if (low === Infinity) return;
    const missing = Math.max(0, LEAST_SPAN - (high - low + 4));
    const step = now ? 1 : EASE;
    this.low += (low - 2 - missing / 2 - this.low) * step;
    this.high += (high + 2 + missing / 2 - this.high) * step;
  }
}

/**
 * Draw the roll. `view` is {width, height, fromS, toS, span, notes, curve, nowS, playS, background}: notes that still
 * sound reach to nowS; playS is where a cursor stands; `background(drawing, x, y, width, height)` paints the lanes instead.
 */
export function drawRoll(drawing, view) {
  const { width, height, fromS, toS, span } = view;
  const colours = theme();
  const lane = height / (span.high - span.low + 1);
  const x = (timeS) => KEYS + ((timeS - fromS) / (toS - fromS)) * (width - KEYS);
  const y = (midi) => (span.high + 0.5 - midi) * lane;
  drawing.fillStyle = colours.card;
  drawing.fillRect(0, 0, width, height);
  drawing.save();
  drawing.beginPath();
  drawing.rect(KEYS, 0, width - KEYS, height);
  drawing.clip();
  if (view.background) view.background(drawing, KEYS, width - KEYS);
  else drawLanes(drawing, view, y, lane, colours);
  drawSeconds(drawing, view, x, colours);
  drawNotes(drawing, view, x, y, lane, colours);
  drawCurve(drawing, view, x, y, colours);
  if (view.playS !== undefined) {
    drawing.fillStyle = colours.ink;
    drawing.fillRect(x(view.playS) - 0.75, 0, 1.5, height);
  }
  drawing.restore();
  drawKeys(drawing, view, y, lane, colours);
}

function drawLanes(drawing, { width, span }, y, lane, colours) {
  for (let note = Math.floor(span.low); note <= Math.ceil(span.high) + 1; note++) {
    if (isBlackKey(note)) {
      drawing.fillStyle = colours.lane;
      drawing.fillRect(KEYS, y(note + 0.5), width - KEYS, lane);
    }
    if (note % 12 === 0) {
      drawing.fillStyle = colours.line;
      drawing.fillRect(KEYS, y(note - 0.5), width - KEYS, 1);
    }
  }
}

function drawSeconds(drawing, { fromS, toS, height, width, background }, x, colours) {
  const steps = [0.5, 1, 2, 5, 10, 30, 60];
  const step = steps.find((one) => ((width - KEYS) * one) / (toS - fromS) > 60) ?? 120;
  drawing.fillStyle = colours.line;
  drawing.globalAlpha = background ? 0.4 : 1;
  for (let second = Math.ceil(fromS / step) * step; second < toS; second += step) {
    if (second >= 0) drawing.fillRect(Math.round(x(second)), 0, 1, height);
  }
  drawing.globalAlpha = 1;
}

function drawNotes(drawing, { notes, fromS, toS, nowS, background }, x, y, lane, colours) {
  drawing.font = "600 11px system-ui, sans-serif";
  drawing.textBaseline = "middle";
  for (const note of notes) {
    const endS = note.endS ?? nowS;
    if (endS < fromS || note.onsetS > toS) continue;
    const left = x(note.onsetS);
    const wide = Math.max(3, x(endS) - left);
    const high = Math.max(4, Math.min(lane, 22) - 1);
    drawing.globalAlpha = (background ? 0.5 : 0.45) + (0.5 * note.velocity) / 127;
    drawing.fillStyle = colours.accent;
    drawing.beginPath();
    drawing.roundRect(left, y(note.note) - high / 2, wide, high, Math.min(4, high / 2));
    drawing.fill();
    drawing.globalAlpha = 1;
    if (wide > 20) {
      drawing.fillStyle = colours.ink;
      drawing.fillText(noteName(note.note), Math.max(left, KEYS) + 2, y(note.note) - high / 2 - 7);
    }
  }
}

function drawCurve(drawing, { curve, fromS, toS, width }, x, y, colours) {
  const least = (toS - fromS) / (2 * width); // more points than that cannot be seen
  let last = -1;
  let lastMidi = 0;
  drawing.strokeStyle = colours.pitch;
  drawing.lineWidth = 1.75;
  drawing.lineJoin = "round";
  drawing.beginPath();
  for (let i = curve.from(fromS - 0.1); i < curve.count && curve.times[i] <= toS + 0.1; i++) {
    const timeS = curve.times[i];
    if (last >= 0 && timeS - last < least) continue;
    const midi = curve.midi[i];
    const broken = last < 0 || timeS - last > Math.max(BREAK_S, 2 * least) || Math.abs(midi - lastMidi) > LEAP;
    if (broken) drawing.moveTo(x(timeS), y(midi));
    else drawing.lineTo(x(timeS), y(midi));
    [last, lastMidi] = [timeS, midi];
  }
  drawing.stroke();
}

function drawKeys(drawing, { height, span }, y, lane, colours) {
  drawing.fillStyle = colours.card;
  drawing.fillRect(0, 0, KEYS, height);
  drawing.fillStyle = colours.line;
  drawing.fillRect(KEYS - 1, 0, 1, height);
  drawing.fillStyle = colours.quiet;
  drawing.font = "11px system-ui, sans-serif";
  drawing.textBaseline = "middle";
  drawing.textAlign = "right";
  for (let note = Math.floor(span.low); note <= Math.ceil(span.high); note++) {
    const pitchClass = ((note % 12) + 12) % 12;
    const room = pitchClass === 0 || (lane >= 12 && !isBlackKey(note)) || (lane >= 7 && [4, 7, 9].includes(pitchClass));
    if (room && y(note) > 6 && y(note) < height - 6) drawing.fillText(noteName(note), KEYS - 6, y(note));
  }
  drawing.textAlign = "left";
}
