/** How a process ended. */
export type ProcessExit =
  | { readonly kind: "code"; readonly code: number }
  /** `signal` is its name, such as `SIGSEGV`; `number` is the kernel's. */
  | { readonly kind: "signal"; readonly signal: string; readonly number: number };

/** What a shell answers for a program that it does not find, or may not run. */
export const NOT_FOUND_CODE = 127;
export const NOT_EXECUTABLE_CODE = 126;
/** A shell adds the signal's number to this. */
const SIGNAL_BASE = 128;

/** The exit code that passes `exit` on, as shells do it: 128 and the number of a signal. */
export function exitCodeOf(exit: ProcessExit): number {
  return exit.kind === "code" ? exit.code : SIGNAL_BASE + exit.number;
}

/** "exited with code 3", "was ended by SIGKILL". */
export function exitText(exit: ProcessExit): string {
  return exit.kind === "code" ? `exited with code ${exit.code}` : `was ended by ${exit.signal}`;
}

export function isSuccess(exit: ProcessExit): boolean {
  return exit.kind === "code" && exit.code === 0;
}
