// One line that says what is wrong and what to do.

import { byId, setText } from "./dom.js";

/** Show a line; an empty one hides it. */
export function say(text, kind = "") {
  const line = byId("message");
  line.className = `message ${kind}`;
  line.hidden = !text;
  setText(line, text);
}
