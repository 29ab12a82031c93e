/**
 * Rewrites a WebAssembly module so that it exports only what its JavaScript glue can use.
 *
 * The stock DuckDB module exports 75,000 symbols for extensions that are linked at run time. Horizon loads none,
 * and each export costs a JavaScript wrapper at start: without them start takes half the time and 100 MB less.
 * Extensions cannot be loaded any more, which is wanted.
 */

const MAGIC_AND_VERSION = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const IMPORT_SECTION = 2;
const EXPORT_SECTION = 7;
const EXTERNAL_KINDS = 5;

/** A module that is not what the WebAssembly binary format allows, or uses more of it than is read here. */
export class WasmFormatError extends Error {
  override name = "WasmFormatError";
}

/** What {@link slimWasm} made. */
export interface SlimWasm {
  bytes: Uint8Array<ArrayBuffer>;
  exportsBefore: number;
  exportsKept: number;
}

/**
 * Keeps the exports that the glue mentions as a word, those that start with `duckdb_web`, and those whose
 * name is also imported (position-independent code reaches them through its own exports).
 *
 * All other sections stay byte for byte; the same input gives the same output.
 *
 * @param module a WebAssembly binary module, version 1 (WebAssembly core specification, section 5.5)
 * @param glue the JavaScript that instantiates it
 * @throws {WasmFormatError} when the module is malformed or has no export section
 */
export function slimWasm(module: Uint8Array, glue: string): SlimWasm {
  if (!MAGIC_AND_VERSION.every((byte, i) => module[i] === byte)) {
    throw new WasmFormatError("not a WebAssembly module of version 1");
  }
  const sections = readSections(module);
  const exportSection = sections.find((s) => s.id === EXPORT_SECTION);
  if (exportSection === undefined) throw new WasmFormatError("no export section");
  const importSection = sections.find((s) => s.id === IMPORT_SECTION);

  const wanted = new Set(glue.match(/[A-Za-z_$][\w$]*/g));
  if (importSection !== undefined) {
    for (const name of readImportNames(module, importSection)) wanted.add(name);
  }
  const entries = readExports(module, exportSection);
  const kept = entries.filter((e) => wanted.has(e.name) || e.name.startsWith("duckdb_web"));

  const count = encodeUnsigned(kept.length);
  const bodyLength = kept.reduce((sum, e) => sum + e.end - e.start, count.length);
  const header = [EXPORT_SECTION, ...encodeUnsigned(bodyLength)];
  const removed = exportSection.end - exportSection.start;
  const bytes = new Uint8Array(module.length - removed + header.length + bodyLength);
  let at = 0;
  const append = (part: Uint8Array | number[]): void => {
    bytes.set(part, at);
    at += part.length;
  };
  append(module.subarray(0, exportSection.start));
  append(header);
  append(count);
  for (const entry of kept) append(module.subarray(entry.start, entry.end));
  append(module.subarray(exportSection.end));
  return { bytes, exportsBefore: entries.length, exportsKept: kept.length };
}

/** A section: `start` at its id, `body` at its content, `end` after it. */
interface Section {
  id: number;
  start: number;
  body: number;
  end: number;
}

function readSections(module: Uint8Array): Section[] {
  const sections: Section[] = [];
  const cursor = new Cursor(module, MAGIC_AND_VERSION.length, module.length);
  while (!cursor.atEnd()) {
    const start = cursor.at;
    const id = cursor.byte();
    const length = cursor.unsigned();
    const body = cursor.at;
    cursor.skip(length);
    sections.push({ id, start, body, end: cursor.at });
  }
  return sections;
}

interface ExportEntry {
  name: string;
  start: number;
  end: number;
}

function readExports(module: Uint8Array, section: Section): ExportEntry[] {
  const cursor = new Cursor(module, section.body, section.end);
  const count = cursor.unsigned();
  const entries: ExportEntry[] = [];
  for (let i = 0; i < count; i++) {
    const start = cursor.at;
    const name = cursor.name();
    const kind = cursor.byte();
    if (kind >= EXTERNAL_KINDS) throw new WasmFormatError(`export ${name} of unknown kind ${kind}`);
    cursor.unsigned();
    entries.push({ name, start, end: cursor.at });
  }
  if (!cursor.atEnd()) throw new WasmFormatError("export section is longer than its entries");
  return entries;
}

function readImportNames(module: Uint8Array, section: Section): string[] {
  const cursor = new Cursor(module, section.body, section.end);
  const count = cursor.unsigned();
  const names: string[] = [];
  for (let i = 0; i < count; i++) {
    cursor.name();
    names.push(cursor.name());
    skipImportDescription(cursor);
  }
  return names;
}

function skipImportDescription(cursor: Cursor): void {
  const kind = cursor.byte();
  switch (kind) {
    case 0: // function: type index
      cursor.unsigned();
      return;
    case 1: // table: reference type, limits
      cursor.byte();
      skipLimits(cursor);
      return;
    case 2: // memory: limits
      skipLimits(cursor);
      return;
    case 3: // global: value type, mutability
      cursor.byte();
      cursor.byte();
      return;
    case 4: // tag: attribute, type index
      cursor.byte();
      cursor.unsigned();
      return;
    default:
      throw new WasmFormatError(`import of unknown kind ${kind}`);
  }
}

function skipLimits(cursor: Cursor): void {
  const hasMaximum = (cursor.byte() & 1) === 1;
  cursor.unsigned();
  if (hasMaximum) cursor.unsigned();
}

/** Reads the primitive values of the binary format between two offsets. */
class Cursor {
  at: number;
  readonly #bytes: Uint8Array;
  readonly #end: number;
  readonly #text = new TextDecoder("utf-8", { fatal: true });

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes;
    this.at = start;
    this.#end = end;
  }

  atEnd(): boolean {
    return this.at === this.#end;
  }

  byte(): number {
    const value = this.at < this.#end ? this.#bytes[this.at] : undefined;
    if (value === undefined) throw new WasmFormatError(`cut short at byte ${this.at}`);
    this.at++;
    return value;
  }

  /** An unsigned LEB128 integer of up to 32 bits. */
  unsigned(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new WasmFormatError(`integer too long at byte ${this.at}`);
  }

  skip(length: number): void {
    if (length > this.#end - this.at) throw new WasmFormatError(`cut short at byte ${this.at}`);
    this.at += length;
  }

  name(): string {
    const length = this.unsigned();
    const start = this.at;
    this.skip(length);
    return this.#text.decode(this.#bytes.subarray(start, this.at));
  }
}

function encodeUnsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? low | 0x80 : low);
  } while (rest > 0);
  return bytes;
}
