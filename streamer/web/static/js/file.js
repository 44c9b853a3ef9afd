// The view of a recording: drop it, see its notes, hear both.

import { byId, save, setText } from "./dom.js";
import { csvFile } from "./csvfile.js";
import { say } from "./message.js";
import { midiFile } from "./midifile.js";
import { clock } from "./music.js";
import { Notes } from "./notes.js";
import { NotesTable } from "./notestable.js";
import { Player } from "./player.js";
import { Settings } from "./settings.js";
import { transcribe } from "./transcription.js";

const MOST_BYTES = 2 ** 31;

export class FileView {
  #job = null;
  #player = null;
  #table = new NotesTable(byId("file-notes"));
  #notes = null;
  #durationS = 0;
  #broken = null; // where the sound breaks off before its end
  #name = "";

  constructor(descriptions) {
    const known = descriptions.filter((setting) => setting.name !== "mute");
    this.settings = new Settings(known, byId("file-settings-first"), byId("file-settings-rest"), () => {});
    byId("choose").onclick = () => byId("chosen").click();
    byId("chosen").onchange = ({ target }) => {
      this.#take([...target.files]);
      target.value = "";
    };
    byId("cancel").onclick = () => this.#job?.cancel();
    byId("file-midi").onclick = () => this.#save("mid", "audio/midi", midiFile(this.#notes.list, this.#durationS));
    byId("file-csv").onclick = () => this.#save("csv", "text/csv", csvFile(this.#notes.list, this.#durationS));
    byId("choose").disabled = false;
    this.#acceptDrops();
  }

  /** Files may be dropped anywhere on the view; elsewhere the browser would leave the page for them. */
  #acceptDrops() {
    const over = (is) => byId("drop").classList.toggle("over", is);
    window.addEventListener("dragover", (event) => {
      event.preventDefault();
      over(!byId("file").hidden);
    });
    window.addEventListener("dragleave", () => over(false));
    window.addEventListener("drop", (event) => {
      event.preventDefault();
      over(false);
      if (byId("file").hidden) byId("tab-file").click();
      this.#take([...event.dataTransfer.files]);
    });
  }

  #take(files) {
    if (!files.length) return;
    if (files.length > 1) say("One file at a time, please.", "warn");
    else if (!files[0].size) say(`${files[0].name} is empty, or a folder.`, "bad");
    else if (files[0].size > MOST_BYTES) say(`${files[0].name} is too large.`, "bad");
    else this.#transcribe(files[0]);
  }

  async #transcribe(file) {
    this.#job?.cancel();
    say("");
    this.#close();
    this.#notes = new Notes();
    this.#name = file.name.replace(/\.[^.]*$/, "");
    this.#durationS = 0;
    this.#broken = null;
    byId("progress-card").hidden = false;
    setText(byId("file-name"), file.name);
    this.#progress("Sending", 0);
    const job = transcribe(file, this.settings.values, {
      onSent: (share) => this.#progress(share < 1 ? "Sending" : "Finding notes", share < 1 ? share : null),
      onLine: (line) => this.#line(line),
    });
    this.#job = job;
    try {
      await job.done;
    } catch (error) {
      if (this.#job === job && error.name !== "AbortError") say(`${file.name}: ${error.message}`, "bad");
      if (this.#job === job) byId("progress-card").hidden = true;
      return;
    }
    if (this.#job !== job) return;
    byId("progress-card").hidden = true;
    this.#show(file);
  }

  #progress(words, share) {
    setText(byId("progress-word"), words);
    if (share === null) byId("progress").removeAttribute("value");
    else byId("progress").value = share;
  }

  #line(line) {
    switch (line.type) {
      case "progress":
        this.#progress("Finding notes", line.total_s ? Math.min(1, line.done_s / line.total_s) : null);
        break;
      case "note":
        this.#notes.whole(line);
        break;
      case "done":
        this.#durationS = line.duration_s;
        this.#broken = line.broken;
        break;
      case "error":
        throw new Error(line.error);
    }
  }

  #show(file) {
    const { list } = this.#notes;
    this.#durationS = Math.max(this.#durationS, list.at(-1)?.endS ?? 0);
    byId("result").hidden = false;
    setText(byId("result-name"), file.name);
    setText(byId("result-size"), `${clock(this.#durationS)}, ${list.length === 1 ? "1 note" : `${list.length} notes`}`);
    if (!list.length) say(`No notes were found in ${file.name}. Another instrument or more eagerness may help.`, "warn");
    if (this.#broken) say(`${file.name} breaks off after ${clock(this.#broken.at_s)}: ${this.#broken.reason}.`, "warn");
    for (const id of ["file-midi", "file-csv"]) byId(id).disabled = !list.length;
    this.#table.show(list);
    this.#player = new Player(byId("file-player"), {
      blob: file, notes: this.#notes, durationS: this.#durationS, onTrouble: (words) => say(words, "warn"),
    });
  }

  #close() {
    this.#player?.close();
    this.#player = null;
    this.#table.clear();
    byId("result").hidden = true;
  }

  #save(ending, type, bytes) {
    save(new Blob([bytes], { type }), `${this.#name}.${ending}`);
  }
}
