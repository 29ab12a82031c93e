// @ts-check
/// <reference lib="dom" />
/** The list of keyboard shortcuts. */

import { h, icon } from "./dom.js";

/** @typedef {{ keys: string, text: string }} Shortcut `keys`: one key or several, divided by spaces */

/**
 * @param {readonly Shortcut[]} shortcuts
 * @returns {void}
 */
export function showHelp(shortcuts) {
  if (document.querySelector("dialog[open]") !== null) return;
  const dialog = h(
    "dialog",
    { "aria-labelledby": "help-title" },
    h(
      "form",
      { method: "dialog", class: "dialog-body" },
      h(
        "div",
        { class: "dialog-head" },
        h("h2", { id: "help-title" }, "Keyboard shortcuts"),
        h("button", { class: "icon-button", "aria-label": "Close" }, icon("close")),
      ),
      h(
        "dl",
        { class: "keys" },
        ...shortcuts.flatMap(({ keys, text }) => [
          h("dt", {}, ...keys.split(" ").map((key) => h("kbd", {}, key))),
          h("dd", {}, text),
        ]),
      ),
    ),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
