import assert from "node:assert/strict";
import {
  emptyProcessStat,
  isKernelThread,
  parseProcessStat,
  processState,
} from "../../../../collectors/processes/process_stat.ts";
import { inTree } from "../fixture_trees.ts";

function parse(text: string) {
  const bytes = new TextEncoder().encode(text);
  const stat = emptyProcessStat();
  return parseProcessStat(bytes, bytes.length, stat)
    ? { ...stat, name: new TextDecoder().decode(bytes.subarray(stat.nameStart, stat.nameEnd)) }
    : null;
}

const REST = "R 100 7 8 0 -1 4194560 11 12 13 14 15 16 -17 18 20 0 3 0 6000 4096 77 0 0\n";

Deno.test("parseProcessStat: the fields that are needed", () => {
  const stat = parse(`101 (a) (b) ${REST}`);
  assert.deepEqual(
    { ...stat, nameHash: 0 },
    {
      nameStart: 5,
      nameEnd: 10,
      nameHash: 0,
      stateCode: "R".charCodeAt(0),
      ppid: 100,
      flags: 4194560,
      minorFaults: 11,
      majorFaults: 13,
      userTicks: 15,
      systemTicks: 16,
      threads: 3,
      startTicks: 6000,
      virtualBytes: 4096,
      residentPages: 77,
      name: "a) (b",
    },
  );
});

Deno.test("parseProcessStat: names with anything in them", () => {
  for (
    const name of ["", ")", "(", ") S 1 2", "(((", ")))", "a b\tc", "x\ny", "žluťoučký", "1 (2) 3"]
  ) {
    assert.equal(parse(`1 (${name}) ${REST}`)?.name, name, JSON.stringify(name));
  }
  const kernelThread = "kworker/u16:0-events_unbound_with_a_name_of_sixty_three_bytes__";
  assert.equal(kernelThread.length, 63);
  assert.equal(parse(`1 (${kernelThread}) ${REST}`)?.name, kernelThread);
});

Deno.test("parseProcessStat: another name has another hash", () => {
  assert.notEqual(parse(`1 (a) ${REST}`)?.nameHash, parse(`1 (b) ${REST}`)?.nameHash);
  assert.equal(parse(`1 (a) ${REST}`)?.nameHash, parse(`2 (a) ${REST}`)?.nameHash);
});

Deno.test("parseProcessStat: what is cut anywhere is refused, up to the last field needed", () => {
  const whole = `101 (name) ${REST}`;
  const enough = whole.indexOf(" 77 ") + 4;
  for (let length = 0; length < enough - 1; length++) {
    assert.equal(parse(whole.slice(0, length)), null, `cut at ${length}`);
  }
  assert.notEqual(parse(whole.slice(0, enough)), null);
});

Deno.test("parseProcessStat: only the first `length` bytes count", () => {
  const bytes = new TextEncoder().encode(`1 (a) ${REST}`);
  assert.equal(parseProcessStat(bytes, 20, emptyProcessStat()), false);
  assert.equal(parseProcessStat(bytes, 9999, emptyProcessStat()), true);
});

Deno.test("parseProcessStat: damaged files and huge counts", () => {
  const read = (pid: number) =>
    parse(new TextDecoder().decode(Deno.readFileSync(inTree("damaged", `proc/${pid}/stat`))));
  for (const pid of [2, 3, 4]) assert.equal(read(pid), null, `${pid}`);
  // As near as a double that is built digit by digit comes.
  assert.ok(Math.abs((read(5)?.minorFaults ?? 0) / 2 ** 63 - 1) < 1e-12);
  assert.ok(Math.abs((read(5)?.virtualBytes ?? 0) / 2 ** 64 - 1) < 1e-12);
});

Deno.test("isKernelThread: told by a flag, not by name or parent", () => {
  assert.equal(isKernelThread({ ...emptyProcessStat(), flags: 0x00200040 }), true);
  assert.equal(isKernelThread({ ...emptyProcessStat(), flags: 4194560 }), false);
});

Deno.test("processState: every letter of the kernel, and others", () => {
  const table: [string, string][] = [
    ["R", "running"],
    ["S", "sleeping"],
    ["D", "blocked"],
    ["T", "stopped"],
    ["t", "stopped"],
    ["Z", "defunct"],
    ["X", "defunct"],
    ["I", "idle"],
    ["?", "unknown"],
  ];
  for (const [letter, state] of table) assert.equal(processState(letter.charCodeAt(0)), state);
});
