// @ts-check
/// <reference lib="dom" />
/** How what is watched is doing: each check by service, since when, and why; and what crashed lately. */

import { errorText, isAbort } from "../api_client.js";
import { h, setAttributes, setText } from "../dom.js";
import { formatCount, formatDateTime, formatDuration } from "../format.js";
import { keepInOrder, ListPage, moveFocus } from "../list_page.js";
import { crashItem } from "./crash_list.js";
import { crashesWithin, FRESH_MS } from "./crash_rows.js";
import { chosenGroups, sinceText, sparkPoints, stateCounts } from "./health_rows.js";

/** @import { ApiClient, CheckStatus, CrashEntry, HealthState, WatchedHealth } from "../api_client.js" */
/** @import { PageContext, Unmount } from "../pages.js" */
/** @import { HealthGroup } from "./health_rows.js" */

export const title = "Health";

const COLUMNS = ["Check", "State", "Since", "Latency", "Last result"];
/** Crashes of a service before the rest is asked for; and in all, the rest is in the API. */
const FIRST_CRASHES = 3;
const MAX_CRASHES = 50;
/** Crashes are asked for with every so many looks at the checks. */
const LOOKS_A_CRASH_LIST = 5;
const SVG_NAMESPACE = "http://www.w3.org/2000/svg";
const SPARK_WIDTH = 120;
const SPARK_HEIGHT = 22;

/** @type {readonly { id: HealthState | "flapping" | "crashes", title: string }[]} */
const TILES = [
  { id: "crashes", title: "Crashes in 24 h" },
  { id: "unhealthy", title: "Unhealthy" },
  { id: "degraded", title: "Degraded" },
  { id: "flapping", title: "Flapping" },
  { id: "unknown", title: "Unknown" },
  { id: "healthy", title: "Healthy" },
];

/**
 * @param {HTMLElement} root
 * @param {PageContext} context
 * @returns {Unmount}
 */
export function mount(root, context) {
  const page = new HealthPage(root, context);
  return () => page.destroy();
}

/**
 * A mark that tells the state by its shape as well as by its colour.
 * @param {HTMLElement} dot
 * @param {HealthState} state
 */
function showState(dot, state) {
  dot.dataset["state"] = state;
  dot.setAttribute("aria-label", state);
  dot.title = state;
}

/**
 * @param {number} count
 * @param {string} noun
 */
