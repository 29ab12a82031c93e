// deno-lint-ignore-file no-console -- a command: it talks to the terminal
/**
 * The import rules of ARCHITECTURE.md, checked: which folder may import which, who owns each external package,
 * no circular imports. `deno run -P=tools scripts/check_imports.ts` prints the violations and fails if there are any.
 */
import { filesBelow, PROJECT_DIR } from "./project.ts";

/** A source file: its path relative to the project, `/` between its parts, and its text. */
export interface SourceFile {
  path: string;
  text: string;
}

/** The folders (and main.ts) that a folder may import besides itself. `tests` and `scripts` may import all. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  mod: [],
  collectors: ["mod"],
  storage: ["mod"],
  // The page runs in the browser: it shares nothing with the program, not even types.
  "web/ui": [],
  web: ["mod"],
  "main.ts": ["mod", "collectors", "storage", "web"],
};

const MAY_IMPORT_ALL: readonly string[] = ["tests", "scripts"];

/** Who imports an external package. More than one owner needs its reason here. */
export const PACKAGE_OWNERS: Readonly<Record<string, readonly string[]>> = {
  "@duckdb/duckdb-wasm": ["storage"],
  "@grpc/grpc-js": ["collectors"],
  "@logtape/logtape": ["mod"],
  "apache-arrow": ["storage"],
  commander: ["mod"],
  hono: ["web"],
  "prom-client": ["web"],
  yaml: ["mod"],
  // One schema language for the configuration and for the API's requests.
  zod: ["mod", "web"],
};

/** What an imported module is: a file of the project, a package, or part of the runtime. */
type Target =
  | { kind: "file"; path: string }
  | { kind: "package"; name: string }
  | { kind: "runtime" }
  | { kind: "refused"; reason: string };

/**
 * All violations of the import rules, one sentence each, in the order of the files.
 *
 * @param files every source file of the project
 * @param owners who may import which package
 */
export function importViolations(
  files: readonly SourceFile[],
  owners: Readonly<Record<string, readonly string[]>> = PACKAGE_OWNERS,
): string[] {
  const known = new Set(files.map((f) => f.path));
  const violations: string[] = [];
  const graph = new Map<string, string[]>();
  for (const file of files) {
    const imported: string[] = [];
    graph.set(file.path, imported);
    for (const specifier of importSpecifiers(file.text)) {
      const target = resolve(file.path, specifier);
      const problem = violation(file.path, target, known, owners);
      if (problem !== null) violations.push(`${file.path} imports ${specifier}: ${problem}`);
      if (target.kind === "file") imported.push(target.path);
    }
  }
  for (const cycle of cycles(graph)) violations.push(`circular imports: ${cycle.join(" -> ")}`);
  return violations;
}

/**
 * The specifiers of all imports of a module, type imports and dynamic ones among them.
 *
 * Reads lines, not syntax: in formatted code, which the same test command demands, static imports and exports
 * start their line.
 */
export function importSpecifiers(text: string): string[] {
  const code = text.replaceAll(/^\s*(?:\/\/|\/\*|\*).*$/gm, "");
  const patterns = [
    /^(?:import|export)\b[^;"'`]*?\bfrom\s*["']([^"']+)["']/gm,
    /^import\s*["']([^"']+)["']/gm,
    /\bimport\(\s*["']([^"']+)["']\s*[,)]/g,
  ];
  return patterns.flatMap((pattern) => [...code.matchAll(pattern)].map((match) => match[1] ?? ""));
}

function resolve(from: string, specifier: string): Target {
  if (specifier.startsWith("node:")) return { kind: "runtime" };
  if (/^[a-z]+:/.test(specifier)) {
    return { kind: "refused", reason: "packages are pinned in deno.json and imported by name" };
  }
  if (specifier.startsWith("./") || specifier.startsWith("../")) {
    const base = "file:///project/";
    const url = new URL(specifier, base + from).href;
    if (!url.startsWith(base)) return { kind: "refused", reason: "it is outside of the project" };
    return { kind: "file", path: url.slice(base.length) };
  }
  const parts = specifier.split("/");
  return { kind: "package", name: parts.slice(0, specifier.startsWith("@") ? 2 : 1).join("/") };
}

function violation(
  from: string,
  target: Target,
  known: ReadonlySet<string>,
  owners: Readonly<Record<string, readonly string[]>>,
): string | null {
  const area = areaOf(from);
  if (target.kind === "runtime") return area === "web/ui" ? "a browser has no such module" : null;
  if (target.kind === "refused") return target.reason;
  if (MAY_IMPORT_ALL.includes(area)) return null;
  const allowed = MAY_IMPORT[area];
  if (allowed === undefined) return `${area} is no folder of the layout`;
  if (target.kind === "package") {
    if (area === "web/ui") return "the page loads browser libraries from ./vendor/";
    const owning = owners[target.name];
    if (owning === undefined) return "no folder owns this package (scripts/check_imports.ts)";
    return owning.includes(area) ? null : `only ${owning.join(" and ")} may import this package`;
  }
  const into = areaOf(target.path);
  if (into === "main.ts") return "nobody imports the composition root";
  if (into !== area && !allowed.includes(into)) return `${area} may not import ${into}`;
  // Browser libraries are put there when the page is served: see mod/assets.ts.
  if (area === "web/ui" && target.path.startsWith("web/ui/vendor/")) return null;
  return known.has(target.path) ? null : "there is no such file";
}

function areaOf(path: string): string {
  return path.startsWith("web/ui/") ? "web/ui" : path.split("/")[0] ?? "";
}

/** Every circle of imports, once, as the files along it with the first again at the end. */
function cycles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = [];
  const state = new Map<string, "open" | "done">();
  const path: string[] = [];
  const visit = (node: string): void => {
    state.set(node, "open");
    path.push(node);
    for (const next of graph.get(node) ?? []) {
      if (state.get(next) === "open") found.push([...path.slice(path.indexOf(next)), next]);
      else if (!state.has(next)) visit(next);
    }
    path.pop();
    state.set(node, "done");
  };
  for (const node of graph.keys()) {
    if (!state.has(node)) visit(node);
  }
  return found;
}

/** Reads every source file of the project: .ts and .js in its folders, and those beside them. */
export async function projectSources(): Promise<SourceFile[]> {
  const paths: string[] = [];
  for await (const entry of Deno.readDir(PROJECT_DIR)) {
    if (entry.name.startsWith(".") || ["node_modules", "dist"].includes(entry.name)) continue;
    if (entry.isDirectory) paths.push(...await filesBelow(entry.name));
    else paths.push(entry.name);
  }
  const sources = paths.filter((p) => /\.[jt]s$/.test(p) && !p.startsWith("tests/fixtures/"))
    .sort();
  return await Promise.all(sources.map(async (path) => (
    { path, text: await Deno.readTextFile(`${PROJECT_DIR}${path}`) }
  )));
}

if (import.meta.main) {
  const violations = importViolations(await projectSources());
  for (const sentence of violations) console.error(sentence);
  Deno.exit(violations.length === 0 ? 0 : 1);
}
