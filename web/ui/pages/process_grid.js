// @ts-check
/// <reference lib="dom" />
/** The table of processes in the document: only the rows that are seen exist, so thousands stay smooth. */

import { h, icon, setAttributes, setText, SVG_NAMESPACE } from "../dom.js";
import { formatBytes, formatCount, formatPercent } from "../format.js";
import { scrollToShow, visibleWindow } from "../virtual_window.js";
import { COLUMNS } from "./process_table.js";
import { TREND_HEIGHT, TREND_WIDTH } from "./process_trends.js";

/** @import { ProcessEntry } from "../api_client.js" */
/** @import { Column, Order, TableRow } from "./process_table.js" */

/** Deeper ones in a tree stand no further to the right. */
const MAX_INDENT = 12;

/** Pixels; processes.css gives rows and the heading the same. */
const ROW_HEIGHT = 30;
const HEAD_HEIGHT = 32;

/**
 * @typedef {object} GridOptions
 * @property {(columnId: string) => void} onSort
 * @property {(row: TableRow) => void} onOpen a row was chosen
 *
 * @typedef {object} GridView
 * @property {readonly TableRow[]} rows
 * @property {Order} order
 * @property {string | null} selected key of the row whose details are open
 * @property {number} nowMs
 * @property {(entry: ProcessEntry) => string} trend the outline of its line
 */

