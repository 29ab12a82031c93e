// @ts-check
/// <reference lib="dom" />
/**
 * The pages: those of the menu in its order, then those that others lead to. A new page is one more entry, and one
 * module that exports {@link Page}.
 */

/** @import { ApiClient } from "./api_client.js" */
/** @import { LiveSamples } from "./live_samples.js" */

/**
 * @typedef {object} PageContext What a page may use.
 * @property {ApiClient} api
 * @property {LiveSamples} live
 * @property {URLSearchParams} params of the page's address
 * @property {(params: Record<string, string | number | null>) => void} setParams changes the address, not the page
 * @property {(page: string, params?: Record<string, string | number | null>) => void} open goes to another address
 * @property {() => number} nowMs the server's clock, as well as it is known
 * @property {(timeMs: number) => void} observeTime tells a time that the server has just named
 *
 * @typedef {() => void} Unmount
 *
 * @typedef {object} Page
 * @property {string} title
 * @property {(root: HTMLElement, context: PageContext) => Unmount} mount
 *
 * @typedef {object} PageEntry
 * @property {string} name in the address
 * @property {string} title
 * @property {"overview" | "processes" | "health" | "ingest" | "storage" | "sql"} icon
 * @property {string} key pressed after `g`
 * @property {() => Promise<Page>} load
 *
 * @typedef {object} SubPageEntry
 * @property {string} name in the address
 * @property {string} menu name of the page of the menu that it belongs to
 * @property {() => Promise<Page>} load
 */

/** @type {readonly PageEntry[]} */
export const PAGES = [
  {
    name: "overview",
    title: "Overview",
    icon: "overview",
    key: "o",
    load: () => import("./pages/overview.js"),
  },
  {
    name: "processes",
    title: "Processes",
    icon: "processes",
    key: "p",
    load: () => import("./pages/processes.js"),
  },
  {
    name: "health",
    title: "Health",
    icon: "health",
    key: "h",
    load: () => import("./pages/health.js"),
  },
  {
    name: "ingest",
    title: "Ingest",
    icon: "ingest",
    key: "i",
    load: () => import("./pages/ingest.js"),
  },
  {
    name: "storage",
    title: "Storage",
    icon: "storage",
    key: "d",
    load: () => import("./pages/storage.js"),
  },
  { name: "sql", title: "SQL", icon: "sql", key: "s", load: () => import("./pages/sql.js") },
];

/** @type {readonly SubPageEntry[]} */
export const SUB_PAGES = [
  { name: "crash", menu: "processes", load: () => import("./pages/crash.js") },
];
