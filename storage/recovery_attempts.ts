/** Attempts that may die at the same file before it is set aside. */
const MAX_ATTEMPTS_AT_FILE = 2;

interface Attempt {
  readonly attempts: number;
  readonly file: string;
}

/**
 * Notes on disk what a recovery is loading, so that a start that dies of it is not repeated as it
 * was: each attempt after one that never ended loads half as much, and a file that the process died at
 * twice is set aside.
 */
export class RecoveryAttempts {
  readonly #path: string;
  readonly #before: Attempt;

  /** `path`: of the note, which is there only while a recovery is under way. */
  constructor(path: string) {
    this.#path = path;
    this.#before = read(path);
  }

  /** Share of what is otherwise loaded. */
  get share(): number {
    return 1 / 2 ** Math.min(this.#before.attempts, 8);
  }

  /** To be called before a file is loaded; false when it is to be set aside instead. */
  begin(file: string): boolean {
    const { attempts, file: diedAt } = this.#before;
    if (attempts >= MAX_ATTEMPTS_AT_FILE && file === diedAt) return false;
    const note: Attempt = { attempts: attempts + 1, file };
    Deno.writeTextFileSync(this.#path, JSON.stringify(note));
    return true;
  }

  /** The recovery is over. */
  end(): void {
    try {
      Deno.removeSync(this.#path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

/** Nothing when there is no note, or when it is damaged. */
function read(path: string): Attempt {
  try {
    const note: unknown = JSON.parse(Deno.readTextFileSync(path));
    if (
      typeof note === "object" && note !== null && "attempts" in note && "file" in note &&
      typeof note.attempts === "number" && note.attempts > 0 && typeof note.file === "string"
    ) return { attempts: note.attempts, file: note.file };
  } catch {
    // The note is a hint: without it a recovery is tried as if it were the first.
  }
  return { attempts: 0, file: "" };
}
