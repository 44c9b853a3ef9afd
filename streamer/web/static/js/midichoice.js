// Which MIDI port gets the notes.

import { byId, make, setText } from "./dom.js";
import { MidiPort } from "./webmidi.js";

export class MidiOutput {
  constructor(outputs) {
    this.port = new MidiPort();
    outputs.add(this.port);
    byId("midi-allow").onclick = () => this.#allow();
    byId("midi-port").onchange = () => this.port.choose(byId("midi-port").value);
    byId("midi-port").disabled = true;
    byId("midi-allow").disabled = false;
    this.port.onChange = () => this.#list();
    if (MidiPort.missing) {
      byId("midi-allow").hidden = true;
      this.#say(MidiPort.missing);
    }
  }

  async #allow() {
    try {
      await this.port.allow();
    } catch (error) {
      this.#say(error.message);
      return;
    }
    byId("midi-allow").hidden = true;
    this.#list();
  }

  #list() {
    const { ports } = this.port;
    const options = ports.map((port) => make("option", { value: port.id, textContent: port.name || port.id }));
    const select = byId("midi-port");
    select.replaceChildren(make("option", { value: "", textContent: "None" }), ...options);
    select.value = this.port.chosen;
    select.disabled = false;
    this.#say(ports.length ? "" : "There is no MIDI output. Plug in a device, or start a program that opens a port.");
  }

  #say(words) {
    byId("midi-word").hidden = !words;
    setText(byId("midi-word"), words);
  }
}
