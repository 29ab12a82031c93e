/** Media types of the page's files, by ending. What is not here is not served. */
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  json: "application/json",
  svg: "image/svg+xml",
  png: "image/png",
  ico: "image/x-icon",
  webp: "image/webp",
  woff2: "font/woff2",
  txt: "text/plain; charset=utf-8",
};

/** The Content-Type of a file name, or null when such files are not served. */
export function contentTypeOf(name: string): string | null {
  const ending = /\.([a-z0-9]+)$/.exec(name)?.[1];
  if (ending === undefined || !Object.hasOwn(CONTENT_TYPES, ending)) return null;
  return CONTENT_TYPES[ending] ?? null;
}
