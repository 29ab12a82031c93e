// @ts-check
/// <reference lib="dom" />
/** The host at a glance: tiles, charts, file systems; live or any part of the past. */

import { errorText, isAbort } from "../api_client.js";
import { ChartCard } from "../chart_card.js";
import { h, setText } from "../dom.js";
import { formatDateTime, formatDuration, formatZone } from "../format.js";
import { latestSamples } from "../latest_samples.js";
import { onThemeChange } from "../theme.js";
import {
  DEFAULT_RANGE,
  RANGES,
  readRange,
  spanOf,
  stepSeconds,
  windowOf,
  writeRange,
  zoomRange,
} from "../time_range.js";
import { loadFeed } from "./chart_feed.js";
import { FILESYSTEMS_QUERY, filesystemsOf } from "./filesystems.js";
import { HostState, TILE_METRICS } from "./host_state.js";
import { CHARTS } from "./overview_charts.js";
import { hostTiles } from "./overview_tiles.js";
import { ownTile } from "./own_cost.js";
import { TileRow } from "./tile_row.js";

/** @import { ServerInfo } from "../api_client.js" */
/** @import { SampleBatch } from "../live_samples.js" */
/** @import { PageContext, Unmount } from "../pages.js" */
/** @import { TimeRange } from "../time_range.js" */
/** @import { ChartFeed } from "./chart_feed.js" */
/** @import { ChartDefinition } from "./overview_charts.js" */

export const title = "Overview";

const FILESYSTEMS_EVERY_MS = 15_000;
const OWN_COST_EVERY_MS = 5000;
/** A page hidden for longer has a gap to fill. */
const HIDDEN_RELOAD_MS = 5000;
const METRICS = [...new Set([...CHARTS.flatMap(({ metrics }) => metrics), ...TILE_METRICS])];

/**
 * @param {HTMLElement} root
 * @param {PageContext} context
 * @returns {Unmount}
 */
export function mount(root, context) {
  const page = new OverviewPage(root, context);
  return () => page.destroy();
}

/** Owns the page while it is shown. */
class OverviewPage {
  #context;
  /** @type {TimeRange} */
  #range;
  #gone = new AbortController();
  /** Ends the loading of a range that is no longer wanted. */
  #loading = new AbortController();
  #host = new HostState();
  #tiles = new TileRow();
  #filesystems = h("div", { class: "filesystems" });
  #subtitle = h("p", { class: "sub" }, "\u00a0");
  #notice = h("div", { class: "range-notice" });
  #rangeButtons = h("div", { class: "segments", role: "group", "aria-label": "Time range" });
  /** @type {Map<string, ChartCard>} */
  #cards = new Map();
  /** @type {Map<string, ChartFeed>} */
  #feeds = new Map();
  /** Batches that came while the past was being loaded. @type {Map<string, SampleBatch[]>} */
  #waiting = new Map();
  #drawing = 0;
  #hiddenSinceMs = 0;
  /** @type {(() => void)[]} */
  #cleanups = [];
  /** @type {ServerInfo | null} */
  #info = null;

