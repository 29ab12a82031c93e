import { HorizonError } from "../errors.ts";
import { CRASH_TABLES, type CrashBundle } from "./crash.ts";
import { gunzipOwn } from "./gzip.ts";

/**
 * Reads back what the recorder kept.
 * @throws HorizonError `internal` when the file was damaged
 */
export async function parseCrash(content: Uint8Array<ArrayBuffer>): Promise<CrashBundle> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(await gunzipOwn(content)));
  } catch (error) {
    throw new HorizonError("internal", "this crash cannot be read: its file is damaged", {
      reason: error instanceof Error ? error.message : String(error),
    });
  }
  if (isBundle(value)) return value;
  throw new HorizonError("internal", "this crash cannot be read: it is of another version");
}

function isBundle(value: unknown): value is CrashBundle {
  if (!isObject(value) || !isObject(value["summary"]) || !isObject(value["tables"])) return false;
  if (!["process", "limits", "limitShares", "openFiles"].every((key) => isObject(value[key]))) {
    return false;
  }
  const tables = value["tables"];
  return CRASH_TABLES.every((name) => {
    const table = tables[name];
    return isObject(table) && Array.isArray(table["columns"]) && Array.isArray(table["rows"]);
  });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
