// @ts-check
/// <reference lib="dom" />
/** Starts the page: the frame, the connection to the server, and the pages as the address names them. */

import { ApiClient, errorText } from "./api_client.js";
import { connectionLabel } from "./connection.js";
import { h, icon, setText } from "./dom.js";
import { showHelp } from "./help_dialog.js";
import { KeySequences } from "./key_sequences.js";
import { latestSamples } from "./latest_samples.js";
import { LiveSamples } from "./live_samples.js";
import { PAGES, SUB_PAGES } from "./pages.js";
import { formatRoute, parseRoute } from "./route.js";
import { currentTheme, onThemeChange, toggleTheme } from "./theme.js";
import { storedToken, TokenPrompt } from "./token_prompt.js";

/** @import { PageContext } from "./pages.js" */

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
function byId(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`index.html has no #${id}`);
  return element;
}

const main = byId("main");
const nav = byId("nav");
const tokenPrompt = new TokenPrompt((token) => api.tokenProblem(token));

/** @type {boolean | null} */
let reachable = null;
/** Server's clock minus this browser's, in milliseconds. */
let clockOffsetMs = 0;

/** @type {ApiClient} */
const api = new ApiClient({
  base: location.origin,
  token: storedToken,
  askToken: async (refused) => {
    const token = await tokenPrompt.ask(refused);
    if (token !== null) live.reconnect();
    return token;
  },
  onReachable: (answered) => {
    reachable = answered;
    showConnection();
  },
});

const live = new LiveSamples({
  openSocket: () => {
    const token = storedToken();
    const url = new URL("/api/stream", location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    return new WebSocket(url, token === null ? ["horizon"] : ["horizon", `bearer.${token}`]);
  },
  poll: (names, signal) => latestSamples(api, names, signal),
  onState: showConnection,
  random: Math.random,
});

function showConnection() {
  const { state, text } = connectionLabel(live.state, reachable);
  byId("connection").dataset["state"] = state;
  setText(byId("connection-text"), text);
}

/** @type {() => void} */
let unmount = () => {};
let shownPage = "";
/** Counts openings, so that a page that loads slowly does not replace a newer one. */
let opening = 0;

async function openRoute() {
  const route = parseRoute(location.hash);
  const subPage = SUB_PAGES.find(({ name }) => name === route.page);
  const entry = subPage ?? PAGES.find(({ name }) => name === route.page) ?? PAGES[0];
  if (entry === undefined) return;
  const turn = ++opening;
  for (const link of nav.querySelectorAll("a")) {
    if (link.dataset["page"] === (subPage?.menu ?? entry.name)) {
      link.setAttribute("aria-current", "page");
    } else link.removeAttribute("aria-current");
  }
  try {
    const page = await entry.load();
    if (turn !== opening) return;
    unmount();
    unmount = () => {};
    main.replaceChildren();
    document.title = `${page.title} · Horizon`;
    unmount = page.mount(main, contextOf(entry.name, route.params));
    if (shownPage !== "" && shownPage !== entry.name) main.focus();
    shownPage = entry.name;
  } catch (error) {
    if (turn !== opening) return;
    main.replaceChildren(
      h(
        "p",
        { class: "notice notice-error", role: "alert" },
        `This page failed: ${errorText(error)}`,
      ),
    );
  }
}

/**
 * @param {string} name of the page
 * @param {URLSearchParams} params
 * @returns {PageContext}
 */
function contextOf(name, params) {
  return {
    api,
    live,
    params,
    setParams: (changed) => {
      history.replaceState(null, "", formatRoute(name, changed));
    },
    open: (page, next) => {
      location.hash = formatRoute(page, next);
    },
    nowMs: () => Date.now() + clockOffsetMs,
    observeTime: (timeMs) => {
      clockOffsetMs = timeMs - Date.now();
    },
  };
}

function buildNav() {
  nav.replaceChildren(...PAGES.map(({ name, title, icon: iconName, key }) =>
    h(
      "a",
      { href: formatRoute(name), "data-page": name, title: `g ${key}` },
      icon(iconName),
      h("span", {}, title),
    )
  ));
}

function buildButtons() {
  const theme = h("button", { type: "button", class: "icon-button" });
  const showTheme = () => {
    const other = currentTheme() === "dark" ? "light" : "dark";
    theme.setAttribute("aria-label", `Switch to the ${other} theme`);
    theme.title = `Switch to the ${other} theme (t)`;
    theme.replaceChildren(icon(other === "light" ? "sun" : "moon"));
  };
  theme.addEventListener("click", toggleTheme);
  onThemeChange(showTheme);
  showTheme();
  const help = h(
    "button",
    {
      type: "button",
      class: "icon-button",
      "aria-label": "Keyboard shortcuts",
      title: "? shortcuts",
    },
    icon("help"),
  );
  help.addEventListener("click", () => showHelp(SHORTCUTS));
  byId("side-buttons").replaceChildren(theme, help);
}

const SHORTCUTS = [
  ...PAGES.map(({ key, title }) => ({ keys: `g ${key}`, text: `Go to ${title}` })),
  { keys: "/", text: "Filter, or edit the query" },
  { keys: "t", text: "Switch between dark and light" },
  { keys: "Ctrl Enter", text: "Run the query" },
  { keys: "Esc", text: "Cancel the query, close what is open" },
  { keys: "Left Right", text: "Move along the chart that has the focus" },
  { keys: "Up Down", text: "Move along the rows of a table" },
  { keys: "?", text: "This list" },
];

/** @type {Record<string, () => void>} */
const ACTIONS = {
  "?": () => showHelp(SHORTCUTS),
  t: toggleTheme,
  // The page's own field: the filter of a table, the editor of the console.
  "/": () => {
    const field = main.querySelector("[data-focus-key]");
    if (field instanceof HTMLElement) field.focus();
  },
};
for (const { key, name } of PAGES) {
  ACTIONS[`g ${key}`] = () => {
    location.hash = formatRoute(name);
  };
}

function listenToKeys() {
  const sequences = new KeySequences(Object.keys(ACTIONS));
  addEventListener("keydown", (event) => {
    const target = event.target;
    const typing = target instanceof HTMLElement &&
      (target.isContentEditable || target.matches("input, textarea, select, dialog *"));
    const sequence = sequences.press({
      key: event.key,
      modified: event.ctrlKey || event.altKey || event.metaKey,
      typing,
      timeMs: event.timeStamp,
    });
    if (sequence === null) return;
    event.preventDefault();
    ACTIONS[sequence]?.();
  });
}

async function showHost() {
  try {
    const { hostname, version } = await api.info();
    setText(byId("host"), `${hostname} · Horizon ${version}`);
  } catch (error) {
    setText(byId("host"), errorText(error));
  }
}

buildNav();
buildButtons();
listenToKeys();
addEventListener("hashchange", openRoute);
// One request alone goes first: should the token be refused, a page's dozen would count as a dozen wrong attempts.
await showHost();
openRoute();
