import { executablePath } from "../e2e/executable.ts";
import type { Part } from "./part.ts";

/** Bytes of the built executable. */
export const EXECUTABLE_SIZE: Part = {
  figures: ["executable_size"],
  run: async () => [{
    name: "executable_size",
    unit: "MB",
    value: (await Deno.stat(executablePath())).size / 1e6,
    target: 130,
    better: "less",
  }],
};
