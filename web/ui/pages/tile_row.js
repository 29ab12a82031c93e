// @ts-check
/// <reference lib="dom" />
/** The row of tiles. Made once with all its places, then only texts change, so that nothing moves. */

import { h, setText } from "../dom.js";
import { MISSING } from "../format.js";
import { levelOf } from "./overview_tiles.js";

/** @import { Tile } from "./overview_tiles.js" */

const TITLES = {
  cpu: "CPU",
  memory: "Memory",
  load: "Load",
  disk: "Disk",
  network: "Network",
  horizon: "Horizon",
};

/** Owns the elements of the tiles. */
export class TileRow {
  element = h("div", { class: "tiles" });
  /** @type {Map<string, TileElements>} */
  #tiles = new Map();

  constructor() {
    for (const [id, title] of Object.entries(TITLES)) {
      const tile = tileElements(title);
      this.#tiles.set(id, tile);
      this.element.append(tile.element);
    }
  }

  /**
   * @param {readonly Tile[]} tiles
   * @returns {void}
   */
  show(tiles) {
    for (const { id, value, note, ratio } of tiles) {
      const tile = this.#tiles.get(id);
      if (tile === undefined) continue;
      setText(tile.value, value);
      setText(tile.note, note);
      tile.note.title = note;
      tile.element.dataset["level"] = levelOf(ratio);
      tile.meter.classList.toggle("meter-none", ratio === null);
      tile.bar.style.width = `${Math.min(100, (ratio ?? 0) * 100)}%`;
    }
  }

  /**
   * @param {Tile & { status: string, details: string }} own
   * @returns {void}
   */
  showOwn(own) {
    this.show([own]);
    const tile = this.#tiles.get("horizon");
    if (tile === undefined) return;
    setText(tile.badge, own.status);
    tile.badge.dataset["status"] = own.status;
    tile.badge.title = own.details;
  }

  /**
   * @param {string} message
   * @returns {void}
   */
  showOwnError(message) {
    this.showOwn({
      id: "horizon",
      title: "",
      value: MISSING,
      note: message,
      ratio: null,
      status: "",
      details: "",
    });
  }
}

/**
 * @typedef {object} TileElements
 * @property {HTMLElement} element
 * @property {HTMLElement} value
 * @property {HTMLElement} note
 * @property {HTMLElement} badge
 * @property {HTMLElement} meter
 * @property {HTMLElement} bar
 */

/**
 * @param {string} title
 * @returns {TileElements}
 */
function tileElements(title) {
  const value = h("p", { class: "tile-value" }, MISSING);
  const note = h("p", { class: "tile-note" }, "\u00a0");
  const badge = h("span", { class: "badge" });
  const bar = h("div", { class: "meter-bar" });
  const meter = h("div", { class: "meter meter-none" }, bar);
  const element = h(
    "section",
    { class: "card tile", "aria-label": title },
    h("h2", { class: "tile-title" }, title, badge),
    value,
    note,
    meter,
  );
  return { element, value, note, badge, meter, bar };
}
