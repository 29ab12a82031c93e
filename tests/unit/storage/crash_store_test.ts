import assert from "node:assert/strict";
import type { CrashSummary } from "../../../mod/crashes/crash.ts";
import { CrashStore } from "../../../storage/crash_store.ts";

const LIMITS = { maxCount: 3, maxBytes: 10_000, maxAgeMs: 1_000 };

function summary(tsMs: number, pid = 7): CrashSummary {
  return {
    id: `${tsMs}-${pid}`,
    tsMs,
    processId: `${pid}-1`,
    pid,
    name: "w",
    service: null,
    cause: "crashed",
    exitCode: null,
    signal: "SIGSEGV",
    message: "w (pid 7) crashed with SIGSEGV",
    evidence: ["a", "b"],
  };
}

const ids = (store: CrashStore) => store.list().map(({ id }) => id);

async function withFolder(test: (path: string) => void): Promise<void> {
  const path = await Deno.makeTempDir();
  try {
    test(path);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

for (const place of ["in memory", "in a folder"]) {
  Deno.test(`CrashStore ${place}: newest first, by count, bytes and age`, () =>
    withFolder((path) => {
      const store = new CrashStore(place === "in memory" ? null : path, LIMITS);
      for (let i = 1; i <= 4; i++) store.put(summary(i * 100), Uint8Array.of(i, 10, 0));
      assert.deepEqual(ids(store), ["400-7", "300-7", "200-7"]);
      assert.deepEqual(store.get("300-7"), Uint8Array.of(3, 10, 0));
      assert.equal(store.get("100-7"), null);
      store.put(summary(500), new Uint8Array(9_700));
      assert.deepEqual(ids(store), ["500-7"]);
      store.put(summary(600), new Uint8Array(20_000));
      assert.deepEqual(ids(store), ["600-7"], "the newest stays, however large");
      store.expire(1_600);
      assert.deepEqual(ids(store), ["600-7"]);
      store.expire(1_601);
      assert.deepEqual(ids(store), []);
      assert.equal(store.stats.dropped, 6);
      assert.equal(store.stats.bytes, 0);
    }));
}

Deno.test("CrashStore: is there after a restart; damaged and foreign files are left alone", () =>
  withFolder((path) => {
    const first = new CrashStore(path, LIMITS);
    for (let i = 1; i <= 3; i++) first.put(summary(i), Uint8Array.of(i));
    Deno.writeTextFileSync(`${path}/crashes/2-7.crash`, "{");
    Deno.writeTextFileSync(`${path}/crashes/9-7.crash`, '{"id": "../../etc"}\n');
    Deno.writeTextFileSync(`${path}/crashes/notes.txt`, "");
    const second = new CrashStore(path, LIMITS);
    assert.deepEqual(second.list(), [summary(3), summary(1)]);
    assert.deepEqual(second.get("3-7"), Uint8Array.of(3));
    for (const id of ["2-7", "../../etc/passwd", "", "3-7/../1-7"]) {
      assert.equal(second.get(id), null, id);
    }
    assert.equal(
      Deno.readTextFileSync(`${path}/crashes/2-7.crash`),
      "{",
    );
  }));

Deno.test("CrashStore: limits that are tighter after a restart hold for what was kept before", () =>
  withFolder((path) => {
    const first = new CrashStore(path, LIMITS);
    for (let i = 1; i <= 3; i++) first.put(summary(i), Uint8Array.of(i));
    const second = new CrashStore(path, { ...LIMITS, maxCount: 1 });
    assert.deepEqual(ids(second), ["3-7"]);
    assert.equal(second.stats.dropped, 2);
    assert.deepEqual([...Deno.readDirSync(`${path}/crashes`)].map(({ name }) => name), [
      "3-7.crash",
    ]);
  }));

Deno.test("CrashStore: what cannot be written stays in memory, and says so", () =>
  withFolder((path) => {
    Deno.writeTextFileSync(`${path}/crashes`, "a file where the folder should be");
    const store = new CrashStore(path, LIMITS);
    store.put(summary(1), Uint8Array.of(1));
    assert.deepEqual(store.get("1-7"), Uint8Array.of(1));
    assert.notEqual(store.stats.problem, null);
  }));
