// @ts-check
/** The charts of the overview as data: which metrics, how they become series, how these look. */

import { BYTE_RATE, BYTES, NUMBER, PERCENT } from "../format.js";
import { seriesStyle } from "../palette.js";

/** @import { LabelMatch } from "../api_client.js" */
/** @import { ChartSeries } from "../chart.js" */
/** @import { UnitFormat } from "../format.js" */
/** @import { Sample } from "../live_samples.js" */

/**
 * @typedef {object} SeriesKey What a sample counts towards.
 * @property {string | null} device folded into {@link OTHER} where there are too many; null where nothing is folded
 * @property {string} part the series, or the direction of a device
 *
 * @typedef {object} ChartDefinition
 * @property {string} id
 * @property {string} title
 * @property {string} note one line about what is seen
 * @property {UnitFormat} format
 * @property {readonly string[]} metrics
 * @property {"gauge" | "counter"} kind counters are shown as their rate per second
 * @property {boolean} stacked
 * @property {readonly LabelMatch[]} match leaves out what is not drawn before it is sent; {@link keyOf} decides
 * @property {(sample: Sample) => SeriesKey | null} keyOf null for what is not drawn
 * @property {(names: readonly string[]) => ChartSeries[]} arrange from the bottom up
 */

/** Devices drawn by name; what is beyond is summed up. */
export const SHOWN_DEVICES = 5;
/** Name of the rest. */
export const OTHER = "other";

/**
 * Not whole disks, so counting them would count the same bytes twice: partitions, and what lies on top of other
 * disks or in memory. Of the whole name; for RE2 and JavaScript alike.
 */
const NOT_A_WHOLE_DISK =
  "(?:loop|ram|zram|sr|fd|dm-|md).*|(?:sd|vd|xvd|hd)[a-z]+[0-9]+|(?:nvme[0-9]+n[0-9]+|mmcblk[0-9]+)p[0-9]+";
const notAWholeDisk = new RegExp(`^(?:${NOT_A_WHOLE_DISK})$`);

/** Pressure: how much of the last ten seconds tasks stood still. */
const PRESSURE_METRIC = "system.linux.psi.pressure";

/** @type {readonly ChartDefinition[]} */
export const CHARTS = [
  {
    id: "cpu",
    title: "CPU",
    note: "Share of all cores, by mode",
    format: PERCENT,
    metrics: ["system.cpu.utilization"],
    kind: "gauge",
    stacked: true,
    match: [
      { label: "cpu.logical_number", op: "=", value: "" },
      { label: "cpu.mode", op: "!=", value: "idle" },
    ],
    keyOf: ({ labels }) => {
      const mode = labels["cpu.mode"];
      if (mode === undefined || mode === "idle" || "cpu.logical_number" in labels) return null;
      return { device: null, part: mode };
    },
    arrange: inOrder([
      ["user", 1],
      ["system", 2],
      ["iowait", 4],
      ["nice", 3],
      ["interrupt", 5],
      ["steal", 7],
    ]),
  },
  {
    id: "memory",
    title: "Memory",
    note: "By use; free memory is what is left to the top",
    format: BYTES,
    metrics: ["system.memory.usage"],
    kind: "gauge",
    stacked: true,
    match: [{ label: "system.memory.state", op: "=~", value: "used|buffers|cached" }],
    keyOf: ({ labels }) => {
      const state = labels["system.memory.state"] ?? "";
      return ["used", "buffers", "cached"].includes(state) ? { device: null, part: state } : null;
    },
    arrange: inOrder([["used", 1], ["buffers", 6], ["cached", 3]]),
  },
  {
    id: "disk",
    title: "Disk",
    note: "Read above, written below",
    format: BYTE_RATE,
    metrics: ["system.disk.io"],
    kind: "counter",
    stacked: false,
    match: [{ label: "system.device", op: "!~", value: NOT_A_WHOLE_DISK }],
    keyOf: ({ labels }) => {
      const device = labels["system.device"] ?? "";
      const part = labels["disk.io.direction"];
      return part === undefined || notAWholeDisk.test(device) ? null : { device, part };
    },
    arrange: byDevice("read", "write"),
  },
  {
    id: "network",
    title: "Network",
    note: "Received above, sent below; without loopback",
    format: BYTE_RATE,
    metrics: ["system.network.io"],
    kind: "counter",
    stacked: false,
    match: [{ label: "network.interface.name", op: "!=", value: "lo" }],
    keyOf: ({ labels }) => {
      const device = labels["network.interface.name"] ?? "";
      const part = labels["network.io.direction"];
      return part === undefined || device === "lo" ? null : { device, part };
    },
    arrange: byDevice("receive", "transmit"),
  },
  {
    id: "load",
    title: "Load",
    note: "Tasks that run or wait, on average",
    format: NUMBER,
    metrics: [
      "system.cpu.load_average.1m",
      "system.cpu.load_average.5m",
      "system.cpu.load_average.15m",
    ],
    kind: "gauge",
    stacked: false,
    match: [],
    keyOf: ({ name }) => ({ device: null, part: /[0-9]+m$/.exec(name)?.[0] ?? name }),
    arrange: inOrder([["1m", 1], ["5m", 2], ["15m", 3]]),
  },
  {
    id: "pressure",
    title: "Pressure",
    note: "Time in which some task waited, 10 s average",
    format: PERCENT,
    metrics: [PRESSURE_METRIC],
    kind: "gauge",
    stacked: false,
    match: [
      { label: "system.linux.psi.stall_type", op: "=", value: "some" },
      { label: "system.linux.psi.window", op: "=", value: "10" },
    ],
    keyOf: ({ labels }) => {
      const part = labels["system.linux.psi.resource"];
      const isShown = labels["system.linux.psi.stall_type"] === "some" &&
        labels["system.linux.psi.window"] === "10";
      return part === undefined || !isShown ? null : { device: null, part };
    },
    arrange: inOrder([["cpu", 1], ["memory", 4], ["io", 2], ["irq", 5]]),
  },
];

/**
 * Known series first, each with a colour of its own; others behind them by name.
 * @param {readonly (readonly [name: string, colour: number])[]} known
 * @returns {(names: readonly string[]) => ChartSeries[]}
 */
function inOrder(known) {
  return (names) => {
    const rank = new Map(known.map(([name], index) => [name, index]));
    const colours = new Map(known);
    const sorted = [...names].sort((a, b) =>
      (rank.get(a) ?? known.length) - (rank.get(b) ?? known.length) || a.localeCompare(b)
    );
    return sorted.map((name, index) => {
      const colour = colours.get(name);
      return colour === undefined
        ? { name, ...seriesStyle(index) }
        : { name, colour: `--series-${colour}` };
    });
  };
}

/**
 * One colour for a device, in above zero and out below.
 * @param {string} incoming
 * @param {string} outgoing
 * @returns {(names: readonly string[]) => ChartSeries[]}
 */
function byDevice(incoming, outgoing) {
  return (names) => {
    const devices = [...new Set(names.map((name) => name.slice(0, name.lastIndexOf(" "))))];
    devices.sort((a, b) => Number(a === OTHER) - Number(b === OTHER) || a.localeCompare(b));
    return devices.flatMap((device, index) =>
      [incoming, outgoing]
        .map((part) => `${device} ${part}`)
        .filter((name) => names.includes(name))
        .map((name) => ({
          name,
          ...seriesStyle(index),
          below: name.endsWith(` ${outgoing}`),
        }))
    );
  };
}
