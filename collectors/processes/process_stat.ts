import type { ProcessState } from "../../mod/processes/process_row.ts";
import { count } from "../proc_text.ts";

/**
 * What `/proc/<pid>/stat` says, proc_pid_stat(5). One object is filled again and again: this file
 * is read for every process on every tick, so parsing it makes no garbage.
 */
export interface ProcessStat {
  /** Where the name stands in the bytes that were parsed, without its parentheses. */
  nameStart: number;
  nameEnd: number;
  /** FNV-1a of the name, to notice a program that became another one. */
  nameHash: number;
  /** The kernel's letter. */
  stateCode: number;
  ppid: number;
  flags: number;
  minorFaults: number;
  majorFaults: number;
  /** CPU time in clock ticks. */
  userTicks: number;
  systemTicks: number;
  threads: number;
  /** Clock ticks after boot. */
  startTicks: number;
  virtualBytes: number;
  residentPages: number;
}

export function emptyProcessStat(): ProcessStat {
  return {
    nameStart: 0,
    nameEnd: 0,
    nameHash: 0,
    stateCode: 0,
    ppid: 0,
    flags: 0,
    minorFaults: 0,
    majorFaults: 0,
    userTicks: 0,
    systemTicks: 0,
    threads: 0,
    startTicks: 0,
    virtualBytes: 0,
    residentPages: 0,
  };
}

const SPACE = 0x20;
const OPEN = 0x28;
const CLOSE = 0x29;
const MINUS = 0x2d;
/** Names of programs have at most 15 bytes, those of kernel threads up to 63. */
const MAX_NAME_BYTES = 64;
/** Bit of `flags` that marks a thread of the kernel. */
const PF_KTHREAD = 0x0020_0000;
/** Bit of `flags` that marks what is about to end. */
const PF_EXITING = 0x4;
/** Fields are numbered as in the manual; those before the state are the pid and the name. */
const STATE_FIELD = 3;
const LAST_FIELD = 24;

/**
 * Parses the first `length` bytes. False, with `into` in any state, when they are damaged or cut
 * before the last field that is needed.
 */
export function parseProcessStat(bytes: Uint8Array, length: number, into: ProcessStat): boolean {
  const end = Math.min(length, bytes.length);
  const open = bytes.indexOf(OPEN);
  if (open === -1 || open >= end) return false;
  // A name may hold spaces and parentheses itself: it ends at the last one that can be its own.
  let close = -1;
  const nameLimit = Math.min(end, open + MAX_NAME_BYTES + 2);
  for (let i = nameLimit - 1; i > open && close === -1; i--) if (bytes[i] === CLOSE) close = i;
  if (close === -1 || close + 3 >= end) return false;
  into.nameStart = open + 1;
  into.nameEnd = close;
  let hash = 0x811c9dc5;
  for (let i = open + 1; i < close; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  into.nameHash = hash >>> 0;
  into.stateCode = bytes[close + 2]!;

  let at = close + 3;
  for (let field = STATE_FIELD + 1; field <= LAST_FIELD; field++) {
    if (bytes[at] !== SPACE) return false;
    at++;
    const negative = bytes[at] === MINUS;
    if (negative) at++;
    const first = at;
    let value = 0;
    while (at < end) {
      const digit = bytes[at]! - 0x30;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      at++;
    }
    if (at === first) return false;
    // A number that ends with the bytes may have been cut.
    if (at >= end) return false;
    setField(into, field, negative ? -value : value);
  }
  return true;
}

function setField(into: ProcessStat, field: number, value: number): void {
  switch (field) {
    case 4:
      into.ppid = value;
      break;
    case 9:
      into.flags = value;
      break;
    case 10:
      into.minorFaults = value;
      break;
    case 12:
      into.majorFaults = value;
      break;
    case 14:
      into.userTicks = value;
      break;
    case 15:
      into.systemTicks = value;
      break;
    case 20:
      into.threads = value;
      break;
    case 22:
      into.startTicks = value;
      break;
    case 23:
      into.virtualBytes = value;
      break;
    case 24:
      into.residentPages = value;
      break;
  }
}

const START_STACK_FIELD = 28;
const EXIT_CODE_FIELD = 52;

/**
 * The fields that are seldom needed, of bytes that `parseProcessStat` has taken. Null for those that
 * are not there: the exit status came with Linux 3.5.
 */
export function parseRareFields(
  bytes: Uint8Array,
  length: number,
  { nameEnd }: ProcessStat,
): { readonly startStack: number | null; readonly waitStatus: number | null } {
  const text = new TextDecoder().decode(
    bytes.subarray(nameEnd + 2, Math.min(length, bytes.length)),
  );
  // The last number of bytes that were cut cannot be told from a whole one.
  const rest = text.endsWith("\n") ? text.trim().split(" ") : [];
  const field = (number: number): number | null => count(rest[number - STATE_FIELD]);
  return { startStack: field(START_STACK_FIELD), waitStatus: field(EXIT_CODE_FIELD) };
}

/** True for a thread of the kernel, which has no program, memory or files of its own. */
export function isKernelThread(stat: ProcessStat): boolean {
  return (stat.flags & PF_KTHREAD) !== 0;
}

/** True for one that is about to end, or has: its memory and its files may be gone already. */
export function isExiting(stat: ProcessStat): boolean {
  return (stat.flags & PF_EXITING) !== 0 || processState(stat.stateCode) === "defunct";
}

/** The state behind the kernel's letter. */
export function processState(code: number): ProcessState {
  switch (String.fromCharCode(code)) {
    case "R":
      return "running";
    case "S":
      return "sleeping";
    case "D":
      return "blocked";
    case "T":
    case "t":
      return "stopped";
    case "Z":
    case "X":
    case "x":
      return "defunct";
    case "I":
      return "idle";
    default:
      return "unknown";
  }
}
