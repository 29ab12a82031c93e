import type { Config } from "./schema.ts";
import { formatListenAddress, isLoopbackHost } from "./listen_address.ts";

/** Values of different sections that are each fine but not together. */
export interface CrossContradiction {
  readonly path: readonly string[];
  readonly message: string;
  readonly allowed: string;
}

/**
 * The contradictions between sections. Works on the sections that are right by themselves, so
 * that a mistake in one section does not hide what is wrong between others.
 */
export function crossContradictions(config: Partial<Config>): CrossContradiction[] {
  const { server, auth } = config;
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
