/** Types of scalar fields. Ids are `bytes` on the wire and hexadecimal in OTLP's JSON. */
export type ScalarType =
  | "string"
  | "bytes"
  | "id"
  | "bool"
  | "double"
  | "fixed32"
  | "fixed64"
  | "sfixed64"
  | "int64"
  | "uint32"
  | "uint64"
  | "sint32"
  | "enum";

export interface Field {
  readonly number: number;
  /** As in JSON: lowerCamelCase. */
  readonly name: string;
  /** A scalar, or the name of a message in `MESSAGES`. */
  readonly type: ScalarType | MessageName;
  readonly repeated: boolean;
}

export type MessageName =
  | "ExportTraceServiceRequest"
  | "ExportMetricsServiceRequest"
  | "ExportLogsServiceRequest"
  | "ResourceSpans"
  | "ScopeSpans"
  | "Span"
  | "Event"
  | "Link"
  | "Status"
  | "ResourceMetrics"
  | "ScopeMetrics"
  | "Metric"
  | "Gauge"
  | "Sum"
  | "Histogram"
  | "Summary"
  | "ExponentialHistogram"
  | "NumberDataPoint"
  | "HistogramDataPoint"
  | "ExponentialHistogramDataPoint"
  | "Buckets"
  | "SummaryDataPoint"
  | "ValueAtQuantile"
  | "Exemplar"
  | "ResourceLogs"
  | "ScopeLogs"
  | "LogRecord"
  | "Resource"
  | "InstrumentationScope"
  | "KeyValue"
  | "AnyValue"
  | "ArrayValue"
  | "KeyValueList";

const one = (number: number, name: string, type: Field["type"]): Field => ({
  number,
  name,
  type,
  repeated: false,
});
const many = (number: number, name: string, type: Field["type"]): Field => ({
  number,
  name,
  type,
  repeated: true,
});

const RESOURCE = one(1, "resource", "Resource");
const SCOPE = one(1, "scope", "InstrumentationScope");
const SCHEMA_URL = one(3, "schemaUrl", "string");

/**
 * The messages of OTLP as far as they are decoded (opentelemetry-proto v1.7), for transcoding JSON
 * and for naming the field at which a body is broken. A table, not code: the decoders do not use it.
 */