  /**
   * @param {HTMLElement} root
   * @param {PageContext} context
   */
  constructor(root, context) {
    this.#context = context;
    this.#range = readRange(context.params.get("range"));
    for (const chart of CHARTS) this.#cards.set(chart.id, this.#card(chart));
    root.append(
      h(
        "div",
        { class: "page-head" },
        h("div", { class: "page-head-text" }, h("h1", {}, title), this.#subtitle),
        this.#rangeButtons,
      ),
      this.#notice,
      this.#tiles.element,
      h(
        "div",
        { class: "chart-grid" },
        ...[...this.#cards.values()].map(({ element }) => element),
        h(
          "section",
          { class: "card filesystems-card", "aria-labelledby": "filesystems-title" },
          h("h2", { id: "filesystems-title" }, "File systems"),
          this.#filesystems,
        ),
      ),
    );
    this.#showRange();
    this.#load();
    this.#start();
  }

  destroy() {
    this.#gone.abort();
    this.#loading.abort();
    cancelAnimationFrame(this.#drawing);
    for (const cleanup of this.#cleanups) cleanup();
    for (const card of this.#cards.values()) card.destroy();
  }

  /**
   * @param {ChartDefinition} definition
   * @returns {ChartCard}
   */
  #card(definition) {
    return new ChartCard({
      title: definition.title,
      note: definition.note,
      format: definition.format,
      stacked: definition.stacked,
      syncKey: "overview",
      onZoom: (fromMs, toMs) => this.#setRange(zoomRange(fromMs, toMs)),
    });
  }

  #start() {
    const { live } = this.#context;
    this.#cleanups.push(
      live.subscribe(METRICS, (batch) => this.#receive(batch)),
      onThemeChange(() => {
        for (const card of this.#cards.values()) card.restyle();
      }),
    );
    this.#every(FILESYSTEMS_EVERY_MS, () => this.#showFilesystems());
    this.#every(OWN_COST_EVERY_MS, () => this.#showOwnCost());
    const visibility = () => this.#visibilityChanged();
    document.addEventListener("visibilitychange", visibility);
    this.#cleanups.push(() => document.removeEventListener("visibilitychange", visibility));
    this.#seedTiles();
  }

  /**
   * Runs now and then again, each time so long after the last run ended; not while the page is hidden.
   * @param {number} everyMs
   * @param {() => Promise<void>} run
   */
  #every(everyMs, run) {
    /** @type {ReturnType<typeof setTimeout>} */
    let timer;
    const turn = async () => {
      if (!document.hidden) await run();
      if (!this.#gone.signal.aborted) timer = setTimeout(turn, everyMs);
    };
    turn();
    this.#cleanups.push(() => clearTimeout(timer));
  }

  async #seedTiles() {
    try {
      const batches = await latestSamples(this.#context.api, METRICS, this.#gone.signal);
      for (const batch of batches) this.#host.add(batch);
      this.#showTiles();
    } catch (error) {
      // The charts ask the same store and show why it does not answer; the tiles fill up with the next sample.
      if (!isAbort(error)) this.#showTiles();
    }
  }

  /** Loads the past of every chart for the range. */
  #load() {
    this.#loading.abort();
    this.#loading = new AbortController();
    this.#feeds.clear();
    for (const chart of CHARTS) this.#loadChart(chart, this.#loading.signal);
  }

  /**
   * @param {ChartDefinition} chart
   * @param {AbortSignal} signal
   */
  async #loadChart(chart, signal) {
    const card = this.#cards.get(chart.id);
    const window = {
      ...windowOf(this.#range, this.#context.nowMs()),
      stepSeconds: stepSeconds(spanOf(this.#range)),
    };
    this.#waiting.set(chart.id, []);
    try {
      const feed = await loadFeed(this.#context.api, chart, window, signal);
      if (signal.aborted) return;
      for (const batch of this.#waiting.get(chart.id) ?? []) feed.addBatch(batch);
      this.#feeds.set(chart.id, feed);
      this.#drawSoon();
    } catch (error) {
      if (signal.aborted) return;
      card?.showError(errorText(error), () => {
        card.showLoading();
        this.#loadChart(chart, signal);
      });
    } finally {
      if (!signal.aborted) this.#waiting.delete(chart.id);
    }
  }

  /** @param {SampleBatch} batch */
  #receive(batch) {
    this.#context.observeTime(batch.timeMs);
    this.#host.add(batch);
    if (this.#range.kind === "live") {
      for (const { id } of CHARTS) {
        this.#waiting.get(id)?.push(batch);
        this.#feeds.get(id)?.addBatch(batch);
      }
    }
    this.#drawSoon();
  }

  #drawSoon() {
    if (document.hidden || this.#drawing !== 0) return;
    this.#drawing = requestAnimationFrame(() => {
      this.#drawing = 0;
      this.#showTiles();
      for (const [id, feed] of this.#feeds) {
        const data = { ...feed.data(), maximum: this.#maximumOf(id) };
        this.#cards.get(id)?.setData(data, emptyText(id));
      }
    });
  }

  /**
   * @param {string} chartId
   * @returns {number | null}
   */
  #maximumOf(chartId) {
    if (chartId === "cpu") return 1;
    return chartId === "memory" ? this.#host.sum("system.memory.limit") : null;
  }

  #showTiles() {
    this.#tiles.show(hostTiles(this.#host));
    const uptime = this.#host.sum("system.uptime");
    const parts = [
      this.#info?.hostname ?? null,
      uptime === null ? null : `up ${formatDuration(uptime)}`,
      `times in ${formatZone(new Date().getTimezoneOffset())}`,
    ];
    setText(this.#subtitle, parts.filter((part) => part !== null).join(" · "));
  }

  async #showFilesystems() {
    try {
      const { rows } = await this.#context.api.sql(FILESYSTEMS_QUERY, {
        signal: this.#gone.signal,
      });
      this.#filesystems.replaceChildren(...filesystemRows(rows));
    } catch (error) {
      if (!isAbort(error)) this.#filesystems.replaceChildren(h("p", {}, errorText(error)));
    }
  }

  async #showOwnCost() {
    const { api } = this.#context;
    try {
      const info = await api.info(this.#gone.signal);
      const health = await api.health(this.#gone.signal);
      this.#tiles.showOwn(ownTile(info, this.#info, health));
      this.#info = info;
    } catch (error) {
      if (!isAbort(error)) this.#tiles.showOwnError(errorText(error));
    }
  }

  /** @param {TimeRange} range */
  #setRange(range) {
    this.#range = range;
    this.#context.setParams({
      range: range === DEFAULT_RANGE ? null : writeRange(range),
    });
    this.#showRange();
    this.#load();
  }

  #showRange() {
    const range = this.#range;
    this.#rangeButtons.replaceChildren(...RANGES.map(({ label, seconds }) => {
      const button = h("button", { type: "button", title: `The last ${label}` }, label);
      const pressed = range.kind === "live" && range.seconds === seconds;
      button.setAttribute("aria-pressed", String(pressed));
      button.addEventListener("click", () => this.#setRange({ kind: "live", seconds }));
      return button;
    }));
    this.#notice.replaceChildren();
    if (range.kind === "live") return;
    const back = h("button", { type: "button", class: "button" }, "Back to live");
    back.addEventListener("click", () => this.#setRange(DEFAULT_RANGE));
    this.#notice.append(
      h(
        "p",
        { class: "notice", role: "status" },
        `Charts from ${formatDateTime(range.fromMs)} to ${formatDateTime(range.toMs)}`,
        back,
      ),
    );
  }

  #visibilityChanged() {
    if (document.hidden) {
      this.#hiddenSinceMs = performance.now();
      return;
    }
    const hiddenMs = performance.now() - this.#hiddenSinceMs;
    if (hiddenMs > HIDDEN_RELOAD_MS && this.#range.kind === "live") this.#load();
    this.#drawSoon();
  }
}

/**
 * @param {string} chartId
 * @returns {string}
 */
function emptyText(chartId) {
  return chartId === "pressure"
    ? "This kernel does not tell pressure (PSI)."
    : "Nothing was collected in this time.";
}

/**
 * @param {import("../api_client.js").SqlValue[][]} rows
 * @returns {HTMLElement[]}
 */
function filesystemRows(rows) {
  const filesystems = filesystemsOf(rows);
  if (filesystems.length === 0) {
    return [h("p", { class: "chart-note" }, "Nothing was collected in the last ten minutes.")];
  }
  return filesystems.map(({ mountpoint, device, ratio, level, text }) => {
    const bar = h("div", { class: "meter-bar" });
    bar.style.width = `${Math.min(100, ratio * 100)}%`;
    return h(
      "div",
      { class: "filesystem", "data-level": level, title: device },
      h("span", { class: "filesystem-name" }, mountpoint),
      h(
        "span",
        { class: "filesystem-text" },
        level === "ok" ? null : h("strong", {}, level === "warning" ? "filling up · " : "full · "),
        text,
      ),
      h("div", { class: "meter" }, bar),
    );
  });
}
