import type { SampleRows, SampleWriter } from "../intake/sample_writer.ts";
import type { ReceiveOutcome } from "../otlp/otlp_signal.ts";
import { LineTally } from "./line_tally.ts";
import { SeriesCache } from "./series_cache.ts";

/** Writes what the lines say into `rows`, and what is wrong with them into `tally`. */
export type TakeLines = (
  text: string,
  rows: SampleRows,
  series: SeriesCache,
  tally: LineTally,
) => void;

/** Writes lines that are samples as they stand. Remembers the series of one protocol. */
export class LineWriter {
  readonly #writer: Pick<SampleWriter, "write" | "generation">;
  readonly #series: SeriesCache;
  readonly #decoder = new TextDecoder();

  constructor(writer: Pick<SampleWriter, "write" | "generation">) {
    this.#writer = writer;
    this.#series = new SeriesCache(() => writer.generation);
  }

  /**
   * Resolves once what is right of the lines is kept; what is not is in the outcome.
   * @throws HorizonError `overloaded`, `unavailable`: nothing was kept; to be tried again
   */
  async write(lines: Uint8Array, take: TakeLines): Promise<ReceiveOutcome> {
    const text = this.#decoder.decode(lines);
    const tally = new LineTally();
    const { accepted, rejections, newestUs } = await this.#writer.write({
      bytes: lines.length,
      push: (rows) => {
        this.#series.refresh();
        take(text, rows, this.#series, tally);
      },
    });
    const reasons = Object.fromEntries([...tally.rejected, ...rejections.byReason()]);
    return {
      accepted,
      rejected: Object.values(reasons).reduce((sum, count) => sum + count, 0),
      reasons,
      errorMessage: tally.firstProblem ?? rejections.message(),
      newestUs,
    };
  }
}
