import { z } from "zod";
import { DEPENDENCY_NEEDS, type DependencyNeed } from "../health/dependency.ts";
import { HEALTH_STATES, type HealthState } from "../health/health_state.ts";
import { parseStatusRanges, type StatusRange } from "../health/status_ranges.ts";
import { contradiction, whenRight } from "./contradiction.ts";
import type { ListenAddress } from "./listen_address.ts";
import {
  absolutePath,
  ALLOWED,
  choice,
  count,
  decimal,
  duration,
  flag,
  listenAddress,
  size,
  text,
} from "./scalars.ts";

/** Which processes are meant. */
export type ProcessSelector =
  /** A service of `collectors.processes.groups`. */
  | { readonly by: "group"; readonly service: string }
  /** The kernel's short name, or the last part of the program file's path. */
  | { readonly by: "name"; readonly name: string }
  /** A file that holds the pid. */
  | { readonly by: "pid_file"; readonly path: string };

/** How a server is known over TLS. */
export interface TlsConfig {
  /** PEM file of the authorities to trust; null for those of the system. */
  readonly ca_file: string | null;
  readonly insecure_skip_verify: boolean;
  /** The name that the certificate must have; null for the host that is called. */
  readonly server_name: string | null;
}

/** What a check looks at. */
export type CheckTarget =
  | {
    readonly kind: "process";
    readonly of: ProcessSelector;
    readonly min: number;
    readonly max: number | null;
  }
  | {
    readonly kind: "limits";
    readonly of: ProcessSelector;
    readonly max_memory_bytes: number | null;
    readonly max_cpu_cores: number | null;
    readonly max_open_fds: number | null;
    readonly max_fd_share: number | null;
  }
  | {
    readonly kind: "http";
    readonly url: string;
    readonly method: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly status: readonly StatusRange[];
    readonly body_matches: string | null;
    readonly max_latency_ms: number | null;
    readonly tls: TlsConfig;
  }
  | {
    readonly kind: "grpc";
    readonly address: ListenAddress;
    readonly service: string;
    readonly mode: GrpcMode;
    /** Null: plaintext. */
    readonly tls: TlsConfig | null;
  }
  | { readonly kind: "tcp"; readonly address: ListenAddress }
  | {
    readonly kind: "command";
    readonly argv: readonly string[];
    readonly healthy_codes: readonly number[];
    readonly degraded_codes: readonly number[];
  }
  | { readonly kind: "sql"; readonly query: string; readonly no_data: HealthState }
  | {
    readonly kind: "dependency";
    readonly checks: readonly string[];
    readonly need: DependencyNeed;
  };

/** Ask on every run, or let the server tell when something changes. */
export const GRPC_MODES = ["check", "watch"] as const;
export type GrpcMode = typeof GRPC_MODES[number];

/** Methods that change nothing by themselves, and POST for servers that want it. */
const HTTP_METHODS = ["GET", "HEAD", "OPTIONS", "POST"] as const;

/** As they are written in the file. */
export const TARGET_DEFAULTS = {
  min: 1,
  method: "GET",
  status: "200-399",
  grpc_mode: "check",
  healthy_codes: [0] as number[],
  no_data: "unknown",
  need: "all",
} as const;

const MAX_PATTERN_LENGTH = 1_024;
const MAX_ARGUMENTS = 64;
const MAX_HEADERS = 32;
const MAX_DEPENDENCIES = 64;

const SELECTOR_KEYS = ["group", "name", "pid_file"] as const;
const selectorKeys = {
  group: text(128, "the service of an entry of collectors.processes.groups").optional()
    .describe("Processes of this service of collectors.processes.groups."),
  name: text(255, "a process name").optional()
    .describe("Processes of this name: the kernel's, or the program file's."),
  pid_file: absolutePath().optional().describe("The process whose pid is in this file."),
};

interface SelectorKeys {
  readonly group?: string | undefined;
  readonly name?: string | undefined;
  readonly pid_file?: string | undefined;
}

const ONE_SELECTOR = {
  error: `names the processes in no way or in several: want one of ${SELECTOR_KEYS.join(", ")}`,
};
const hasOneSelector = (keys: SelectorKeys) =>
  SELECTOR_KEYS.filter((key) => keys[key] !== undefined).length === 1;

function selector({ group, name, pid_file }: SelectorKeys): ProcessSelector {
  if (group !== undefined) return { by: "group", service: group };
  return name !== undefined ? { by: "name", name } : { by: "pid_file", path: pid_file ?? "" };
}

const Process = z
  .strictObject({
    ...selectorKeys,
    min: count(0, 100_000).prefault(TARGET_DEFAULTS.min)
      .describe("So many must run at least."),
    max: count(0, 100_000).optional().describe("No more than this may run."),
  })
  .refine(hasOneSelector, ONE_SELECTOR)
  .superRefine(({ min, max }, ctx) => {
    if (max !== undefined && max < min) {
      contradiction(ctx, ["max"], "is less than min", "a whole number from min");
    }
  }, whenRight("min", "max"));

