import assert from "node:assert/strict";
import fc from "fast-check";
import { parseDiskStats } from "../../../collectors/host/disk.ts";
import { parseFileHandles, parseUptime } from "../../../collectors/host/kernel.ts";
import { cpuUtilization, parseKernelStat } from "../../../collectors/host/cpu.ts";
import { parseLoadAverages } from "../../../collectors/host/load.ts";
import { memoryUsage } from "../../../collectors/host/memory.ts";
import { parseCgroupLimit, parseCgroupPaths } from "../../../collectors/host/memory_limit.ts";
import { parseMounts, realMounts } from "../../../collectors/host/mounts.ts";
import {
  parseNetworkInterfaces,
  parseProtocolCounters,
  parseSocketStat,
} from "../../../collectors/host/network.ts";
import { parseSwaps } from "../../../collectors/host/paging.ts";
import { parsePressure } from "../../../collectors/host/pressure.ts";
import { parseAuxiliaryVector } from "../../../collectors/kernel_constants.ts";
import { namedCounts } from "../../../collectors/proc_text.ts";
import {
  parseArguments,
  parseCgroup,
  parseIo,
  parseOpenFilesLimit,
  parsePasswd,
  parsePss,
  parseStatus,
} from "../../../collectors/processes/process_files.ts";
import { parseOomKills } from "../../../collectors/processes/oom_counts.ts";
import {
  emptyProcessStat,
  parseProcessStat,
  parseRareFields,
} from "../../../collectors/processes/process_stat.ts";
import { parseLimits } from "../../../collectors/processes/resource_limits.ts";
import { inTree, textOf } from "./fixture_trees.ts";

/** Every parser of text, with a file that it should understand. */
const PARSERS: readonly (readonly [path: string, parse: (text: string) => unknown])[] = [
  ["proc/stat", parseKernelStat],
  ["proc/stat", (text) => cpuUtilization(parseKernelStat(text).total, parseKernelStat(text).total)],
  ["proc/meminfo", (text) => memoryUsage(namedCounts(text))],
  ["proc/vmstat", namedCounts],
  ["proc/loadavg", parseLoadAverages],
  ["proc/uptime", parseUptime],
  ["proc/swaps", parseSwaps],
  ["proc/pressure/io", parsePressure],
  ["proc/diskstats", parseDiskStats],
  ["proc/self/mounts", (text) => realMounts(parseMounts(text))],
  ["proc/net/dev", parseNetworkInterfaces],
  ["proc/net/sockstat", parseSocketStat],
  ["proc/net/snmp", parseProtocolCounters],
  ["proc/sys/fs/file-nr", parseFileHandles],
  ["proc/self/cgroup", parseCgroupPaths],
  ["cgroup/system.slice/memory.max", parseCgroupLimit],
  ["proc/100/status", parseStatus],
  ["proc/100/io", parseIo],
  ["proc/100/limits", parseOpenFilesLimit],
  ["proc/100/limits", parseLimits],
  ["proc/vmstat", parseOomKills],
  ["proc/100/smaps_rollup", parsePss],
  ["proc/100/cmdline", parseArguments],
  ["proc/100/cgroup", parseCgroup],
  ["etc/passwd", parsePasswd],
];

/** No number anywhere in it that is NaN, infinite or negative. */
function hasOnlySoundNumbers(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value) && value >= 0;
  if (value instanceof Map) return [...value].flat().every(hasOnlySoundNumbers);
  if (typeof value === "object" && value !== null) {
    return Object.values(value).every(hasOnlySoundNumbers);
  }
  return true;
}

Deno.test("parsers: random bytes never make one throw or give an unsound number", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
    const text = new TextDecoder().decode(bytes);
    for (const [path, parse] of PARSERS) assert.ok(hasOnlySoundNumbers(parse(text)), path);
    assert.ok(hasOnlySoundNumbers(parseAuxiliaryVector(bytes)));
    parseProcessStat(bytes, bytes.length, emptyProcessStat());
    assert.ok(hasOnlySoundNumbers(parseRareFields(bytes, bytes.length, emptyProcessStat())));
  }));
});

Deno.test("parsers: files that were cut or damaged anywhere never make one throw or give an unsound number", () => {
  const damage = fc.record({
    parser: fc.nat(PARSERS.length - 1),
    cut: fc.double({ min: 0, max: 1, noNaN: true }),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    by: fc.string({ unit: "binary", maxLength: 4 }),
  });
  fc.assert(
    fc.property(damage, ({ parser, cut, at, by }) => {
      const [path, parse] = PARSERS[parser]!;
      const whole = textOf("kernel-6", path);
      const place = Math.floor(whole.length * at);
      const damaged = whole.slice(0, place) + by + whole.slice(place + by.length);
      const text = damaged.slice(0, Math.ceil(damaged.length * cut));
      assert.ok(hasOnlySoundNumbers(parse(text)), path);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("parseProcessStat: a file that was damaged anywhere is refused or parsed, never thrown at", () => {
  const whole = Deno.readFileSync(inTree("kernel-6", "proc/101/stat"));
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
      const bytes = whole.slice();
      bytes[at] = byte;
      const stat = emptyProcessStat();
      if (!parseProcessStat(bytes, bytes.length, stat)) return;
      for (const value of Object.values(stat)) assert.ok(Number.isFinite(value));
    }),
    { numRuns: 2000 },
  );
});
