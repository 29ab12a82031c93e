// @ts-check
/// <reference lib="dom" />
/** What the store holds and for how long, which metrics make it large, what was dropped, and how the disk is doing. */

import { h, setText } from "../dom.js";
import { formatCount } from "../format.js";
import { keepInOrder, ListPage, moveFocus } from "../list_page.js";
import { meter, showPlainTiles } from "./plain_tiles.js";
import {
  chosenMetrics,
  diskFacts,
  keptRows,
  storageProblem,
  storageTiles,
} from "./storage_rows.js";

/** @import { MetricLabels, StorageState } from "../api_client.js" */
/** @import { PageContext, Unmount } from "../pages.js" */
/** @import { MetricSeries } from "./storage_rows.js" */

export const title = "Storage";

/** Metrics asked for, those with most series first, and shown at a time; the filter finds the others. */
const MAX_METRICS = 1_000;
const MAX_ROWS = 100;
/** Label keys shown of a metric, those with most values first. */
const MAX_LABELS = 50;

const KEPT_COLUMNS = [
  { title: "Signal", hint: "" },
  { title: "Tier", hint: "raw rows, or rollups of them" },
  { title: "Rows", hint: "" },
  { title: "Chunks", hint: "open, waiting to be sealed, sealed" },
  { title: "Memory", hint: "of open chunks an estimate" },
  { title: "Compression", hint: "of sealed chunks: bytes received, over bytes taken" },
  { title: "Oldest row", hint: "how long ago" },
  { title: "Kept for", hint: "the configured retention; less where the budgets are reached" },
];

/**
 * @param {HTMLElement} root
 * @param {PageContext} context
 * @returns {Unmount}
 */
export function mount(root, context) {
  const page = new StoragePage(root, context);
  return () => page.destroy();
}

/**
 * @param {string} name
 * @param {...HTMLElement} children
 * @returns {HTMLElement}
 */
function section(name, ...children) {
  return h(
    "section",
    { class: "card storage-section", "aria-label": name },
    h("h2", { class: "storage-title" }, name),
    ...children,
  );
}

/** The elements of one metric, kept from one answer to the next so that focus stays where it is. */
class MetricView {
  #series = h("td", { class: "numeric" });
  #refused = h("td", { class: "numeric" });
  #share = h("td", { class: "storage-share" });
  #details = h("td", { colspan: 4 });
  #name = h("span", { class: "storage-name" });
  #button = h("button", { type: "button", class: "storage-button", "aria-expanded": "false" });
  row = h("tr", { class: "metric-row" });
  detailRow = h("tr", { class: "metric-details", hidden: true });
  #metric = "";

