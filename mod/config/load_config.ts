import { parseConfigFile } from "./config_file.ts";
import { type ConfigProblem, dottedPath, shownValue } from "./config_problem.ts";
import { crossContradictions } from "./cross_section.ts";
import { findConfigFile, type ReadTextFile } from "./find_config_file.ts";
import { type Config, configJsonSchema, ConfigSchema, SECTIONS } from "./schema.ts";
import { type ProblemContext, schemaProblems, valueAt } from "./schema_problems.ts";
import { SchemaTree } from "./schema_tree.ts";
import { type Environment, type FlagValues, type GivenSetting, givenSettings } from "./settings.ts";

export interface ConfigSources {
  readonly flags: FlagValues;
  readonly env: Environment;
  readonly readFile: ReadTextFile;
}

/** `file` is the path of the file that was read; null when there was none. */
export type LoadedConfig =
  | { readonly ok: true; readonly config: Config; readonly file: string | null }
  | {
    readonly ok: false;
    readonly problems: readonly ConfigProblem[];
    readonly file: string | null;
  };

/**
 * The configuration from all its sources. A flag wins over the environment, that over the file,
 * that over the defaults. Every problem is reported at once, but for a file that is no YAML:
 * then nothing is known about its values.
 */
export async function loadConfig(sources: ConfigSources): Promise<LoadedConfig> {
  const { flags, env, readFile } = sources;
  const found = await findConfigFile(flags.config, env, readFile);
  if (found.kind === "problem") return { ok: false, problems: [found.problem], file: null };
  if (found.kind === "none") {
    return checked({}, givenSettings(flags, env), null, () => null);
  }
  const parsed = parseConfigFile(found.path, found.text);
  if (!parsed.ok) return { ok: false, problems: parsed.problems, file: found.path };
  const { value, locate } = parsed.file;
  return checked(withoutNulls(value) ?? {}, givenSettings(flags, env), found.path, locate);
}

function checked(
  fromFile: unknown,
  given: readonly GivenSetting[],
  file: string | null,
  locate: (path: readonly PropertyKey[]) => string | null,
): LoadedConfig {
  const raw = given.reduce(overlay, fromFile);
  const parsed = ConfigSchema.safeParse(raw);
  const context: ProblemContext = {
    raw,
    schema: new SchemaTree(configJsonSchema()),
    whereIs: (path) => whereIs(path, given, locate),
  };
  const problems = [
    ...parsed.success ? [] : schemaProblems(parsed.error.issues, context),
    ...crossProblems(parsed.success ? parsed.data : validSections(raw), context),
  ];
  if (parsed.success && problems.length === 0) return { ok: true, config: parsed.data, file };
  return { ok: false, problems: problems.toSorted(byPlace), file };
}

/** In the order of the file's lines; what no source gave comes last. */
function byPlace(a: ConfigProblem, b: ConfigProblem): number {
  if (a.where === null || b.where === null) {
    return Number(a.where === null) - Number(b.where === null);
  }
  return PLACE_ORDER.compare(a.where, b.where);
}

const PLACE_ORDER = new Intl.Collator("en", { numeric: true });

/** A copy of `raw` with one setting in its place; unchanged where its section is no mapping. */
function overlay(raw: unknown, { setting, value }: GivenSetting): unknown {
  const [section, key] = setting.path;
  if (!isMapping(raw)) return raw;
  const before = raw[section] ?? {};
  return isMapping(before) ? { ...raw, [section]: { ...before, [key]: value } } : raw;
}

/** An empty value means the default: `storage:` with nothing below it is an empty section. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => withoutNulls(item));
  if (!isMapping(value)) return value;
  return Object.fromEntries(
    Object.entries(value).filter(([, v]) => v !== null).map(([k, v]) => [k, withoutNulls(v)]),
  );
}

function whereIs(
  path: readonly PropertyKey[],
  given: readonly GivenSetting[],
  locate: (path: readonly PropertyKey[]) => string | null,
): string | null {
  const setting = given.find((one) => dottedPath(one.setting.path) === dottedPath(path));
  if (setting !== undefined) return setting.where;
  // What is missing, or a default, is shown at the nearest mapping that the file has.
  for (let length = path.length; length > 0; length--) {
    const place = locate(path.slice(0, length));
    if (place !== null) return place;
  }
  return path.length === 0 ? locate(path) : null;
}

function crossProblems(config: Partial<Config>, context: ProblemContext): ConfigProblem[] {
  return crossContradictions(config).map(({ path, message, allowed }) => ({
    path: dottedPath(path),
    where: context.whereIs(path),
    value: shownValue(path, valueAt(context.raw, path)),
    message,
    allowed,
  }));
}

/** The sections that are right by themselves. */
function validSections(raw: unknown): Partial<Config> {
  if (!isMapping(raw)) return {};
  const server = SECTIONS.server.safeParse(raw["server"] ?? {});
  const auth = SECTIONS.auth.safeParse(raw["auth"] ?? {});
  const collectors = SECTIONS.collectors.safeParse(raw["collectors"] ?? {});
  const health = SECTIONS.health.safeParse(raw["health"] ?? {});
  return {
    ...server.success ? { server: server.data } : {},
    ...auth.success ? { auth: auth.data } : {},
    ...collectors.success ? { collectors: collectors.data } : {},
    ...health.success ? { health: health.data } : {},
  };
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
