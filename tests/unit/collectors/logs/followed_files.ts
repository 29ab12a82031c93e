import { FileSource, type FileSourceOptions } from "../../../../collectors/logs/file_source.ts";
import type { LoadedPositions } from "../../../../collectors/logs/log_positions.ts";
import { HorizonError } from "../../../../mod/errors.ts";
import type { LogRecord, LogWrite } from "../../../../mod/intake/log_writer.ts";
import { parsePathPattern } from "../../../../mod/logs/path_pattern.ts";
import { UTC } from "../../../../mod/logs/time_zone.ts";
import { SourceRegistry } from "../../../../mod/sources/source_registry.ts";
import type { FileInput } from "../../../../collectors/logs/file_source.ts";
import { FakeTime } from "../fake_time.ts";

const NONE: LoadedPositions = { kind: "none" };

/** Real files in a folder of their own, a source that follows them, and time that stands still. */
export class FollowedFiles {
  readonly folder: string;
  readonly kept: LogRecord[] = [];
  readonly sources: SourceRegistry;
  readonly time = new FakeTime(Date.now());
  source: FileSource;
  /** The store refuses while this is set. */
  full = false;
  readonly #input: Partial<FileInput>;
  readonly #options: Partial<FileSourceOptions>;
  readonly #name: string;

  constructor(
    name: string,
    input: Partial<FileInput> = {},
    options: Partial<FileSourceOptions> = {},
  ) {
    this.folder = Deno.makeTempDirSync({ prefix: "horizon-logs-" });
    this.#name = name;
    this.#input = input;
    this.#options = options;
    this.sources = new SourceRegistry(this.time);
    this.source = this.#newSource();
  }

  path(name: string): string {
    return `${this.folder}/${name}`;
  }

  write(name: string, text: string): void {
    Deno.writeTextFileSync(this.path(name), text, { append: true });
  }

  /** Bodies that were kept, in order. */
  get bodies(): string[] {
    return this.kept.map(({ body }) => body);
  }

  async start(positions: LoadedPositions = NONE): Promise<void> {
    await this.source.start(positions);
    await this.source.idle();
  }

  /** Lets time pass, with all that happens in it. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 250) {
      await this.time.advance(250);
      await this.source.idle();
    }
  }

  /** Ends the source as a kill would, and makes another that knows what was written down. */
  async restart(final: boolean, meanwhile: () => void = () => {}): Promise<void> {
    const files = this.source.positions(final ? 0 : 2_000);
    const savedAtMs = Date.now();
    await this.source.stop();
    await this.source.close();
    meanwhile();
    this.source = this.#newSource();
    await this.start({ kind: "loaded", positions: { savedAtMs, files, cursors: {} } });
  }

  async remove(): Promise<void> {
    await this.source.stop();
    await this.source.close();
    await Deno.remove(this.folder, { recursive: true });
  }

  #newSource(): FileSource {
    return new FileSource({
      inputs: [{
        patterns: parsePathPattern(this.path(this.#name)) ?? [],
        exclude: [],
        format: "plain",
        pattern: null,
        zone: UTC,
        startAt: "beginning",
        service: "app",
        attributes: [],
        multiline: null,
        multilineTimeoutMs: 1_000,
        ...this.#input,
      }],
      pollIntervalMs: 250,
      discoveryIntervalMs: 1_000,
      maxFiles: 100,
      maxLineBytes: 65_536,
      writer: { write: (batch) => this.#keep(batch) },
      sources: this.sources,
      processes: () => [],
      procRoot: "/proc",
      clock: this.time,
      timers: this.time,
      log: { info: () => {}, warn: () => {} },
      ...this.#options,
    });
  }

  #keep({ records }: LogWrite) {
    if (this.full) {
      return Promise.reject(new HorizonError("overloaded", "no room", {}, 1_000));
    }
    const before = this.kept.length;
    this.kept.push(...records);
    const accepted = this.kept.length - before;
    return Promise.resolve({ accepted, droppedAttributes: 0, cutTexts: 0, replacedTimes: 0 });
  }
}

/** Runs `test` with files that are removed afterwards. */
export async function withFiles(
  files: FollowedFiles,
  test: (files: FollowedFiles) => Promise<void>,
): Promise<void> {
  try {
    await test(files);
  } finally {
    await files.remove();
  }
}
