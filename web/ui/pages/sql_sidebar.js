// @ts-check
/// <reference lib="dom" />
/** Beside the console: examples, what was run before, and what can be asked. */

import { h } from "../dom.js";
import { formatDateTime } from "../format.js";
import { EXAMPLES } from "./sql_examples.js";

/** @import { HistoryEntry } from "./query_history.js" */
/** @import { View } from "./sql_schema.js" */

/** Owns the three lists. */
export class SqlSidebar {
  #options;
  #schema = h("div", { class: "side-list" }, h("p", { class: "side-note" }, "Loading"));
  #history = h("div", { class: "side-list" });
  /** To be put into the page. */
  element;

  /**
   * @param {object} options
   * @param {(sql: string) => void} options.onQuery a query was chosen
   * @param {(text: string) => void} options.onInsert a name was chosen
   * @param {() => void} options.onClearHistory
   */
  constructor(options) {
    this.#options = options;
    this.element = h(
      "aside",
      { class: "sql-side", "aria-label": "Examples, history and schema" },
      section(
        "Examples",
        true,
        h(
          "div",
          { class: "side-list" },
          ...EXAMPLES.map(({ title, sql }) => this.#queryButton(title, sql, sql)),
        ),
      ),
      section("Schema", false, this.#schema),
      section("History", false, this.#history),
    );
  }

  /**
   * @param {readonly View[]} views
   * @returns {void}
   */
  showSchema(views) {
    this.#schema.replaceChildren(...views.map(({ name, note, columns }) =>
      h(
        "details",
        { class: "view" },
        h("summary", {}, h("code", {}, name), h("span", { class: "view-note" }, note)),
        h(
          "ul",
          {},
          ...columns.map((column) =>
            h("li", {}, this.#nameButton(column.name), h("span", { class: "type" }, column.type))
          ),
        ),
      )
    ));
  }

  /**
   * @param {string} message
   * @returns {void}
   */
  showSchemaError(message) {
    this.#schema.replaceChildren(h("p", { class: "side-note" }, message));
  }

  /**
   * @param {readonly HistoryEntry[]} entries
   * @returns {void}
   */
  showHistory(entries) {
    if (entries.length === 0) {
      this.#history.replaceChildren(h("p", { class: "side-note" }, "Queries that ran stand here."));
      return;
    }
    const clear = h("button", { type: "button", class: "link-button" }, "Clear the history");
    clear.addEventListener("click", () => this.#options.onClearHistory());
    this.#history.replaceChildren(
      ...entries.map(({ sql, timeMs }) =>
        this.#queryButton(sql.replaceAll(/\s+/g, " ").slice(0, 120), sql, formatDateTime(timeMs))
      ),
      clear,
    );
  }

  /**
   * @param {string} text
   * @param {string} sql
   * @param {string} hint
   * @returns {HTMLElement}
   */
  #queryButton(text, sql, hint) {
    const button = h("button", { type: "button", class: "side-item", title: hint }, text);
    button.addEventListener("click", () => this.#options.onQuery(sql));
    return button;
  }

  /**
   * @param {string} name
   * @returns {HTMLElement}
   */
  #nameButton(name) {
    const button = h("button", { type: "button", class: "name-button", title: "Insert" }, name);
    button.addEventListener("click", () => this.#options.onInsert(name));
    return button;
  }
}

/**
 * @param {string} title
 * @param {boolean} open
 * @param {HTMLElement} content
 * @returns {HTMLElement}
 */
function section(title, open, content) {
  return h(
    "details",
    { class: "card side-section", open },
    h("summary", {}, h("h2", {}, title)),
    content,
  );
}
