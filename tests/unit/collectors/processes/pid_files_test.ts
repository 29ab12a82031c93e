import assert from "node:assert/strict";
import { join } from "node:path";
import { PidFiles } from "../../../../collectors/processes/pid_files.ts";

Deno.test("PidFiles.reread: tells what changed; no file, no number and zero say nothing", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "a.pid");
    const files = new PidFiles([
      { service: "a", match: { pidFile: path }, children: true },
      { service: "b", match: { name: "b" }, children: true },
    ]);
    assert.equal(files.reread(), false);
    const table: [string, number | undefined, boolean][] = [
      ["123\n", 123, true],
      ["123", 123, false],
      ["124 extra\n", 124, true],
      ["0", undefined, true],
      ["garbage", undefined, false],
      ["", undefined, false],
    ];
    for (const [text, pid, changed] of table) {
      Deno.writeTextFileSync(path, text);
      assert.equal(files.reread(), changed, JSON.stringify(text));
      assert.equal(files.pids.get(path), pid);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
