// @ts-check
/// <reference lib="dom" />
/** A result as a table, and one of its rows as a record. Only the rows that are seen exist in the document. */

import { h, icon, setText } from "../dom.js";
import { formatCount } from "../format.js";
import { visibleWindow } from "../virtual_window.js";
import { cellText, columnWidths, fullText, sortRows } from "./result_cells.js";
import { isNumberColumn } from "./result_chart.js";

/** @import { SqlColumn, SqlResult, SqlValue } from "../api_client.js" */

/** Pixels, as in sql.css. */
const ROW_HEIGHT = 27;

/** Owns the table of one result. */
export class ResultGrid {
  #columns;
  #original;
  #rows;
  #widths;
  /** @type {{ column: number, direction: "ascending" | "descending" } | null} */
  #order = null;
  #above = h("tr", { class: "spacer", "aria-hidden": "true" }, h("td"));
  #below = h("tr", { class: "spacer", "aria-hidden": "true" }, h("td"));
  #body = h("tbody");
  /** @type {HTMLTableCellElement[]} */
  #headings;
  /** @type {{ tr: HTMLTableRowElement, number: HTMLElement, cells: HTMLElement[] }[]} */
  #pool = [];
  #resize;
  /** The scrolling box, to be put into the page. */
  element;

  /** @param {SqlResult} result */
  constructor({ columns, rows }) {
    this.#columns = columns;
    this.#original = rows;
    this.#rows = rows;
    this.#widths = columnWidths(columns, rows);
    this.#headings = columns.map((column, index) => this.#heading(column, index));
    const numberWidth = String(rows.length).length + 2;
    const table = h(
      "table",
      {
        class: "result-table",
        "aria-label": "Result",
        "aria-rowcount": rows.length + 1,
      },
      h("colgroup", {}, col(numberWidth), ...this.#widths.map(col), h("col")),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          h(
            "th",
            { class: "row-number", scope: "col" },
            h("span", { class: "visually-hidden" }, "Row"),
          ),
          ...this.#headings,
          h("td", { class: "filler" }),
        ),
      ),
      this.#body,
    );
    this.element = h("div", {
      class: "result-scroll",
      tabindex: 0,
      role: "region",
      "aria-label": "Result table",
    }, table);
    this.element.addEventListener("scroll", () => this.#render(), { passive: true });
    this.#resize = new ResizeObserver(() => this.#render());
    this.#resize.observe(this.element);
    this.#body.append(this.#above, this.#below);
  }

  destroy() {
    this.#resize.disconnect();
  }

  /**
   * @param {SqlColumn} column
   * @param {number} index
   * @returns {HTMLTableCellElement}
   */
  #heading(column, index) {
    const zone = column.type === "TIMESTAMP" ? ", UTC" : "";
    const button = h(
      "button",
      { type: "button", title: `${column.type}${zone}` },
      h("span", { class: "heading-name" }, column.name),
      h("span", { class: "sort-mark", "aria-hidden": "true" }),
    );
    button.addEventListener("click", () => this.#sort(index));
    return h("th", {
      scope: "col",
      class: isNumberColumn(column) ? "numeric" : "",
      "aria-sort": "none",
    }, button);
  }

  /**
   * First up, then down, then as the server sent it.
   * @param {number} column
   */
  #sort(column) {
    const current = this.#order?.column === column ? this.#order.direction : null;
    const direction = current === null
      ? "ascending"
      : current === "ascending"
      ? "descending"
      : null;
    this.#order = direction === null ? null : { column, direction };
    const definition = this.#columns[column];
    this.#rows = direction === null || definition === undefined
      ? this.#original
      : sortRows(this.#original, column, direction, isNumberColumn(definition));
    for (const [index, heading] of this.#headings.entries()) {
      heading.setAttribute("aria-sort", index === column ? direction ?? "none" : "none");
    }
    this.#render();
  }

  #render() {
    const rows = this.#rows;
    const { first, end } = visibleWindow({
      scrollTop: this.element.scrollTop,
      viewportHeight: this.element.clientHeight,
      rowHeight: ROW_HEIGHT,
      rowCount: rows.length,
    });
    while (this.#pool.length < end - first) this.#pool.push(this.#rowElements());
    const shown = this.#pool.slice(0, end - first);
    for (const [offset, { tr, number, cells }] of shown.entries()) {
      const index = first + offset;
      const row = rows[index] ?? [];
      tr.setAttribute("aria-rowindex", String(index + 2));
      tr.dataset["index"] = String(index);
      setText(number, String(index + 1));
      for (const [position, cell] of cells.entries()) this.#fill(cell, row[position], position);
    }
    this.#above.style.height = `${first * ROW_HEIGHT}px`;
    this.#below.style.height = `${(rows.length - end) * ROW_HEIGHT}px`;
    if (this.#body.childElementCount !== shown.length + 2) {
      this.#body.replaceChildren(this.#above, ...shown.map(({ tr }) => tr), this.#below);
    }
  }

  /**
   * @param {HTMLElement} cell
   * @param {SqlValue | undefined} value
   * @param {number} position
   */
  #fill(cell, value, position) {
    setText(cell, cellText(value, this.#columns[position]?.type ?? ""));
    cell.classList.toggle("null", value === null);
  }

  #rowElements() {
    const button = h("button", { type: "button", "aria-label": "Show the whole row" });
    const cells = this.#columns.map((column) =>
      h("td", { class: isNumberColumn(column) ? "numeric" : "" })
    );
    const tr = h("tr", {}, h("td", { class: "row-number" }, button), ...cells, h("td"));
    button.addEventListener("click", () => {
      const index = Number(tr.dataset["index"]);
      showRecord(this.#columns, this.#rows[index] ?? [], index + 1);
    });
    return { tr, number: button, cells };
  }
}

/**
 * @param {number} characters
 * @returns {HTMLElement}
 */
function col(characters) {
  const element = h("col");
  // Text, the cell's padding, and room for the mark of the order.
  element.style.width = `calc(${characters}ch + 22px)`;
  return element;
}

/**
 * All of one row, each column in full.
 * @param {readonly SqlColumn[]} columns
 * @param {readonly SqlValue[]} row
 * @param {number} number
 * @returns {void}
 */
function showRecord(columns, row, number) {
  const dialog = h(
    "dialog",
    { class: "record", "aria-labelledby": "record-title" },
    h(
      "form",
      { method: "dialog", class: "dialog-body" },
      h(
        "div",
        { class: "dialog-head" },
        h("h2", { id: "record-title" }, `Row ${formatCount(number)}`),
        h("button", { class: "icon-button", "aria-label": "Close" }, icon("close")),
      ),
      h(
        "dl",
        { class: "record-fields" },
        ...columns.flatMap(({ name, type }, index) => [
          h("dt", { title: type }, name),
          h("dd", {}, h("pre", {}, recordText(row[index], type))),
        ]),
      ),
    ),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/**
 * @param {SqlValue | undefined} value
 * @param {string} type
 * @returns {string}
 */
function recordText(value, type) {
  return typeof value === "object" && value !== null
    ? JSON.stringify(value, null, 2)
    : fullText(value, type);
}
