import assert from "node:assert/strict";
import { buildKind, VERSION } from "../../../mod/version.ts";

Deno.test("VERSION: is the one of deno.json", async () => {
  const config: unknown = JSON.parse(
    await Deno.readTextFile(new URL("../../../deno.json", import.meta.url)),
  );
  assert.ok(typeof config === "object" && config !== null && "version" in config);
  assert.equal(VERSION, config.version);
});

Deno.test("buildKind: tests run from source", () => {
  assert.equal(buildKind(), "source");
});