/** Owns the table, its scrolling and the row that the arrow keys stand on. */
export class ProcessGrid {
  #options;
  /** @type {GridView} */
  #view = {
    rows: [],
    order: { column: "", direction: "ascending" },
    selected: null,
    nowMs: 0,
    trend: () => "",
  };
  /** @type {string | null} */
  #active = null;
  #above = h("tr", { class: "spacer", "aria-hidden": "true" }, h("td"));
  #below = h("tr", { class: "spacer", "aria-hidden": "true" }, h("td"));
  #body = h("tbody");
  #table;
  /** @type {Map<string, HTMLTableCellElement>} */
  #headings = new Map();
  /** @type {RowElements[]} */
  #pool = [];
  #largestRss = 1;
  /** Narrow tables leave columns out; headings of groups span those that are left. */
  #shownColumns = COLUMNS.length;
  #resize;
  /** The scrolling box, to be put into the page. */
  element;

  /** @param {GridOptions} options */
  constructor(options) {
    this.#options = options;
    this.#body.append(this.#above, this.#below);
    this.#table = h(
      "table",
      { class: "process-table", role: "grid", "aria-label": "Processes", tabindex: 0 },
      h("colgroup", {}, ...COLUMNS.map(({ id }) => h("col", { class: `col-${id}` }))),
      h("thead", {}, h("tr", {}, ...COLUMNS.map((column) => this.#heading(column)))),
      this.#body,
    );
    this.element = h("div", { class: "card process-scroll" }, this.#table);
    this.element.addEventListener("scroll", () => this.#render(), { passive: true });
    this.#table.addEventListener("keydown", (event) => this.#keydown(event));
    this.#body.addEventListener("click", (event) => this.#click(event));
    this.#resize = new ResizeObserver(() => {
      this.#countColumns();
      this.#render();
    });
    this.#resize.observe(this.element);
  }

  /**
   * @param {GridView} view
   * @returns {void}
   */
  show(view) {
    this.#view = view;
    this.#largestRss = view.rows.reduce(
      (largest, row) =>
        row.kind === "process" ? Math.max(largest, row.entry.rss_bytes ?? 0) : largest,
      1,
    );
    for (const [id, heading] of this.#headings) {
      const sorted = id === view.order.column;
      heading.setAttribute("aria-sort", sorted ? view.order.direction : "none");
    }
    this.#table.setAttribute("aria-rowcount", String(view.rows.length + 1));
    this.#render();
  }

  focus() {
    this.#table.focus();
  }

  destroy() {
    this.#resize.disconnect();
  }

  /**
   * @param {Column} column
   * @returns {HTMLTableCellElement}
   */
  #heading({ id, title, hint, numeric }) {
    const button = h(
      "button",
      { type: "button", title: hint === "" ? null : hint },
      h("span", {}, title),
      h("span", { class: "sort-mark", "aria-hidden": "true" }),
    );
    button.addEventListener("click", () => this.#options.onSort(id));
    const heading = h(
      "th",
      { scope: "col", class: numeric ? `col-${id} numeric` : `col-${id}` },
      button,
    );
    this.#headings.set(id, heading);
    return heading;
  }

  #countColumns() {
    const headings = [...this.#headings.values()];
    this.#shownColumns = headings.filter(({ offsetWidth }) => offsetWidth > 0).length;
  }

  #render() {
    const { rows } = this.#view;
    const { first, end } = visibleWindow({
      scrollTop: this.element.scrollTop,
      viewportHeight: this.element.clientHeight,
      rowHeight: ROW_HEIGHT,
      rowCount: rows.length,
    });
    while (this.#pool.length < end - first) this.#pool.push(rowElements());
    const shown = this.#pool.slice(0, end - first);
    for (const [offset, elements] of shown.entries()) {
      const row = rows[first + offset];
      if (row !== undefined) this.#fill(elements, row, first + offset);
    }
    this.#above.style.height = `${first * ROW_HEIGHT}px`;
    this.#below.style.height = `${(rows.length - end) * ROW_HEIGHT}px`;
    if (this.#body.childElementCount !== shown.length + 2) {
      this.#body.replaceChildren(this.#above, ...shown.map(({ tr }) => tr), this.#below);
    }
    const active = rows.findIndex(({ key }) => key === this.#active);
    if (active >= first && active < end) {
      this.#table.setAttribute("aria-activedescendant", rowId(active));
    } else this.#table.removeAttribute("aria-activedescendant");
  }

  /**
   * @param {RowElements} elements
   * @param {TableRow} row
   * @param {number} index
   */
  #fill(elements, row, index) {
    const { tr, cells, group } = elements;
    setAttributes(tr, {
      id: rowId(index),
      "aria-rowindex": index + 2,
      "aria-selected": String(row.key === this.#view.selected),
      "data-key": row.key,
      "data-kind": row.kind,
      "data-active": row.key === this.#active,
      "aria-expanded": row.kind === "group" ? String(!row.collapsed) : null,
    });
    if (row.kind === "group") {
      if (group.cell.parentElement !== tr) tr.replaceChildren(group.cell);
      group.cell.colSpan = this.#shownColumns;
      setText(group.title, row.title);
      const noun = row.count === 1 ? "process" : "processes";
      setText(
        group.sums,
        `${formatCount(row.count)} ${noun} · CPU ${formatPercent(row.cpuRatio)} · ${
          formatBytes(row.rssBytes)
        }`,
      );
      return;
    }
    if (group.cell.parentElement === tr || tr.childElementCount === 0) tr.replaceChildren(...cells);
    const { entry } = row;
    for (const [position, column] of COLUMNS.entries()) {
      const cell = cells[position];
      if (cell === undefined) continue;
      setText(cell, column.text(entry, this.#view.nowMs));
      if (column.id === "cpu") setShare(cell, entry.cpu_ratio ?? 0);
      else if (column.id === "memory") setShare(cell, (entry.rss_bytes ?? 0) / this.#largestRss);
      else if (column.id === "trend") setTrend(cell, this.#view.trend(entry));
      else if (column.id === "name") {
        cell.style.setProperty("--depth", String(Math.min(MAX_INDENT, row.depth)));
      } else if (column.id === "state") cell.dataset["state"] = entry.state ?? "";
      else if (column.id === "command") cell.title = entry.command_line ?? "";
    }
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const tr = event.target instanceof Element ? event.target.closest("tr[data-key]") : null;
    const key = tr?.getAttribute("data-key") ?? null;
    const row = this.#view.rows.find((candidate) => candidate.key === key);
    if (row === undefined) return;
    this.#active = row.key;
    this.#options.onOpen(row);
  }

  /** @param {KeyboardEvent} event */
  #keydown(event) {
    if (event.target !== this.#table) return;
    const { rows } = this.#view;
    const active = rows.findIndex(({ key }) => key === this.#active);
    if (event.key === "Enter" || event.key === " ") {
      const row = rows[active];
      if (row === undefined) return;
      event.preventDefault();
      return this.#options.onOpen(row);
    }
    const page = Math.max(1, Math.floor(this.#viewportHeight() / ROW_HEIGHT) - 1);
    const targets = {
      ArrowDown: active + 1,
      ArrowUp: active === -1 ? 0 : active - 1,
      PageDown: active + page,
      PageUp: active - page,
      Home: 0,
      End: rows.length - 1,
    };
    const target = targets[/** @type {keyof typeof targets} */ (event.key)];
    if (target === undefined || rows.length === 0) return;
    event.preventDefault();
    this.#activate(Math.max(0, Math.min(rows.length - 1, target)));
  }

  /** @param {number} index */
  #activate(index) {
    this.#active = this.#view.rows[index]?.key ?? null;
    this.element.scrollTop = scrollToShow({
      scrollTop: this.element.scrollTop,
      viewportHeight: this.#viewportHeight(),
      rowHeight: ROW_HEIGHT,
      row: index,
    });
    this.#render();
  }

  /** The heading stays on top and covers some of the box. */
  #viewportHeight() {
    return this.element.clientHeight - HEAD_HEIGHT;
  }
}

/**
 * @typedef {object} RowElements
 * @property {HTMLTableRowElement} tr
 * @property {HTMLTableCellElement[]} cells
 * @property {{ cell: HTMLTableCellElement, title: HTMLElement, sums: HTMLElement }} group
 */

/** @returns {RowElements} */
function rowElements() {
  const cells = COLUMNS.map(({ id, numeric }) =>
    h("td", { class: numeric ? `col-${id} numeric` : `col-${id}` })
  );
  const title = h("strong");
  const sums = h("span", { class: "group-sums" });
  const cell = h("td", { class: "group" }, icon("chevron"), title, sums);
  return { tr: h("tr"), cells, group: { cell, title, sums } };
}

/**
 * @param {HTMLElement} cell
 * @param {number} share 0 to 1, drawn behind the text
 */
function setShare(cell, share) {
  cell.style.setProperty("--share", `${Math.round(Math.min(1, Math.max(0, share)) * 100)}%`);
}

/**
 * @param {HTMLElement} cell
 * @param {string} outline
 */
function setTrend(cell, outline) {
  let path = cell.querySelector("path");
  if (path === null) {
    path = document.createElementNS(SVG_NAMESPACE, "path");
    const svg = document.createElementNS(SVG_NAMESPACE, "svg");
    setAttributes(svg, {
      class: "trend",
      viewBox: `0 0 ${TREND_WIDTH} ${TREND_HEIGHT}`,
      preserveAspectRatio: "none",
      "aria-hidden": "true",
    });
    svg.append(path);
    cell.replaceChildren(svg);
  }
  path.setAttribute("d", outline);
}

/**
 * @param {number} index
 * @returns {string}
 */
function rowId(index) {
  return `process-row-${index}`;
}
