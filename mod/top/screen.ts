import { cutToWidth, displayWidth } from "../cli/display_width.ts";
import { terminalText } from "../cli/terminal_text.ts";
import { bar, percent, shortBytes, shortCount, uptimeText } from "./figures.ts";
import type { SortKey, TopRow, TopUsage } from "./rows.ts";
import type { TopHost, TopProcess, TopSnapshot } from "./snapshot.ts";
import type { ViewState } from "./view_state.ts";

export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

/** A line of the screen, without control characters. */
export interface ScreenLine {
  readonly text: string;
  readonly style: "plain" | "bold" | "selected";
}

/** Lines above the rows: host, bars, counts, heads. */
const HEAD_LINES = 5;
/** The line at the bottom: what can be pressed, the filter, or a problem. */
const FOOT_LINES = 1;
/** Lines of a screen that are not rows of the table. */
export const FRAME_LINES = HEAD_LINES + FOOT_LINES;
/** On a screen of fewer lines the host is left out, then the bottom line, then the heads: rows are what it is for. */
const LINES_WITH_HOST = 10;
const LINES_WITH_FOOT = 4;
const LINES_WITH_HEADS = 2;
/** A look of no rows that goes into a file has these lines as well. */
export const MIN_LOOK_LINES = LINES_WITH_HOST;
const BAR_WIDTH = 20;

/** What stands around the rows on a screen of so many lines. */
function frameOf({ rows }: ScreenSize): { host: boolean; heads: boolean; foot: boolean } {
  return {
    host: rows >= LINES_WITH_HOST,
    heads: rows >= LINES_WITH_HEADS,
    foot: rows >= LINES_WITH_FOOT,
  };
}

/** How many rows of the table fit. */
export function pageRows(size: ScreenSize): number {
  const { host, heads, foot } = frameOf(size);
  const frame = (host ? HEAD_LINES - 1 : 0) + (heads ? 1 : 0) + (foot ? FOOT_LINES : 0);
  return Math.max(1, size.rows - frame);
}

/**
 * The screen as lines, as many as it has rows, each at most as wide as it has columns.
 *
 * @param problem what stands in the way of fresh values; null when nothing does
 */
export function screenLines(
  snapshot: TopSnapshot,
  view: ViewState,
  rows: readonly TopRow[],
  size: ScreenSize,
  problem: string | null,
): ScreenLine[] {
  const fit = (text: string, style: ScreenLine["style"] = "plain"): ScreenLine => ({
    text: cutToWidth(text, size.columns),
    style,
  });
  const { host, heads, foot } = frameOf(size);
  const head = host ? [...hostLines(snapshot), countsLine(snapshot, view, rows)] : [];
  const body = view.help ? HELP.map((line) => fit(line)) : tableLines(view, rows, size);
  const lines = [
    ...head.map((line) => fit(line)),
    ...heads ? [fit(headLine(view, size), "bold")] : [],
    ...body.slice(0, pageRows(size)),
  ];
  while (lines.length < size.rows - (foot ? FOOT_LINES : 0)) lines.push(fit(""));
  if (foot) lines.push(fit(footLine(view, problem), "bold"));
  return lines.slice(0, size.rows);
}

function hostLines({ host, hostName, tsMs }: TopSnapshot): string[] {
  const load = host.load.map((value) => value === null ? "-" : value.toFixed(2)).join(" ");
  const time = new Date(tsMs).toISOString().slice(11, 19);
  return [
    `${terminalText(hostName)}  up ${uptimeText(host.uptimeSeconds)}  load ${load}  ${time} UTC`,
    `cpu ${bar(host.cpuRatio, BAR_WIDTH)} ${percent(host.cpuRatio)}% of ${host.cpus ?? "-"}`,
    `mem ${bar(ratio(host.memoryUsedBytes, host.memoryBytes), BAR_WIDTH)} ${memoryText(host)}`,
  ];
}

function memoryText(host: TopHost): string {
  const swap = host.swapBytes === null || host.swapBytes === 0
    ? "no swap"
    : `swap ${shortBytes(host.swapUsedBytes)} of ${shortBytes(host.swapBytes)}`;
  return `${shortBytes(host.memoryUsedBytes)} of ${shortBytes(host.memoryBytes)}  ${swap}`;
}

function ratio(part: number | null, whole: number | null): number | null {
  return part === null || whole === null || whole === 0 ? null : part / whole;
}

function countsLine({ processes }: TopSnapshot, view: ViewState, rows: readonly TopRow[]): string {
  const of = (state: string) => processes.filter((one) => one.state === state).length;
  const states = [["running", of("running")], ["blocked", of("blocked")], [
    "defunct",
    of("defunct"),
  ]]
    .map(([name, count]) => `${count} ${name}`).join(", ");
  const shown = view.filter === "" ? "" : `  ${rows.length} shown`;
  return `${processes.length} processes: ${states}${shown}${view.paused ? "  PAUSED" : ""}`;
}

interface UsageColumn {
  readonly head: string;
  readonly sort: SortKey;
  readonly cell: (usage: TopUsage) => string;
}

const CPU: UsageColumn = { head: "CPU%", sort: "cpu", cell: (of) => percent(of.cpuRatio) };
const MEMORY: UsageColumn = { head: "RSS", sort: "memory", cell: (of) => shortBytes(of.rssBytes) };
const USAGE_COLUMNS: readonly UsageColumn[] = [
  CPU,
  MEMORY,
  { head: "IO/s", sort: "io", cell: (of) => shortBytes(of.ioBytesPerSecond) },
  { head: "FDS", sort: "fds", cell: (of) => shortCount(of.openFds) },
  { head: "THR", sort: "threads", cell: (of) => shortCount(of.threads) },
];
const USAGE_WIDTH = 5;
const PID_WIDTH = 7;
const SERVICE_WIDTH = 12;
const USER_WIDTH = 9;
/** On a terminal narrower than these the user is left out, usage but the most asked for, service and state, memory. */
const COLUMNS_WITH_USER = 100;
const COLUMNS_WITH_ALL_USAGE = 72;
const COLUMNS_WITH_SERVICE = 50;
const COLUMNS_WITH_MEMORY = 34;

