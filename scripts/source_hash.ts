import { createHash } from "node:crypto";
import { filesBelow, PROJECT_DIR } from "./project.ts";

const FOLDERS = ["mod", "collectors", "storage", "web", "scripts"];
const FILES = ["main.ts", "deno.json", "deno.lock"];

/**
 * A hash of everything that the executable is made from: sources, build scripts, pinned dependencies and the
 * version of Deno; lower-case hexadecimal.
 */
export async function sourceHash(): Promise<string> {
  const hash = createHash("sha256").update(`${Deno.version.deno} ${Deno.build.target}\n`);
  const below = await Promise.all(FOLDERS.map(filesBelow));
  for (const path of [...FILES, ...below.flat()]) {
    const content = await Deno.readFile(`${PROJECT_DIR}${path}`);
    hash.update(`${path} ${content.length}\n`).update(content);
  }
  return hash.digest("hex");
}
