import { z } from "zod";
import type { CliIo } from "../cli/command.ts";
import { bodyText, type HorizonTarget, QueryFailure, requestHorizon } from "../cli/query_client.ts";
import { HOST_SQL, readSnapshot, type TopSnapshot } from "./snapshot.ts";

/** An answer that takes longer is no live view any more. */
const DEADLINE_MS = 10_000;
/** Well above what the most processes that Horizon watches take. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/**
 * Asks a Horizon for what its host is doing.
 *
 * @throws QueryFailure with what to do about it
 */
export async function askSnapshot(
  target: HorizonTarget,
  fetch: CliIo["fetch"],
): Promise<TopSnapshot> {
  const get = async (path: string, body?: object): Promise<unknown> => {
    const request = { deadlineMs: DEADLINE_MS, ...body === undefined ? {} : { body } };
    const response = await requestHorizon(target, path, request, fetch);
    let text = "";
    for await (const part of bodyText(response, MAX_ANSWER_BYTES)) text += part;
    return JSON.parse(text);
  };
  try {
    const [processes, host, info] = await Promise.all([
      get("api/processes"),
      get("api/sql", { query: HOST_SQL }),
      get("api/info"),
    ]);
    return readSnapshot(processes, host, info);
  } catch (error) {
    if (!(error instanceof z.ZodError) && !(error instanceof SyntaxError)) throw error;
    throw new QueryFailure("the answer is not what a Horizon says; is that one?", { cause: error });
  }
}
