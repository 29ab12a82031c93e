import { inflate } from "@sparticuz/chromium";
import { type Browser, chromium } from "playwright-core";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

/** Used where the package's Chromium does not start, such as on another processor than x86-64. */
const SYSTEM_CHROMIUM = "/usr/bin/chromium";

/**
 * `--no-sandbox`: tests may run as root or in a container, and load this project's page only. The others keep the
 * one process count and the shared memory small.
 */
const FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-zygote"];

/**
 * Launches a real, headless browser: the Chromium that comes as an npm package, else the system's.
 * Close it, or bind it with `await using`.
 *
 * @throws {AggregateError} when neither starts
 */
export async function launchBrowser(): Promise<Browser> {
  const errors: unknown[] = [];
  for (const locate of [unpackedChromium, systemChromium]) {
    try {
      const { executablePath, env } = await locate();
      return await chromium.launch({ executablePath, env, args: FLAGS, headless: true });
    } catch (error) {
      errors.push(error);
    }
  }
  throw new AggregateError(errors, `no browser starts: ${errors.map(String).join("; ")}`);
}

interface Launchable {
  executablePath: string;
  env: Record<string, string>;
}

function systemChromium(): Promise<Launchable> {
  return Promise.resolve({ executablePath: SYSTEM_CHROMIUM, env: Deno.env.toObject() });
}

/** Unpacks the package's Chromium, its libraries and fonts once, into the project's `.cache` folder. */
async function unpackedChromium(): Promise<Launchable> {
  const folder = `${packageFolder()}/bin`;
  const { size } = await Deno.stat(`${folder}/chromium.br`);
  const cache = fileURLToPath(new URL("../../.cache/", import.meta.url));
  const unpacked = `${cache}chromium-${size}`;
  if (!await exists(unpacked)) await unpack(folder, cache, unpacked);
  const env = {
    ...Deno.env.toObject(),
    FONTCONFIG_FILE: `${unpacked}/fonts.conf`,
    LD_LIBRARY_PATH: `${unpacked}/al2023/lib`,
  };
  return { executablePath: `${unpacked}/chromium`, env };
}

/** `chromium` itself, the NSS libraries that few machines without a desktop have, and a font for those with none. */
const ARCHIVES = ["chromium.br", "al2023.tar.br", "fonts.tar.br"];

/** The package's own names folders of the cloud service it is made for. */
const FONTS_CONF = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
`;

/** Unpacks beside its place and renames, so that test files that start together do not meet half a browser. */
async function unpack(folder: string, cache: string, unpacked: string): Promise<void> {
  await Deno.mkdir(cache, { recursive: true });
  const temporary = await Deno.makeTempDir({ dir: cache, prefix: "chromium-" });
  // The package unpacks into the folder for temporary files, under fixed names.
  const before = Deno.env.get("TMPDIR");
  Deno.env.set("TMPDIR", temporary);
  try {
    for (const archive of ARCHIVES) await inflate(`${folder}/${archive}`);
  } finally {
    if (before === undefined) Deno.env.delete("TMPDIR");
    else Deno.env.set("TMPDIR", before);
  }
  await Deno.writeTextFile(`${temporary}/fonts.conf`, FONTS_CONF);
  try {
    await Deno.rename(temporary, unpacked);
  } catch (error) {
    await Deno.remove(temporary, { recursive: true });
    if (!await exists(unpacked)) throw error;
  }
}

function packageFolder(): string {
  const entry = createRequire(import.meta.url).resolve("@sparticuz/chromium");
  return entry.slice(0, entry.lastIndexOf("/build/"));
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
