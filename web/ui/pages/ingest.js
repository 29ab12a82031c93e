// @ts-check
/// <reference lib="dom" />
/** What comes in, from where, how fast, and what of it was not taken and why. */

import { errorText, isAbort } from "../api_client.js";
import { h, setText } from "../dom.js";
import { formatCount } from "../format.js";
import { chosenSources, ingestTiles, sourceRow } from "./ingest_sources.js";
import { levelOf } from "./overview_tiles.js";

/** @import { IngestState } from "../api_client.js" */
/** @import { PageContext, Unmount } from "../pages.js" */
/** @import { SourceRow } from "./ingest_sources.js" */

export const title = "Ingest";

const POLL_MS = 2000;
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
  #gone = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {IngestState | null} */
  #state = null;
  /** @type {Map<string, SourceView>} */
  #views = new Map();
  #filter = h("input", {
    class: "field filter",
    type: "search",
    placeholder: "Filter: otlp, statsd, a path …",
    "aria-label": "Filter the sources",
    "data-focus-key": true,
    spellcheck: "false",
    autocomplete: "off",
  });
  #problemsOnly = h("input", { type: "checkbox" });
  #summary = h("p", { class: "sub", role: "status" }, "Loading");
  #problem = h("p", { class: "notice notice-error", role: "alert", hidden: true });
  #empty = h("p", { class: "ingest-empty", hidden: true });
  #tiles = h("div", { class: "tiles ingest-tiles" });
  #rows = h("tbody", {});

  /**
   * @param {HTMLElement} root
   * @param {PageContext} context
   */
  constructor(root, context) {
    this.#context = context;
    this.#filter.value = context.params.get("filter") ?? "";
    this.#problemsOnly.checked = context.params.get("problems") === "1";
    for (const field of [this.#filter, this.#problemsOnly]) {
      field.addEventListener("input", () => this.#changed());
    }
    this.#filter.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.#filter.blur();
    });
    this.#rows.addEventListener("keydown", (event) => this.#move(event));
    const heads = FIGURES.map((figure) =>
      h("th", { scope: "col", class: "numeric", title: figure.hint }, figure.title)
    );
    root.append(
      h(
        "div",
        { class: "page-head" },
        h("div", { class: "page-head-text" }, h("h1", {}, title), this.#summary),
        this.#filter,
        h("label", { class: "check" }, this.#problemsOnly, "With problems only"),
      ),
      this.#problem,
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
    );
    this.#poll();
  }

  destroy() {
    this.#gone.abort();
    clearTimeout(this.#timer);
  }

  async #poll() {
    if (!document.hidden) await this.#load();
    if (!this.#gone.signal.aborted) this.#timer = setTimeout(() => this.#poll(), POLL_MS);
  }

  async #load() {
    try {
      this.#state = await this.#context.api.ingest(this.#gone.signal);
      this.#problem.hidden = true;
      this.#show();
    } catch (error) {
      if (isAbort(error)) return;
      this.#problem.hidden = false;
      setText(this.#problem, errorText(error));
    }
  }

  #show() {
    const state = this.#state;
    if (state === null) return;
    const nowMs = this.#context.nowMs();
    const chosen = chosenSources(state.sources, this.#filter.value, this.#problemsOnly.checked);
    const rows = chosen.slice(0, MAX_ROWS).map((source) => sourceRow(source, nowMs));
    this.#showTiles(state);
    this.#showRows(rows);
    setText(this.#summary, summaryOf(state, chosen.length));
    this.#empty.hidden = rows.length > 0;
    setText(
      this.#empty,
      state.sources.length === 0 ? "There is no source yet." : "No source matches the filter.",
    );
  }

  /** @param {IngestState} state */
  #showTiles(state) {
    this.#tiles.replaceChildren(
      ...ingestTiles(state).map(({ id, title: name, value, note, ratio }) =>
        h(
          "section",
          { class: "card tile", "aria-label": name, "data-tile": id },
          h("h2", { class: "tile-title" }, name),
          h("p", { class: "tile-value" }, value),
          h("p", { class: "tile-note" }, note),
          ratio === null ? null : meter(name, ratio),
        )
      ),
    );
  }

  /** @param {readonly SourceRow[]} rows */
  #showRows(rows) {
    const keys = new Set(rows.map(({ key }) => key));
    for (const [key, view] of this.#views) {
      if (keys.has(key)) continue;
      view.row.remove();
      view.detailRow.remove();
      this.#views.delete(key);
    }
    /** @type {Element | null} */
    let before = null;
    for (const row of rows) {
      const view = this.#views.get(row.key) ?? new SourceView();
      this.#views.set(row.key, view);
      view.show(row);
      // An element that is moved loses the focus, so what stands right stays.
      const expected = before === null ? this.#rows.firstElementChild : before.nextElementSibling;
      if (expected !== view.row) {
        if (before === null) this.#rows.prepend(view.row, view.detailRow);
        else before.after(view.row, view.detailRow);
      }
      before = view.detailRow;
    }
  }

  #changed() {
    this.#context.setParams({
      filter: this.#filter.value,
      problems: this.#problemsOnly.checked ? "1" : null,
    });
    this.#show();
  }

  /** @param {KeyboardEvent} event */
  #move(event) {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step === 0) return;
    const buttons = [...this.#rows.querySelectorAll("button")];
    const at = buttons.findIndex((button) => button === document.activeElement);
    if (at < 0) return;
    event.preventDefault();
    buttons[at + step]?.focus();
  }
}

/**
 * @param {string} name
 * @param {number} ratio
 * @returns {HTMLElement}
 */
function meter(name, ratio) {
  const percent = Math.min(100, Math.max(0, ratio * 100));
  const bar = h("div", { class: "meter-bar" });
  bar.style.width = `${percent}%`;
  return h("div", {
    class: "meter",
    role: "meter",
    "aria-label": name,
    "aria-valuenow": Math.round(percent),
    "data-level": levelOf(ratio),
  }, bar);
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