function counted(count, noun) {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

const stateDot = () => h("span", { class: "health-dot", role: "img" });

/** The elements of one check, kept from one answer to the next so that focus stays where it is. */
class CheckView {
  #dot = stateDot();
  #name = h("span", { class: "health-name" });
  #kind = h("span", { class: "health-kind" });
  #state = h("td", {});
  #since = h("td", { class: "numeric" });
  #latency = h("span", { class: "health-latency" });
  #spark = document.createElementNS(SVG_NAMESPACE, "svg");
  #message = h("td", { class: "health-message" });
  #facts = h("p", { class: "health-facts" });
  #output = h("pre", { class: "health-output", hidden: true });
  #changes = h("ol", { class: "health-changes" });
  #problem = h("p", { class: "notice notice-error", role: "alert", hidden: true });
  #run = h("button", { type: "button", class: "button" }, "Run now");
  #button = h("button", { type: "button", class: "health-button", "aria-expanded": "false" });
  row = h("tr", { class: "health-row" });
  detailRow = h("tr", { class: "health-details", hidden: true });
  /** @type {CheckStatus | null} */
  #shown = null;

  /** @param {(name: string) => Promise<void>} run */
  constructor(run) {
    setAttributes(this.#spark, {
      class: "health-spark",
      viewBox: `0 0 ${SPARK_WIDTH} ${SPARK_HEIGHT}`,
      "aria-hidden": "true",
    });
    this.#button.append(this.#dot, this.#name, this.#kind);
    this.row.append(
      h("th", { scope: "row" }, this.#button),
      this.#state,
      this.#since,
      h("td", { class: "health-latency-cell" }, this.#spark, this.#latency),
      this.#message,
    );
    this.detailRow.append(
      h(
        "td",
        { colspan: COLUMNS.length },
        h("div", { class: "health-details-head" }, this.#facts, this.#run),
        this.#problem,
        this.#output,
        this.#changes,
      ),
    );
    this.#button.addEventListener("click", () => {
      this.detailRow.hidden = !this.detailRow.hidden;
      this.#button.setAttribute("aria-expanded", String(!this.detailRow.hidden));
      this.#showDetails();
    });
    this.#run.addEventListener("click", () => void this.#runNow(run));
  }

  /**
   * @param {CheckStatus} check
   * @param {number} nowMs
   */
  show(check, nowMs) {
    this.#shown = check;
    showState(this.#dot, check.state);
    setText(this.#name, check.name);
    setText(this.#kind, `${check.kind} · ${check.role}`);
    setText(this.#state, check.flapping ? `${check.state}, flapping` : check.state);
    this.#state.dataset["state"] = check.state;
    setText(this.#since, sinceText(check.since, nowMs));
    this.#since.title = check.since === null ? "" : formatDateTime(Date.parse(check.since));
    setText(
      this.#latency,
      check.last === null ? "" : formatDuration(check.last.latency_ms / 1000),
    );
    this.#showSpark(check);
    setText(this.#message, check.reason);
    this.#message.title = check.reason;
    this.#showDetails();
  }

  /** @param {CheckStatus} check */
  #showSpark({ recent }) {
    const at = sparkPoints(recent).map(({ x, y, state }) => ({
      x: 2 + x * (SPARK_WIDTH - 4),
      y: 3 + y * (SPARK_HEIGHT - 6),
      state,
    }));
    const line = document.createElementNS(SVG_NAMESPACE, "polyline");
    line.setAttribute("points", at.map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" "));
    const marks = at.filter(({ state }) => state !== "healthy").map(({ x, y, state }) => {
      const mark = document.createElementNS(SVG_NAMESPACE, "circle");
      setAttributes(mark, { cx: x.toFixed(1), cy: y.toFixed(1), r: 2, "data-state": state });
      return mark;
    });
    this.#spark.replaceChildren(line, ...marks);
  }

  #showDetails() {
    const check = this.#shown;
    if (this.detailRow.hidden || check === null) return;
    const { last, changes } = check;
    setText(
      this.#facts,
      [
        `every ${formatDuration(check.interval_ms / 1000)}`,
        `${formatCount(check.runs)} runs`,
        check.timeouts > 0 ? `${formatCount(check.timeouts)} without an answer in time` : null,
        check.skipped > 0 ? `${formatCount(check.skipped)} left out` : null,
        last === null ? null : `last ${formatDateTime(Date.parse(last.ts))}: ${last.message}`,
      ].filter((part) => part !== null).join(" · "),
    );
    this.#output.hidden = last === null || last.output === null;
    setText(this.#output, last?.output ?? "");
    this.#changes.replaceChildren(
      ...changes.toReversed().map(({ ts, from, to, message }) => {
        const dot = stateDot();
        showState(dot, to);
        return h(
          "li",
          {},
          h("time", { datetime: ts }, formatDateTime(Date.parse(ts))),
          dot,
          h("span", {}, `${from} to ${to}`),
          h("span", { class: "health-change-message" }, message),
        );
      }),
    );
  }

  /** @param {(name: string) => Promise<void>} run */
  async #runNow(run) {
    if (this.#shown === null) return;
    this.#run.disabled = true;
    this.#problem.hidden = true;
    try {
      await run(this.#shown.name);
    } catch (error) {
      if (isAbort(error)) return;
      this.#problem.hidden = false;
      setText(this.#problem, errorText(error));
    }
    this.#run.disabled = false;
    this.#run.focus();
  }
}

/** The recent crashes of a service, the newest first. */
class CrashesView {
  #api;
  #title = h("h3", {});
  #items = h("ul", { class: "record-list" });
  #more = h("button", { type: "button", class: "link-button" });
  #all = false;
  #shown = "";
  /** @type {readonly CrashEntry[]} */
  #crashes = [];
  element = h("div", { class: "health-crashes", hidden: true });

  /** @param {ApiClient} api */
  constructor(api) {
    this.#api = api;
    this.element.append(this.#title, this.#items, this.#more);
    this.#more.addEventListener("click", () => {
      this.#all = true;
      this.show(this.#crashes);
      // The button is gone now: the focus goes on to the first that it brought.
      this.#items.querySelectorAll("a")[FIRST_CRASHES]?.focus();
    });
  }

  /** @param {readonly CrashEntry[]} crashes */
  show(crashes) {
    this.#crashes = crashes;
    this.element.hidden = crashes.length === 0;
    const shown = crashes.slice(0, this.#all ? MAX_CRASHES : FIRST_CRASHES);
    const left = Math.min(crashes.length, MAX_CRASHES) - shown.length;
    setText(this.#title, `Crashes in the last 7 days: ${formatCount(crashes.length)}`);
    this.#more.hidden = left === 0;
    setText(this.#more, `Show ${formatCount(left)} more`);
    const ids = shown.map(({ id }) => id).join();
    if (ids === this.#shown) return;
    this.#shown = ids;
    this.#items.replaceChildren(...shown.map((crash) => crashItem(this.#api, crash)));
  }
}

/** A service, or the host: its state, its reasons, its checks, its crashes. */
class GroupView {
  #dot = stateDot();
  #title = h("h2", { class: "health-title" });
  #state = h("span", { class: "health-group-state" });
  #reasons = h("ul", { class: "health-reasons" });
  #rows = h("tbody", {});
  /** @type {Map<string, CheckView>} */
  #views = new Map();
  #run;
  #scroll = h("div", { class: "health-scroll" });
  #crashes;
  section = h("section", { class: "card health-group" });

  /**
   * @param {ApiClient} api
   * @param {(name: string) => Promise<void>} run
   */
  constructor(api, run) {
    this.#run = run;
    this.#crashes = new CrashesView(api);
    this.#scroll.append(
      h(
        "table",
        { class: "health-table" },
        h("thead", {}, h("tr", {}, ...COLUMNS.map((name) => h("th", { scope: "col" }, name)))),
        this.#rows,
      ),
    );
    this.section.append(
      h("header", { class: "health-group-head" }, this.#dot, this.#title, this.#state),
      this.#reasons,
      this.#scroll,
      this.#crashes.element,
    );
  }

  /**
   * @param {HealthGroup} group
   * @param {number} nowMs
   */
  show({ title: name, state, reasons, checks, crashes }, nowMs) {
    this.section.setAttribute("aria-label", name);
    showState(this.#dot, state);
    setText(this.#title, name);
    setText(this.#state, state);
    this.#state.dataset["state"] = state;
    this.#reasons.replaceChildren(...reasons.map((reason) => h("li", {}, reason)));
    this.#scroll.hidden = checks.length === 0;
    this.#crashes.show(crashes);
    keepInOrder(
      this.#rows,
      this.#views,
      checks.map((check) => ({ key: check.name, value: check })),
      () => new CheckView(this.#run),
      (view, check) => view.show(check, nowMs),
      (view) => [view.row, view.detailRow],
    );
  }
}

/** Owns the page while it is shown. */
class HealthPage {
  #context;
  #page;
  /** @type {Map<string, GroupView>} */
  #views = new Map();
  #tiles = h("div", { class: "tiles health-tiles" });
  #groups = h("div", { class: "health-groups" });
  /** @type {CrashEntry[]} */
  #crashes = [];
  #looks = 0;
  #empty = h("p", { class: "health-empty", hidden: true });

  /**
   * @param {HTMLElement} root
   * @param {PageContext} context
   */
  constructor(root, context) {
    this.#context = context;
    /** @type {ListPage<WatchedHealth>} */
    this.#page = new ListPage({
      context,
      title,
      filter: { placeholder: "Filter: a service, a check, http …", label: "Filter the checks" },
      only: { param: "unwell", text: "Not healthy only" },
      load: (signal) => this.#load(signal),
      show: (health) => this.#show(health),
    });
    this.#groups.addEventListener(
      "keydown",
      (event) => moveFocus(event, this.#groups.querySelectorAll(".health-button")),
    );
    root.append(...this.#page.head, this.#tiles, this.#groups, this.#empty);
    this.#page.start();
  }

  destroy() {
    this.#page.destroy();
  }

  /**
   * @param {AbortSignal} signal
   * @returns {Promise<WatchedHealth>}
   */
  async #load(signal) {
    const { api } = this.#context;
    if (this.#looks++ % LOOKS_A_CRASH_LIST === 0) this.#crashes = await api.crashes(signal);
    return await api.checks(signal);
  }

  /** @param {WatchedHealth} health */
  #show(health) {
    const nowMs = this.#context.nowMs();
    const groups = chosenGroups(health, this.#crashes, {
      filter: this.#page.filter,
      unwellOnly: this.#page.only,
      nowMs,
    });
    const fresh = crashesWithin(this.#crashes, nowMs, FRESH_MS).length;
    const counts = { ...stateCounts(health), crashes: fresh };
    this.#tiles.replaceChildren(
      ...TILES.map(({ id, title: name }) =>
        h(
          "section",
          { class: "card tile", "aria-label": name, "data-tile": id },
          h("h2", { class: "tile-title" }, name),
          h("p", { class: "tile-value", "data-some": String(counts[id] > 0) }, String(counts[id])),
        )
      ),
    );
    keepInOrder(
      this.#groups,
      this.#views,
      groups.map((group) => ({ key: group.key, value: group })),
      () => new GroupView(this.#context.api, (name) => this.#run(name)),
      (view, group) => view.show(group, nowMs),
      (view) => [view.section],
    );
    this.#page.summarize(
      health.checks.length === 0
        ? "Nothing is checked yet"
        : `The host is ${health.host.state} · ${counted(health.checks.length, "check")} of ${
          counted(health.services.length, "service")
        }`,
    );
    this.#empty.hidden = groups.length > 0;
    setText(
      this.#empty,
      health.checks.length === 0
        ? "Checks stand in the section health of horizon.yaml."
        : "Nothing matches the filter.",
    );
  }

  /**
   * @param {string} name
   * @returns {Promise<void>}
   */
  async #run(name) {
    await this.#context.api.runCheck(name, this.#page.signal);
    await this.#page.refresh();
  }
}
