// A form made of the service's own descriptions of its settings.

import { make } from "./dom.js";

const FIRST = ["preset", "scale", "lock", "transpose", "bend", "eagerness"];
const LABELS = { preset: "Instrument", scale: "Scale", lock: "Notes outside it", bend: "Bends", a4: "Tuning (A4)" };
const ENDS = { eagerness: ["sure", "quick"] };
const KEPT = "streamer-settings";

function kept() {
  try {
    return JSON.parse(localStorage.getItem(KEPT)) ?? {};
  } catch {
    return {};
  }
}

function keep(values) {
  try {
    localStorage.setItem(KEPT, JSON.stringify(values));
  } catch {
    // storage is switched off: they hold until the page is closed
  }
}

const NOT_HERE = new Set(["mpe", "mpe_channels", "control"]); // they are for MIDI that the service itself makes
const CHOICES = { preset: { default: "Any" } };
const KEYS = ["C", "G", "D", "A", "E", "B", "F#", "F", "Bb", "Eb", "Ab", "Db"];
const SUGGESTIONS = { scale: ["major", "minor", "major pentatonic", "minor pentatonic"].flatMap((scale) => KEYS.map((key) => `${key} ${scale}`)) };

const words = (name) => name.charAt(0).toUpperCase() + name.slice(1).replaceAll("_", " ");

/** A control for one setting; `value` is what the person chose, or null. */
function control(setting, id) {
  const properties = { id, name: setting.name };
  const plain = String(setting.default ?? "");
  if (setting.kind === "bool") return make("input", { ...properties, type: "checkbox", checked: setting.default });
  if (setting.kind === "choice") {
    const options = setting.choices.map((choice) => make("option", { value: choice, textContent: CHOICES[setting.name]?.[choice] ?? words(choice) }));
    const select = make("select", properties, ...options);
    select.value = plain;
    return select;
  }
  const bounded = setting.low !== null && setting.high !== null;
  if (setting.kind === "float" && bounded && setting.high - setting.low <= 1) {
    return make("input", { ...properties, type: "range", min: setting.low, max: setting.high, step: 0.05, value: plain });
  }
  if (["int", "float"].includes(setting.kind) && !setting.words.length) {
    const input = make("input", { ...properties, type: "number", placeholder: setting.shown_default, inputMode: "decimal" });
    if (bounded) Object.assign(input, { min: setting.low, max: setting.high });
    input.step = setting.kind === "int" ? "1" : "any";
    if (setting.live) input.value = plain;
    return input;
  }
  return make("input", { ...properties, type: "text", placeholder: setting.shown_default || "none", autocapitalize: "off", spellcheck: false });
}

function read(setting, input) {
  if (setting.kind === "bool") return input.checked;
  if (input.value === "") return null;
  if (input.type === "range" || input.type === "number") return Number(input.value);
  if (setting.kind === "choice") return input.value;
  const number = Number(input.value);
  return ["float", "int"].includes(setting.kind) && Number.isFinite(number) ? number : input.value.trim();
}

function write(setting, input, value) {
  if (setting.kind === "bool") input.checked = value;
  else input.value = value;
}

/** `onChange(name, value, live)` tells of each change; `values` is what differs from the defaults. */
export class Settings {
  #inputs = new Map(); // name -> [setting, input]

  constructor(descriptions, first, rest, onChange) {
    const wanted = kept();
    const rank = ({ name }) => (FIRST.indexOf(name) + FIRST.length + 1) % (FIRST.length + 1);
    const shown = descriptions.filter(({ name }) => !NOT_HERE.has(name));
    for (const setting of shown.sort((a, b) => rank(a) - rank(b))) {
      const id = `${first.id}-${setting.name}`;
      const input = control(setting, id);
      this.#inputs.set(setting.name, [setting, input]);
      if (setting.name in wanted) write(setting, input, wanted[setting.name]);
      (FIRST.includes(setting.name) ? first : rest).append(this.#row(setting, input, id));
      input.addEventListener("change", () => {
        keep({ ...kept(), [setting.name]: read(setting, input) ?? undefined });
        onChange(setting.name, read(setting, input) ?? setting.default, setting.live);
      });
    }
    rest.closest("details").hidden = !rest.childElementCount;
  }

  #row(setting, input, id) {
    const unit = setting.unit ? ` (${setting.unit})` : "";
    const label = make("label", { htmlFor: id, textContent: `${LABELS[setting.name] ?? words(setting.name)}${unit}` });
    const hint = make("span", { id: `${id}-hint`, className: "hint", textContent: setting.help });
    input.setAttribute("aria-describedby", hint.id);
    if (SUGGESTIONS[setting.name]) {
      const list = make("datalist", { id: `${id}-list` }, ...SUGGESTIONS[setting.name].map((value) => make("option", { value })));
      input.setAttribute("list", list.id);
      hint.append(list);
    }
    const row = make("div", { className: `setting ${input.type === "checkbox" ? "check" : ""}` });
    if (ENDS[setting.name]) {
      const [low, high] = ENDS[setting.name];
      const ends = make("span", { className: "ends", ariaHidden: "true" }, make("span", { textContent: low }), make("span", { textContent: high }));
      row.append(label, input, ends, hint);
    } else {
      row.append(label, input, hint);
    }
    return row;
  }

  /** What was chosen and is not the default, by name. */
  get values() {
    const values = {};
    for (const [name, [setting, input]] of this.#inputs) {
      const value = read(setting, input);
      if (value !== null && value !== setting.default) values[name] = value;
    }
    return values;
  }
}
