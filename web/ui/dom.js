// @ts-check
/// <reference lib="dom" />
/** Elements without markup in strings: all text goes in as text, so telemetry can never become markup. */

export const SVG_NAMESPACE = "http://www.w3.org/2000/svg";

/**
 * @typedef {string | number | boolean | null | EventListener} AttributeValue
 *   `false` and `null` leave the attribute out, `true` sets it empty; a function listens to the event after `on`
 */

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, AttributeValue>} [attributes]
 * @param {...(Node | string | null)} children strings become text
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  setAttributes(element, attributes);
  for (const child of children) if (child !== null) element.append(child);
  return element;
}

/**
 * @param {Element} element
 * @param {Record<string, AttributeValue>} attributes
 * @returns {void}
 */
export function setAttributes(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === false || value === null) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
}

/**
 * Sets the text of an element, touching the document only when it differs.
 * @param {Element} element
 * @param {string} text
 * @returns {void}
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Outlines on a grid of 24 by 24. */
const ICON_PATHS = {
  overview: "M3 12h4l3-8 4 16 3-8h4",
  processes: "M4 6h16M4 12h16M4 18h10",
  health: "M12 20s-7.5-4.6-7.5-10A4.2 4.2 0 0 1 12 7.4 4.2 4.2 0 0 1 19.5 10c0 5.4-7.5 10-7.5 10z",
  ingest: "M12 3v10M7.5 8.5L12 13l4.5-4.5M4 14v5h16v-5",
  storage:
    "M12 4c-4.4 0-7 1.3-7 3s2.6 3 7 3 7-1.3 7-3-2.6-3-7-3zM5 7v10c0 1.7 2.6 3 7 3s7-1.3 7-3V7M5 12c0 1.7 2.6 3 7 3s7-1.3 7-3",
  sql: "M5 7l5 5-5 5M12.5 18H19",
  sun:
    "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4",
  moon: "M20 14.2A8.2 8.2 0 0 1 9.8 4a8.2 8.2 0 1 0 10.2 10.2z",
  help:
    "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9.6 9.4a2.5 2.5 0 1 1 3.6 2.3c-.8.4-1.2 1-1.2 1.9M12 16.8v.2",
  close: "M6 6l12 12M18 6L6 18",
  play: "M8 5.5v13l10.5-6.5z",
  stop: "M7 7h10v10H7z",
  download: "M12 4v11M7.5 11l4.5 4.5 4.5-4.5M5 20h14",
  search: "M11 4.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM16 16l4.5 4.5",
  chevron: "M9 6l6 6-6 6",
  live: "M12 10a2 2 0 1 0 0 4 2 2 0 0 0 0-4zM7.8 7.8a6 6 0 0 0 0 8.4M16.2 7.8a6 6 0 0 1 0 8.4",
};

/**
 * A decorative icon; the button around it carries the name.
 * @param {keyof typeof ICON_PATHS} name
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  const svg = document.createElementNS(SVG_NAMESPACE, "svg");
  setAttributes(svg, { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" });
  const path = document.createElementNS(SVG_NAMESPACE, "path");
  path.setAttribute("d", ICON_PATHS[name]);
  svg.append(path);
  return svg;
}
