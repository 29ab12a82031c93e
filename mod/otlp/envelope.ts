import type { ResourceCache, ResourceInfo } from "./resource_cache.ts";
import { bytesTag, knownFields, type WireReader } from "./wire.ts";

// The three requests are built alike: ExportXServiceRequest { repeated ResourceX = 1 },
// ResourceX { Resource = 1, repeated ScopeX = 2 }, ScopeX { Scope = 1, repeated X = 2 }.
const FIRST = bytesTag(1);
const SECOND = bytesTag(2);
const REQUEST_FIELDS = knownFields(1);
const GROUP_FIELDS = knownFields(1, 2);
const SCOPE_FIELDS = knownFields(1, 2);

/** Where the name and version of an instrumentation scope stand; empty where not set. */
export interface ScopeRange {
  readonly nameStart: number;
  readonly nameEnd: number;
  readonly versionStart: number;
  readonly versionEnd: number;
}

/** Receives the records of a request in order, each group after its resource and scope. */
export interface EnvelopeVisitor {
  resource(info: ResourceInfo): void;
  scope(range: ScopeRange): void;
  /** Decodes the span, metric or log record that ends at `end` and begins at `reader.pos`. */
  record(reader: WireReader, end: number): void;
}

/** Walks an `ExportXServiceRequest`; the same shape serves all three signals. */
export function walkEnvelope(
  reader: WireReader,
  resources: ResourceCache,
  visitor: EnvelopeVisitor,
): void {
  const end = reader.bytes.length;
  reader.pos = 0;
  while (reader.pos < end) {
    const tag = reader.tag(end);
    if (tag !== FIRST) {
      reader.skip(tag, REQUEST_FIELDS, end);
      continue;
    }
    const groupEnd = reader.rangeEnd(end);
    const groupStart = reader.pos;
    const at = findFirst(reader, groupEnd);
    visitor.resource(resources.at(reader, at.start, at.end));
    reader.pos = groupStart;
    walkScopes(reader, groupEnd, visitor);
  }
}

function walkScopes(reader: WireReader, end: number, visitor: EnvelopeVisitor): void {
  while (reader.pos < end) {
    const tag = reader.tag(end);
    if (tag !== SECOND) {
      reader.skip(tag, tag === FIRST ? 0 : GROUP_FIELDS, end);
      continue;
    }
    const scopeEnd = reader.rangeEnd(end);
    const scopeStart = reader.pos;
    const at = findFirst(reader, scopeEnd);
    visitor.scope(scopeRange(reader, at.start, at.end));
    reader.pos = scopeStart;
    walkRecords(reader, scopeEnd, visitor);
  }
}

function walkRecords(reader: WireReader, end: number, visitor: EnvelopeVisitor): void {
  while (reader.pos < end) {
    const tag = reader.tag(end);
    if (tag !== SECOND) {
      reader.skip(tag, tag === FIRST ? 0 : SCOPE_FIELDS, end);
      continue;
    }
    const recordEnd = reader.rangeEnd(end);
    visitor.record(reader, recordEnd);
    reader.pos = recordEnd;
  }
}

// Senders may write a resource or scope after what it belongs to, so it is looked for first.
function findFirst(reader: WireReader, end: number): { start: number; end: number } {
  let found = { start: end, end };
  while (reader.pos < end) {
    const tag = reader.tag(end);
    if (tag !== FIRST) {
      reader.skip(tag, tag === SECOND ? 0 : GROUP_FIELDS, end);
      continue;
    }
    const foundEnd = reader.rangeEnd(end);
    found = { start: reader.pos, end: foundEnd };
    reader.pos = foundEnd;
  }
  return found;
}

function scopeRange(reader: WireReader, start: number, end: number): ScopeRange {
  let [nameStart, nameEnd, versionStart, versionEnd] = [start, start, start, start];
  reader.pos = start;
  while (reader.pos < end) {
    const tag = reader.tag(end);
    if (tag === FIRST) {
      nameEnd = reader.rangeEnd(end);
      reader.pos = (nameStart = reader.pos, nameEnd);
    } else if (tag === SECOND) {
      versionEnd = reader.rangeEnd(end);
      reader.pos = (versionStart = reader.pos, versionEnd);
    } else reader.skip(tag, SCOPE_FIELDS, end);
  }
  return { nameStart, nameEnd, versionStart, versionEnd };
}
