import { fileURLToPath } from "node:url";

/** Where the test command says that the built executable lies. */
const EXECUTABLE_VARIABLE = "HORIZON_EXECUTABLE";

/**
 * The path of the built executable: the one the test command built, else `dist/horizon`.
 *
 * @throws {Error} when there is none
 */
export function executablePath(): string {
  const path = Deno.env.get(EXECUTABLE_VARIABLE) ??
    fileURLToPath(new URL("../../dist/horizon", import.meta.url));
  try {
    Deno.statSync(path);
    return path;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error(`there is no ${path}: run \`deno task compile\` first`);
  }
}
