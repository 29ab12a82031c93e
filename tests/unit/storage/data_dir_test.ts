import assert from "node:assert/strict";
import { HorizonError } from "../../../mod/errors.ts";
import { DataDir } from "../../../storage/data_dir.ts";
import { MAX_BACKLOG_BYTES } from "../../../storage/frame_backlog.ts";
import { CANNOT_MOUNT, fillUp, remount, withSmallDisk } from "../../support/small_disk.ts";

const CHUNK = { signal: "logs", number: 1, bucketUs: 3_600_000_000 } as const;
const META = { rows: 10, minTsUs: 1, maxTsUs: 2 };
const name = (test: string) => CANNOT_MOUNT === null ? test : `${test} [skipped: ${CANNOT_MOUNT}]`;

function withFolder(test: (path: string) => void): void {
  const path = Deno.makeTempDirSync({ prefix: "horizon-dir-" });
  try {
    test(path);
  } finally {
    Deno.removeSync(path, { recursive: true });
  }
}

/** Rows that a directory gives back. */
function rowsIn(path: string): number {
  const disk = new DataDir(path, "on_close");
  const rows = disk.chunkFiles().flatMap((file) => disk.readChunk(file).frames)
    .reduce((sum, frame) => sum + frame.rows, 0);
  disk.close();
  return rows;
}

const refusal = (code: string, message: RegExp) => (error: unknown) =>
  error instanceof HorizonError && error.code === code && message.test(error.message);

Deno.test({
  name: name(
    "DataDir: what a full disk does not take waits in memory, and is written once there is room",
  ),
  ignore: CANNOT_MOUNT !== null,
  fn: () =>
    withSmallDisk("size=256k", (path) => {
      const disk = new DataDir(`${path}/data`, "every_batch");
      disk.logDefinitions("series", 1, new Uint8Array(100));
      disk.logRows(CHUNK, META, new Uint8Array(1_000));
      disk.endAppend();
      assert.equal(disk.stats().problem, null);
      fillUp(`${path}/ballast`);
      for (let i = 0; i < 5; i++) disk.logRows(CHUNK, META, new Uint8Array(20_000));
      disk.logDefinitions("series", 3, new Uint8Array(5_000));
      disk.tick();
      const full = disk.stats();
      assert.match(full.problem ?? "", /No space left/);
      assert.deepEqual([full.waitingRows, full.unloggedRows], [53, 0]);
      assert.ok(full.failedWrites >= 6);
      Deno.removeSync(`${path}/ballast`);
      disk.tick();
      const again = disk.stats();
      assert.deepEqual([again.problem, again.waitingRows, again.waitingBytes], [null, 0, 0]);
      disk.close();
      assert.equal(rowsIn(`${path}/data`), 60);
    }),
});

Deno.test({
  name: name(
    "DataDir: what is past the bound of what may wait is counted, and definitions are asked for",
  ),
  ignore: CANNOT_MOUNT !== null,
  fn: () =>
    withSmallDisk("size=256k", (path) => {
      const disk = new DataDir(`${path}/data`, "every_second");
      const half = new Uint8Array(MAX_BACKLOG_BYTES / 2 + 1);
      for (let i = 0; i < 3; i++) disk.logRows(CHUNK, META, half);
      disk.logDefinitions("series", 1, half);
      const full = disk.stats();
      assert.deepEqual([full.waitingRows, full.unloggedRows], [10, 20]);
      assert.equal(disk.definitionsStale, false);
      // The chunk is evicted, and with it what waits for its file.
      disk.removeChunk(CHUNK);
      disk.logRows({ ...CHUNK, number: 2 }, META, new Uint8Array(10));
      assert.equal(disk.stats().waitingRows, 0);
      assert.notEqual(disk.stats().problem, null);
      assert.equal(disk.definitionsStale, true);
      disk.rewriteDefinitions([{ table: "series", rows: 1, payload: new Uint8Array(10) }]);
      assert.equal(disk.stats().problem, null);
      disk.close();
    }),
});

Deno.test({
  name: name("DataDir: a directory that cannot be written is refused in one sentence"),
  ignore: CANNOT_MOUNT !== null,
  fn: () =>
    withSmallDisk("size=256k", (path) => {
      new DataDir(`${path}/used`, "on_close").close();
      remount(path, "ro");
      const cannot = refusal(
        "permission_denied",
        /cannot be used: Read-only file system.*--data-dir/,
      );
      for (const one of ["used", "new"]) {
        assert.throws(() => new DataDir(`${path}/${one}`, "on_close"), cannot);
      }
    }),
});

