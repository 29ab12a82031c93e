// @ts-check
/// <reference lib="dom" />
/** The panel about one process: facts, limits, the last minutes, the way to its data in SQL. */

import { errorText, isAbort } from "../api_client.js";
import { ChartCard } from "../chart_card.js";
import { h, icon, setText } from "../dom.js";
import {
  BYTES,
  formatByteRate,
  formatBytes,
  formatCount,
  formatDateTime,
  formatPercent,
  MISSING,
  PERCENT,
} from "../format.js";
import { formatRoute } from "../route.js";
import { onThemeChange } from "../theme.js";
import { fact } from "./facts.js";
import { levelOf } from "./overview_tiles.js";
import { CPU, MEMORY, ProcessHistory } from "./process_history.js";
import { ProcessRecord } from "./process_record.js";
import { formatAge } from "./process_table.js";

/** @import { ApiClient, ProcessEntry } from "../api_client.js" */

/**
 * @typedef {object} DetailsOptions
 * @property {ApiClient} api
 * @property {number} nowMs
 * @property {(pid: number) => void} onOpenProcess
 * @property {() => void} onClose
 */

/** What is not in the list of processes is read anew every so many updates. */
const UPDATES_A_RECORD = 5;

/** Owns the panel of one process. */
export class ProcessDetails {
  #options;
  #entry;
  #history;
  #gone = new AbortController();
  #record = new ProcessRecord();
  #updates = 0;
  #facts = h("dl", { class: "facts" });
  #ended = h("p", { class: "notice", role: "status", hidden: true }, "This process has ended.");
  #problem = h("p", { class: "notice notice-error", role: "alert", hidden: true });
  #cards = {
    [CPU]: new ChartCard({ title: "CPU", note: "100 % is one core", format: PERCENT }),
    [MEMORY]: new ChartCard({ title: "Memory", note: "resident", format: BYTES }),
  };
  #stopTheme;
  /** The panel, to be put into the page. */
  element;

  /**
   * @param {ProcessEntry} entry of one that runs, or that ended (`exited_at`)
   * @param {DetailsOptions} options
   */
  constructor(entry, options) {
    this.#entry = entry;
    this.#options = options;
    this.#ended.hidden = endOf(entry) === null;
    this.#history = new ProcessHistory(endOf(entry) ?? options.nowMs);
    const close = h(
      "button",
      { type: "button", class: "icon-button", "aria-label": "Close the details" },
      icon("close"),
    );
    close.addEventListener("click", () => options.onClose());
    this.element = h(
      "aside",
      { class: "card process-details", "aria-label": `Process ${entry.pid}` },
      h(
        "div",
        { class: "details-head" },
        h(
          "div",
          { class: "details-title" },
          h("h2", {}, entry.name),
          h("span", { class: "sub" }, `pid ${entry.pid}`),
        ),
        close,
      ),
      this.#ended,
      this.#facts,
      this.#problem,
      this.#cards[CPU].element,
      this.#cards[MEMORY].element,
      this.#record.element,
      h(
        "a",
        { class: "button", href: formatRoute("sql", { query: processQuery(entry) }) },
        "Ask SQL",
      ),
    );
    this.#stopTheme = onThemeChange(() => {
      this.#cards[CPU].restyle();
      this.#cards[MEMORY].restyle();
    });
    this.#showFacts(options.nowMs);
    this.#load();
  }

  /** What {@link TableRow.key} is for this process. */
  get entry() {
    return this.#entry;
  }

  /**
   * @param {ProcessEntry | undefined} entry the same process now; undefined once it is gone
   * @param {number} timeMs
   * @returns {void}
   */
  update(entry, timeMs) {
    // Also of one that has ended: how it ended, and what was kept of it, is known some seconds later.
    if (++this.#updates % UPDATES_A_RECORD === 0) this.#loadRecord();
    this.#ended.hidden = entry !== undefined;
    if (entry === undefined) return;
    this.#entry = entry;
    this.#history.add(timeMs, entry);
    this.#showFacts(timeMs);
    this.#draw();
  }

  destroy() {
    this.#gone.abort();
    this.#stopTheme();
    this.#cards[CPU].destroy();
    this.#cards[MEMORY].destroy();
  }

  async #load() {
    try {
      await this.#history.load(this.#options.api, this.#entry, this.#gone.signal);
      this.#draw();
    } catch (error) {
      return this.#showProblem(error);
    }
    await this.#loadRecord();
  }

  async #loadRecord() {
    const { id } = this.#entry;
    try {
      if (id !== undefined) await this.#record.load(this.#options.api, id, this.#gone.signal);
    } catch (error) {
      this.#showProblem(error);
    }
  }

  /** @param {unknown} error */
  #showProblem(error) {
    if (isAbort(error)) return;
    this.#problem.hidden = false;
    setText(this.#problem, `Its past could not be read: ${errorText(error)}`);
  }

  #draw() {
    for (const name of /** @type {const} */ ([CPU, MEMORY])) {
      this.#cards[name].setData(this.#history.data(name), "Nothing was collected.");
    }
  }

  /** @param {number} nowMs */
  #showFacts(nowMs) {
    const entry = this.#entry;
    const startMs = entry.start_time === null ? null : Date.parse(entry.start_time);
    this.#facts.replaceChildren(
      ...fact("Service", entry.service ?? MISSING),
      ...fact("State", entry.state ?? MISSING),
      ...fact("User", entry.user ?? MISSING),
      ...fact("Parent", this.#parent(entry.ppid)),
      ...fact("Started", `${formatDateTime(startMs)}, ${formatAge(entry.start_time, nowMs)} ago`),
      ...(endOf(entry) === null ? [] : fact("Ended", formatDateTime(endOf(entry)))),
      ...fact("CPU", formatPercent(entry.cpu_ratio)),
      ...fact("Resident", formatBytes(entry.rss_bytes)),
      ...fact("Proportional", formatBytes(entry.pss_bytes)),
      ...fact("Virtual", formatBytes(entry.virtual_bytes)),
      ...fact("Threads", formatCount(entry.threads)),
      ...fact("Open files", openFiles(entry)),
      ...fact("Disk read", formatByteRate(entry.read_bytes_per_second)),
      ...fact("Disk write", formatByteRate(entry.write_bytes_per_second)),
      ...fact("Executable", h("code", {}, entry.executable ?? MISSING)),
      ...fact("Command", h("code", {}, entry.command_line ?? MISSING)),
    );
  }

  /**
   * @param {number} pid
   * @returns {Node | string}
   */
  #parent(pid) {
    if (pid === 0) return MISSING;
    const button = h("button", { type: "button", class: "link-button" }, String(pid));
    button.addEventListener("click", () => this.#options.onOpenProcess(pid));
    return button;
  }
}

