// Colours of what is drawn, from the same place as those of the page.

const NAMES = ["ink", "quiet", "line", "lane", "card", "accent", "pitch"];
let colours = null;

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => (colours = null));

/** The colours by name; read anew when light and dark change. */
export function theme() {
  if (!colours) {
    const style = getComputedStyle(document.documentElement);
    colours = Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  }
  return colours;
}
