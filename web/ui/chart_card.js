// @ts-check
/// <reference lib="dom" />
/** A chart with its title, and with what is shown while there is nothing to draw. All states have the same size. */

import { Chart } from "./chart.js";
import { h } from "./dom.js";

/** @import { ChartData, ChartOptions } from "./chart.js" */

/** Owns one card. */
export class ChartCard {
  #chart;
  #state = h("div", { class: "chart-state", "data-kind": "loading" });
  /** The card, to be put into the page. */
  element;

  /**
   * @param {ChartOptions & { note?: string }} options
   */
  constructor(options) {
    const plot = h("div", { class: "plot" });
    const legend = h("ul", { class: "legend", "aria-label": `Series of ${options.title}` });
    this.element = h(
      "section",
      { class: "card chart-card", "aria-label": options.title },
      h(
        "div",
        { class: "chart-head" },
        h("h2", {}, options.title),
        h("span", { class: "chart-note" }, options.note ?? ""),
      ),
      h("div", { class: "chart-area" }, plot, this.#state),
      legend,
    );
    this.#chart = new Chart(plot, legend, options);
    this.showLoading();
  }

  /** Covers the plot until data comes. */
  showLoading() {
    this.#show("loading");
    this.#state.setAttribute("role", "status");
    this.#state.append(h("span", { class: "visually-hidden" }, "Loading"));
  }

  /**
   * @param {string} message
   * @param {() => void} retry
   * @returns {void}
   */
  showError(message, retry) {
    const button = h("button", { type: "button", class: "button" }, "Try again");
    button.addEventListener("click", retry);
    this.#show("error", h("span", { role: "alert" }, message), button);
  }

  /**
   * Draws; without any series it says why there is nothing.
   * @param {ChartData} data
   * @param {string} emptyMessage
   * @returns {void}
   */
  setData(data, emptyMessage) {
    if (data.series.length === 0) {
      if (this.#state.dataset["kind"] !== "empty") this.#show("empty", emptyMessage);
      return;
    }
    this.#state.hidden = true;
    this.#state.dataset["kind"] = "";
    this.#chart.setData(data);
  }

  /** Draws anew in the colours of the theme. */
  restyle() {
    this.#chart.restyle();
  }

  destroy() {
    this.#chart.destroy();
  }

  /**
   * @param {string} kind
   * @param {...(Node | string)} content
   */
  #show(kind, ...content) {
    this.#state.hidden = false;
    this.#state.dataset["kind"] = kind;
    this.#state.removeAttribute("role");
    this.#state.replaceChildren(...content);
  }
}
