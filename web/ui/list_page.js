// @ts-check
/// <reference lib="dom" />
/** What pages share that list what the server knows, filtered, and ask for it again and again. */

import { errorText, isAbort } from "./api_client.js";
import { h, setText } from "./dom.js";

/** @import { PageContext } from "./pages.js" */

const POLL_MS = 2000;

/**
 * @template T
 * @typedef {object} ListPageOptions
 * @property {PageContext} context
 * @property {string} title
 * @property {{ placeholder: string, label: string }} filter
 * @property {{ param: string, text: string }} only leaves those that need a look; `param` is its name in the address
 * @property {(signal: AbortSignal) => Promise<T>} load asks the server
 * @property {(answer: T) => void} show draws the newest answer, also when the filter has changed
 */

/**
 * Owns the head of such a page and its polling. The filter stands in the address. While the document is hidden nothing
 * is asked for.
 * @template T
 */
export class ListPage {
  #options;
  #gone = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {T | null} */
  #answer = null;
  #filter;
  #only = h("input", { type: "checkbox" });
  #summary = h("p", { class: "sub", role: "status" }, "Loading");
  #problem = h("p", { class: "notice notice-error", role: "alert", hidden: true });
  /** Stands at the top of the page. */
  head;

  /** @param {ListPageOptions<T>} options */
  constructor(options) {
    const { context, title, filter, only } = options;
    this.#options = options;
    this.#filter = h("input", {
      class: "field filter",
      type: "search",
      placeholder: filter.placeholder,
      "aria-label": filter.label,
      "data-focus-key": true,
      spellcheck: "false",
      autocomplete: "off",
    });
    this.#filter.value = context.params.get("filter") ?? "";
    this.#only.checked = context.params.get(only.param) === "1";
    for (const field of [this.#filter, this.#only]) {
      field.addEventListener("input", () => this.#changed());
    }
    this.#filter.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.#filter.blur();
    });
    this.head = [
      h(
        "div",
        { class: "page-head" },
        h("div", { class: "page-head-text" }, h("h1", {}, title), this.#summary),
        this.#filter,
        h("label", { class: "check" }, this.#only, only.text),
      ),
      this.#problem,
    ];
  }

  /** What the user typed. */
  get filter() {
    return this.#filter.value;
  }

  get only() {
    return this.#only.checked;
  }

  /** Aborts when the page is left. */
  get signal() {
    return this.#gone.signal;
  }

  /** @param {string} text */
  summarize(text) {
    setText(this.#summary, text);
  }

  /** Asks now and again until the page is left. */
  async start() {
    if (!document.hidden) await this.refresh();
    if (!this.#gone.signal.aborted) this.#timer = setTimeout(() => this.start(), POLL_MS);
  }

  /** Asks now; what went wrong stands on the page. */
  async refresh() {
    try {
      this.#answer = await this.#options.load(this.#gone.signal);
      this.#problem.hidden = true;
      this.#options.show(this.#answer);
    } catch (error) {
      if (isAbort(error)) return;
      this.#problem.hidden = false;
      setText(this.#problem, errorText(error));
    }
  }

  destroy() {
    this.#gone.abort();
    clearTimeout(this.#timer);
  }

  #changed() {
    const { context, only, show } = this.#options;
    context.setParams({ filter: this.filter, [only.param]: this.only ? "1" : null });
    if (this.#answer !== null) show(this.#answer);
  }
}

/**
 * Moves the focus from one button to the next with the arrow keys.
 * @param {KeyboardEvent} event
 * @param {Iterable<Element>} candidates from the top down
 * @returns {void}
 */
export function moveFocus(event, candidates) {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (step === 0) return;
  const buttons = [...candidates].filter((one) => one instanceof HTMLButtonElement);
  const at = buttons.findIndex((button) => button === document.activeElement);
  if (at < 0) return;
  event.preventDefault();
  buttons[at + step]?.focus();
}

/**
 * Brings the children of `parent` to the wanted order. What stands right is not moved: an element that
 * is moved loses the focus.
 * @template V, T
 * @param {HTMLElement} parent
 * @param {Map<string, V>} views kept from one call to the next
 * @param {readonly { key: string, value: T }[]} wanted
 * @param {() => V} make
 * @param {(view: V, value: T) => void} show
 * @param {(view: V) => readonly HTMLElement[]} elementsOf
 * @returns {void}
 */
export function keepInOrder(parent, views, wanted, make, show, elementsOf) {
  const keys = new Set(wanted.map(({ key }) => key));
  for (const [key, view] of views) {
    if (keys.has(key)) continue;
    for (const element of elementsOf(view)) element.remove();
    views.delete(key);
  }
  /** @type {Element | null} */
  let before = null;
  for (const { key, value } of wanted) {
    const view = views.get(key) ?? make();
    views.set(key, view);
    show(view, value);
    for (const element of elementsOf(view)) {
      /** @type {Element | null} */
      const expected = before === null ? parent.firstElementChild : before.nextElementSibling;
      if (expected !== element) {
        if (before === null) parent.prepend(element);
        else before.after(element);
      }
      before = element;
    }
  }
}
