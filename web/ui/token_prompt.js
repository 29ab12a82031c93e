// @ts-check
/// <reference lib="dom" />
/** Asks for the bearer token when the server wants one. Kept for this tab only. */

import { h, setText } from "./dom.js";

const STORAGE_KEY = "horizon.token";

/** @returns {string | null} */
export function storedToken() {
  return sessionStorage.getItem(STORAGE_KEY);
}

/** Owns the dialog while it is open: requests that are refused at the same time share one. */
export class TokenPrompt {
  #problemOf;
  /** @type {Promise<string | null> | null} */
  #open = null;

  /** @param {(token: string) => Promise<string | null>} problemOf tries a token; null when it is taken */
  constructor(problemOf) {
    this.#problemOf = problemOf;
  }

  /**
   * Asks until a token is taken; one given since the request was sent is answered without asking.
   * @param {string | null} refused the token that the server did not take, null when none was sent
   * @returns {Promise<string | null>} null when the user gave up
   */
  ask(refused) {
    const stored = storedToken();
    if (stored !== null && stored !== refused) return Promise.resolve(stored);
    sessionStorage.removeItem(STORAGE_KEY);
    this.#open ??= this.#prompt().finally(() => {
      this.#open = null;
    });
    return this.#open;
  }

  /** @returns {Promise<string | null>} */
  #prompt() {
    const input = h("input", {
      class: "field",
      id: "token",
      type: "password",
      autocomplete: "off",
      required: true,
      spellcheck: "false",
      "aria-describedby": "token-problem",
    });
    const problem = h("p", { class: "token-problem", id: "token-problem", role: "alert" });
    const cancel = h("button", { type: "button", class: "button" }, "Cancel");
    const form = h(
      "form",
      { class: "dialog-body" },
      h("h2", { id: "token-title" }, "This Horizon asks for a token"),
      h(
        "p",
        {},
        "Paste a token with the role viewer or more. It is kept until this tab is closed.",
      ),
      h("label", { for: "token" }, "Token"),
      input,
      problem,
      h(
        "div",
        { class: "dialog-buttons" },
        cancel,
        h("button", { type: "submit", class: "button button-primary" }, "Continue"),
      ),
    );
    const dialog = h("dialog", { "aria-labelledby": "token-title" }, form);
    const answer = /** @type {PromiseWithResolvers<string | null>} */ (Promise.withResolvers());
    cancel.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => {
      dialog.remove();
      answer.resolve(storedToken());
    });
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const token = input.value.trim();
      setText(problem, "");
      const reason = await this.#problemOf(token);
      if (reason === null) {
        sessionStorage.setItem(STORAGE_KEY, token);
        dialog.close();
      } else {
        setText(problem, `Not taken: ${reason}`);
        input.select();
      }
    });
    document.body.append(dialog);
    dialog.showModal();
    input.focus();
    return answer.promise;
  }
}
