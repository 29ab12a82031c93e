import assert from "node:assert/strict";
import { tarArchive, type TarEntry } from "../../../../mod/archive/tar_archive.ts";

const ENTRIES: TarEntry[] = [
  { path: "program", content: new TextEncoder().encode("#!/bin/sh\n"), executable: true },
  { path: "ui/vendor/exact.bin", content: new Uint8Array(1024).fill(7), executable: false },
  { path: "empty", content: new Uint8Array(), executable: false },
];

Deno.test("tarArchive: the system's tar unpacks it, with modes", async () => {
  const dir = await Deno.makeTempDir();
  try {
    await Deno.writeFile(`${dir}/a.tar`, tarArchive(ENTRIES));
    const tar = new Deno.Command("tar", { args: ["-xf", "a.tar"], cwd: dir });
    const { code, stderr } = await tar.output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    for (const { path, content, executable } of ENTRIES) {
      assert.deepEqual(new Uint8Array(await Deno.readFile(`${dir}/${path}`)), content);
      const { mode } = await Deno.stat(`${dir}/${path}`);
      assert.equal(((mode ?? 0) & 0o100) !== 0, executable, path);
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("tarArchive: the same entries give the same bytes", () => {
  assert.deepEqual(tarArchive(ENTRIES), tarArchive(ENTRIES));
});

Deno.test("tarArchive: paths that its headers cannot hold are refused", () => {
  for (const path of ["a".repeat(101), "caf\u00e9", ""]) {
    const entry = { path, content: new Uint8Array(), executable: false };
    assert.throws(() => tarArchive([entry]), RangeError, path);
  }
});
