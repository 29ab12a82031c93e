// @ts-check
/// <reference lib="dom" />
/** What runs on the host: sorted, filtered, grouped by service, with details of one. */

import { errorText, isAbort } from "../api_client.js";
import { h, setText } from "../dom.js";
import { formatBytes, formatCount, formatNumber } from "../format.js";
import { CrashList } from "./crash_list.js";
import { ProcessDetails } from "./process_details.js";
import { ProcessGrid } from "./process_grid.js";
import {
  COLUMNS,
  DEFAULT_ORDER,
  filterProcesses,
  groupedRows,
  nextOrder,
  plainRows,
  sortProcesses,
  treeRows,
} from "./process_table.js";
import { ProcessTrends } from "./process_trends.js";

/** @import { ProcessEntry } from "../api_client.js" */
/** @import { PageContext, Unmount } from "../pages.js" */
/** @import { Order, TableRow } from "./process_table.js" */

export const title = "Processes";

const POLL_MS = 2000;

/**
 * @param {HTMLElement} root
 * @param {PageContext} context
 * @returns {Unmount}
 */
export function mount(root, context) {
  const page = new ProcessesPage(root, context);
  return () => page.destroy();
}

/** Owns the page while it is shown. */
class ProcessesPage {
  #context;
  #gone = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {ProcessEntry[]} */
  #processes = [];
  #timeMs = 0;
  /** @type {Order} */
  #order;
  /** @type {"list" | "service" | "tree"} */
  #arrangement;
  #trends = new ProcessTrends();
  #crashes;
  /** @type {Set<string>} */
  #collapsed = new Set();
  /** @type {number | null} */
  #openPid;
  /** Of a process that may have ended. @type {string | null} */
  #openId;
  /** @type {ProcessDetails | null} */
  #details = null;
  #grid = new ProcessGrid({
    onSort: (id) => {
      this.#order = nextOrder(this.#order, id);
      this.#changed();
    },
    onOpen: (row) => this.#open(row),
  });
  #filter = h("input", {
    class: "field filter",
    type: "search",
    placeholder: "Filter: name, pid, user:root, service:web …",
    "aria-label": "Filter the processes",
    "data-focus-key": true,
    spellcheck: "false",
    autocomplete: "off",
  });
  #group = h("input", { type: "checkbox" });
  #tree = h("input", { type: "checkbox" });
  #summary = h("p", { class: "sub", role: "status" }, "Loading");
  #problem = h("p", { class: "notice notice-error", role: "alert", hidden: true });
  #missing = h("p", { class: "notice", role: "status", hidden: true });
  #empty = h("p", { class: "table-empty", hidden: true });
  #body = h("div", { class: "process-body" });

  /**
   * @param {HTMLElement} root
   * @param {PageContext} context
   */
  constructor(root, context) {
    this.#context = context;
    const { params } = context;
    this.#order = readOrder(params.get("sort"));
    const group = params.get("group");
    this.#arrangement = group === "service" || group === "tree" ? group : "list";
    this.#crashes = new CrashList(context.api);
    const pid = Number(params.get("pid"));
    this.#openPid = Number.isInteger(pid) && pid > 0 ? pid : null;
    this.#openId = params.get("id");
    this.#filter.value = params.get("filter") ?? "";
    this.#filter.addEventListener("input", () => this.#changed());
    this.#filter.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.#filter.blur();
    });
    this.#arrange(this.#arrangement);
    this.#group.addEventListener("change", () => {
      this.#arrange(this.#group.checked ? "service" : "list");
      this.#changed();
    });
    this.#tree.addEventListener("change", () => {
      this.#arrange(this.#tree.checked ? "tree" : "list");
      this.#changed();
    });
    this.#body.append(h("div", { class: "process-list" }, this.#grid.element, this.#empty));
    this.#body.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.#close();
    });
    root.append(
      h(
        "div",
        { class: "page-fill" },
        h(
          "div",
          { class: "page-head" },
          h("div", { class: "page-head-text" }, h("h1", {}, title), this.#summary),
          this.#filter,
          h("label", { class: "check" }, this.#group, "Group by service"),
          h("label", { class: "check" }, this.#tree, "Tree"),
        ),
        this.#crashes.element,
        this.#problem,
        this.#missing,
        this.#body,
      ),
    );
    this.#poll();
  }

  destroy() {
    this.#gone.abort();
    clearTimeout(this.#timer);
    this.#details?.destroy();
    this.#crashes.destroy();
    this.#grid.destroy();
  }

  /** @param {"list" | "service" | "tree"} arrangement */
  #arrange(arrangement) {
    this.#arrangement = arrangement;
    this.#group.checked = arrangement === "service";
    this.#tree.checked = arrangement === "tree";
  }

  async #poll() {
    if (!document.hidden) await this.#load();
    if (!this.#gone.signal.aborted) this.#timer = setTimeout(() => this.#poll(), POLL_MS);
  }

  async #load() {
    try {
      const { processes, ts } = await this.#context.api.processes(this.#gone.signal);
      this.#processes = processes.filter(({ exited_at }) => (exited_at ?? null) === null);
      this.#trends.add(this.#processes);
      this.#timeMs = ts === null ? this.#context.nowMs() : Date.parse(ts);
      this.#problem.hidden = true;
      this.#show();
      await this.#openWanted();
      this.#updateDetails();
    } catch (error) {
      if (isAbort(error)) return;
      this.#problem.hidden = false;
      setText(this.#problem, errorText(error));
    }
  }

  #show() {
    const filtered = filterProcesses(this.#processes, this.#filter.value);
    const sorted = sortProcesses(filtered, this.#order);
    const rows = this.#rows(sorted);
    const selected = this.#details?.entry;
    this.#grid.show({
      rows,
      order: this.#order,
      selected: selected === undefined ? null : `${selected.pid} ${selected.start_time ?? ""}`,
      nowMs: this.#timeMs,
      trend: (entry) => this.#trends.path(entry),
    });
    setText(this.#summary, summaryOf(filtered, this.#processes.length));
    this.#empty.hidden = sorted.length > 0;
    setText(
      this.#empty,
      this.#processes.length === 0
        ? "No process has been collected yet."
        : "No process matches the filter.",
    );
  }

  /**
   * @param {ProcessEntry[]} sorted
   * @returns {TableRow[]}
   */
  #rows(sorted) {
    switch (this.#arrangement) {
      case "service":
        return groupedRows(sorted, this.#collapsed);
      case "tree":
        return treeRows(sorted);
      case "list":
        return plainRows(sorted);
    }
  }

  #changed() {
    this.#writeAddress();
    this.#show();
  }

  #writeAddress() {
    const { column, direction } = this.#order;
    const isDefault = column === DEFAULT_ORDER.column && direction === DEFAULT_ORDER.direction;
    this.#context.setParams({
      filter: this.#filter.value,
      sort: isDefault ? null : `${column}-${direction}`,
      group: this.#arrangement === "list" ? null : this.#arrangement,
      ...this.#openedParams(),
    });
  }

  /** A pid names one that runs; one that has ended is named by its id, since its pid is given again. */
  #openedParams() {
    const entry = this.#details?.entry;
    if (entry === undefined) return {};
    return (entry.exited_at ?? null) === null ? { pid: entry.pid } : { id: entry.id ?? null };
  }

  /** @param {TableRow} row */
  #open(row) {
    if (row.kind === "group") {
      if (!this.#collapsed.delete(row.key)) this.#collapsed.add(row.key);
      this.#show();
    } else this.#openProcess(row.entry);
  }

  /** @param {ProcessEntry} entry */
  #openProcess(entry) {
    this.#details?.destroy();
    this.#details?.element.remove();
    this.#details = new ProcessDetails(entry, {
      api: this.#context.api,
      nowMs: this.#timeMs,
      onOpenProcess: (pid) => {
        const process = this.#processes.find((candidate) => candidate.pid === pid);
        if (process !== undefined) this.#openProcess(process);
      },
      onClose: () => this.#close(),
    });
    this.#body.append(this.#details.element);
    this.#changed();
  }

  #close() {
    if (this.#details === null) return;
    const hadFocus = this.#details.element.contains(document.activeElement);
    this.#details.destroy();
    this.#details.element.remove();
    this.#details = null;
    if (hadFocus) this.#grid.focus();
    this.#changed();
  }

  /** Opens what the address names, once. */
  async #openWanted() {
    const [wantedPid, wantedId] = [this.#openPid, this.#openId];
    this.#openPid = null;
    this.#openId = null;
    if (wantedPid === null && wantedId === null) return;
    const running = this.#processes.find(({ pid, id }) => pid === wantedPid || id === wantedId);
    if (running !== undefined) return this.#openProcess(running);
    if (wantedId === null) return;
    try {
      const { process, ended } = await this.#context.api.process(wantedId, this.#gone.signal);
      const entry = process ?? ended;
      if (entry !== null) this.#openProcess(entry);
    } catch (error) {
      if (isAbort(error)) return;
      this.#missing.hidden = false;
      setText(this.#missing, `Process ${wantedId} cannot be shown: ${errorText(error)}`);
    }
  }

  #updateDetails() {
    const known = this.#details?.entry;
    if (known === undefined) return;
    const now = this.#processes.find(({ pid, start_time }) =>
      pid === known.pid && start_time === known.start_time
    );
    this.#details?.update(now, this.#timeMs);
  }
}

/**
 * @param {string | null} text such as `memory-descending`
 * @returns {Order}
 */
function readOrder(text) {
  const [column, direction] = (text ?? "").split("-");
  const known = COLUMNS.some(({ id }) => id === column);
  if (column === undefined || !known) return DEFAULT_ORDER;
  return { column, direction: direction === "ascending" ? "ascending" : "descending" };
}

/**
 * @param {readonly ProcessEntry[]} shown
 * @param {number} total
 * @returns {string}
 */
function summaryOf(shown, total) {
  const cpu = shown.reduce((sum, { cpu_ratio }) => sum + (cpu_ratio ?? 0), 0);
  const rss = shown.reduce((sum, { rss_bytes }) => sum + (rss_bytes ?? 0), 0);
  const count = shown.length === total
    ? formatCount(total)
    : `${formatCount(shown.length)} of ${formatCount(total)}`;
  const noun = total === 1 ? "process" : "processes";
  return `${count} ${noun} · ${formatNumber(cpu)} cores busy · ${formatBytes(rss)} resident`;
}
