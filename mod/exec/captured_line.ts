/** A line that a command wrote. */
export interface CapturedLine {
  readonly stream: "stdout" | "stderr";
  readonly text: string;
  /** When it was read, milliseconds since the Unix epoch. */
  readonly tsMs: number;
  readonly pid: number;
}

/** What a report says about who wrote its lines. */
export interface CommandIdentity {
  readonly service: string;
  readonly hostName: string;
  /** Name of the program's file. */
  readonly executable: string;
}

interface KeyValue {
  readonly key: string;
  readonly value: { readonly stringValue: string } | { readonly intValue: string };
}

const text = (key: string, value: string): KeyValue => ({ key, value: { stringValue: value } });

/**
 * Lines as an OTLP `ExportLogsServiceRequest` in its JSON encoding, a resource for each pid
 * (opentelemetry.io/docs/specs/otlp; names by the semantic conventions).
 */
export function logsRequest(
  lines: readonly CapturedLine[],
  { service, hostName, executable }: CommandIdentity,
): object {
  const byPid = Map.groupBy(lines, (line) => line.pid);
  return {
    resourceLogs: [...byPid].map(([pid, own]) => ({
      resource: {
        attributes: [
          text("service.name", service),
          text("host.name", hostName),
          text("process.executable.name", executable),
          { key: "process.pid", value: { intValue: String(pid) } },
        ],
      },
      scopeLogs: [{
        scope: { name: "horizon.exec" },
        logRecords: own.map((line) => ({
          timeUnixNano: nanoseconds(line.tsMs),
          observedTimeUnixNano: nanoseconds(line.tsMs),
          body: { stringValue: line.text },
          attributes: [text("log.iostream", line.stream)],
        })),
      }],
    })),
  };
}

function nanoseconds(ms: number): string {
  return String(BigInt(Math.round(ms * 1_000)) * 1_000n);
}