  /** @param {(metric: string) => void} toggle */
  constructor(toggle) {
    this.#button.append(this.#name);
    this.#button.addEventListener("click", () => toggle(this.#metric));
    this.row.append(
      h("th", { scope: "row" }, this.#button),
      this.#series,
      this.#share,
      this.#refused,
    );
    this.detailRow.append(this.#details);
  }

  /**
   * @param {MetricSeries} metric
   * @param {number} largest series of the metric with most
   * @param {boolean} open
   * @param {MetricLabels | null} labels null until they are known
   */
  show({ name, series, refused }, largest, open, labels) {
    this.#metric = name;
    setText(this.#name, name);
    this.#name.title = name;
    setText(this.#series, formatCount(series));
    setText(this.#refused, formatCount(refused));
    this.#refused.dataset["bad"] = String(refused > 0);
    const share = h("div", { class: "storage-bar" });
    share.style.width = `${series / Math.max(1, largest) * 100}%`;
    this.#share.replaceChildren(share);
    this.#button.setAttribute("aria-expanded", String(open));
    this.detailRow.hidden = !open;
    if (open) this.#showLabels(labels);
  }

  /** @param {MetricLabels | null} metric */
  #showLabels(metric) {
    if (metric === null) {
      this.#details.replaceChildren("Loading");
      return;
    }
    const { labels, looked_at: lookedAt } = metric;
    const shown = labels.slice(0, MAX_LABELS);
    this.#details.replaceChildren(
      h(
        "p",
        {},
        labels.length === 0
          ? "No series with labels is live."
          : `Labels by distinct values, of ${formatCount(lookedAt)} series`,
      ),
      h(
        "ul",
        { class: "storage-labels" },
        ...shown.map(({ key, values }) =>
          h("li", {}, h("code", {}, key), h("b", {}, formatCount(values)))
        ),
      ),
      shown.length === labels.length
        ? ""
        : `${formatCount(labels.length - shown.length)} more keys have fewer values.`,
    );
  }
}

/** Owns the page while it is shown. */
class StoragePage {
  #context;
  #page;
  /** Of which the labels are shown; empty: none. */
  #openMetric = "";
  /** @type {Map<string, MetricView>} */
  #views = new Map();
  #problem = h("p", {
    class: "notice notice-error storage-problem",
    role: "alert",
    hidden: true,
  });
  #tiles = h("div", { class: "tiles storage-tiles" });
  #kept = h("tbody", {});
  #metrics = h("tbody", {});
  #noMetrics = h("p", { class: "storage-empty", hidden: true });
  #drops = h("tbody", {});
  #noDrops = h("p", { class: "storage-empty" }, "Nothing was dropped since the start.");
  #facts = h("dl", { class: "storage-facts" });

  /**
   * @param {HTMLElement} root
   * @param {PageContext} context
   */
  constructor(root, context) {
    this.#context = context;
    /** @type {ListPage<StorageState>} */
    this.#page = new ListPage({
      context,
      title,
      filter: { placeholder: "Filter the metrics", label: "Filter the metrics" },
      only: { param: "refused", text: "Refused only" },
      load: (signal) =>
        context.api.storage({ names: MAX_METRICS, metric: this.#openMetric }, signal),
      show: (state) => this.#show(state),
    });
    this.#metrics.addEventListener(
      "keydown",
      (event) => moveFocus(event, this.#metrics.querySelectorAll("button")),
    );
    root.append(
      ...this.#page.head,
      this.#problem,
      this.#tiles,
      section(
        "What is kept",
        table("What is kept, by signal and tier", KEPT_COLUMNS, this.#kept, "storage-kept"),
      ),
      h(
        "div",
        { class: "storage-columns" },
        section(
          "Metrics by series",
          table(
            "Metrics, those with most series first",
            [
              { title: "Metric", hint: "choose one to see which label makes its series" },
              { title: "Series", hint: "live" },
              { title: "", hint: "" },
              { title: "Refused", hint: "samples of series past a limit" },
            ],
            this.#metrics,
            "storage-metrics",
          ),
          this.#noMetrics,
        ),
        h(
          "div",
          { class: "storage-side" },
          section(
            "Dropped and refused",
            table(
              "What was dropped, refused or cut since the start",
              [
                { title: "What", hint: "" },
                { title: "Reason", hint: "" },
                { title: "Count", hint: "" },
              ],
              this.#drops,
              "storage-drops",
            ),
            this.#noDrops,
          ),
          section("Disk and recovery", this.#facts),
        ),
      ),
    );
    this.#page.start();
  }

  destroy() {
    this.#page.destroy();
  }

  /** @param {StorageState} state */
  #show(state) {
    const problem = storageProblem(state);
    this.#problem.hidden = problem === null;
    setText(this.#problem, problem ?? "");
    showPlainTiles(this.#tiles, storageTiles(state));
    this.#showKept(state);
    this.#showMetrics(state);
    this.#showDrops(state);
    this.#facts.replaceChildren(
      ...diskFacts(state).flatMap(({ term, text, bad }) => [
        h("dt", {}, term),
        h("dd", { "data-bad": String(bad) }, text),
      ]),
    );
  }

  /** @param {StorageState} state */
  #showKept(state) {
    this.#kept.replaceChildren(
      ...keptRows(state, this.#context.nowMs()).map((row) =>
        h(
          "tr",
          { "data-kept": row.key },
          h("th", { scope: "row" }, row.tier === "raw" ? row.signal : ""),
          h("td", {}, row.tier),
          h("td", { class: "numeric" }, row.rows),
          h("td", { class: "numeric", title: row.chunkHint }, row.chunks),
          h("td", { class: "numeric" }, row.bytes),
          h("td", { class: "numeric" }, row.compression),
          h(
            "td",
            { class: "numeric storage-age" },
            row.oldest,
            row.share === null ? null : meter("Share of the retention", row.share),
          ),
          h("td", { class: "numeric" }, row.retention),
        )
      ),
    );
  }

  /** @param {StorageState} state */
  #showMetrics({ series }) {
    const chosen = chosenMetrics(series.by_metric, this.#page.filter, this.#page.only);
    const largest = Math.max(0, ...series.by_metric.map((one) => one.series));
    keepInOrder(
      this.#metrics,
      this.#views,
      chosen.slice(0, MAX_ROWS).map((metric) => ({ key: metric.name, value: metric })),
      () => new MetricView((metric) => this.#toggle(metric)),
      (view, metric) => {
        const open = metric.name === this.#openMetric;
        const labels = series.metric?.name === metric.name ? series.metric : null;
        view.show(metric, largest, open, labels);
      },
      (view) => [view.row, view.detailRow],
    );
    this.#noMetrics.hidden = chosen.length > 0;
    setText(
      this.#noMetrics,
      series.by_metric.length === 0 ? "There is no metric yet." : "No metric matches the filter.",
    );
    const names = series.by_metric.length;
    const parts = [
      `${formatCount(series.live)} series`,
      names < MAX_METRICS
        ? `${formatCount(names)} metrics`
        : `the ${formatCount(names)} largest metrics`,
      chosen.length < names ? `${formatCount(chosen.length)} match` : null,
      chosen.length > MAX_ROWS ? `the first ${formatCount(MAX_ROWS)} are shown` : null,
    ];
    this.#page.summarize(parts.filter((part) => part !== null).join(" · "));
  }

  /** @param {StorageState} state */
  #showDrops({ drops }) {
    this.#drops.replaceChildren(
      ...drops.toSorted((a, b) => b.count - a.count).map(({ what, reason, count }) =>
        h(
          "tr",
          {},
          h("th", { scope: "row" }, what.replaceAll("_", " ")),
          h("td", {}, reason.replaceAll("_", " ")),
          h("td", { class: "numeric" }, formatCount(count)),
        )
      ),
    );
    this.#noDrops.hidden = drops.length > 0;
  }

  /** @param {string} metric */
  #toggle(metric) {
    this.#openMetric = metric === this.#openMetric ? "" : metric;
    void this.#page.refresh();
  }
}

/**
 * @param {string} caption for those who do not see it
 * @param {readonly { title: string, hint: string }[]} columns
 * @param {HTMLElement} body
 * @param {string} name its class
 * @returns {HTMLElement}
 */
function table(caption, columns, body, name) {
  return h(
    "div",
    { class: "storage-scroll" },
    h(
      "table",
      { class: `storage-table ${name}` },
      h("caption", { class: "visually-hidden" }, caption),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          ...columns.map((column) =>
            h("th", { scope: "col", title: column.hint === "" ? null : column.hint }, column.title)
          ),
        ),
      ),
      body,
    ),
  );
}
