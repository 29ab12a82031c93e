import assert from "node:assert/strict";
import { join } from "node:path";
import { HostFiles } from "../../../collectors/host_files.ts";

async function withFolder(run: (root: string) => void): Promise<void> {
  const root = await Deno.makeTempDir();
  try {
    run(root);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

Deno.test("HostFiles.text: a missing file is noted, and no longer when it is there", () =>
  withFolder((root) => {
    const files = new HostFiles(root);
    assert.equal(files.text("a"), null);
    assert.deepEqual(files.unavailable, ["a: not there"]);
    Deno.writeTextFileSync(join(root, "a"), "x\n");
    assert.equal(files.text("a"), "x\n");
    assert.deepEqual(files.unavailable, []);
  }));

Deno.test("HostFiles.text: a folder in the place of a file is noted, not thrown", () =>
  withFolder((root) => {
    Deno.mkdirSync(join(root, "a"));
    const files = new HostFiles(root);
    assert.equal(files.text("a"), null);
    assert.equal(files.unavailable.length, 1);
  }));

Deno.test("HostFiles.bytes: reads what is longer than its first buffer, and cuts what is too long", () =>
  withFolder((root) => {
    const files = new HostFiles(root);
    Deno.writeFileSync(join(root, "large"), new Uint8Array(100_000).fill(7));
    assert.equal(files.bytes("large")?.length, 100_000);
    Deno.writeFileSync(join(root, "huge"), new Uint8Array(3 << 20));
    assert.equal(files.bytes("huge")?.length, 1 << 20);
    assert.deepEqual(files.unavailable, ["huge: cut, too long"]);
  }));

Deno.test("HostFiles.names: lists a folder; one that is missing is noted", () =>
  withFolder((root) => {
    const files = new HostFiles(root);
    Deno.writeTextFileSync(join(root, "a"), "");
    assert.deepEqual(files.names("."), ["a"]);
    assert.equal(files.names("block"), null);
    assert.deepEqual(files.unavailable, ["block: not there"]);
  }));