/** What a terminal of this width has room for, besides pid and command. */
interface TableColumns {
  readonly state: boolean;
  readonly usage: readonly UsageColumn[];
  readonly service: boolean;
  readonly user: boolean;
}

/** What is sorted by is always among them. */
function columnsOf({ order }: ViewState, { columns }: ScreenSize): TableColumns {
  const sorted = USAGE_COLUMNS.find(({ sort }) => sort === order.sort) ?? CPU;
  const few = columns < COLUMNS_WITH_MEMORY ? [sorted] : [CPU, sorted === CPU ? MEMORY : sorted];
  const service = columns >= COLUMNS_WITH_SERVICE;
  return {
    state: service,
    usage: columns >= COLUMNS_WITH_ALL_USAGE ? USAGE_COLUMNS : few,
    service,
    user: columns >= COLUMNS_WITH_USER,
  };
}

/** A line of the table. */
interface TableCells {
  readonly pid: string;
  readonly state: string;
  readonly usage: readonly string[];
  readonly service: string;
  readonly user: string;
  readonly command: string;
}

function joined(cells: TableCells, { state, service, user }: TableColumns): string {
  return [
    cells.pid.padStart(PID_WIDTH),
    ...state ? [cells.state] : [],
    ...cells.usage.map((text) => text.padStart(USAGE_WIDTH)),
    ...service ? [fixed(cells.service, SERVICE_WIDTH)] : [],
    ...user ? [fixed(cells.user, USER_WIDTH)] : [],
    cells.command,
  ].join(" ");
}

function headLine(view: ViewState, size: ScreenSize): string {
  const { order } = view;
  const columns = columnsOf(view, size);
  const mark = (column: string, sort: SortKey) =>
    order.sort === sort ? `${column}${order.reversed ? "^" : "v"}` : column;
  return joined({
    pid: mark("PID", "pid"),
    state: "S",
    usage: columns.usage.map(({ head, sort }) => mark(head, sort)),
    service: "SERVICE",
    user: "USER",
    command: mark("COMMAND", "name"),
  }, columns);
}

function tableLines(
  view: ViewState,
  rows: readonly TopRow[],
  size: ScreenSize,
): ScreenLine[] {
  const page = pageRows(size);
  const columns = columnsOf(view, size);
  const selected = Math.min(view.selected, rows.length - 1);
  // The page that the selected row is on, so that rows stand still while it moves.
  const first = Math.max(0, Math.floor(selected / page) * page);
  return rows.slice(first, first + page).map((row, i) => {
    const text = cutToWidth(rowText(row, columns), size.columns);
    if (first + i !== selected) return { text, style: "plain" };
    const space = " ".repeat(Math.max(0, size.columns - displayWidth(text)));
    return { text: text + space, style: "selected" };
  });
}

function rowText(row: TopRow, columns: TableColumns): string {
  if (row.kind === "group") {
    const name = row.service === "" ? "(no service)" : terminalText(row.service);
    const count = row.count === 1 ? "1 process" : `${row.count} processes`;
    return joined({
      pid: row.open ? "-" : "+",
      state: " ",
      usage: columns.usage.map(({ cell }) => cell(row.total)),
      service: name,
      user: "",
      command: columns.service ? count : `${name}: ${count}`,
    }, columns);
  }
  const { process } = row;
  return joined({
    pid: String(process.pid),
    state: stateLetter(process.state),
    usage: columns.usage.map(({ cell }) => cell(process)),
    service: row.inGroup ? "" : terminalText(process.service ?? ""),
    user: terminalText(process.user ?? ""),
    command: terminalText(commandText(process)),
  }, columns);
}

/** The command line, its program without the folder: what tells processes apart comes first. */
function commandText({ commandLine, name }: TopProcess): string {
  return commandLine === null ? `[${name}]` : commandLine.replace(/^\/\S*\//, "");
}

/** The text in exactly `width` columns. */
function fixed(text: string, width: number): string {
  const cut = cutToWidth(text, width);
  return cut + " ".repeat(width - displayWidth(cut));
}

/** The kernel's letter of a state, as `ps` shows it. */
function stateLetter(state: string): string {
  const letters: Readonly<Record<string, string>> = {
    running: "R",
    sleeping: "S",
    blocked: "D",
    stopped: "T",
    defunct: "Z",
    idle: "I",
  };
  return letters[state] ?? "?";
}

function footLine(view: ViewState, problem: string | null): string {
  if (view.typing) return `filter: ${terminalText(view.filter)}_  (enter: keep, esc: clear)`;
  if (problem !== null) return terminalText(problem);
  const filter = view.filter === "" ? "" : `filter: ${terminalText(view.filter)} (esc)  `;
  return `${filter}q quit  ? help  / filter  g group  sort: c m i f t p n  space pause`;
}

const HELP: readonly string[] = [
  "",
  "  c m i f t p n   sort by cpu, memory, io, fds, threads, pid, name; again: turn",
  "  g               group by service; enter or space opens one",
  "  /               only what has a text in its pid, names, user or command",
  "  space           pause",
  "  up down j k     select; also page up, page down, home, end",
  "  q, ctrl-c       quit",
  "",
  "  CPU%  100 is one core       RSS   resident memory",
  "  IO/s  read and written      FDS   open descriptors     THR  threads",
  "  -     may not be read, or is not measured yet",
];
