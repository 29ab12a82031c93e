// @ts-check
/// <reference lib="dom" />
/** Crashes whose last minutes were kept: what, when, why, and the archive to take away. */

import { errorText, isAbort } from "../api_client.js";
import { h, icon, setText } from "../dom.js";
import { formatCount, formatDateTime } from "../format.js";
import { formatRoute } from "../route.js";

/** @import { ApiClient, CrashEntry } from "../api_client.js" */

const POLL_MS = 10_000;
/** Crashes shown; the rest is in the API. */
const MAX_SHOWN = 50;

/** Owns the list of crashes, which is not there while there are none. */
export class CrashList {
  #api;
  #gone = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #shown = "";
  #title = h("span");
  #items = h("ul", { class: "record-list" });
  #problem = h("p", { class: "notice notice-error", role: "alert", hidden: true });
  /** To be put into the page. */
  element = h(
    "details",
    { class: "card crash-list", hidden: true },
    h("summary", {}, this.#title),
    this.#problem,
    this.#items,
  );

  /** @param {ApiClient} api */
  constructor(api) {
    this.#api = api;
    this.#poll();
  }

  destroy() {
    this.#gone.abort();
    clearTimeout(this.#timer);
  }

  async #poll() {
    if (!document.hidden) await this.#load();
    if (!this.#gone.signal.aborted) this.#timer = setTimeout(() => this.#poll(), POLL_MS);
  }

  async #load() {
    try {
      this.#show(await this.#api.crashes(this.#gone.signal));
      this.#problem.hidden = true;
    } catch (error) {
      if (isAbort(error)) return;
      this.#problem.hidden = false;
      setText(this.#problem, errorText(error));
    }
  }

  /** @param {CrashEntry[]} crashes newest first */
  #show(crashes) {
    this.element.hidden = crashes.length === 0;
    const ids = crashes.map(({ id }) => id).join();
    if (ids === this.#shown) return;
    this.#shown = ids;
    const noun = crashes.length === 1 ? "crash" : "crashes";
    const last = crashes[0];
    setText(
      this.#title,
      `${formatCount(crashes.length)} ${noun} kept${
        last === undefined ? "" : `; the last: ${last.message}`
      }`,
    );
    const items = crashes.slice(0, MAX_SHOWN).map((crash) => crashItem(this.#api, crash));
    this.#items.replaceChildren(...items);
  }
}

/**
 * One crash in a list: when, what and why, the way to all that was kept of it, and its archive.
 * @param {ApiClient} api
 * @param {CrashEntry} crash
 * @returns {HTMLElement}
 */
export function crashItem(api, crash) {
  const problem = h("span", { class: "crash-problem", role: "alert" });
  const button = h(
    "button",
    {
      type: "button",
      class: "icon-button",
      "aria-label": `Download crash ${crash.id}`,
      title: "Download the archive",
    },
    icon("download"),
  );
  button.addEventListener("click", async () => {
    setText(problem, "");
    try {
      await saveArchive(api, crash.id);
    } catch (error) {
      setText(problem, errorText(error));
    }
  });
  return h(
    "li",
    { class: "crash", "data-severity": "error" },
    h("time", { datetime: crash.ts }, formatDateTime(Date.parse(crash.ts))),
    h(
      "div",
      {},
      h("a", { href: formatRoute("crash", { id: crash.id }) }, crash.message),
      evidence(crash),
      problem,
    ),
    button,
  );
}

/**
 * Hands a crash to the browser as a file.
 * @param {ApiClient} api
 * @param {string} id
 * @returns {Promise<void>}
 */
export async function saveArchive(api, id) {
  const url = URL.createObjectURL(await api.crashArchive(id));
  h("a", { href: url, download: `crash-${id}.tar.gz` }).click();
  URL.revokeObjectURL(url);
}

/** @param {CrashEntry} crash */
function evidence({ evidence }) {
  return h("span", { class: "sub" }, evidence.join("; "));
}
