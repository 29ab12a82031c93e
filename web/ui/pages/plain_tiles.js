// @ts-check
/// <reference lib="dom" />
/** Tiles that show one figure each, with a bar where there is a bound. */

import { h } from "../dom.js";
import { levelOf } from "./overview_tiles.js";

/** @import { Tile } from "./overview_tiles.js" */

/**
 * @param {HTMLElement} parent whose children they replace
 * @param {readonly Tile[]} tiles
 * @returns {void}
 */
export function showPlainTiles(parent, tiles) {
  parent.replaceChildren(
    ...tiles.map(({ id, title, value, note, ratio }) =>
      h(
        "section",
        { class: "card tile", "aria-label": title, "data-tile": id },
        h("h2", { class: "tile-title" }, title),
        h("p", { class: "tile-value" }, value),
        h("p", { class: "tile-note" }, note),
        ratio === null ? null : meter(title, ratio),
      )
    ),
  );
}

/**
 * @param {string} name
 * @param {number} ratio of 1
 * @returns {HTMLElement}
 */
export function meter(name, ratio) {
  const percent = Math.min(100, Math.max(0, ratio * 100));
  const bar = h("div", { class: "meter-bar" });
  bar.style.width = `${percent}%`;
  return h("div", {
    class: "meter",
    role: "meter",
    "aria-label": name,
    "aria-valuenow": Math.round(percent),
    "data-level": levelOf(ratio),
  }, bar);
}
