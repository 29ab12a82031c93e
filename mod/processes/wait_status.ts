/** How a process ended, as its parent is told; see wait(2). */
export type ExitStatus =
  | { readonly kind: "exited"; readonly code: number }
  | { readonly kind: "signalled"; readonly signal: string; readonly coreDumped: boolean };

/** Names by number, signal(7), as x86, ARM and RISC-V number them. */
const SIGNAL_NAMES: readonly string[] = [
  ...["", "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE"],
  ...["SIGKILL", "SIGUSR1", "SIGSEGV", "SIGUSR2", "SIGPIPE", "SIGALRM", "SIGTERM", "SIGSTKFLT"],
  ...["SIGCHLD", "SIGCONT", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGXCPU"],
  ...["SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO", "SIGPWR", "SIGSYS"],
];
const CORE_BIT = 0x80;

/** The name of a signal by its number; `SIG<number>` for those without one. */
export function signalName(number: number): string {
  return SIGNAL_NAMES[number] || `SIG${number}`;
}

/** Takes a wait status apart; null for what no ended process has. */
export function parseWaitStatus(status: number): ExitStatus | null {
  if (!Number.isInteger(status) || status < 0 || status > 0xffff) return null;
  const signal = status & 0x7f;
  if (signal === 0) {
    return (status & CORE_BIT) === 0 ? { kind: "exited", code: status >> 8 } : null;
  }
  if (signal === 0x7f) return null;
  return {
    kind: "signalled",
    signal: signalName(signal),
    coreDumped: (status & CORE_BIT) !== 0,
  };
}
