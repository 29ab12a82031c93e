import assert from "node:assert/strict";
import { ChecksJson } from "../../web/api/check_routes.ts";
import { withHorizon } from "../support/running_horizon.ts";
import { PATIENCE_MS, until } from "../support/until.ts";

/** Answers every request, and says on which port. */
const SERVER = `Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => console.log(port),
}, () => new Response("well"));`;

/** A server in a process of its own, which can be made to hang: it stays alive, and its port open. */
async function startServer() {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["eval", SERVER],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const port = Number((await reader.read()).value);
  return {
    pid: process.pid,
    port,
    hang: () => process.kill("SIGSTOP"),
    goOn: () => process.kill("SIGCONT"),
    [Symbol.asyncDispose]: async () => {
      process.kill("SIGKILL");
      await process.status;
      await reader.cancel();
    },
  };
}

// All is counted in runs, of which there is one an interval: the clock of a busy machine proves nothing.
Deno.test("health: a process that hangs is unhealthy by the second run after, while it is seen to live; so is its return", async () => {
  await using server = await startServer();
  const folder = await Deno.makeTempDir({ prefix: "horizon-hang-" });
  try {
    const pidFile = `${folder}/server.pid`;
    await Deno.writeTextFile(pidFile, `${server.pid}\n`);
    const often = { service: "shop", interval: "400ms", timeout: "300ms", failures: 2 };
    const config = {
      health: {
        checks: [
          { ...often, name: "answers", http: { url: `http://127.0.0.1:${server.port}/` } },
          { ...often, name: "lives", process: { pid_file: pidFile } },
        ],
      },
    };
    await Deno.writeTextFile(`${folder}/horizon.yaml`, JSON.stringify(config));
    await withHorizon(async ({ url }) => {
      const look = async () => {
        const response = await fetch(`${url}/api/health`);
        const { checks, services } = ChecksJson.parse(await response.json());
        const of = (name: string) => checks.find((check) => check.name === name);
        const [answers, lives, shop] = [of("answers"), of("lives"), services[0]];
        assert.ok(answers !== undefined && lives !== undefined && shop !== undefined);
        return { answers, lives, shop };
      };
      const turned = (state: string, from: number) =>
        until(`${state}`, PATIENCE_MS, async () => {
          const now = await look();
          const [change] = now.answers.changes.slice(from);
          return change?.to === state ? { ...now, change } : null;
        });
      const before = await until("both are well", PATIENCE_MS, async () => {
        const now = await look();
        const well = now.answers.state === "healthy" && now.lives.state === "healthy";
        return well && now.answers.runs >= 3 ? now : null;
      });

      server.hang();
      const hungMs = Date.now();
      const hung = await turned("unhealthy", before.answers.changes.length);
      const since = hung.answers.recent.filter(({ ts }) => Date.parse(ts) > hungMs);
      const toTheChange = since.filter(({ ts }) => ts <= hung.change.ts).length;
      assert.ok(toTheChange >= 1 && toTheChange <= 2, JSON.stringify(hung.answers));
      assert.ok(since.every(({ state }) => state === "unhealthy"), JSON.stringify(since));
      assert.match(hung.change.message, /no answer within 300 ms/);
      assert.equal(hung.shop.state, "unhealthy");
      assert.deepEqual(hung.shop.reasons, ["answers is unhealthy: no answer within 300 ms"]);
      // It is not dead, and nobody says so.
      assert.equal(hung.lives.state, "healthy");

      server.goOn();
      const wentOnMs = Date.now();
      const well = await turned("healthy", hung.answers.changes.length);
      const after = well.answers.recent.filter(({ ts }) =>
        Date.parse(ts) > wentOnMs && ts <= well.change.ts
      );
      assert.ok(after.length <= 1, JSON.stringify(well.answers));
    }, { args: ["--config", `${folder}/horizon.yaml`] });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
