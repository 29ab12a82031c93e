import assert from "node:assert/strict";
import { parseCompileArgs } from "../../../scripts/compile.ts";

Deno.test("parseCompileArgs: defaults to the best kind for this machine", () => {
  assert.deepEqual(parseCompileArgs([]), { kind: "auto" });
});

Deno.test("parseCompileArgs: takes a target and a kind", () => {
  const target = "aarch64-unknown-linux-gnu";
  assert.deepEqual(parseCompileArgs(["--target", target, "--kind=compiled"]), {
    kind: "compiled",
    target,
  });
});

Deno.test("parseCompileArgs: says what it does not understand", () => {
  assert.match(String(parseCompileArgs(["--kind", "small"])), /--kind is auto, compiled or/);
  assert.match(String(parseCompileArgs(["--fast"])), /--fast/);
});
