// Where the service is, and the token that it may ask for.

import { byId } from "./dom.js";

const KEPT = "streamer-token";
const SUBPROTOCOL = "streamer.v1";

function kept() {
  try {
    return sessionStorage.getItem(KEPT) ?? "";
  } catch {
    return ""; // storage is switched off
  }
}

function keep(value) {
  try {
    sessionStorage.setItem(KEPT, value);
  } catch {
    // then it is asked for again after the next load
  }
}

let token = kept();
const inAddress = new URLSearchParams(location.hash.slice(1)).get("token");
if (inAddress) {
  keep((token = inAddress));
  history.replaceState(null, "", location.pathname + location.search); // it is not to be seen or bookmarked
}

export const address = (path) => new URL(path, document.baseURI).href;
export const socketAddress = (path) => address(path).replace(/^http/, "ws");
export const socketProtocols = () => (token ? [SUBPROTOCOL, `bearer.${token}`] : [SUBPROTOCOL]);
export const headers = () => (token ? { Authorization: `Bearer ${token}` } : {});

/** The line for people in an answer that is no success. */
export function words(text, status) {
  try {
    const { error } = JSON.parse(text);
    if (typeof error === "string") return error;
  } catch {
    // no JSON: the number has to do
  }
  return `it answered ${status}`;
}

/** Ask for the token until the service takes one. */
function askForToken() {
  const form = byId("token-form");
  byId("token-wrong").hidden = !token;
  form.hidden = false;
  byId("token").focus();
  return new Promise((resolve) => {
    form.onsubmit = (event) => {
      event.preventDefault();
      keep((token = byId("token").value.trim()));
      form.hidden = true;
      resolve();
    };
  });
}

/** JSON from the service; where it asks for a token, the person at the page is asked. */
export async function askJson(path) {
  for (;;) {
    const response = await fetch(address(path), { headers: headers() });
    if (response.status === 401) await askForToken();
    else if (response.ok) return response.json();
    else throw new Error(words(await response.text(), response.status));
  }
}
