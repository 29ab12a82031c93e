// @ts-check
/// <reference lib="dom" />
/** Dark and light: as the system says until the user chooses. */

/** boot.js reads it as well. */
const STORAGE_KEY = "horizon.theme";

/** @typedef {"dark" | "light"} Theme */

/** @returns {Theme} the theme that is shown now */
export function currentTheme() {
  const chosen = document.documentElement.dataset["theme"];
  if (chosen === "dark" || chosen === "light") return chosen;
  return matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
}

/**
 * A colour of theme.css for what is not styled by CSS, such as a canvas.
 * @param {string} name of a custom property
 * @returns {string}
 */
export function themeColour(name) {
  const value = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const pair = /^light-dark\(\s*([^,]+?)\s*,\s*([^,]+?)\s*\)$/.exec(value);
  return (currentTheme() === "light" ? pair?.[1] : pair?.[2]) ?? value;
}

/** Shows the other theme, and remembers it. */
export function toggleTheme() {
  const next = currentTheme() === "dark" ? "light" : "dark";
  document.documentElement.dataset["theme"] = next;
  localStorage.setItem(STORAGE_KEY, next);
  dispatchEvent(new CustomEvent("themechange"));
}

/**
 * @param {() => void} listener told after the colours have changed, by the user or by the system
 * @returns {() => void} stops it
 */
export function onThemeChange(listener) {
  const system = matchMedia("(prefers-color-scheme: light)");
  addEventListener("themechange", listener);
  system.addEventListener("change", listener);
  return () => {
    removeEventListener("themechange", listener);
    system.removeEventListener("change", listener);
  };
}
