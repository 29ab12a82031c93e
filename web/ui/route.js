// @ts-check
/** Addresses inside the page: `#/processes?pid=42`. */

/**
 * @typedef {object} Route
 * @property {string} page name of the page, empty for none
 * @property {URLSearchParams} params
 */

/**
 * @param {string} hash as `location.hash` gives it
 * @returns {Route}
 */
export function parseRoute(hash) {
  const text = hash.replace(/^#\/?/, "");
  const mark = text.indexOf("?");
  const page = mark === -1 ? text : text.slice(0, mark);
  return { page, params: new URLSearchParams(mark === -1 ? "" : text.slice(mark + 1)) };
}

/**
 * @param {string} page
 * @param {Record<string, string | number | null>} [params] null leaves one out
 * @returns {string} starts with `#`
 */
export function formatRoute(page, params = {}) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== null && value !== "") search.set(name, String(value));
  }
  const text = search.toString();
  return text === "" ? `#/${page}` : `#/${page}?${text}`;
}
