import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { ChildOutput } from "../support/child_output.ts";
import { PATIENCE_MS, until } from "../support/until.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

Deno.test("stdin: lines that are piped into horizon serve are found by SQL", async () => {
  const folder = await Deno.makeTempDir();
  const config = `${folder}/horizon.yaml`;
  await Deno.writeTextFile(
    config,
    "logs: { stdin: true }\ncollectors: { host: { enabled: false }, processes: { enabled: false } }\n",
  );
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--allow-all", MAIN, "serve", "--config", config],
      ...["--listen", "127.0.0.1:0", "--otlp-http", "off", "--otlp-grpc", "off"],
    ],
    stdin: "piped",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const log = new ChildOutput(child.stderr);
  try {
    const writer = child.stdin.getWriter();
    const lines = Array.from({ length: 1_000 }, (_, i) => `{"level":"info","msg":"m${i}"}\n`);
    await writer.write(new TextEncoder().encode(`${lines.join("")}WARN the last`));
    await writer.close();
    const url = await until(
      "ready",
      PATIENCE_MS,
      () => /"event":"ready".*"url":"([^"]+)"/.exec(log.text)?.[1] ?? null,
    );
    const rows = await until("all lines", PATIENCE_MS, async () => {
      const query = "SELECT count(*), count(DISTINCT body), max(severity) FROM logs " +
        "WHERE source = 'stdin'";
      const answer = await fetch(`${url}api/sql`, { method: "POST", body: query });
      const { rows }: { rows: unknown[][] } = await answer.json();
      return rows[0]?.[0] === 1_001 ? rows : null;
    });
    assert.deepEqual(rows, [[1_001, 1_001, "info"]]);
    child.kill("SIGTERM");
    assert.equal((await child.status).code, 0);
  } catch (error) {
    throw new Error(`with this log:\n${log.text}`, { cause: error });
  } finally {
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await child.status;
    await log.done;
    await Deno.remove(folder, { recursive: true });
  }
});
