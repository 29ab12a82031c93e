import { z } from "zod";
import type { CliIo, ExitCode, QueryCommand } from "./command.ts";
import { askHorizon, bodyText, QueryFailure } from "./query_client.ts";
import { terminalText } from "./terminal_text.ts";
import { textTable } from "./text_table.ts";

/** A table is held in memory as a whole, to know its widths. */
const MAX_TABLE_BYTES = 256 * 1024 * 1024;
/** Lines are written together up to this many characters. */
const WRITE_LENGTH = 64 * 1024;

const JsonResult = z.object({
  columns: z.array(z.object({ name: z.string(), type: z.string() })),
  rows: z.array(z.array(z.unknown())),
  row_count: z.int(),
  truncated: z.boolean(),
  elapsed_ms: z.number(),
});

/** `horizon query`: prints the result; 1 with one sentence on stderr when there is none. */
export async function runQuery(
  command: QueryCommand,
  io: Pick<CliIo, "stdout" | "stderr" | "readStdin" | "fetch">,
): Promise<ExitCode> {
  try {
    const sql = command.sql === "-" ? await io.readStdin() : command.sql;
    if (sql.trim() === "") {
      await io.stderr("horizon: there is no statement: give one SELECT\n");
      return 2;
    }
    const response = await askHorizon(command, sql, io.fetch);
    if (command.format === "table") await printTable(response, io);
    else await printAsItIs(response, io);
    return 0;
  } catch (error) {
    // Whoever read our output has seen enough (`| head`).
    if (error instanceof Deno.errors.BrokenPipe) return 0;
    if (!(error instanceof QueryFailure)) throw error;
    const lines = error.message.split("\n").map(terminalText);
    await io.stderr(`horizon: ${lines.join("\n")}\n`);
    return 1;
  }
}

async function printTable(
  response: Response,
  io: Pick<CliIo, "stdout" | "stderr">,
): Promise<void> {
  let text = "";
  for await (const chunk of bodyText(response, MAX_TABLE_BYTES)) text += chunk;
  const result = parseResult(text);
  let pending = "";
  for (const line of textTable(result.columns, result.rows)) {
    pending += line;
    if (pending.length < WRITE_LENGTH) continue;
    await io.stdout(pending);
    pending = "";
  }
  const rows = result.row_count === 1 ? "1 row" : `${result.row_count} rows`;
  await io.stdout(`${pending}(${rows} in ${Math.round(result.elapsed_ms)} ms)\n`);
  if (result.truncated) await io.stderr(CUT_NOTICE);
}

async function printAsItIs(
  response: Response,
  io: Pick<CliIo, "stdout" | "stderr">,
): Promise<void> {
  let last = "\n";
  for await (const chunk of bodyText(response)) {
    if (chunk === "") continue;
    await io.stdout(chunk);
    last = chunk.at(-1) ?? last;
  }
  if (last !== "\n") await io.stdout("\n");
  if (response.headers.get("horizon-truncated") === "true") await io.stderr(CUT_NOTICE);
}

const CUT_NOTICE = "horizon: there are more rows than these: the result was cut at a limit " +
  "(--max-rows, storage.query.max_rows or storage.query.max_bytes)\n";

function parseResult(text: string): z.infer<typeof JsonResult> {
  try {
    return JsonResult.parse(JSON.parse(text));
  } catch (error) {
    throw new QueryFailure("the answer is no result of a query; is that a Horizon?", {
      cause: error,
    });
  }
}
