/**
 * Short names by severity number, "" for 0, unspecified (OpenTelemetry logs data model,
 * "Displaying Severity").
 */
export const SEVERITY_NAMES: readonly string[] = [
  "",
  ...["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"].flatMap((name) => [
    name,
    `${name}2`,
    `${name}3`,
    `${name}4`,
  ]),
];

/** Where each range of severity numbers starts. */
export const SEVERITY = {
  unspecified: 0,
  trace: 1,
  debug: 5,
  info: 9,
  warn: 13,
  error: 17,
  fatal: 21,
} as const;
