// @ts-check
/// <reference lib="dom" />
/** One chart of time series: lines or stacked areas, a legend that switches series, a tooltip, zoom by dragging. */

import uPlot from "./vendor/uplot.js";
import { h, setText } from "./dom.js";
import { formatDateTime, formatTimeTicks } from "./format.js";
import { stack } from "./stacking.js";
import { themeColour } from "./theme.js";

/** @import { UnitFormat } from "./format.js" */

/**
 * @typedef {object} ChartSeries
 * @property {string} name unique in the chart
 * @property {string} colour name of a custom property that holds a colour as `#rrggbb`
 * @property {boolean} [dashed]
 * @property {boolean} [below] drawn below zero: what goes out, beside what comes in
 * @property {boolean} [line] a plain line even where the chart is stacked, such as a limit
 *
 * @typedef {object} ChartData
 * @property {number[]} times seconds since the Unix epoch
 * @property {ChartSeries[]} series from the bottom up
 * @property {(number | null)[][]} values one list for each series
 * @property {{ fromMs: number, toMs: number }} window what the time axis shows
 * @property {number | null} [maximum] top of the value axis, where there is a natural one; null fits the data
 *
 * @typedef {object} ChartOptions
 * @property {string} title read out for the chart
 * @property {UnitFormat} format
 * @property {boolean} [stacked]
 * @property {string} [syncKey] charts with the same key share the cursor
 * @property {(fromMs: number, toMs: number) => void} [onZoom]
 */

const AXIS_FONT = "11px system-ui, sans-serif";
const Y_AXIS_WIDTH = 68;
/** Rows of the tooltip; the rest is told as a number. */
const TOOLTIP_ROWS = 12;
/** Selections narrower than this are clicks. */
const MIN_DRAG_PX = 6;

/** Owns the plot, its legend and which series are switched off. */
export class Chart {
  #options;
  #plot;
  #legend;
  #tooltip = h("div", { class: "chart-tooltip", hidden: true });
  /** @type {uPlot | null} */
  #uplot = null;
  /** @type {ChartData | null} */
  #data = null;
  /** @type {Set<string>} */
  #hidden = new Set();
  /** What the uPlot instance was built for; another set of series needs another instance. */
  #built = "";
  /** @type {ResizeObserver} */
  #resize;
  #pointerInside = false;
  /** @type {Map<string, { button: HTMLButtonElement, value: HTMLElement }>} */
  #legendItems = new Map();

  /**
   * @param {HTMLElement} plot takes the drawing; its size is the chart's
   * @param {HTMLElement} legend
   * @param {ChartOptions} options
   */
  constructor(plot, legend, options) {
    this.#plot = plot;
    this.#legend = legend;
    this.#options = options;
    plot.tabIndex = 0;
    plot.setAttribute("role", "img");
    plot.setAttribute("aria-label", options.title);
    plot.addEventListener("keydown", (event) => this.#moveCursor(event));
    plot.addEventListener("blur", () => this.#clearCursor());
    this.#resize = new ResizeObserver(() => {
      const { width, height } = this.#size();
      if (width > 0 && height > 0) this.#uplot?.setSize({ width, height });
    });
    this.#resize.observe(plot);
  }

