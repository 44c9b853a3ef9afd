// Puts the page together.

import { byId } from "./dom.js";
import { FileView } from "./file.js";
import { Live } from "./live.js";
import { say } from "./message.js";
import { askJson } from "./service.js";

const TABS = ["live", "file"];

/** Tabs as screen readers and keyboards know them: arrows move, one of them can be reached. */
function tabs() {
  const buttons = TABS.map((name) => byId(`tab-${name}`));
  const choose = (chosen) => {
    buttons.forEach((button, i) => {
      button.ariaSelected = String(i === chosen);
      button.tabIndex = i === chosen ? 0 : -1;
      byId(TABS[i]).hidden = i !== chosen;
    });
  };
  buttons.forEach((button, i) => {
    button.onclick = () => choose(i);
    button.onkeydown = ({ key }) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
      if (!step) return;
      const next = (i + step + TABS.length) % TABS.length;
      choose(next);
      buttons[next].focus();
    };
  });
}

tabs();
try {
  const { settings } = await askJson("settings");
  new Live(settings);
  new FileView(settings);
} catch (error) {
  say(`The service cannot be used: ${error.message}. Is it running? Then load this page anew.`, "bad");
}
