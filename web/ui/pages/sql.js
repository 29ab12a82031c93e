// @ts-check
/// <reference lib="dom" />
/** The console: write SQL, run it, see it as a table or a chart, take it away as a file. */

import { errorText, isAbort } from "../api_client.js";
import { h, icon } from "../dom.js";
import { addToHistory, clearHistory, readHistory } from "./query_history.js";
import { ResultView } from "./result_view.js";
import { SqlEditor } from "./sql_editor.js";
import { EXAMPLES } from "./sql_examples.js";
import { loadViews } from "./sql_schema.js";
import { SqlSidebar } from "./sql_sidebar.js";

/** @import { PageContext, Unmount } from "../pages.js" */

export const title = "SQL";

/** Rows that the table and the chart take. Files hold all that the server gives. */
const MAX_ROWS = 10_000;
/** What is being written, kept in this browser. */
const DRAFT_KEY = "horizon.sql.draft";
/** Longer queries are not put into the address. */
const MAX_ADDRESS = 4000;

/**
 * @param {HTMLElement} root
 * @param {PageContext} context
 * @returns {Unmount}
 */
export function mount(root, context) {
  const page = new SqlPage(root, context);
  return () => page.destroy();
}

/** Owns the page while it is shown, and the query that runs. */
class SqlPage {
  #context;
  #gone = new AbortController();
  /** @type {AbortController | null} */
  #running = null;
  /** The query that the result is of. */
  #answered = "";
  #run = h(
    "button",
    { type: "button", class: "button button-primary" },
    icon("play"),
    "Run",
  );
  #cancel = h(
    "button",
    { type: "button", class: "button", disabled: true },
    icon("stop"),
    "Cancel",
  );
  #files = [this.#fileButton("CSV", "csv"), this.#fileButton("JSON", "json")];
  #result = new ResultView(this.#files);
  #editor = new SqlEditor({
    onRun: () => this.#start(),
    onCancel: () => this.#stop(),
    onChange: (text) => localStorage.setItem(DRAFT_KEY, text),
  });
  #sidebar = new SqlSidebar({
    onQuery: (sql) => this.#choose(sql),
    onInsert: (text) => this.#editor.insert(text),
    onClearHistory: () => {
      clearHistory(localStorage);
      this.#sidebar.showHistory([]);
    },
  });

  /**
   * @param {HTMLElement} root
   * @param {PageContext} context
   */
  constructor(root, context) {
    this.#context = context;
    this.#run.addEventListener("click", () => this.#start());
    this.#cancel.addEventListener("click", () => this.#stop());
    root.append(
      h("div", { class: "page-head" }, h("h1", {}, title)),
      h(
        "div",
        { class: "sql-layout" },
        h(
          "div",
          { class: "sql-main" },
          h(
            "section",
            { class: "card editor-card", "aria-label": "Query" },
            this.#editor.element,
            h(
              "div",
              { class: "editor-foot" },
              this.#run,
              this.#cancel,
              h(
                "p",
                { class: "editor-keys", id: "sql-keys" },
                h("kbd", {}, "Ctrl"),
                " ",
                h("kbd", {}, "Enter"),
                " runs, ",
                h("kbd", {}, "Esc"),
                " cancels. Times are UTC.",
              ),
            ),
          ),
          this.#result.element,
        ),
        this.#sidebar.element,
      ),
    );
    this.#sidebar.showHistory(readHistory(localStorage));
    this.#showSchema();
    const asked = context.params.get("query");
    this.#editor.text = asked ?? localStorage.getItem(DRAFT_KEY) ?? EXAMPLES[0]?.sql ?? "";
    if (asked !== null) this.#start();
  }

  destroy() {
    this.#gone.abort();
    this.#running?.abort();
    this.#result.destroy();
  }

  async #showSchema() {
    try {
      this.#sidebar.showSchema(await loadViews(this.#context.api, this.#gone.signal));
    } catch (error) {
      if (!isAbort(error)) this.#sidebar.showSchemaError(errorText(error));
    }
  }

  /** @param {string} sql */
  #choose(sql) {
    this.#editor.text = sql;
    localStorage.setItem(DRAFT_KEY, sql);
    this.#start();
  }

  async #start() {
    const query = this.#editor.text.trim();
    if (query === "") return;
    this.#running?.abort();
    const running = new AbortController();
    this.#running = running;
    this.#setRunning(true);
    this.#result.showRunning();
    try {
      const { signal } = running;
      const result = await this.#context.api.sql(query, { maxRows: MAX_ROWS, signal });
      if (this.#running !== running) return;
      this.#answered = query;
      this.#result.showResult(result);
      this.#context.setParams({ query: query.length > MAX_ADDRESS ? null : query });
      this.#sidebar.showHistory(addToHistory(localStorage, { sql: query, timeMs: Date.now() }));
    } catch (error) {
      if (this.#running !== running || this.#gone.signal.aborted) return;
      if (isAbort(error)) this.#result.showCancelled();
      else this.#result.showError(error);
    } finally {
      if (this.#running === running) {
        this.#running = null;
        this.#setRunning(false);
      }
    }
  }

  #stop() {
    this.#running?.abort();
  }

  /** @param {boolean} running */
  #setRunning(running) {
    this.#cancel.disabled = !running;
  }

  /**
   * @param {string} label
   * @param {"csv" | "json"} format
   * @returns {HTMLButtonElement}
   */
  #fileButton(label, format) {
    const button = h(
      "button",
      { type: "button", class: "button", title: `Save the whole result as ${label}` },
      icon("download"),
      label,
    );
    button.addEventListener("click", () => this.#save(format, button));
    return button;
  }

  /**
   * @param {"csv" | "json"} format
   * @param {HTMLButtonElement} button
   */
  async #save(format, button) {
    button.disabled = true;
    try {
      const blob = await this.#context.api.sqlFile(this.#answered, format, this.#gone.signal);
      const url = URL.createObjectURL(blob);
      h("a", { href: url, download: `horizon.${format}` }).click();
      URL.revokeObjectURL(url);
    } catch (error) {
      if (!isAbort(error)) this.#result.showError(error);
    } finally {
      button.disabled = false;
    }
  }
}
