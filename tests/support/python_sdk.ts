import { fileURLToPath } from "node:url";

/** What is installed; a change makes another environment. */
const PACKAGES = [
  "opentelemetry-sdk==1.45.2",
  "opentelemetry-exporter-otlp-proto-grpc==1.45.2",
  "opentelemetry-exporter-otlp-proto-http==1.45.2",
];
const CACHE = fileURLToPath(new URL("../../.cache/", import.meta.url));
const INSTALL_MS = 180_000;

/** A Python that has the OpenTelemetry SDK, or why there is none. */
export type PythonSdk =
  | { readonly python: string }
  | { readonly missing: string };

/**
 * Finds the environment in the project's `.cache` folder, or makes it with pip: about 20 s, once. It
 * gets its name when it is complete.
 */
export async function pythonSdk(): Promise<PythonSdk> {
  const version = PACKAGES[0]?.split("==")[1] ?? "";
  const folder = `${CACHE}python-otel-${version}`;
  const python = `${folder}/bin/python`;
  if (await succeeds(python, ["-c", "import opentelemetry.sdk"])) return { python };
  if (!await succeeds("python3", ["-m", "venv", "--help"])) {
    return { missing: "no python3 with venv" };
  }
  // Programs of an environment name its folder, so it is made where it will stay.
  await Deno.remove(folder, { recursive: true }).catch(() => undefined);
  await Deno.mkdir(CACHE, { recursive: true });
  const made = await succeeds("python3", ["-m", "venv", folder]) &&
    await succeeds(python, ["-m", "pip", "install", "--quiet", ...PACKAGES]);
  if (made) return { python };
  await Deno.remove(folder, { recursive: true }).catch(() => undefined);
  return { missing: "pip cannot install the OpenTelemetry SDK" };
}

async function succeeds(program: string, args: string[]): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(program, {
      args,
      stdin: "null",
      stdout: "null",
      stderr: "null",
      signal: AbortSignal.timeout(INSTALL_MS),
    }).output();
    return success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
