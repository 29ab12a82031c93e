import assert from "node:assert/strict";
import fc from "fast-check";
import { parsePositions, PositionsFile } from "../../../../collectors/logs/log_positions.ts";

const SILENT = { info: () => {}, warn: () => {} };
const POSITIONS = {
  savedAtMs: 1_772_366_400_000,
  files: [{
    path: "/var/log/a.log",
    dev: 1,
    ino: 2,
    offset: 3,
    probe: "616263",
    acknowledged: 9,
    head: "616263",
  }],
  cursors: { journald: "s=1" },
};

Deno.test("PositionsFile: reads what it wrote, and says when there is nothing or something else", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = new PositionsFile(`${folder}/positions.json`, SILENT);
    assert.deepEqual(await file.load(), { kind: "none" });
    assert.equal(await file.save(POSITIONS), true);
    assert.deepEqual(await file.load(), { kind: "loaded", positions: POSITIONS });
    await Deno.writeTextFile(`${folder}/positions.json`, '{"version":1,"files":');
    assert.equal((await file.load()).kind, "damaged");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("PositionsFile: a folder that cannot be written is logged once, not thrown", async () => {
  const warnings: string[] = [];
  const log = { info: () => {}, warn: (event: string) => void warnings.push(event) };
  const file = new PositionsFile("/nowhere/to/be/found/positions.json", log);
  assert.equal(await file.save(POSITIONS), false);
  assert.equal(await file.save(POSITIONS), false);
  assert.deepEqual(warnings, ["log_positions_not_written"]);
});

Deno.test("parsePositions: takes any text, and no position that makes no sense", () => {
  fc.assert(fc.property(fc.string(), (text) => assert.equal(parsePositions(text), null)));
  const [good] = POSITIONS.files;
  const broken = [
    { offset: -1 },
    { offset: 1.5 },
    { acknowledged: 2 },
    { probe: "6" },
    {
      probe: "61626364",
    },
    { head: "xx" },
    { ino: "2" },
    { path: 7 },
  ];
  for (const change of broken) {
    const text = JSON.stringify({
      version: 1,
      saved_at_ms: 0,
      files: [{ ...good, ...change }],
      cursors: {},
    });
    assert.equal(parsePositions(text), null, JSON.stringify(change));
  }
});