const LIMIT_KEYS = ["max_memory", "max_cpu_cores", "max_open_fds", "max_fd_share"] as const;
const Limits = z
  .strictObject({
    ...selectorKeys,
    max_memory: size("1MiB", "64TiB").optional()
      .describe("Resident memory of all of them together."),
    max_cpu_cores: decimal(0.01, 4_096).optional()
      .describe("CPU time per time of all of them together; 1 is one core."),
    max_open_fds: count(1, 100_000_000).optional()
      .describe("Open descriptors of all of them together."),
    max_fd_share: decimal(0.01, 1).optional()
      .describe("Share of its limit of open descriptors that each may use."),
  })
  .refine(hasOneSelector, ONE_SELECTOR)
  .refine((keys) => LIMIT_KEYS.some((key) => keys[key] !== undefined), {
    error: `limits nothing: want one of ${LIMIT_KEYS.join(", ")}`,
  });

const tlsKeys = {
  ca_file: absolutePath().optional()
    .describe("PEM file of the authorities to trust. Not set: those of the system."),
  insecure_skip_verify: flag().prefault(false)
    .describe("Take any certificate; what answers may then be anybody."),
  server_name: text(253, "a host name").optional()
    .describe("Name that the certificate must have. Not set: the host that is called."),
};
const Tls = z.strictObject(tlsKeys);

function tlsConfig(tls: z.output<typeof Tls> | undefined): TlsConfig {
  return {
    ca_file: tls?.ca_file ?? null,
    insecure_skip_verify: tls?.insecure_skip_verify ?? false,
    server_name: tls?.server_name ?? null,
  };
}

