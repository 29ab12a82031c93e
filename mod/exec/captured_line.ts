import type { LineReader } from "../logs/log_format.ts";

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
  reader: Pick<LineReader, "read">,
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
        logRecords: own.map((line) => logRecord(line, reader)),
      }],
    })),
  };
}

/** A line as a record: what it says itself of its time, severity and trace is taken from it. */
function logRecord(
  { stream, text: written, tsMs }: CapturedLine,
  reader: Pick<LineReader, "read">,
): object {
  const line = reader.read(written, { nowMs: tsMs });
  const readNs = BigInt(Math.round(tsMs * 1_000)) * 1_000n;
  const ownNs = line.tsUs === null ? readNs : BigInt(line.tsUs) * 1_000n + BigInt(line.nsRemainder);
  return {
    timeUnixNano: String(ownNs),
    observedTimeUnixNano: String(readNs),
    severityNumber: line.severityNumber,
    severityText: line.severity,
    body: { stringValue: line.body },
    attributes: [
      text("log.iostream", stream),
      ...line.attributes.map(([key, value]) => text(key, value)),
    ],
    ...line.traceId === null ? {} : { traceId: line.traceId },
    ...line.spanId === null ? {} : { spanId: line.spanId },
    ...line.eventName === "" ? {} : { eventName: line.eventName },
  };
}
