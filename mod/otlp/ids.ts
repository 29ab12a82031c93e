export const TRACE_ID_BYTES = 16;
export const SPAN_ID_BYTES = 8;

/** True for an id of `size` bytes that are not all zero (W3C Trace Context, trace-id and parent-id). */
export function isId(bytes: Uint8Array, start: number, end: number, size: number): boolean {
  if (end - start !== size) return false;
  for (let i = start; i < end; i++) if (bytes[i] !== 0) return true;
  return false;
}
