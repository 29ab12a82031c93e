import assert from "node:assert/strict";
import {
  assetUrl,
  BROWSER_LIBRARIES,
  DUCKDB_WASM,
  runsFromSource,
  STORE_WORKER,
} from "../../../mod/assets.ts";

const SOURCE = "file:///src/horizon/mod/assets.ts";
const BUNDLE = "file:///opt/horizon-1/main.js";

Deno.test("assetUrl: names resolve into the source tree when run from it", () => {
  assert.equal(assetUrl(STORE_WORKER, SOURCE).href, "file:///src/horizon/storage/worker.ts");
  assert.equal(assetUrl("ui/index.html", SOURCE).href, "file:///src/horizon/web/ui/index.html");
  assert.equal(
    assetUrl("ui/vendor/uplot.js", SOURCE).href,
    "file:///src/horizon/node_modules/uplot/dist/uPlot.esm.js",
  );
  assert.throws(() => assetUrl(DUCKDB_WASM, SOURCE), TypeError);
});

Deno.test("assetUrl: names resolve beside the code in a bundle", () => {
  for (const name of [STORE_WORKER, DUCKDB_WASM, "ui/index.html", "ui/vendor/uplot.js"]) {
    assert.equal(assetUrl(name, BUNDLE).href, `file:///opt/horizon-1/${name}`);
  }
});

Deno.test("assetUrl: names that leave the folder are refused", () => {
  for (const name of ["../x", "ui/../../x", "/etc/passwd", "ui/%2e%2e/x", "ui\\..\\x", "ui/a?b"]) {
    assert.throws(() => assetUrl(name, SOURCE), TypeError, name);
    assert.throws(() => assetUrl(name, BUNDLE), TypeError, name);
  }
});

Deno.test("runsFromSource: true for this source tree, false for a bundle", () => {
  assert.equal(runsFromSource(), true);
  assert.equal(runsFromSource(BUNDLE), false);
});

Deno.test("BROWSER_LIBRARIES: every file is there", async () => {
  for (const name of Object.keys(BROWSER_LIBRARIES)) {
    assert.ok((await Deno.stat(assetUrl(name))).isFile, name);
  }
});
