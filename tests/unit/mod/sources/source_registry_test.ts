import assert from "node:assert/strict";
import { REST, SourceRegistry } from "../../../../mod/sources/source_registry.ts";

const clock = { nowMs: () => 0, monotonicMs: () => 0 };

Deno.test("SourceRegistry.open: a source is opened once, and listed in order", () => {
  const sources = new SourceRegistry(clock);
  const first = sources.open("file", "/var/log/a", ["logs"]);
  const second = sources.open("syslog", "/var/log/a", ["logs"]);
  assert.equal(sources.open("file", "/var/log/a", ["logs"]), first);
  assert.notEqual(first, second);
  assert.deepEqual(sources.statuses().map(({ kind }) => kind), ["file", "syslog"]);
});

Deno.test("SourceRegistry.close: takes a source off the list, and leaves its successor alone", () => {
  const sources = new SourceRegistry(clock);
  const gone = sources.open("file", "a", ["logs"]);
  sources.close(gone);
  assert.deepEqual(sources.statuses(), []);
  const next = sources.open("file", "a", ["logs"]);
  sources.close(gone);
  assert.equal(sources.statuses().length, 1);
  assert.notEqual(next, gone);
});

Deno.test("SourceRegistry: past the bound sources of a kind share a book", () => {
  const sources = new SourceRegistry(clock, 2);
  for (const name of ["a", "b", "c", "d"]) {
    sources.open("file", name, ["logs"]).accepted("logs", 1);
  }
  const listed = sources.statuses().map(({ name, signals }) => [name, signals.logs?.accepted]);
  assert.deepEqual(listed, [["a", 1], ["b", 1], [REST, 2]]);
  assert.equal(sources.unlisted, 2);
});
