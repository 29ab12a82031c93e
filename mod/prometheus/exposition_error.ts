/** A body that is not an exposition. Nothing of it may be kept. */
export class ExpositionError extends Error {
  override readonly name = "ExpositionError";

  constructor(
    readonly problem: string,
    /** Counted from 1. */
    readonly line: number,
  ) {
    super(`line ${line}: ${problem}`);
  }
}
