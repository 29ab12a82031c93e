import type { Clock } from "../../mod/clock.ts";
import type { ProcessRow } from "../../mod/processes/process_row.ts";
import { readExposition } from "../../mod/prometheus/exposition.ts";
import type { TargetGroup } from "../../mod/prometheus/target_file.ts";
import type { ListeningSocket } from "./listening_sockets.ts";
import type { PortProblem } from "./process_ports.ts";
import type { ScrapeClient } from "./scrape_client.ts";
import type { DiscoveryProblem, TargetDiscovery } from "./target_discovery.ts";

/** What is asked of a process here. */
export type ScrapedProcess = Pick<ProcessRow, "pid" | "service" | "exitedAtMs">;

export interface ProcessTargetsOptions {
  readonly service: string;
  /** Null: every port that answers with metrics. */
  readonly ports: readonly number[] | null;
  readonly path: string;
  readonly processes: () => readonly ScrapedProcess[];
  readonly portsOf: (pid: number) => readonly ListeningSocket[] | PortProblem;
  readonly client: Pick<ScrapeClient, "get">;
  readonly clock: Pick<Clock, "monotonicMs">;
}

/** How long a port that has no metrics is left alone. */
const ASK_AGAIN_MS = 5 * 60_000;
const ANSWERS_WITHIN_MS = 2_000;
/** Ports asked for the first time, or again, in one look; the others are asked in the next. */
const MAX_ASKED = 16;

type Listening = readonly [pid: number, address: string];

const keyOf = ([pid, address]: Listening): string => `${pid} ${address}`;

/** Ports of a service's processes that have metrics. */
export class ProcessTargets implements TargetDiscovery {
  readonly #options: ProcessTargetsOptions;
  #groups: TargetGroup[] = [];
  #shown = "";
  /** When a port may be asked again, by process and address; Infinity once it had metrics. */
  #asked = new Map<string, number>();
  /** Processes whose ports are not known, so that it is told once. */
  #unknown = new Set<number>();

  constructor(options: ProcessTargetsOptions) {
    this.#options = options;
  }

  async refresh(): Promise<{ changed: boolean; problems: DiscoveryProblem[] }> {
    const { listening, problems } = this.#look();
    if (this.#options.ports === null) await this.#askNew(listening);
    const groups = listening
      .filter((one) => this.#options.ports !== null || this.#asked.get(keyOf(one)) === Infinity)
      .map(([pid, address]) => this.#group(pid, address));
    this.#groups = groups;
    const shown = JSON.stringify(groups.map(({ targets, labels }) => [targets, [...labels]]));
    const changed = shown !== this.#shown;
    this.#shown = shown;
    return { changed, problems };
  }

  groups(): readonly TargetGroup[] {
    return this.#groups;
  }

  /** What the service's processes listen on, each address once. */
  #look(): { listening: Listening[]; problems: DiscoveryProblem[] } {
    const { service, ports, processes, portsOf } = this.#options;
    const found = new Map<string, number>();
    const problems: DiscoveryProblem[] = [];
    const unknown = new Set<number>();
    for (const { pid, service: own, exitedAtMs } of processes()) {
      if (own !== service || exitedAtMs !== null) continue;
      const sockets = portsOf(pid);
      if (typeof sockets === "string") {
        if (sockets === "gone") continue;
        unknown.add(pid);
        if (!this.#unknown.has(pid)) problems.push({ where: `process ${pid}`, message: sockets });
        continue;
      }
      for (const { host, port } of sockets) {
        const address = `${host}:${port}`;
        // Forked workers share their parent's socket: it is scraped once.
        if ((ports?.includes(port) ?? true) && !found.has(address)) found.set(address, pid);
      }
    }
    this.#unknown = unknown;
    return { listening: [...found].map(([address, pid]) => [pid, address]), problems };
  }

  /** Asks a few of the ports that are due, all at once; forgets those that are gone. */
  async #askNew(listening: readonly Listening[]): Promise<void> {
    const nowMs = this.#options.clock.monotonicMs();
    const asked = new Map(listening.map((one) => [keyOf(one), this.#asked.get(keyOf(one)) ?? 0]));
    const due = listening.filter((one) => asked.get(keyOf(one))! <= nowMs).slice(0, MAX_ASKED);
    await Promise.all(due.map(async (one) => asked.set(keyOf(one), await this.#ask(one[1]))));
    this.#asked = asked;
  }

  /** When to ask again: never, once it has metrics. */
  async #ask(address: string): Promise<number> {
    const { client, path, clock } = this.#options;
    try {
      const signal = AbortSignal.timeout(ANSWERS_WITHIN_MS);
      const { body, format } = await client.get(`http://${address}${path}`, signal);
      const ignored = () => undefined;
      const handler = { type: ignored, unit: ignored, sample: ignored, exemplar: ignored };
      if (readExposition(body, format, handler) > 0) return Infinity;
    } catch {
      // Whatever it is that listens there, it has no metrics: that is what was asked.
    }
    return clock.monotonicMs() + ASK_AGAIN_MS;
  }

  #group(pid: number, address: string): TargetGroup {
    const labels = new Map([["service.name", this.#options.service], ["process.pid", String(pid)]]);
    return { targets: [address], labels };
  }
}