  /**
   * @param {ChartData} data
   * @returns {void}
   */
  setData(data) {
    this.#data = data;
    const shown = this.#shown();
    const key = JSON.stringify(shown.map(({ series }) => series));
    if (this.#uplot === null || key !== this.#built) this.#build(key);
    else this.#uplot.setData(this.#aligned());
    this.#syncLegend();
    this.#showReadings();
  }

  /** Draws anew with the colours of the theme that is set now. */
  restyle() {
    if (this.#data === null) return;
    this.#build(this.#built);
  }

  destroy() {
    this.#resize.disconnect();
    this.#uplot?.destroy();
    this.#uplot = null;
  }

  #size() {
    return { width: this.#plot.clientWidth, height: this.#plot.clientHeight };
  }

  #shown() {
    const data = this.#data;
    if (data === null) return [];
    return data.series
      .map((series, index) => ({ series, values: data.values[index] ?? [] }))
      .filter(({ series }) => !this.#hidden.has(series.name));
  }

  /** @returns {uPlot.AlignedData} */
  #aligned() {
    const shown = this.#shown();
    const areas = shown.filter(({ series }) => series.line !== true);
    const stacked = this.#options.stacked ? stack(areas.map(({ values }) => values)) : [];
    let area = 0;
    const values = shown.map(({ series, values }) => {
      if (this.#options.stacked && series.line !== true) return stacked[area++] ?? [];
      return series.below ? values.map((value) => value === null ? null : -value) : values;
    });
    return [this.#data?.times ?? [], ...values];
  }

  /** @param {string} key */
  #build(key) {
    this.#uplot?.destroy();
    this.#built = key;
    const uplot = new uPlot(this.#uplotOptions(), this.#aligned(), this.#plot);
    this.#uplot = uplot;
    uplot.over.append(this.#tooltip);
    uplot.over.addEventListener("pointerenter", () => {
      this.#pointerInside = true;
    });
    uplot.over.addEventListener("pointerleave", () => {
      this.#pointerInside = false;
      this.#tooltip.hidden = true;
    });
  }

  /** @returns {uPlot.Options} */
  #uplotOptions() {
    const { format, syncKey } = this.#options;
    const shown = this.#shown();
    const { width, height } = this.#size();
    const grid = { stroke: themeColour("--chart-grid"), width: 1 };
    return {
      width: Math.max(width, 1),
      height: Math.max(height, 1),
      padding: [8, 8, 0, 0],
      legend: { show: false },
      series: [{}, ...shown.map(({ series }) => this.#uplotSeries(series))],
      bands: this.#bands(shown.map(({ series }) => series)),
      scales: {
        x: { time: true, range: () => this.#timeRange() },
        y: { range: (_u, low, high) => this.#valueRange(low, high) },
      },
      axes: [
        {
          stroke: themeColour("--chart-text"),
          font: AXIS_FONT,
          grid,
          ticks: { show: false },
          size: 22,
          gap: 4,
          space: 72,
          values: (_u, ticks, _axis, _space, increment) => formatTimeTicks(ticks, increment),
        },
        {
          stroke: themeColour("--chart-text"),
          font: AXIS_FONT,
          grid,
          ticks: { show: false },
          size: Y_AXIS_WIDTH,
          space: 28,
          incrs: [...format.increments],
          values: (_u, ticks, _axis, _space, increment) =>
            ticks.map((tick) => format.tick(tick, increment)),
        },
      ],
      cursor: {
        y: false,
        points: { size: 7, width: 2 },
        drag: { x: this.#options.onZoom !== undefined, y: false, setScale: false },
        ...(syncKey === undefined ? {} : { sync: { key: syncKey, setSeries: false } }),
      },
      hooks: {
        setCursor: [() => this.#showReadings()],
        setSelect: [(u) => this.#zoom(u)],
      },
    };
  }

  /**
   * @param {ChartSeries} series
   * @returns {uPlot.Series}
   */
  #uplotSeries(series) {
    const stroke = themeColour(series.colour);
    const area = series.line !== true;
    const fill = this.#options.stacked && area ? "8c" : series.below === undefined ? null : "24";
    return {
      label: series.name,
      stroke,
      width: this.#options.stacked && area ? 1 : 1.5,
      points: { show: false },
      ...(fill === null ? {} : { fill: `${stroke}${fill}` }),
      ...(series.dashed ? { dash: [5, 4] } : {}),
    };
  }

  /**
   * Each stacked area is filled down to the one below it.
   * @param {ChartSeries[]} shown
   * @returns {uPlot.Band[]}
   */
  #bands(shown) {
    if (!this.#options.stacked) return [];
    const areas = shown.flatMap((series, index) => series.line === true ? [] : [index + 1]);
    return areas.slice(1).map((upper, index) => ({ series: [upper, areas[index] ?? upper] }));
  }

  /** @returns {[number, number]} */
  #timeRange() {
    const { fromMs, toMs } = this.#data?.window ?? { fromMs: 0, toMs: 1 };
    return [fromMs / 1000, toMs / 1000];
  }

  /**
   * @param {number | null} low
   * @param {number | null} high
   * @returns {[number, number]}
   */
  #valueRange(low, high) {
    const maximum = this.#data?.maximum;
    if (typeof maximum === "number") return [0, Math.max(maximum, high ?? 0)];
    const floor = this.#options.format.increments.find((increment) => increment >= 0.01) ?? 1;
    const top = Math.max((high ?? 0) * 1.08, low !== null && low < 0 ? 0 : floor);
    const bottom = Math.min((low ?? 0) * 1.08, 0);
    return [bottom, top === bottom ? bottom + floor : top];
  }

  /** @param {uPlot} u */
  #zoom(u) {
    const { left, width } = u.select;
    if (width < MIN_DRAG_PX) return;
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.#options.onZoom?.(u.posToVal(left, "x") * 1000, u.posToVal(left + width, "x") * 1000);
  }

  #syncLegend() {
    const series = this.#data?.series ?? [];
    const names = series.map(({ name }) => name);
    if (names.join("\n") === [...this.#legendItems.keys()].join("\n")) return;
    this.#legendItems.clear();
    this.#legend.replaceChildren(...series.map((item) => this.#legendItem(item)));
  }

  /**
   * @param {ChartSeries} series
   * @returns {HTMLLIElement}
   */
  #legendItem(series) {
    const value = h("span", { class: "legend-value" });
    const button = h(
      "button",
      {
        type: "button",
        class: "legend-item",
        title: "Show or hide. Alt+click shows this one only.",
      },
      marker(series),
      h("span", { class: "legend-name" }, series.name),
      value,
    );
    button.setAttribute("aria-pressed", String(!this.#hidden.has(series.name)));
    button.addEventListener("click", (event) => this.#toggle(series.name, event.altKey));
    this.#legendItems.set(series.name, { button, value });
    return h("li", {}, button);
  }

  /**
   * @param {string} name
   * @param {boolean} alone hides all others, or shows all again
   */
  #toggle(name, alone) {
    const names = [...this.#legendItems.keys()];
    if (alone) {
      const isAlone = this.#hidden.size === names.length - 1 && !this.#hidden.has(name);
      this.#hidden = new Set(isAlone ? [] : names.filter((other) => other !== name));
    } else if (!this.#hidden.delete(name)) this.#hidden.add(name);
    for (const [other, { button }] of this.#legendItems) {
      button.setAttribute("aria-pressed", String(!this.#hidden.has(other)));
    }
    if (this.#data !== null) this.setData(this.#data);
  }

  /** The legend tells the values under the cursor, else the newest ones. */
  #showReadings() {
    const data = this.#data;
    if (data === null) return;
    const index = this.#uplot?.cursor.idx ?? null;
    for (const [position, series] of data.series.entries()) {
      const values = data.values[position] ?? [];
      const value = index === null ? newest(values) : values[index];
      const item = this.#legendItems.get(series.name);
      if (item !== undefined) setText(item.value, this.#options.format.value(value));
    }
    this.#showTooltip(data, index);
  }

  /**
   * @param {ChartData} data
   * @param {number | null} index
   */
  #showTooltip(data, index) {
    const u = this.#uplot;
    const focused = document.activeElement === this.#plot;
    const time = index === null ? undefined : data.times[index];
    if (u === null || index === null || time === undefined || !(this.#pointerInside || focused)) {
      this.#tooltip.hidden = true;
      return;
    }
    const rows = this.#shown()
      .map(({ series, values }) => ({ series, value: values[index] ?? null }))
      .filter(({ value }) => value !== null);
    if (!this.#options.stacked) rows.sort((a, b) => (b.value ?? 0) - (a.value ?? 0));
    else rows.reverse();
    const more = rows.length - TOOLTIP_ROWS;
    this.#tooltip.replaceChildren(
      h("div", { class: "chart-tooltip-time" }, formatDateTime(time * 1000)),
      ...rows.slice(0, TOOLTIP_ROWS).map(({ series, value }) =>
        h(
          "div",
          { class: "chart-tooltip-row" },
          marker(series),
          h("span", { class: "chart-tooltip-name" }, series.name),
          h("span", { class: "chart-tooltip-value" }, this.#options.format.value(value)),
        )
      ),
      more > 0 ? h("div", { class: "chart-tooltip-more" }, `and ${more} more`) : "",
      rows.length === 0 ? h("div", { class: "chart-tooltip-more" }, "no data") : "",
    );
    this.#tooltip.hidden = false;
    this.#placeTooltip(u);
  }

  /** @param {uPlot} u */
  #placeTooltip(u) {
    const left = u.cursor.left ?? 0;
    const width = this.#tooltip.offsetWidth;
    const plotWidth = u.over.clientWidth;
    const right = left + 14 + width <= plotWidth + 8;
    const x = right ? left + 14 : Math.max(left - 14 - width, -Y_AXIS_WIDTH + 4);
    this.#tooltip.style.transform = `translate(${Math.round(x)}px, 4px)`;
  }

  /** @param {KeyboardEvent} event */
  #moveCursor(event) {
    const u = this.#uplot;
    const times = this.#data?.times ?? [];
    if (u === null || times.length === 0) return;
    const steps = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 };
    const step = steps[/** @type {keyof typeof steps} */ (event.key)];
    if (event.key === "Escape") return this.#clearCursor();
    if (step === undefined) return;
    event.preventDefault();
    const from = u.cursor.idx ?? times.length;
    const index = Math.max(0, Math.min(times.length - 1, from + step));
    u.setCursor({ left: u.valToPos(times[index] ?? 0, "x"), top: u.over.clientHeight / 2 });
  }

  #clearCursor() {
    this.#uplot?.setCursor({ left: -10, top: -10 });
  }
}

/**
 * @param {readonly (number | null)[]} values
 * @returns {number | null}
 */
function newest(values) {
  return values.findLast((value) => value !== null) ?? null;
}

/**
 * @param {ChartSeries} series
 * @returns {HTMLElement}
 */
function marker(series) {
  const element = h("span", { class: series.dashed ? "marker marker-dashed" : "marker" });
  element.style.setProperty("--marker", `var(${series.colour})`);
  return element;
}
