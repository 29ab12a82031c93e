import type { CrashesConfig } from "../config/crashes_section.ts";
import type { CrashRecorderOptions } from "./crash_recorder.ts";

/** What of a recorder's options the configuration says. */
export function configuredRecorder(
  { before_ms, pause_ms }: CrashesConfig,
): Pick<CrashRecorderOptions, "beforeMs" | "pauseMs"> {
  return { beforeMs: before_ms, pauseMs: pause_ms };
}
