// @ts-check
/// <reference lib="dom" />
/** What the panel about a process shows besides its facts: limits, what happened to it, earlier runs, crashes. */

import { ApiError } from "../api_client.js";
import { h } from "../dom.js";
import { formatBytes, formatCount, formatDateTime, formatPercent } from "../format.js";
import { formatRoute } from "../route.js";
import { crashItem } from "./crash_list.js";
import { levelOf } from "./overview_tiles.js";

/** @import { ApiClient, ProcessLimit, ProcessRecordData, SqlValue } from "../api_client.js" */

/** Limits worth a line, and what people call them. */
const LIMITS = /** @type {const} */ ([
  ["open_files", "Open files"],
  ["processes", "Processes of its user"],
  ["address_space", "Address space"],
  ["locked_memory", "Locked memory"],
  ["stack", "Stack"],
  ["core_file_size", "Core file"],
]);

/** Owns these parts of the panel; they stay empty until they were read. */
export class ProcessRecord {
  /** To be put into the page. */
  element = h("div", { class: "process-record" });

  /**
   * Leaves the parts out when the server knows no such process any more.
   * @param {ApiClient} api
   * @param {string} id
   * @param {AbortSignal} signal
   * @returns {Promise<void>}
   */
  async load(api, id, signal) {
    try {
      this.#show(api, await api.process(id, signal));
    } catch (error) {
      if (error instanceof ApiError && error.code === "not_found") return;
      throw error;
    }
  }

  /**
   * @param {ApiClient} api
   * @param {ProcessRecordData} record
   */
  #show(api, { ancestors, limits, events, runs, crashes }) {
    this.element.replaceChildren(
      ...part("Parents", ancestors.map(({ pid, name }) => h("li", {}, `${name} (${pid})`))),
      ...part("Limits", limitItems(limits)),
      ...part(
        "Crashes",
        crashes.map((crash) => crashItem(api, crash)),
      ),
      ...part(
        "What happened",
        events.map(({ ts, message, severity, crash_id }) =>
          h(
            "li",
            { "data-severity": String(severity) },
            h("time", {}, formatDateTime(Date.parse(String(ts)))),
            h("span", {}, String(message)),
            ...crashLink(crash_id),
          )
        ),
      ),
      ...part(
        "Earlier runs",
        runs.map(({ id, pid, exited_at, cause, crash_id }) =>
          h(
            "li",
            {},
            h("time", {}, formatDateTime(Date.parse(String(exited_at)))),
            h("a", { href: formatRoute("processes", { id: String(id) }) }, `pid ${pid}`),
            h("span", {}, String(cause ?? "unknown").replaceAll("_", " ")),
            ...crashLink(crash_id),
          )
        ),
      ),
    );
  }
}

/**
 * @param {Readonly<Record<string, ProcessLimit>>} limits
 * @returns {HTMLElement[]} those worth a line
 */
export function limitItems(limits) {
  return LIMITS.flatMap(([key, title]) => {
    const limit = limits[key];
    return limit === undefined ? [] : [limitItem(title, limit)];
  });
}

/**
 * The way to what was kept of an end.
 * @param {SqlValue | undefined} id of a crash, if there is one
 * @returns {HTMLElement[]}
 */
function crashLink(id) {
  if (typeof id !== "string") return [];
  return [h("a", { class: "crash-link", href: formatRoute("crash", { id }) }, "last minutes")];
}

/**
 * @param {string} title
 * @param {readonly HTMLElement[]} items
 * @returns {HTMLElement[]} nothing when there are none
 */
function part(title, items) {
  if (items.length === 0) return [];
  return [h("h3", {}, title), h("ul", { class: "record-list" }, ...items)];
}

/**
 * @param {string} title
 * @param {ProcessLimit} limit
 * @returns {HTMLElement}
 */
function limitItem(title, { soft, hard, unit, used_ratio }) {
  const amount = (/** @type {number | null} */ value) => {
    if (value === null) return "unlimited";
    return unit === "bytes" ? formatBytes(value) : formatCount(value);
  };
  const used = used_ratio === null ? "" : `${formatPercent(used_ratio)} of `;
  const text = h("span", {}, `${used}${amount(soft)}`);
  text.title = `hard limit: ${amount(hard)}`;
  const item = h("li", { class: "limit" }, h("span", {}, title), text);
  if (used_ratio === null) return item;
  const bar = h("div", { class: "meter-bar" });
  bar.style.width = `${Math.min(100, used_ratio * 100)}%`;
  item.dataset["level"] = levelOf(used_ratio);
  item.append(h("div", { class: "meter" }, bar));
  return item;
}