/**
 * @param {ProcessEntry} entry
 * @returns {Node | string}
 */
function openFiles({ open_fds, fd_limit }) {
  if (open_fds === null) return "not readable without more rights";
  if (fd_limit === null || fd_limit <= 0) return formatCount(open_fds);
  const ratio = open_fds / fd_limit;
  const bar = h("div", { class: "meter-bar" });
  bar.style.width = `${Math.min(100, ratio * 100)}%`;
  return h(
    "div",
    { class: "fact-meter", "data-level": levelOf(ratio) },
    `${formatCount(open_fds)} of ${formatCount(fd_limit)}`,
    h("div", { class: "meter" }, bar),
  );
}

/**
 * @param {ProcessEntry} entry
 * @returns {number | null} milliseconds since the Unix epoch; null while it runs
 */
function endOf({ exited_at }) {
  return (exited_at ?? null) === null ? null : Date.parse(String(exited_at));
}

/**
 * @param {ProcessEntry} entry
 * @returns {string} a query over its last quarter of an hour
 */
function processQuery(entry) {
  const endMs = endOf(entry);
  const end = endMs === null ? null : `make_timestamp(${endMs}000)`;
  return `SELECT time_bucket(INTERVAL 10 SECOND, ts) AS time, name, avg(value) AS value
FROM metrics
WHERE labels['process.pid'] = '${entry.pid}' AND name = 'process.memory.usage'
  AND ${end === null ? "ts > ago('15m')" : `ts > ${end} - INTERVAL 15 MINUTE AND ts <= ${end}`}
GROUP BY ALL ORDER BY time`;
}
