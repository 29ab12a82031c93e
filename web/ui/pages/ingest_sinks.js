// @ts-check
/// <reference lib="dom" />
/** What is sent on to other receivers, and how that goes. */

import { h } from "../dom.js";
import { formatBytes, formatCount } from "../format.js";

/** @import { IngestSink } from "../api_client.js" */

/**
 * @typedef {object} SinkRow
 * @property {string} name
 * @property {boolean} troubled whether it is not taken at the moment, or rows of it were dropped
 * @property {string} sent
 * @property {string} waiting of how much room
 * @property {string} dropped with the reasons; `0` when nothing was
 * @property {string} retries
 * @property {string} problem the one that goes on, else what the receiver said last; empty when there is none
 */

/**
 * @param {IngestSink} sink
 * @returns {SinkRow}
 */
export function sinkRow(sink) {
  const dropped = Object.entries(sink.dropped_rows).filter(([, rows]) => rows > 0);
  const reasons = dropped.map(([reason, rows]) =>
    `${formatCount(rows)} ${reason.replaceAll("_", " ")}`
  );
  return {
    name: sink.name,
    troubled: sink.problem !== null || dropped.length > 0,
    sent: formatCount(sink.sent_rows),
    waiting: `${formatBytes(sink.queued_bytes)} of ${formatBytes(sink.max_queue_bytes)}`,
    dropped: reasons.length === 0 ? "0" : reasons.join(", "),
    retries: formatCount(sink.retries),
    problem: sink.problem ?? sink.last_partial_answer ?? "",
  };
}

/**
 * The section of the page; it is hidden while nothing is sent on. Nothing in it takes the focus, so it is drawn anew.
 */
export class SinkTable {
  #rows = h("tbody", {});
  section = h(
    "section",
    { class: "card ingest-scroll ingest-sinks", "aria-label": "Sent on", hidden: true },
    h("h2", { class: "ingest-title" }, "Sent on"),
    h(
      "table",
      { class: "ingest-table" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          h("th", { scope: "col" }, "Receiver"),
          h("th", { scope: "col", class: "numeric", title: "rows it has taken" }, "Sent"),
          h(
            "th",
            { scope: "col", class: "numeric", title: "bytes, and the room there is" },
            "Waiting",
          ),
          h("th", { scope: "col", class: "numeric", title: "rows given up, by reason" }, "Dropped"),
          h("th", { scope: "col", class: "numeric", title: "requests sent again" }, "Retries"),
          h("th", { scope: "col" }, "Problem"),
        ),
      ),
      this.#rows,
    ),
  );

  /** @param {readonly IngestSink[]} sinks */
  show(sinks) {
    this.section.hidden = sinks.length === 0;
    this.#rows.replaceChildren(...sinks.map((sink) => {
      const row = sinkRow(sink);
      const bad = String(row.dropped !== "0");
      return h(
        "tr",
        { class: "sink-row" },
        h(
          "th",
          { scope: "row" },
          h("span", {
            class: "source-dot",
            role: "img",
            "data-state": row.troubled ? "troubled" : "good",
            "aria-label": row.troubled ? "has problems" : "takes what is sent",
          }),
          h("span", { class: "source-name" }, row.name),
        ),
        h("td", { class: "numeric" }, row.sent),
        h("td", { class: "numeric" }, row.waiting),
        h("td", { class: "numeric", "data-bad": bad }, row.dropped),
        h("td", { class: "numeric" }, row.retries),
        h("td", { class: "source-problem", title: row.problem }, row.problem),
      );
    }));
  }
}
