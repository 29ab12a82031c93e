import type { Config } from "./schema.ts";
import { formatListenAddress, isLoopbackHost } from "./listen_address.ts";
import { openReceivers } from "./receivers_section.ts";

/** Values of different sections that are each fine but not together. */
export interface CrossContradiction {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly allowed: string;
}

/**
 * The contradictions between sections. Works on the sections that are right by themselves, so
 * that a mistake in one section does not hide what is wrong between others.
 */
export function crossContradictions(config: Partial<Config>): CrossContradiction[] {
  return [
    ...openDoors(config),
    ...openReceiverDoors(config),
    ...checksWithoutProcesses(config),
    ...forwardsToItself(config),
  ];
}

/** Listeners that know tokens, which other hosts reach and no token guards. */
function openDoors({ server, auth }: Partial<Config>): CrossContradiction[] {
  if (server === undefined || auth === undefined) return [];
  if (auth.tokens.length > 0 || server.allow_unauthenticated_remote) return [];
  const listeners = ["listen", "otlp_http", "otlp_grpc"] as const;
  return listeners.flatMap((key) => {
    const address = server[key];
    if (address === null || isLoopbackHost(address.hostname)) return [];
    return [{
      path: ["server", key],
      message: `lets other hosts in at ${formatListenAddress(address)} without authentication`,
      allowed:
        "a loopback address such as 127.0.0.1, or any address once auth.tokens has a token " +
        "(`horizon token` makes one), or with server.allow_unauthenticated_remote: true",
    }];
  });
}

/** Listeners of protocols that have no tokens, which other hosts reach. */
function openReceiverDoors({ server, receivers }: Partial<Config>): CrossContradiction[] {
  if (server === undefined || receivers === undefined) return [];
  if (server.allow_unauthenticated_remote) return [];
  return openReceivers(receivers).filter(({ at }) => !isLoopbackHost(at.hostname)).map((
    { path, at },
  ) => ({
    path: ["receivers", ...path],
    message: `lets other hosts in at ${formatListenAddress(at)} without authentication, ` +
      "which this protocol does not have",
    allowed: "a loopback address such as 127.0.0.1, or any address with " +
      "server.allow_unauthenticated_remote: true",
  }));
}

/** Health checks that look at processes which are not collected. */
function checksWithoutProcesses({ health, collectors }: Partial<Config>): CrossContradiction[] {
  if (health === undefined || collectors === undefined) return [];
  const { enabled, groups } = collectors.processes;
  return health.checks.flatMap(({ target }, i): CrossContradiction[] => {
    if (target.kind !== "process" && target.kind !== "limits") return [];
    const { of } = target;
    const path = ["health", "checks", i, target.kind, of.by];
    if (!enabled && (of.by !== "pid_file" || target.kind === "limits")) {
      return [{
        path,
        message: "looks at processes, which are not collected",
        allowed: "collectors.processes.enabled: true, or a process check by pid_file",
      }];
    }
    if (of.by !== "group" || groups.some(({ service }) => service === of.service)) return [];
    return [{
      path,
      message: "is the service of no group",
      allowed: "the service of an entry of collectors.processes.groups",
    }];
  });
}

/** Sinks that are Horizon's own listeners: what they are sent would come round for ever. */
function forwardsToItself({ server, pipeline }: Partial<Config>): CrossContradiction[] {
  if (server === undefined || pipeline === undefined) return [];
  const own = [server.listen, server.otlp_http].flatMap((at) => at === null ? [] : [at.port]);
  return pipeline.forward.flatMap(({ endpoint }, i): CrossContradiction[] => {
    const url = new URL(endpoint);
    const port = Number(url.port || (url.protocol === "https:" ? 443 : 80));
    const host = url.hostname.replace(/^\[|\]$/g, "");
    if (!own.includes(port) || !isLoopbackHost(host)) return [];
    return [{
      path: ["pipeline", "forward", i, "endpoint"],
      message: "is Horizon itself: what it is sent would come round for ever",
      allowed: "another receiver",
    }];
  });
}
