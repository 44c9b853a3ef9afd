// Notes as rows, for eyes and for screen readers.

import { make } from "./dom.js";
import { noteName, signed } from "./music.js";

const MOST_ROWS = 500; // the newest

function cells(note) {
  const cents = note.midi === null || note.midi === undefined ? "" : `${signed(100 * (note.midi - note.note))} ct`;
  return [
    `${note.onsetS.toFixed(2)} s`,
    noteName(note.note),
    note.endS === null ? "…" : `${(note.endS - note.onsetS).toFixed(2)} s`,
    String(note.velocity),
    note.endS === null ? "" : cents,
  ];
}

export class NotesTable {
  #rows = []; // [note, row, what it shows]

  constructor(body) {
    this.body = body;
  }

  /** Bring the rows up to date; only those that changed are touched. */
  show(notes) {
    const first = Math.max(0, notes.length - MOST_ROWS);
    if (this.#rows.length && (this.#rows.length > notes.length || this.#rows[0].of !== notes)) this.clear();
    for (let i = Math.max(first, this.#rows.length - 4); i < notes.length; i++) {
      const texts = cells(notes[i]);
      const shown = texts.join("|");
      const known = this.#rows[i];
      if (known?.shown === shown) continue;
      const row = make("tr", {}, ...texts.map((textContent) => make("td", { textContent })));
      if (known?.row) known.row.replaceWith(row);
      else this.body.append(row);
      this.#rows[i] = { row, shown, of: notes };
    }
    while (this.body.childElementCount > MOST_ROWS) this.body.firstElementChild.remove();
  }

  clear() {
    this.#rows = [];
    this.body.replaceChildren();
  }
}
