import assert from "node:assert/strict";
import { planTiers, type RollupChunk, type Stored } from "../../../storage/tier_plan.ts";

const MINUTE = 60e6;
const HOUR = 60 * MINUTE;

/** Raw chunks number 1, 2, … of the hours from `from`; those up to `rolled` are rolled up. */
function raw(from: number, to: number, rolled: number) {
  return Array.from({ length: to - from }, (_, i) => ({
    number: from + i,
    minTsUs: (from + i) * HOUR,
    maxTsUs: (from + i + 1) * HOUR - 1,
    rolledUp: from + i < rolled,
  }));
}

/** One chunk of a rollup made of the raw chunks of some hours; it has a number of its own. */
function rollup(number: number, from: number, to: number): RollupChunk {
  return {
    number,
    minTsUs: from * HOUR,
    maxTsUs: (to - 1) * HOUR,
    sources: new Map(Array.from({ length: to - from }, (_, i) => [from + i, (from + i) * HOUR])),
  };
}

/** Raw of hours 20 to 30, the last not rolled up; minutes from hour 10 on, hours from hour 0 on. */
const STORED: Stored = {
  raw: raw(20, 31, 30),
  rollups: { "1m": [rollup(101, 10, 20), rollup(102, 20, 30)], "1h": [rollup(201, 0, 30)] },
};

const CASES: readonly {
  readonly name: string;
  readonly range: readonly [fromHour: number, toHour: number];
  readonly stepUs: number;
  readonly rawOnly?: boolean;
  readonly expected: {
    readonly tier: string;
    readonly stepUs?: number;
    readonly points: number;
    readonly raw: readonly number[];
    readonly rollups: readonly number[];
  };
}[] = [
  {
    name: "seconds that are still there",
    range: [28, 29],
    stepUs: 10e6,
    expected: { tier: "raw", points: 360, raw: [28], rollups: [] },
  },
  {
    name: "minutes, and the present hour raw",
    range: [28, 31],
    stepUs: 5 * MINUTE,
    expected: { tier: "1m", points: 36, raw: [30], rollups: [102] },
  },
  {
    name: "hours, and the present hour raw",
    range: [0, 31],
    stepUs: HOUR,
    expected: { tier: "1h", points: 31, raw: [30], rollups: [201] },
  },
  {
    name: "a step that no bucket divides",
    range: [28, 29],
    stepUs: 90e6,
    expected: { tier: "raw", points: 40, raw: [28], rollups: [] },
  },
  {
    name: "seconds that are gone: minutes, at whole minutes",
    range: [18, 31],
    stepUs: 90e6,
    expected: {
      tier: "1m",
      stepUs: 2 * MINUTE,
      points: 390,
      raw: [30],
      rollups: [101, 102],
    },
  },
  {
    name: "minutes that are gone: hours",
    range: [5, 31],
    stepUs: MINUTE,
    expected: { tier: "1h", stepUs: HOUR, points: 26, raw: [30], rollups: [201] },
  },
  {
    name: "samples themselves, as far as they are there",
    range: [5, 31],
    stepUs: HOUR,
    rawOnly: true,
    expected: {
      tier: "raw",
      points: 26,
      raw: [20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30],
      rollups: [],
    },
  },
  {
    name: "before anything was stored",
    range: [-10, -5],
    stepUs: HOUR,
    expected: { tier: "1h", points: 5, raw: [], rollups: [] },
  },
];

for (const { name, range: [from, to], stepUs, rawOnly = false, expected } of CASES) {
  Deno.test(`planTiers: ${name}`, () => {
    const request = { startUs: from * HOUR, endUs: to * HOUR, stepUs, rawOnly };
    const plan = planTiers(request, STORED);
    assert.deepEqual(
      [plan.tier, plan.stepUs, plan.points, plan.rawChunks, plan.rollupChunks],
      [
        expected.tier,
        expected.stepUs ?? stepUs,
        expected.points,
        expected.raw,
        expected.rollups,
      ],
    );
    assert.deepEqual(plan.excludedSources, []);
  });
}

Deno.test("planTiers: a chunk that is being rolled up is read raw, and left out of the rollup", () => {
  const stored: Stored = {
    raw: raw(28, 30, 29),
    rollups: { "1m": [rollup(102, 28, 30)], "1h": [] },
  };
  const request = { startUs: 28 * HOUR, endUs: 30 * HOUR, stepUs: MINUTE, rawOnly: false };
  const plan = planTiers(request, stored);
  assert.deepEqual([plan.rawChunks, plan.excludedSources, plan.rollupChunks], [[29], [29], [102]]);
});

Deno.test("planTiers: a raw chunk whose rollup is not here is read raw", () => {
  const stored: Stored = { raw: raw(28, 30, 30), rollups: { "1m": [], "1h": [] } };
  const request = { startUs: 28 * HOUR, endUs: 30 * HOUR, stepUs: HOUR, rawOnly: false };
  assert.deepEqual(planTiers(request, stored).rawChunks, [28, 29]);
});

Deno.test("planTiers: rows that came late do not hide what raw rows lost", () => {
  // A late chunk of hour 3 is the only raw one of old; its hour has another source in the minutes.
  const late = { number: 50, minTsUs: 3 * HOUR, maxTsUs: 3 * HOUR + 5, rolledUp: true };
  const stored: Stored = {
    raw: [late],
    rollups: {
      "1m": [{ ...rollup(101, 0, 10), sources: new Map([[3, 3 * HOUR], [50, 3 * HOUR]]) }],
      "1h": [],
    },
  };
  const request = { startUs: 3 * HOUR, endUs: 4 * HOUR, stepUs: 10e6, rawOnly: false };
  const plan = planTiers(request, stored);
  assert.deepEqual([plan.tier, plan.rawChunks], ["1m", []]);
});

Deno.test("planTiers: the start moves to a whole bucket, and the last step is cut", () => {
  const request = { startUs: 28 * HOUR + 1, endUs: 29 * HOUR + 1, stepUs: MINUTE, rawOnly: false };
  const plan = planTiers(request, STORED);
  assert.deepEqual([plan.startUs, plan.endUs, plan.points], [28 * HOUR, 29 * HOUR + 1, 61]);
});
