import { z } from "zod";
import { LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel } from "../log/logger.ts";
import { choice } from "./scalars.ts";

/** `log`: Horizon's own log, on stderr. */
export interface LogConfig {
  readonly level: LogLevel;
  readonly format: LogFormat;
}

/** As they are written in the file. */
export const LOG_DEFAULTS = { level: "info", format: "json" } as const;

export const LogSection: z.ZodType<LogConfig> = z
  .strictObject({
    level: choice(LOG_LEVELS).prefault(LOG_DEFAULTS.level).describe("Lines below it are left out."),
    format: choice(LOG_FORMATS).prefault(LOG_DEFAULTS.format)
      .describe("json for programs, text for people."),
  })
  .describe("Horizon's own log, on stderr.");
