import { fileURLToPath } from "node:url";

/** Trees as kernels of several kinds show them. */
export const TREES = ["kernel-6", "kernel-3.10", "container", "damaged"] as const;
export type Tree = typeof TREES[number];

/** The path of a part of a tree, such as `proc/stat`. */
export function inTree(tree: Tree, path = ""): string {
  return fileURLToPath(new URL(`../../fixtures/proc/${tree}/${path}`, import.meta.url));
}

/** The text of a file of a tree. */
export function textOf(tree: Tree, path: string): string {
  return new TextDecoder().decode(Deno.readFileSync(inTree(tree, path)));
}
