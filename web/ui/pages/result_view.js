// @ts-check
/// <reference lib="dom" />
/** What a query answered: its table, its chart, or its error. */

import { ApiError, errorText } from "../api_client.js";
import { ChartCard } from "../chart_card.js";
import { h } from "../dom.js";
import { formatCount, formatDuration } from "../format.js";
import { onThemeChange } from "../theme.js";
import { drawingOf } from "./result_chart.js";
import { ResultGrid } from "./result_grid.js";

/** @import { SqlResult } from "../api_client.js" */
/** @import { BarDrawing, Drawing, TimeDrawing } from "./result_chart.js" */

/** @typedef {"table" | "chart"} Tab */

/** Owns the lower part of the console. */
export class ResultView {
  #status = h("p", { class: "result-status", role: "status" });
  #tabs = h("div", {
    class: "segments",
    role: "group",
    "aria-label": "Show the result as",
    hidden: true,
  });
  #tools = h("div", { class: "result-tools" });
  #content = h("div", { class: "result-content" });
  /** @type {Tab} */
  #tab = "table";
  /** @type {SqlResult | null} */
  #result = null;
  /** @type {ResultGrid | null} */
  #grid = null;
  /** @type {ChartCard | null} */
  #chart = null;
  #stopTheme = onThemeChange(() => this.#chart?.restyle());
  /** To be put into the page. */
  element;

  /** @param {readonly HTMLElement[]} tools stand beside the tabs once there is a result */
  constructor(tools) {
    this.#tools.append(...tools);
    this.#tools.hidden = true;
    this.element = h(
      "section",
      { class: "card result", "aria-label": "Result" },
      h("div", { class: "result-head" }, this.#status, this.#tools, this.#tabs),
      this.#content,
    );
    this.showHint();
  }

  /** Before the first query. */
  showHint() {
    this.#clear();
    this.#status.replaceChildren();
    this.#content.replaceChildren(
      h("p", { class: "result-empty" }, "Run a query, or choose an example."),
    );
  }

  showRunning() {
    this.#status.replaceChildren(h("span", { class: "spinner", "aria-hidden": "true" }), "Running");
  }

  showCancelled() {
    this.#status.replaceChildren("Cancelled");
  }

  /**
   * @param {unknown} error
   * @returns {void}
   */
  showError(error) {
    this.#clear();
    this.#status.replaceChildren(error instanceof ApiError ? error.code.replaceAll("_", " ") : "");
    this.#content.replaceChildren(
      h(
        "div",
        { class: "notice notice-error result-error", role: "alert" },
        h("pre", {}, errorText(error)),
      ),
    );
  }

  /**
   * @param {SqlResult} result
   * @returns {void}
   */
  showResult(result) {
    this.#clear();
    this.#result = result;
    const rows = `${formatCount(result.row_count)} ${result.row_count === 1 ? "row" : "rows"}`;
    this.#status.replaceChildren(
      `${rows} · ${formatDuration(result.elapsed_ms / 1000)}`,
      ...(result.truncated
        ? [h("strong", { class: "truncated" }, "cut: there are more rows")]
        : []),
    );
    this.#tools.hidden = false;
    this.#tabs.hidden = false;
    this.#showTab();
  }

  destroy() {
    this.#clear();
    this.#stopTheme();
  }

  #clear() {
    this.#grid?.destroy();
    this.#chart?.destroy();
    this.#grid = null;
    this.#chart = null;
    this.#result = null;
    this.#tabs.hidden = true;
    this.#tools.hidden = true;
    this.#content.replaceChildren();
  }

  #showTab() {
    const result = this.#result;
    if (result === null) return;
    this.#tabs.replaceChildren(...(/** @type {const} */ (["table", "chart"])).map((tab) => {
      const button = h("button", { type: "button" }, tab === "table" ? "Table" : "Chart");
      button.setAttribute("aria-pressed", String(tab === this.#tab));
      button.addEventListener("click", () => {
        this.#tab = tab;
        this.#showTab();
      });
      return button;
    }));
    this.#grid?.destroy();
    this.#chart?.destroy();
    this.#grid = null;
    this.#chart = null;
    if (this.#tab === "chart") return this.#showDrawing(drawingOf(result.columns, result.rows));
    if (result.rows.length === 0) {
      this.#content.replaceChildren(
        h("p", { class: "result-empty" }, "The query is fine, and there are no rows."),
      );
      return;
    }
    this.#grid = new ResultGrid(result);
    this.#content.replaceChildren(this.#grid.element);
  }

  /** @param {Drawing} drawing */
  #showDrawing(drawing) {
    if (drawing.kind === "none") {
      this.#content.replaceChildren(h("p", { class: "result-empty" }, drawing.reason));
    } else if (drawing.kind === "bars") this.#content.replaceChildren(barList(drawing));
    else this.#showLines(drawing);
  }

  /** @param {TimeDrawing} drawing */
  #showLines({ data, format, leftOut }) {
    const note = leftOut === 0 ? "" : `${leftOut} more series are not drawn`;
    this.#chart = new ChartCard({ title: "Result over time", note, format });
    this.#content.replaceChildren(h("div", { class: "result-chart" }, this.#chart.element));
    this.#chart.setData(data, "There is nothing to draw.");
  }
}

/**
 * @param {BarDrawing} drawing
 * @returns {HTMLElement}
 */
function barList({ title, bars, format, leftOut }) {
  const largest = bars.reduce((most, { value }) => Math.max(most, Math.abs(value)), 0) || 1;
  const list = h("ol", { class: "bars", "aria-label": title });
  for (const { label, value } of bars) {
    const bar = h("div", { class: "bar" });
    bar.style.width = `${Math.abs(value) / largest * 100}%`;
    list.append(h(
      "li",
      {},
      h("span", { class: "bar-label", title: label }, label),
      h("div", { class: "bar-track" }, bar),
      h("span", { class: "bar-value" }, format.value(value)),
    ));
  }
  if (leftOut > 0) {
    list.append(h("li", { class: "side-note" }, `${formatCount(leftOut)} more rows`));
  }
  return h("div", { class: "result-bars" }, h("h2", {}, title), list);
}
