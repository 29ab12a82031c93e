// @ts-check
/// <reference lib="dom" />
/** Asks for the bearer token when the server wants one. Kept for this tab only. */

import { h } from "./dom.js";

const STORAGE_KEY = "horizon.token";

/** @returns {string | null} */
export function storedToken() {
  return sessionStorage.getItem(STORAGE_KEY);
}

/** Owns the dialog while it is open: requests that are refused at the same time share one. */
export class TokenPrompt {
  /** @type {Promise<string | null> | null} */
  #open = null;

  /**
   * Asks for a token; one given since the request was sent is answered without asking.
   * @param {string | null} refused the token that the server did not take, null when none was sent
   * @returns {Promise<string | null>} null when the user gave up
   */
  ask(refused) {
    const stored = storedToken();
    if (stored !== null && stored !== refused) return Promise.resolve(stored);
    this.#open ??= prompt(refused !== null).finally(() => {
      this.#open = null;
    });
    return this.#open;
  }
}

/**
 * @param {boolean} wasRefused
 * @returns {Promise<string | null>}
 */
function prompt(wasRefused) {
  const input = h("input", {
    class: "field",
    id: "token",
    type: "password",
    autocomplete: "off",
    required: true,
    spellcheck: "false",
  });
  const form = h(
    "form",
    { method: "dialog", class: "dialog-body" },
    h("h2", { id: "token-title" }, "This Horizon asks for a token"),
    h(
      "p",
      {},
      wasRefused
        ? "The token was not taken. Is it complete, and may it read?"
        : "Paste a bearer token with the role viewer or more. It is kept until this tab is closed.",
    ),
    h("label", { for: "token" }, "Token"),
    input,
    h(
      "div",
      { class: "dialog-buttons" },
      h("button", { type: "submit", value: "", class: "button", formnovalidate: true }, "Cancel"),
      h("button", { type: "submit", value: "ok", class: "button button-primary" }, "Continue"),
    ),
  );
  const dialog = h("dialog", { "aria-labelledby": "token-title" }, form);
  document.body.append(dialog);
  dialog.showModal();
  input.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      const token = dialog.returnValue === "ok" ? input.value.trim() : "";
      dialog.remove();
      if (token !== "") sessionStorage.setItem(STORAGE_KEY, token);
      else if (wasRefused) sessionStorage.removeItem(STORAGE_KEY);
      resolve(token === "" ? null : token);
    });
  });
}
