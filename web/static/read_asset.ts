import { assetUrl } from "../../mod/assets.ts";

/** Answers a file that travels with the code by its name, such as `ui/index.html`, or null. */
export type AssetReader = (name: string) => Promise<Uint8Array<ArrayBuffer> | null>;

/** Reads assets where they lie: in the source tree, or inside the executable. */
export async function readAsset(name: string): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    return await Deno.readFile(assetUrl(name));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.IsADirectory) {
      return null;
    }
    throw error;
  }
}
