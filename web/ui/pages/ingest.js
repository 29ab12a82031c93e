// @ts-check
/// <reference lib="dom" />
/** What comes in, from where, how fast, and what of it was not taken and why. */

import { h, setText } from "../dom.js";
import { formatCount } from "../format.js";
import { keepInOrder, ListPage, moveFocus } from "../list_page.js";
import { SinkTable } from "./ingest_sinks.js";
import { chosenSources, ingestTiles, sourceRow } from "./ingest_sources.js";
import { showPlainTiles } from "./plain_tiles.js";

/** @import { IngestState } from "../api_client.js" */
/** @import { PageContext, Unmount } from "../pages.js" */
/** @import { SourceRow } from "./ingest_sources.js" */

export const title = "Ingest";

/** Sources shown at a time; the filter finds the others. */
const MAX_ROWS = 500;

/** @type {readonly { id: "rate" | "accepted" | "rejected" | "refused" | "lag" | "seen", title: string, hint: string }[]} */
const FIGURES = [
  { id: "rate", title: "Rate", hint: "accepted records a second, over the last minute" },
  { id: "accepted", title: "Accepted", hint: "records kept by the store" },
  { id: "rejected", title: "Rejected", hint: "records that were not kept" },
  { id: "refused", title: "Refused", hint: "requests and connections refused as a whole" },
  { id: "lag", title: "Lag", hint: "how old the newest record was when it came" },
  { id: "seen", title: "Last record", hint: "when a record was last accepted" },
];
const COLUMNS = FIGURES.length + 2;

/** @type {Readonly<Record<SourceRow["state"], string>>} */
const STATE_TEXTS = {
  good: "takes records in",
  idle: "nothing in the last minute",
  paused: "paused",
  troubled: "a problem in the last minute",
};

/**
 * @param {HTMLElement} root
 * @param {PageContext} context
 * @returns {Unmount}
 */
export function mount(root, context) {
  const page = new IngestPage(root, context);
  return () => page.destroy();
}

/** The elements of one source, kept from one answer to the next so that focus stays where it is. */
class SourceView {
  #dot = h("span", { class: "source-dot", role: "img" });
  #kind = h("span", { class: "source-kind" });
  #name = h("span", { class: "source-name" });
  #figures = new Map(FIGURES.map(({ id }) => [id, h("td", { class: "numeric" })]));
  #problem = h("td", { class: "source-problem" });
  #details = h("td", { colspan: COLUMNS });
  button = h("button", { type: "button", class: "source-button", "aria-expanded": "false" });
  row = h("tr", { class: "source-row" });
  detailRow = h("tr", { class: "source-details", hidden: true });
  /** @type {SourceRow | null} */
  #shown = null;

