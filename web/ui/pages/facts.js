// @ts-check
/// <reference lib="dom" />

import { h } from "../dom.js";

/**
 * A name and its value, for a list of facts (`dl.facts`).
 * @param {string} name
 * @param {Node | string} value
 * @returns {HTMLElement[]}
 */
export function fact(name, value) {
  return [h("dt", {}, name), h("dd", {}, value)];
}
