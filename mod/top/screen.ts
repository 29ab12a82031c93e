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
const BAR_WIDTH = 20;

/** How many rows of the table fit. */
export function pageRows({ rows }: ScreenSize): number {
  return Math.max(1, rows - FRAME_LINES);
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
  const page = pageRows(size);
  const body = view.help ? HELP.map((line) => fit(line)) : tableLines(view, rows, size);
  const lines = [
    ...hostLines(snapshot).map((line) => fit(line)),
    fit(countsLine(snapshot, view, rows)),
    fit(headLine(view, size), "bold"),
    ...body.slice(0, page),
  ];
  while (lines.length < HEAD_LINES + page) lines.push(fit(""));
  lines.push(fit(footLine(view, problem), "bold"));
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

interface TableColumn {
  readonly head: string;
  readonly sort: SortKey | null;
  readonly width: number;
}

const USAGE_COLUMNS: readonly TableColumn[] = [
  { head: "CPU%", sort: "cpu", width: 5 },
  { head: "RSS", sort: "memory", width: 5 },
  { head: "IO/s", sort: "io", width: 5 },
  { head: "FDS", sort: "fds", width: 5 },
  { head: "THR", sort: "threads", width: 5 },
];
const PID_WIDTH = 7;
const SERVICE_WIDTH = 12;
const USER_WIDTH = 9;
/** On a terminal narrower than this the user is left out. */
const COLUMNS_WITH_USER = 100;

function headLine({ order }: ViewState, size: ScreenSize): string {
  const mark = (column: string, sort: SortKey) =>
    order.sort === sort ? `${column}${order.reversed ? "^" : "v"}` : column;
  return joined(
    [
      mark("PID", "pid").padStart(PID_WIDTH),
      "S",
      ...USAGE_COLUMNS.map(({ head, sort, width }) =>
        (sort === null ? head : mark(head, sort)).padStart(width)
      ),
    ],
    [fixed("SERVICE", SERVICE_WIDTH), fixed("USER", USER_WIDTH), mark("COMMAND", "name")],
    size,
  );
}

function tableLines(
  view: ViewState,
  rows: readonly TopRow[],
  size: ScreenSize,
): ScreenLine[] {
  const page = pageRows(size);
  const selected = Math.min(view.selected, rows.length - 1);
  // The page that the selected row is on, so that rows stand still while it moves.
  const first = Math.max(0, Math.floor(selected / page) * page);
  return rows.slice(first, first + page).map((row, i) => {
    const text = cutToWidth(rowText(row, size), size.columns);
    if (first + i !== selected) return { text, style: "plain" };
    const space = " ".repeat(Math.max(0, size.columns - displayWidth(text)));
    return { text: text + space, style: "selected" };
  });
}

function rowText(row: TopRow, size: ScreenSize): string {
  if (row.kind === "group") {
    const name = row.service === "" ? "(no service)" : terminalText(row.service);
    const count = row.count === 1 ? "1 process" : `${row.count} processes`;
    return joined(
      [(row.open ? "-" : "+").padStart(PID_WIDTH), " ", ...usageCells(row.total)],
      [fixed(name, SERVICE_WIDTH), fixed("", USER_WIDTH), count],
      size,
    );
  }
  const { process } = row;
  const service = row.inGroup ? "" : terminalText(process.service ?? "");
  return joined(
    [String(process.pid).padStart(PID_WIDTH), stateLetter(process.state), ...usageCells(process)],
    [
      fixed(service, SERVICE_WIDTH),
      fixed(terminalText(process.user ?? ""), USER_WIDTH),
      terminalText(commandText(process)),
    ],
    size,
  );
}

/** The command line, its program without the folder: what tells processes apart comes first. */
function commandText({ commandLine, name }: TopProcess): string {
  return commandLine === null ? `[${name}]` : commandLine.replace(/^\/\S*\//, "");
}

function usageCells(usage: TopUsage): string[] {
  const texts = [
    percent(usage.cpuRatio),
    shortBytes(usage.rssBytes),
    shortBytes(usage.ioBytesPerSecond),
    shortCount(usage.openFds),
    shortCount(usage.threads),
  ];
  return texts.map((text, i) => text.padStart(USAGE_COLUMNS[i]?.width ?? 0));
}

function joined(
  figures: readonly string[],
  [service, user, command]: readonly [service: string, user: string, command: string],
  size: ScreenSize,
): string {
  const names = size.columns >= COLUMNS_WITH_USER ? [service, user, command] : [service, command];
  return [...figures, ...names].join(" ");
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