const HttpUrl = text(2_048, "an http or https URL without user and password").refine(
  (url) => {
    if (!/^https?:\/\//.test(url) || !URL.canParse(url)) return false;
    const { username, password } = new URL(url);
    return username === "" && password === "";
  },
  { error: "is not an http or https URL, or has a user in it: use headers" },
);

const Headers = z.record(z.string(), z.string(), { error: "is not a mapping" })
  .meta({ [ALLOWED]: "a mapping of header names to texts" })
  .refine((headers) => Object.keys(headers).length <= MAX_HEADERS, {
    error: `has more than ${MAX_HEADERS} entries`,
  })
  .refine(
    (headers) =>
      Object.entries(headers).every(([name, value]) =>
        /^[!#$%&'*+.^_`|~\w-]+$/.test(name) && !/[\0\r\n]/.test(value)
      ),
    { error: "has a name that is no header name, or a value of several lines" },
  );

const StatusRanges = text(200, "status codes such as 200, 200-399 or 200-299, 304")
  .transform((written, ctx) => {
    const ranges = parseStatusRanges(written);
    if (ranges === null) ctx.addIssue("is not a list of status codes");
    return ranges ?? z.NEVER;
  });

const Pattern = text(MAX_PATTERN_LENGTH, "a regular expression").refine((pattern) => {
  try {
    new RegExp(pattern, "u");
    return true;
  } catch {
    return false;
  }
}, { error: "is not a regular expression" });

const Http = z.strictObject({
  url: HttpUrl.describe("What is asked for."),
  method: choice(HTTP_METHODS).prefault(TARGET_DEFAULTS.method).describe("How it is asked for."),
  headers: Headers.prefault({}).describe("Headers to send; Host among them."),
  status: StatusRanges.prefault(TARGET_DEFAULTS.status)
    .describe("Status codes of a good answer; redirects are not followed."),
  body_matches: Pattern.optional()
    .describe("Regular expression found in the first 64 KiB of the answer."),
  max_latency: duration("1ms", "10m").optional()
    .describe("A good answer that takes longer is degraded."),
  tls: Tls.optional().describe("How an https server is known."),
});

const ProbedAddress = listenAddress().refine(({ port }) => port !== 0, {
  error: "has port 0: nothing can be reached there",
});

const Grpc = z.strictObject({
  address: ProbedAddress.describe("HOST:PORT of the gRPC server."),
  service: z.string({ error: "is not text" }).max(512, { error: "is too long" })
    .meta({ [ALLOWED]: "a name as the server knows it; empty for the server as a whole" })
    .prefault("").describe("The name asked for; empty for the server as a whole."),
  mode: choice(GRPC_MODES).prefault(TARGET_DEFAULTS.grpc_mode)
    .describe("Ask on every run (check), or be told of changes at once (watch)."),
  tls: Tls.optional().describe("Speak TLS. Not set: plaintext."),
});

const Tcp = z.strictObject({
  address: ProbedAddress.describe("HOST:PORT that must take connections."),
});

const ExitCodes = z.array(count(0, 255), { error: "is not a list" })
  .max(256, { error: "has more than 256 entries" });

const Command = z
  .strictObject({
    argv: z.array(text(4_096), { error: "is not a list" })
      .min(1, { error: "is empty" })
      .max(MAX_ARGUMENTS, { error: `has more than ${MAX_ARGUMENTS} entries` })
      .describe("Program and arguments; there is no shell."),
    healthy_codes: ExitCodes.prefault(TARGET_DEFAULTS.healthy_codes)
      .describe("Exit codes that mean healthy."),
    degraded_codes: ExitCodes.prefault([]).describe("Exit codes that mean degraded."),
  })
  .superRefine(({ healthy_codes, degraded_codes }, ctx) => {
    degraded_codes.forEach((code, i) => {
      if (!healthy_codes.includes(code)) return;
      contradiction(
        ctx,
        ["degraded_codes", i],
        "is among healthy_codes as well",
        "a code of its own",
      );
    });
  }, whenRight("healthy_codes", "degraded_codes"));

const Sql = z.strictObject({
  query: z.string({ error: "is not text" }).min(1, { error: "is empty" })
    .max(65_536, { error: "is too long" }).meta({ [ALLOWED]: "one SELECT" })
    .describe("One SELECT; the first value of its first row decides."),
  no_data: choice(HEALTH_STATES).prefault(TARGET_DEFAULTS.no_data)
    .describe("What no row, or NULL, means."),
});

const Dependency = z.strictObject({
  checks: z.array(text(64, "the name of another check"), { error: "is not a list" })
    .min(1, { error: "is empty" })
    .max(MAX_DEPENDENCIES, { error: `has more than ${MAX_DEPENDENCIES} entries` })
    .describe("Names of other checks."),
  need: choice(DEPENDENCY_NEEDS).prefault(TARGET_DEFAULTS.need)
    .describe("Whether all of them must be well, or one is enough."),
});

/** What a check may look at; exactly one of these keys is there. */
export const TARGETS = {
  process: Process.optional().describe("Processes that must run."),
  limits: Limits.optional().describe("What processes may use."),
  http: Http.optional().describe("An HTTP server that must answer."),
  grpc: Grpc.optional().describe("A gRPC server that must say SERVING (grpc.health.v1)."),
  tcp: Tcp.optional().describe("A port that must take connections."),
  command: Command.optional().describe("A program that must end well."),
  sql: Sql.optional().describe("A condition on what is stored."),
  dependency: Dependency.optional().describe("Other checks."),
};

export const TARGET_KEYS = [
  "process",
  "limits",
  "http",
  "grpc",
  "tcp",
  "command",
  "sql",
  "dependency",
] as const satisfies readonly (keyof typeof TARGETS)[];

interface TargetKeys {
  readonly process?: z.output<typeof Process> | undefined;
  readonly limits?: z.output<typeof Limits> | undefined;
  readonly http?: z.output<typeof Http> | undefined;
  readonly grpc?: z.output<typeof Grpc> | undefined;
  readonly tcp?: z.output<typeof Tcp> | undefined;
  readonly command?: z.output<typeof Command> | undefined;
  readonly sql?: z.output<typeof Sql> | undefined;
  readonly dependency?: z.output<typeof Dependency> | undefined;
}

/** The one target of a check that has passed the schema. */
export function checkTarget(keys: TargetKeys): CheckTarget {
  const { process, limits, http, grpc, tcp, command, sql, dependency } = keys;
  if (process !== undefined) {
    return { kind: "process", of: selector(process), min: process.min, max: process.max ?? null };
  }
  if (limits !== undefined) {
    return {
      kind: "limits",
      of: selector(limits),
      max_memory_bytes: limits.max_memory ?? null,
      max_cpu_cores: limits.max_cpu_cores ?? null,
      max_open_fds: limits.max_open_fds ?? null,
      max_fd_share: limits.max_fd_share ?? null,
    };
  }
  if (http !== undefined) {
    return {
      kind: "http",
      url: http.url,
      method: http.method,
      headers: http.headers,
      status: http.status,
      body_matches: http.body_matches ?? null,
      max_latency_ms: http.max_latency ?? null,
      tls: tlsConfig(http.tls),
    };
  }
  if (grpc !== undefined) {
    const { address, service, mode, tls } = grpc;
    return { kind: "grpc", address, service, mode, tls: tls === undefined ? null : tlsConfig(tls) };
  }
  if (tcp !== undefined) return { kind: "tcp", address: tcp.address };
  if (command !== undefined) return { kind: "command", ...command };
  if (sql !== undefined) return { kind: "sql", ...sql };
  if (dependency !== undefined) return { kind: "dependency", ...dependency };
  throw new TypeError("a check without a target has passed the schema");
}