Deno.test({
  name: name("DataDir: a full disk does not prevent a start"),
  ignore: CANNOT_MOUNT !== null,
  fn: () =>
    withSmallDisk("size=256k", (path) => {
      const first = new DataDir(`${path}/data`, "on_close");
      first.logRows(CHUNK, META, new Uint8Array(1_000));
      first.logRows(CHUNK, META, new Uint8Array(1_000));
      first.close();
      // Damage in the middle: mending needs room for another file.
      const file = `${path}/data/chunks/logs-3600-1.log`;
      const bytes = Deno.readFileSync(file);
      bytes[100] = 1;
      Deno.writeFileSync(file, bytes);
      fillUp(`${path}/ballast`);
      assert.equal(rowsIn(`${path}/data`), 10);
    }),
});

Deno.test("DataDir: a file in its place is refused in one sentence", () => {
  withFolder((path) => {
    Deno.writeTextFileSync(`${path}/data`, "");
    assert.throws(
      () => new DataDir(`${path}/data`, "on_close"),
      refusal("invalid_argument", /data is a file; name a directory with --data-dir/),
    );
  });
});

Deno.test({
  name: `DataDir: missing permissions are refused in one sentence${
    Deno.uid() === 0 ? " [skipped: root has every permission]" : ""
  }`,
  ignore: Deno.uid() === 0,
  fn: () =>
    withFolder((path) => {
      Deno.mkdirSync(`${path}/data`, { mode: 0o500 });
      assert.throws(
        () => new DataDir(`${path}/data`, "on_close"),
        refusal("permission_denied", /cannot be used: Permission denied/),
      );
    }),
});

Deno.test("DataDir: a file that starts die of is tried with less each time, then set aside", () => {
  withFolder((path) => {
    const first = new DataDir(path, "on_close");
    first.logRows(CHUNK, META, new Uint8Array(10));
    first.logRows({ ...CHUNK, number: 2 }, META, new Uint8Array(10));
    first.close();
    const shares: number[] = [];
    for (let start = 0; start < 3; start++) {
      const disk = new DataDir(path, "on_close");
      const [newest, older] = disk.chunkFiles();
      assert.ok(newest !== undefined && older !== undefined);
      shares.push(disk.loadShare);
      // Loading the first of them is what ends the process.
      assert.equal(disk.beginLoad(newest), start < 2);
      if (start === 2) {
        assert.equal(disk.beginLoad(older), true);
        disk.endRecovery();
        assert.equal(disk.stats().quarantinedFiles, 1);
      }
      disk.close();
    }
    assert.deepEqual(shares, [1, 0.5, 0.25]);
    const after = new DataDir(path, "on_close");
    assert.deepEqual([after.loadShare, after.chunkFiles().length], [1, 1]);
    after.close();
  });
});

Deno.test("DataDir: a damaged note of a recovery counts as none", () => {
  withFolder((path) => {
    for (const note of ["", "{", "null", '{"attempts":-1,"file":""}', '{"attempts":"9"}']) {
      Deno.writeTextFileSync(`${path}/recovering`, note);
      const disk = new DataDir(path, "on_close");
      assert.equal(disk.loadShare, 1, note);
      disk.close();
    }
  });
});

Deno.test("DataDir: forces to the disk what its policy says, when it says so", () => {
  withFolder((path) => {
    for (
      const [policy, afterAppend, afterTick, afterClose] of [
        ["every_batch", 1, 1, 1],
        ["every_second", 0, 1, 1],
        ["on_close", 0, 0, 1],
      ] as const
    ) {
      const disk = new DataDir(`${path}/${policy}`, policy);
      disk.logRows(CHUNK, META, new Uint8Array(10));
      disk.endAppend();
      assert.equal(disk.stats().syncs, afterAppend, policy);
      assert.equal(disk.stats().unsyncedBytes === 0, afterAppend === 1, policy);
      disk.tick();
      assert.equal(disk.stats().syncs, afterTick, policy);
      assert.equal(disk.stats().unsyncedBytes === 0, afterTick === 1, policy);
      disk.tick();
      disk.close();
      assert.equal(disk.stats().syncs, afterClose, policy);
    }
  });
});

Deno.test("DataDir: nothing of a newer version is touched", () => {
  withFolder((path) => {
    Deno.mkdirSync(`${path}/data`);
    // crc32("schema_version=9")
    Deno.writeTextFileSync(
      `${path}/data/horizon.json`,
      '{"schema_version": 9, "crc32": "e7861cb5"}\n',
    );
    assert.throws(
      () => new DataDir(`${path}/data`, "on_close"),
      refusal("invalid_argument", /written by a newer Horizon \(layout 9/),
    );
    assert.deepEqual([...Deno.readDirSync(`${path}/data`)].map(({ name }) => name), [
      "horizon.json",
    ]);
  });
});
