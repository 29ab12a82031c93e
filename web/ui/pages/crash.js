// @ts-check
/// <reference lib="dom" />
/** One crash: what ended and why, what it was, and the last minutes that were frozen of it. */

import { errorText, isAbort } from "../api_client.js";
import { ChartCard } from "../chart_card.js";
import { h, icon, setText } from "../dom.js";
import {
  BYTES,
  formatBytes,
  formatCount,
  formatDateTime,
  formatDuration,
  formatPercent,
  MISSING,
  PERCENT,
} from "../format.js";
import { formatRoute } from "../route.js";
import { onThemeChange } from "../theme.js";
import { saveArchive } from "./crash_list.js";
import { agoText, causeText, crashCharts, firstTable, tableResult, TABLES } from "./crash_rows.js";
import { fact } from "./facts.js";
import { limitItems } from "./process_record.js";
import { ResultGrid } from "./result_grid.js";

/** @import { CrashBundle, CrashTableName } from "../api_client.js" */
/** @import { PageContext, Unmount } from "../pages.js" */

export const title = "Crash";

/**
 * @param {HTMLElement} root
 * @param {PageContext} context
 * @returns {Unmount}
 */
export function mount(root, context) {
  const page = new CrashPage(root, context);
  return () => page.destroy();
}

/** Owns the page while it is shown. A crash does not change: it is asked for once. */
class CrashPage {
  #context;
  #id;
  #gone = new AbortController();
  /** @type {(() => void)[]} */
  #parts = [];
  /** @type {ResultGrid | null} */
  #grid = null;
  #title = h("h1", {}, title);
  #sub = h("p", { class: "sub", role: "status" }, "Loading");
  #actions = h("div", { class: "crash-actions" });
  #problem = h("p", { class: "notice notice-error", role: "alert", hidden: true });
  #body = h("div", { class: "crash-body" });

  /**
   * @param {HTMLElement} root
   * @param {PageContext} context
   */
  constructor(root, context) {
    this.#context = context;
    this.#id = context.params.get("id") ?? "";
    root.append(
      h(
        "div",
        { class: "page-head" },
        h("div", { class: "page-head-text crash-title" }, this.#title, this.#sub),
        this.#actions,
      ),
      this.#problem,
      this.#body,
    );
    this.#load();
  }

  destroy() {
    this.#gone.abort();
    this.#grid?.destroy();
    for (const leave of this.#parts) leave();
  }

  async #load() {
    if (this.#id === "") {
      setText(this.#sub, "no crash is named: the address is #/crash?id=…");
      return;
    }
    try {
      this.#show(await this.#context.api.crash(this.#id, this.#gone.signal));
    } catch (error) {
      if (isAbort(error)) return;
      setText(this.#sub, this.#id);
      this.#fail(error);
    }
  }

  /** @param {unknown} error */
  #fail(error) {
    this.#problem.hidden = false;
    setText(this.#problem, errorText(error));
  }

  /** @param {CrashBundle} crash */
  #show(crash) {
    const endedMs = Date.parse(crash.ts);
    setText(this.#title, crash.message);
    setText(this.#sub, `${formatDateTime(endedMs)} · ${agoText(crash.ts, this.#context.nowMs())}`);
    const download = h(
      "button",
      { type: "button", class: "button button-primary" },
      icon("download"),
      "Download",
    );
    download.addEventListener("click", async () => {
      this.#problem.hidden = true;
      try {
        await saveArchive(this.#context.api, crash.id);
      } catch (error) {
        this.#fail(error);
      }
    });
    const history = formatRoute("processes", { id: crash.process_id });
    this.#actions.replaceChildren(
      h("a", { class: "button", href: history }, "What happened to it"),
      h("a", { class: "button", href: formatRoute("sql", { query: logsQuery(crash) }) }, "Ask SQL"),
      download,
    );
    this.#body.replaceChildren(
      h("div", { class: "crash-columns" }, this.#facts(crash), this.#resources(crash)),
      this.#charts(crash),
      this.#tables(crash),
    );
  }

  /**
   * @param {CrashBundle} crash
   * @returns {HTMLElement}
   */
  #facts(crash) {
    const { process: was } = crash;
    const text = (/** @type {string} */ key) => String(was[key] ?? MISSING);
    const number = (/** @type {string} */ key) => {
      const value = was[key];
      return typeof value === "number" ? value : null;
    };
    const startMs = Date.parse(text("start_time"));
    const livedMs = Date.parse(crash.ts) - startMs;
    return h(
      "section",
      { class: "card crash-card", "aria-label": "What it was" },
      h("h2", {}, "What it was"),
      h(
        "dl",
        { class: "facts" },
        ...fact("Cause", h("strong", { class: "crash-cause" }, causeText(crash))),
        ...fact(
          "Evidence",
          crash.evidence.length === 0
            ? MISSING
            : h("ul", {}, ...crash.evidence.map((one) => h("li", {}, one))),
        ),
        ...fact("Service", crash.service ?? MISSING),
        ...fact("User", text("user")),
        ...fact(
          "Started",
          Number.isNaN(startMs)
            ? MISSING
            : `${formatDateTime(startMs)}, lived ${formatDuration(Math.max(0, livedMs / 1000))}`,
        ),
        ...fact("Parent", text("ppid")),
        ...fact("CPU", formatPercent(number("cpu_ratio"))),
        ...fact("Resident", formatBytes(number("rss_bytes"))),
        ...fact("Threads", formatCount(number("threads"))),
        ...fact("Executable", h("code", {}, text("executable"))),
        ...fact("Command", h("code", {}, text("command_line"))),
        ...fact("Cgroup", h("code", {}, text("cgroup"))),
        ...(was["container_id"] === null
          ? []
          : fact("Container", h("code", {}, text("container_id")))),
      ),
    );
  }

  /**
   * @param {CrashBundle} crash
   * @returns {HTMLElement}
   */
  #resources({ limits, limit_shares, open_files, more_open_files, last_sight }) {
    const items = limitItems(Object.fromEntries(
      Object.entries(limits).map((
        [name, limit],
      ) => [name, { ...limit, used_ratio: limit_shares[name] ?? null }]),
    ));
    const files = Object.entries(open_files);
    const seen = last_sight === null
      ? "Limits and open files are remembered of processes of groups."
      : `As seen last, ${formatDateTime(Date.parse(last_sight))}`;
    return h(
      "section",
      { class: "card crash-card", "aria-label": "Limits and open files" },
      h("h2", {}, "Limits and open files"),
      h("p", { class: "crash-note" }, seen),
      h("ul", { class: "record-list" }, ...items),
      h(
        "ul",
        { class: "crash-files" },
        ...files.map(([number, file]) =>
          h("li", {}, h("span", { class: "crash-fd" }, number), h("code", {}, file))
        ),
        more_open_files ? h("li", { class: "crash-note" }, "and more") : null,
      ),
    );
  }

  /**
   * @param {CrashBundle} crash
   * @returns {HTMLElement}
   */
  #charts(crash) {
    const { cpu, memory } = crashCharts(crash);
    const cards = [
      {
        data: cpu,
        card: new ChartCard({ title: "CPU", note: "100 % is one core", format: PERCENT }),
      },
      { data: memory, card: new ChartCard({ title: "Memory", note: "resident", format: BYTES }) },
    ];
    for (const { data, card } of cards) card.setData(data, "Nothing was measured before its end.");
    this.#parts.push(
      onThemeChange(() => cards.forEach(({ card }) => card.restyle())),
      ...cards.map(({ card }) => () => card.destroy()),
    );
    return h("div", { class: "crash-columns" }, ...cards.map(({ card }) => card.element));
  }

