/**
 * A body that is not the message it claims to be. Nothing of it may be kept: where one field
 * is broken, none of the others can be trusted.
 */
export class MalformedError extends Error {
  override readonly name = "MalformedError";

  constructor(
    readonly problem: string,
    /** Byte of the protobuf body where it shows; null for JSON. */
    readonly offset: number | null,
    /** Which field, such as `resourceSpans[0].scopeSpans[2].spans[7].attributes[1].value`. */
    readonly path: string | null,
  ) {
    const where = [
      ...path === null || path === "" ? [] : [` in ${path}`],
      ...offset === null ? [] : [` at byte ${offset}`],
    ];
    super(problem + where.join(""));
  }
}
