/**
 * The keys of the configuration that the command line and the environment can set as well. Each
 * has all three names: a flag, a variable, a path in the file.
 */
export interface Setting {
  /** Its name in `FlagValues`, and the one that the command line parser makes of the flag. */
  readonly key: SettingKey;
  readonly flag: string;
  /** What the flag takes, as help shows it; null for a switch, which takes nothing. */
  readonly argument: string | null;
  readonly variable: string;
  readonly path: readonly [section: string, key: string];
  readonly description: string;
}

export type SettingKey =
  | "dataDir"
  | "listen"
  | "otlpHttp"
  | "otlpGrpc"
  | "allowUnauthenticatedRemote"
  | "logLevel"
  | "logFormat";

/** Flags as they were given; what was not given is not there. */
export type FlagValues = Readonly<
  & Partial<Record<Exclude<SettingKey, "allowUnauthenticatedRemote">, string>>
  & { allowUnauthenticatedRemote?: boolean; config?: string }
>;

export const SETTINGS: readonly Setting[] = [
  {
    key: "dataDir",
    flag: "--data-dir",
    argument: "DIR",
    variable: "HORIZON_DATA_DIR",
    path: ["storage", "data_dir"],
    description: "keep data in this folder (default: in memory only)",
  },
  {
    key: "listen",
    flag: "--listen",
    argument: "HOST:PORT",
    variable: "HORIZON_LISTEN",
    path: ["server", "listen"],
    description: "page, API and OTLP/HTTP (default: 127.0.0.1:9630)",
  },
  {
    key: "otlpHttp",
    flag: "--otlp-http",
    argument: "HOST:PORT",
    variable: "HORIZON_OTLP_HTTP",
    path: ["server", "otlp_http"],
    description: "OTLP/HTTP (default: 127.0.0.1:4318), or off",
  },
  {
    key: "otlpGrpc",
    flag: "--otlp-grpc",
    argument: "HOST:PORT",
    variable: "HORIZON_OTLP_GRPC",
    path: ["server", "otlp_grpc"],
    description: "OTLP/gRPC (default: 127.0.0.1:4317), or off",
  },
  {
    key: "allowUnauthenticatedRemote",
    flag: "--allow-unauthenticated-remote",
    argument: null,
    variable: "HORIZON_ALLOW_UNAUTHENTICATED_REMOTE",
    path: ["server", "allow_unauthenticated_remote"],
    description: "serve other hosts although no token is configured",
  },
  {
    key: "logLevel",
    flag: "--log-level",
    argument: "LEVEL",
    variable: "HORIZON_LOG_LEVEL",
    path: ["log", "level"],
    description: "debug, info, warn or error (default: info)",
  },
  {
    key: "logFormat",
    flag: "--log-format",
    argument: "FORMAT",
    variable: "HORIZON_LOG_FORMAT",
    path: ["log", "format"],
    description: "json or text (default: json)",
  },
];

/** The environment, as `Deno.env.toObject()` gives it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Names the file, like `--config`. */
export const CONFIG_VARIABLE = "HORIZON_CONFIG";

/** A setting that was given outside of the file. */
export interface GivenSetting {
  readonly setting: Setting;
  readonly value: string | boolean;
  /** The flag or the variable. */
  readonly where: string;
}

/** The settings that flags and the environment give; a flag wins. An empty variable is not set. */
export function givenSettings(flags: FlagValues, env: Environment): GivenSetting[] {
  return SETTINGS.flatMap((setting): GivenSetting[] => {
    const flag = flags[setting.key];
    if (flag !== undefined) return [{ setting, value: flag, where: setting.flag }];
    const text = env[setting.variable];
    if (text === undefined || text === "") return [];
    const value = setting.argument === null ? switchValue(text) : text;
    return [{ setting, value, where: setting.variable }];
  });
}

/** The value of a switch's variable; what is neither stays text, which the schema refuses. */
function switchValue(text: string): boolean | string {
  if (["true", "1", "yes", "on"].includes(text.toLowerCase())) return true;
  if (["false", "0", "no", "off"].includes(text.toLowerCase())) return false;
  return text;
}