  /**
   * @param {CrashBundle} crash
   * @returns {HTMLElement}
   */
  #tables({ tables }) {
    const wanted = TABLES.find(([name]) => name === this.#context.params.get("table"))?.[0];
    const note = h("p", { class: "crash-note" });
    const content = h("div", { class: "crash-table" });
    const buttons = TABLES.map(([name, text]) => {
      const { rows, truncated } = tables[name];
      const count = `${formatCount(rows.length)}${truncated ? "+" : ""}`;
      const button = h("button", { type: "button" }, `${text} `, h("small", {}, count));
      button.addEventListener("click", () => {
        this.#context.setParams({ id: this.#id, table: name });
        open(name);
      });
      return { name, button };
    });
    const open = (/** @type {CrashTableName} */ name) => {
      const { rows, truncated, problem } = tables[name];
      for (const one of buttons) {
        one.button.setAttribute("aria-pressed", String(one.name === name));
      }
      this.#grid?.destroy();
      this.#grid = rows.length === 0 ? null : new ResultGrid(tableResult(tables[name]));
      content.replaceChildren(
        this.#grid?.element ??
          h("p", { class: "result-empty" }, "Nothing of it was there in its last minutes."),
      );
      note.hidden = problem === null && !truncated;
      setText(
        note,
        problem !== null
          ? `It could not be read when the process ended: ${problem}`
          : "There were more rows than are kept.",
      );
    };
    open(wanted ?? firstTable(tables));
    return h(
      "section",
      { class: "card crash-card", "aria-label": "Last minutes" },
      h(
        "header",
        { class: "crash-tables-head" },
        h("h2", {}, "Last minutes"),
        h(
          "div",
          { class: "segments", role: "group", "aria-label": "What to show" },
          ...buttons.map(({ button }) => button),
        ),
      ),
      note,
      content,
    );
  }
}

/**
 * @param {CrashBundle} crash
 * @returns {string} a query over what the store still has of that time
 */
function logsQuery({ ts, pid }) {
  const end = ts.replace("T", " ").replace("Z", "");
  return `SELECT ts, severity, body, service, pid
FROM logs
WHERE pid = ${pid}
  AND ts BETWEEN TIMESTAMP '${end}' - INTERVAL 5 MINUTE AND TIMESTAMP '${end}' + INTERVAL 5 SECOND
ORDER BY ts DESC`;
}
