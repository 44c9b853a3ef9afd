// One file to the service, its notes back, with the progress of both.

import { address, headers, words } from "./service.js";

const MOST_LINE = 1 << 20; // characters; the service's lines are far shorter

/** Lines of JSON from a body that grows. */
class Lines {
  #read = 0;

  take(text, onLine) {
    for (;;) {
      const end = text.indexOf("\n", this.#read);
      if (end < 0) {
        if (text.length - this.#read > MOST_LINE) throw new Error("The service's answer cannot be understood.");
        return;
      }
      const line = text.slice(this.#read, end).trim();
      this.#read = end + 1;
      if (line) onLine(JSON.parse(line));
    }
  }
}

/**
 * `told`: onSent(share) while it is sent, onLine(object) for each line of the answer. Gives {done, cancel}; `done` is a
 * promise.
 */
export function transcribe(file, options, told) {
  const request = new XMLHttpRequest(); // unlike fetch it tells how much was sent
  const done = new Promise((resolve, reject) => {
    const lines = new Lines();
    const read = () => {
      if (request.status === 200) lines.take(request.responseText, told.onLine);
    };
    const query = new URLSearchParams(options).toString();
    request.open("POST", address(`transcribe${query ? `?${query}` : ""}`));
    const said = { ...headers(), Accept: "application/x-ndjson", "Content-Type": "application/octet-stream" };
    for (const [name, value] of Object.entries(said)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => total && told.onSent(loaded / total);
    request.onprogress = () => {
      try {
        read();
      } catch (error) {
        reject(error);
        request.abort();
      }
    };
    request.onload = () => {
      try {
        read();
      } catch (error) {
        reject(error);
      }
      if (request.status === 200) resolve();
      else reject(new Error(words(request.responseText, request.status)));
    };
    request.onerror = () => reject(new Error("The service cannot be reached, or it ended the connection."));
    request.onabort = () => reject(new DOMException("", "AbortError"));
    request.send(file);
  });
  return { done, cancel: () => request.abort() };
}
