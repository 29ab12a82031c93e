import assert from "node:assert/strict";
import type { ListeningSocket } from "../../../../collectors/scrape/listening_sockets.ts";
import type { PortProblem } from "../../../../collectors/scrape/process_ports.ts";
import {
  ProcessTargets,
  type ProcessTargetsOptions,
  type ScrapedProcess,
} from "../../../../collectors/scrape/process_targets.ts";

const sockets = (...ports: readonly number[]): ListeningSocket[] =>
  ports.map((port) => ({ host: "127.0.0.1", port, inode: String(port) }));

/** Processes by pid with what they listen on; ports above 9000 have metrics. */
class Host {
  nowMs = 1;
  readonly asked: string[] = [];
  processes: ScrapedProcess[] = [
    { pid: 1, service: "shop", exitedAtMs: null },
    { pid: 2, service: "shop", exitedAtMs: null },
    { pid: 3, service: "other", exitedAtMs: null },
    { pid: 4, service: "shop", exitedAtMs: 5 },
  ];
  readonly ports = new Map<number, readonly ListeningSocket[] | PortProblem>([
    [1, sockets(80, 9100)],
    [2, sockets(9100, 9200)],
    [3, sockets(9300)],
    [4, sockets(9400)],
  ]);

  targets(ports: readonly number[] | null): ProcessTargets {
    const options: ProcessTargetsOptions = {
      service: "shop",
      ports,
      path: "/m",
      processes: () => this.processes,
      portsOf: (pid) => this.ports.get(pid) ?? "gone",
      client: {
        get: (url) => {
          this.asked.push(url);
          const text = Number(new URL(url).port) > 9_000 ? "a 1\n" : "<html>";
          return Promise.resolve({ body: new TextEncoder().encode(text), format: "text" });
        },
      },
      clock: { monotonicMs: () => this.nowMs },
    };
    return new ProcessTargets(options);
  }
}

function shown(targets: ProcessTargets): string[] {
  return targets.groups().map((group) =>
    `${group.targets.join()} ${[...group.labels].map((pair) => pair.join("=")).join(" ")}`
  );
}

Deno.test("ProcessTargets: every port of the service that answers with metrics, once", async () => {
  const host = new Host();
  const targets = host.targets(null);
  assert.deepEqual(await targets.refresh(), { changed: true, problems: [] });
  assert.deepEqual(shown(targets), [
    "127.0.0.1:9100 service.name=shop process.pid=1",
    "127.0.0.1:9200 service.name=shop process.pid=2",
  ]);
  assert.deepEqual(host.asked, [
    "http://127.0.0.1:80/m",
    "http://127.0.0.1:9100/m",
    "http://127.0.0.1:9200/m",
  ]);
  // What answered is not asked again, what did not is left alone for a while.
  assert.equal((await targets.refresh()).changed, false);
  assert.equal(host.asked.length, 3);
  host.nowMs += 5 * 60_000;
  await targets.refresh();
  assert.deepEqual(host.asked.slice(3), ["http://127.0.0.1:80/m"]);
});

Deno.test("ProcessTargets: follows processes that come and go", async () => {
  const host = new Host();
  const targets = host.targets(null);
  await targets.refresh();
  host.processes = [{ pid: 5, service: "shop", exitedAtMs: null }];
  host.ports.set(5, sockets(9100));
  assert.equal((await targets.refresh()).changed, true);
  assert.deepEqual(shown(targets), ["127.0.0.1:9100 service.name=shop process.pid=5"]);
  host.processes = [];
  assert.equal((await targets.refresh()).changed, true);
  assert.deepEqual(shown(targets), []);
});

Deno.test("ProcessTargets: listed ports are not asked first, and only while listened on", async () => {
  const host = new Host();
  const targets = host.targets([80, 9_999]);
  await targets.refresh();
  assert.deepEqual(shown(targets), ["127.0.0.1:80 service.name=shop process.pid=1"]);
  assert.deepEqual(host.asked, []);
});

Deno.test("ProcessTargets: asks a few new ports at a look", async () => {
  const host = new Host();
  host.ports.set(1, sockets(...Array.from({ length: 40 }, (_, i) => 9_001 + i)));
  host.ports.set(2, []);
  const targets = host.targets(null);
  const counts: number[] = [];
  for (let look = 0; look < 4; look++) {
    await targets.refresh();
    counts.push(shown(targets).length);
  }
  assert.deepEqual(counts, [16, 32, 40, 40]);
});

Deno.test("ProcessTargets: tells once that the ports of a process are not known", async () => {
  const host = new Host();
  host.ports.set(1, "permission denied");
  const targets = host.targets(null);
  const { problems } = await targets.refresh();
  assert.deepEqual(problems, [{ where: "process 1", message: "permission denied" }]);
  assert.deepEqual((await targets.refresh()).problems, []);
});
