// @ts-check
/// <reference lib="dom" />
/** Where the query is written: a plain text area, with a coloured copy of its text behind it. */

import { h } from "../dom.js";
import { tokenizeSql } from "./sql_tokens.js";

/** Longer texts are not coloured, for typing to stay quick. */
const MAX_COLOURED = 20_000;

/** Owns the text area. */
export class SqlEditor {
  #input = h("textarea", {
    class: "editor-input",
    id: "sql",
    rows: 8,
    spellcheck: "false",
    autocapitalize: "off",
    autocomplete: "off",
    "aria-label": "SQL query",
    "aria-describedby": "sql-keys",
    "data-focus-key": true,
  });
  #colours = h("pre", { class: "editor-colours", "aria-hidden": "true" });
  /** To be put into the page. */
  element = h("div", { class: "editor" }, this.#colours, this.#input);

  /**
   * @param {object} options
   * @param {() => void} options.onRun
   * @param {() => void} options.onCancel
   * @param {(text: string) => void} options.onChange
   */
  constructor({ onRun, onCancel, onChange }) {
    this.#input.addEventListener("input", () => {
      this.#colour();
      onChange(this.text);
    });
    this.#input.addEventListener("scroll", () => this.#followScroll());
    this.#input.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        onRun();
      } else if (event.key === "Escape") onCancel();
    });
  }

  get text() {
    return this.#input.value;
  }

  set text(text) {
    this.#input.value = text;
    this.#input.scrollTop = 0;
    this.#colour();
  }

  /**
   * Puts text where the cursor is, so that undo takes it back.
   * @param {string} text
   * @returns {void}
   */
  insert(text) {
    const { selectionStart, selectionEnd } = this.#input;
    this.#input.setRangeText(text, selectionStart, selectionEnd, "end");
    this.#input.dispatchEvent(new Event("input"));
    this.#input.focus();
  }

  focus() {
    this.#input.focus();
  }

  #colour() {
    const { text } = this;
    // The line feed at the end gives the copy the same height as a text that ends in one.
    const tokens = text.length > MAX_COLOURED ? [{ kind: "plain", text }] : tokenizeSql(text);
    this.#colours.replaceChildren(
      ...tokens.map((token) => h("span", { class: `token-${token.kind}` }, token.text)),
      "\n",
    );
    this.#followScroll();
  }

  #followScroll() {
    this.#colours.scrollTop = this.#input.scrollTop;
  }
}
