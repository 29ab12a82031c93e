const TRACE_ID = /^(?!0{32})[0-9a-f]{32}$/;
const SPAN_ID = /^(?!0{16})[0-9a-f]{16}$/;

/**
 * The ids of trace and span among the labels of an exemplar, by the names that clients have for
 * them (`trace_id`, `traceID`, …); lower-case hex, null where there is none.
 */
export class ExemplarIds {
  traceId: string | null = null;
  spanId: string | null = null;

  take(name: string, value: string): void {
    const plain = name.toLowerCase().replace("_", "");
    const id = value.toLowerCase();
    if (plain === "traceid" && TRACE_ID.test(id)) this.traceId = id;
    else if (plain === "spanid" && SPAN_ID.test(id)) this.spanId = id;
  }
}