  constructor() {
    this.button.append(this.#dot, this.#kind, this.#name);
    this.row.append(
      h("th", { scope: "row" }, this.button),
      ...this.#figures.values(),
      this.#problem,
    );
    this.detailRow.append(this.#details);
    this.button.addEventListener("click", () => {
      this.detailRow.hidden = !this.detailRow.hidden;
      this.button.setAttribute("aria-expanded", String(!this.detailRow.hidden));
      this.#showDetails();
    });
  }

  /** @param {SourceRow} source */
  show(source) {
    this.#shown = source;
    this.#dot.dataset["state"] = source.state;
    this.#dot.setAttribute("aria-label", STATE_TEXTS[source.state]);
    this.#dot.title = STATE_TEXTS[source.state];
    setText(this.#kind, source.kind);
    setText(this.#name, source.name);
    for (const [id, cell] of this.#figures) {
      setText(cell, source[id]);
      cell.dataset["bad"] = String(
        (id === "rejected" || id === "refused") && source[id] !== "0",
      );
    }
    setText(this.#problem, source.problem);
    this.#problem.title = source.problem;
    this.#showDetails();
  }

  #showDetails() {
    if (this.detailRow.hidden || this.#shown === null) return;
    const { problem, breakdown } = this.#shown;
    this.#details.replaceChildren(
      problem === "" ? "No problem so far." : h("p", { class: "source-full-problem" }, problem),
      breakdown.length === 0 ? h("p", {}, "Nothing was turned away.") : h(
        "ul",
        { class: "source-breakdown" },
        ...breakdown.map(({ what, reason, count }) =>
          h("li", {}, h("b", {}, count), ` ${what}: ${reason.replaceAll("_", " ")}`)
        ),
      ),
    );
  }
}

/** Owns the page while it is shown. */
class IngestPage {
  #context;
  #page;
  /** @type {Map<string, SourceView>} */
  #views = new Map();
  #empty = h("p", { class: "ingest-empty", hidden: true });
  #tiles = h("div", { class: "tiles ingest-tiles" });
  #rows = h("tbody", {});
  #sinks = new SinkTable();

  /**
   * @param {HTMLElement} root
   * @param {PageContext} context
   */
  constructor(root, context) {
    this.#context = context;
    /** @type {ListPage<IngestState>} */
    this.#page = new ListPage({
      context,
      title,
      filter: { placeholder: "Filter: otlp, statsd, a path …", label: "Filter the sources" },
      only: { param: "problems", text: "With problems only" },
      load: (signal) => context.api.ingest(signal),
      show: (state) => this.#show(state),
    });
    this.#rows.addEventListener(
      "keydown",
      (event) => moveFocus(event, this.#rows.querySelectorAll("button")),
    );
    const heads = FIGURES.map((figure) =>
      h("th", { scope: "col", class: "numeric", title: figure.hint }, figure.title)
    );
    root.append(
      ...this.#page.head,
      this.#tiles,
      h(
        "div",
        { class: "card ingest-scroll" },
        h(
          "table",
          { class: "ingest-table" },
          h("caption", { class: "visually-hidden" }, "Sources of telemetry"),
          h(
            "thead",
            {},
            h(
              "tr",
              {},
              h("th", { scope: "col" }, "Source"),
              ...heads,
              h("th", { scope: "col" }, "Last problem"),
            ),
          ),
          this.#rows,
        ),
        this.#empty,
      ),
      this.#sinks.section,
    );
    this.#page.start();
  }

  destroy() {
    this.#page.destroy();
  }

  /** @param {IngestState} state */
  #show(state) {
    const nowMs = this.#context.nowMs();
    const chosen = chosenSources(state.sources, this.#page.filter, this.#page.only);
    const rows = chosen.slice(0, MAX_ROWS).map((source) => sourceRow(source, nowMs));
    showPlainTiles(this.#tiles, ingestTiles(state));
    this.#sinks.show(state.pipeline.sinks);
    keepInOrder(
      this.#rows,
      this.#views,
      rows.map((row) => ({ key: row.key, value: row })),
      () => new SourceView(),
      (view, row) => view.show(row),
      (view) => [view.row, view.detailRow],
    );
    this.#page.summarize(summaryOf(state, chosen.length));
    this.#empty.hidden = rows.length > 0;
    setText(
      this.#empty,
      state.sources.length === 0 ? "There is no source yet." : "No source matches the filter.",
    );
  }
}

/**
 * @param {IngestState} state
 * @param {number} chosen
 * @returns {string}
 */
function summaryOf({ sources, unlisted_sources: unlisted }, chosen) {
  const paused = sources.filter((one) => one.paused !== null).length;
  const parts = [
    chosen === sources.length
      ? `${formatCount(sources.length)} sources`
      : `${formatCount(chosen)} of ${formatCount(sources.length)} sources`,
    chosen > MAX_ROWS ? `the first ${formatCount(MAX_ROWS)} are shown` : null,
    paused > 0 ? `${formatCount(paused)} paused` : null,
    unlisted > 0 ? `${formatCount(unlisted)} more are counted together` : null,
  ];
  return parts.filter((part) => part !== null).join(" · ");
}