export const MESSAGES: Readonly<Record<MessageName, readonly Field[]>> = {
  ExportTraceServiceRequest: [many(1, "resourceSpans", "ResourceSpans")],
  ExportMetricsServiceRequest: [many(1, "resourceMetrics", "ResourceMetrics")],
  ExportLogsServiceRequest: [many(1, "resourceLogs", "ResourceLogs")],
  Resource: [many(1, "attributes", "KeyValue"), one(2, "droppedAttributesCount", "uint32")],
  InstrumentationScope: [
    one(1, "name", "string"),
    one(2, "version", "string"),
    many(3, "attributes", "KeyValue"),
    one(4, "droppedAttributesCount", "uint32"),
  ],
  KeyValue: [one(1, "key", "string"), one(2, "value", "AnyValue")],
  AnyValue: [
    one(1, "stringValue", "string"),
    one(2, "boolValue", "bool"),
    one(3, "intValue", "int64"),
    one(4, "doubleValue", "double"),
    one(5, "arrayValue", "ArrayValue"),
    one(6, "kvlistValue", "KeyValueList"),
    one(7, "bytesValue", "bytes"),
  ],
  ArrayValue: [many(1, "values", "AnyValue")],
  KeyValueList: [many(1, "values", "KeyValue")],
  ResourceSpans: [RESOURCE, many(2, "scopeSpans", "ScopeSpans"), SCHEMA_URL],
  ScopeSpans: [SCOPE, many(2, "spans", "Span"), SCHEMA_URL],
  Span: [
    one(1, "traceId", "id"),
    one(2, "spanId", "id"),
    one(3, "traceState", "string"),
    one(4, "parentSpanId", "id"),
    one(5, "name", "string"),
    one(6, "kind", "enum"),
    one(7, "startTimeUnixNano", "fixed64"),
    one(8, "endTimeUnixNano", "fixed64"),
    many(9, "attributes", "KeyValue"),
    one(10, "droppedAttributesCount", "uint32"),
    many(11, "events", "Event"),
    one(12, "droppedEventsCount", "uint32"),
    many(13, "links", "Link"),
    one(14, "droppedLinksCount", "uint32"),
    one(15, "status", "Status"),
    one(16, "flags", "fixed32"),
  ],
  Event: [
    one(1, "timeUnixNano", "fixed64"),
    one(2, "name", "string"),
    many(3, "attributes", "KeyValue"),
    one(4, "droppedAttributesCount", "uint32"),
  ],
  Link: [
    one(1, "traceId", "id"),
    one(2, "spanId", "id"),
    one(3, "traceState", "string"),
    many(4, "attributes", "KeyValue"),
    one(5, "droppedAttributesCount", "uint32"),
    one(6, "flags", "fixed32"),
  ],
  Status: [one(2, "message", "string"), one(3, "code", "enum")],
  ResourceMetrics: [RESOURCE, many(2, "scopeMetrics", "ScopeMetrics"), SCHEMA_URL],
  ScopeMetrics: [SCOPE, many(2, "metrics", "Metric"), SCHEMA_URL],
  Metric: [
    one(1, "name", "string"),
    one(2, "description", "string"),
    one(3, "unit", "string"),
    one(5, "gauge", "Gauge"),
    one(7, "sum", "Sum"),
    one(9, "histogram", "Histogram"),
    one(10, "exponentialHistogram", "ExponentialHistogram"),
    one(11, "summary", "Summary"),
  ],
  Gauge: [many(1, "dataPoints", "NumberDataPoint")],
  Sum: [
    many(1, "dataPoints", "NumberDataPoint"),
    one(2, "aggregationTemporality", "enum"),
    one(3, "isMonotonic", "bool"),
  ],
  Histogram: [
    many(1, "dataPoints", "HistogramDataPoint"),
    one(2, "aggregationTemporality", "enum"),
  ],
  ExponentialHistogram: [
    many(1, "dataPoints", "ExponentialHistogramDataPoint"),
    one(2, "aggregationTemporality", "enum"),
  ],
  Summary: [many(1, "dataPoints", "SummaryDataPoint")],
  NumberDataPoint: [
    many(7, "attributes", "KeyValue"),
    one(2, "startTimeUnixNano", "fixed64"),
    one(3, "timeUnixNano", "fixed64"),
    one(4, "asDouble", "double"),
    one(6, "asInt", "sfixed64"),
    many(5, "exemplars", "Exemplar"),
    one(8, "flags", "uint32"),
  ],
  HistogramDataPoint: [
    many(9, "attributes", "KeyValue"),
    one(2, "startTimeUnixNano", "fixed64"),
    one(3, "timeUnixNano", "fixed64"),
    one(4, "count", "fixed64"),
    one(5, "sum", "double"),
    many(6, "bucketCounts", "fixed64"),
    many(7, "explicitBounds", "double"),
    many(8, "exemplars", "Exemplar"),
    one(10, "flags", "uint32"),
    one(11, "min", "double"),
    one(12, "max", "double"),
  ],
  ExponentialHistogramDataPoint: [
    many(1, "attributes", "KeyValue"),
    one(2, "startTimeUnixNano", "fixed64"),
    one(3, "timeUnixNano", "fixed64"),
    one(4, "count", "fixed64"),
    one(5, "sum", "double"),
    one(6, "scale", "sint32"),
    one(7, "zeroCount", "fixed64"),
    one(8, "positive", "Buckets"),
    one(9, "negative", "Buckets"),
    one(10, "flags", "uint32"),
    many(11, "exemplars", "Exemplar"),
    one(12, "min", "double"),
    one(13, "max", "double"),
    one(14, "zeroThreshold", "double"),
  ],
  Buckets: [one(1, "offset", "sint32"), many(2, "bucketCounts", "uint64")],
  SummaryDataPoint: [
    many(7, "attributes", "KeyValue"),
    one(2, "startTimeUnixNano", "fixed64"),
    one(3, "timeUnixNano", "fixed64"),
    one(4, "count", "fixed64"),
    one(5, "sum", "double"),
    many(6, "quantileValues", "ValueAtQuantile"),
    one(8, "flags", "uint32"),
  ],
  ValueAtQuantile: [one(1, "quantile", "double"), one(2, "value", "double")],
  Exemplar: [
    many(7, "filteredAttributes", "KeyValue"),
    one(2, "timeUnixNano", "fixed64"),
    one(3, "asDouble", "double"),
    one(6, "asInt", "sfixed64"),
    one(4, "spanId", "id"),
    one(5, "traceId", "id"),
  ],
  ResourceLogs: [RESOURCE, many(2, "scopeLogs", "ScopeLogs"), SCHEMA_URL],
  ScopeLogs: [SCOPE, many(2, "logRecords", "LogRecord"), SCHEMA_URL],
  LogRecord: [
    one(1, "timeUnixNano", "fixed64"),
    one(11, "observedTimeUnixNano", "fixed64"),
    one(2, "severityNumber", "enum"),
    one(3, "severityText", "string"),
    one(5, "body", "AnyValue"),
    many(6, "attributes", "KeyValue"),
    one(7, "droppedAttributesCount", "uint32"),
    one(8, "flags", "fixed32"),
    one(9, "traceId", "id"),
    one(10, "spanId", "id"),
    one(12, "eventName", "string"),
  ],
};

export function isMessage(type: Field["type"]): type is MessageName {
  return Object.hasOwn(MESSAGES, type);
}

/** The message that each signal's request is. */
export const REQUESTS = {
  traces: "ExportTraceServiceRequest",
  metrics: "ExportMetricsServiceRequest",
  logs: "ExportLogsServiceRequest",
} as const;
