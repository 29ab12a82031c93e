import { z } from "zod";
import { contradiction, whenRight } from "./contradiction.ts";
import { formatListenAddress, type ListenAddress } from "./listen_address.ts";
import { duration, flag, listenAddress, optionalListenAddress, size, text } from "./scalars.ts";

/** `server`: the listeners and who may talk to them. Null closes a listener. */
export interface ServerConfig {
  readonly listen: ListenAddress;
  readonly otlp_http: ListenAddress | null;
  readonly otlp_grpc: ListenAddress | null;
  readonly allow_unauthenticated_remote: boolean;
  readonly allowed_hosts: readonly string[];
  readonly allowed_origins: readonly string[];
  /** Bytes of a request's body on the wire. */
  readonly max_body_bytes: number;
  /** Bytes of a request's body after decompression. */
  readonly max_decompressed_body_bytes: number;
  readonly shutdown_deadline_ms: number;
}

/** As they are written in the file. */
export const SERVER_DEFAULTS = {
  listen: "127.0.0.1:9630",
  otlp_http: "127.0.0.1:4318",
  otlp_grpc: "127.0.0.1:4317",
  allow_unauthenticated_remote: false,
  allowed_hosts: [] as string[],
  allowed_origins: [] as string[],
  max_body_bytes: "16MiB",
  /** Or `max_body_bytes`, if that is larger. */
  max_decompressed_body_bytes: 64 * 1024 * 1024,
  shutdown_deadline: "10s",
};

const MAX_LIST_LENGTH = 64;

const HostName = text(253, "a host name without port, such as monitor.example").refine(
  (name) => /^[\w.-]+$/.test(name) || /^\[?[0-9a-f:.]+\]?$/i.test(name),
  { error: "is not a host name" },
);

const Origin = text(300, "scheme and host of a web page, such as https://grafana.example").refine(
  (origin) =>
    /^https?:\/\//.test(origin) && URL.canParse(origin) && new URL(origin).origin === origin,
  { error: "is not a web origin" },
);

export const ServerSection: z.ZodType<ServerConfig> = z
  .strictObject({
    listen: listenAddress().prefault(SERVER_DEFAULTS.listen)
      .describe("Where the page, the API and OTLP/HTTP are served."),
    otlp_http: optionalListenAddress().prefault(SERVER_DEFAULTS.otlp_http)
      .describe("Where OTLP/HTTP clients look by default; off closes it."),
    otlp_grpc: optionalListenAddress().prefault(SERVER_DEFAULTS.otlp_grpc)
      .describe("Where OTLP/gRPC is served; off closes it."),
    allow_unauthenticated_remote: flag()
      .prefault(SERVER_DEFAULTS.allow_unauthenticated_remote)
      .describe("Serve other hosts although no token is configured."),
    allowed_hosts: z.array(HostName, { error: "is not a list" }).max(MAX_LIST_LENGTH, {
      error: `has more than ${MAX_LIST_LENGTH} entries`,
    })
      .prefault(SERVER_DEFAULTS.allowed_hosts)
      .describe("Further host names under which Horizon may be called."),
    allowed_origins: z.array(Origin, { error: "is not a list" }).max(MAX_LIST_LENGTH, {
      error: `has more than ${MAX_LIST_LENGTH} entries`,
    })
      .prefault(SERVER_DEFAULTS.allowed_origins)
      .describe("Foreign web origins whose pages may call Horizon."),
    max_body_bytes: size("1KiB", "1GiB").prefault(SERVER_DEFAULTS.max_body_bytes)
      .describe("Largest body of a request, as it is sent."),
    max_decompressed_body_bytes: size("1KiB", "2GiB").optional()
      .describe(
        "Largest body of a request, decompressed. Default 64MiB, or max_body_bytes if that is larger.",
      ),
    shutdown_deadline: duration("0s", "10m").prefault(SERVER_DEFAULTS.shutdown_deadline)
      .describe("How long a shutdown may wait for what is under way."),
  })
  .superRefine((s, ctx) => {
    const decompressed = s.max_decompressed_body_bytes;
    if (decompressed !== undefined && decompressed < s.max_body_bytes) {
      contradiction(
        ctx,
        ["max_decompressed_body_bytes"],
        "is less than max_body_bytes, so no body of that size could be taken",
        "a size from max_body_bytes",
      );
    }
  }, whenRight("max_body_bytes", "max_decompressed_body_bytes"))
  .superRefine((s, ctx) => {
    for (const [key, others] of LISTENERS) {
      const address = s[key];
      if (address === null || address.port === 0) continue;
      const taken = others.find((other) => {
        const at = s[other];
        return at !== null && formatListenAddress(at) === formatListenAddress(address);
      });
      if (taken === undefined) continue;
      contradiction(
        ctx,
        [key],
        `is the address of ${taken} as well`,
        "an address of its own, or off",
      );
    }
  }, whenRight("listen", "otlp_http", "otlp_grpc"))
  .transform(({ shutdown_deadline, max_decompressed_body_bytes, ...rest }) => ({
    ...rest,
    max_decompressed_body_bytes: max_decompressed_body_bytes ??
      Math.max(SERVER_DEFAULTS.max_decompressed_body_bytes, rest.max_body_bytes),
    shutdown_deadline_ms: shutdown_deadline,
  }))
  .describe("The listeners, and who may talk to them.");

type ListenerKey = "listen" | "otlp_http" | "otlp_grpc";
/** Each listener that may be closed, and those it may collide with. */
const LISTENERS: readonly (readonly [ListenerKey, readonly ListenerKey[]])[] = [
  ["otlp_http", ["listen"]],
  ["otlp_grpc", ["listen", "otlp_http"]],
];
