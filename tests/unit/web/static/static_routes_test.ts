import assert from "node:assert/strict";
import { readAsset } from "../../../../web/static/read_asset.ts";
import { fakeWeb } from "../fake_web.ts";

const FILES: Record<string, string> = {
  "ui/index.html": "<!doctype html><title>Horizon</title>",
  "ui/app.js": "export {};",
  "ui/pages/sql.js": "export {};",
  "ui/vendor/uplot.css": "a{}",
  "ui/.hidden.js": "secret",
  "ui/notes.md": "not for the page",
};

function staticWeb(): {
  request(path: string, init?: RequestInit): Promise<Response>;
  read: string[];
} {
  const read: string[] = [];
  const { request } = fakeWeb({
    assets: (name) => {
      read.push(name);
      const text = FILES[name];
      return Promise.resolve(text === undefined ? null : new TextEncoder().encode(text));
    },
  });
  return { request, read };
}

Deno.test("page: files come with their type and are revalidated by ETag", async () => {
  const { request } = staticWeb();
  const table: [string, string][] = [
    ["/", "text/html; charset=utf-8"],
    ["/ui/index.html", "text/html; charset=utf-8"],
    ["/ui/app.js", "text/javascript; charset=utf-8"],
    ["/ui/pages/sql.js", "text/javascript; charset=utf-8"],
    ["/ui/vendor/uplot.css", "text/css; charset=utf-8"],
  ];
  for (const [path, type] of table) {
    const response = await request(path);
    assert.equal(response.status, 200, path);
    assert.equal(response.headers.get("content-type"), type);
    assert.equal(response.headers.get("cache-control"), "no-cache");
    await response.body?.cancel();
    const etag = response.headers.get("etag") ?? "";
    for (const tags of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
      const again = await request(path, { headers: { "if-none-match": tags } });
      assert.equal(again.status, 304);
      assert.equal(again.headers.get("etag"), etag);
    }
    const changed = await request(path, { headers: { "if-none-match": '"other"' } });
    assert.equal(changed.status, 200);
    await changed.body?.cancel();
  }
});

Deno.test("page: nothing outside of its folder, hidden, or of another type is read", async () => {
  const { request, read } = staticWeb();
  const paths = [
    "/ui/../main.ts",
    "/ui/..%2fmain.ts",
    "/ui/%2e%2e/%2e%2e/etc/passwd.txt",
    "/ui/..\\main.js",
    "/ui/.hidden.js",
    "/ui/pages/../../x.js",
    "/ui//etc/x.js",
    "/ui/%00.js",
    "/ui/notes.md",
    "/ui/",
    "/ui/app",
    "/ui/pages",
    "/ui/__proto__",
    "/ui/x.constructor",
    `/ui/${"a/".repeat(50)}x.js`,
  ];
  for (const path of paths) assert.equal((await request(path)).status, 404, path);
  assert.deepEqual(read, []);
  assert.equal((await request("/ui/missing.js")).status, 404);
});

Deno.test("readAsset: reads the browser libraries, and answers null for what is not there", async () => {
  const uplot = await readAsset("ui/vendor/uplot.js");
  assert.match(new TextDecoder().decode(uplot ?? new Uint8Array()), /uPlot/);
  assert.equal(await readAsset("ui/no-such-file.js"), null);
});
