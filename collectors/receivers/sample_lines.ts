import type { SampleWriter } from "../../mod/intake/sample_writer.ts";
import { LineWriter, type TakeLines } from "../../mod/line_protocols/write_lines.ts";
import type { SourceBook } from "../../mod/sources/source_book.ts";
import type { LineConsumer } from "./line_consumer.ts";

/** For lines that are samples as they stand, such as Graphite's. */
export function sampleLines(
  writer: Pick<SampleWriter, "write" | "generation">,
  book: SourceBook,
  takeLines: TakeLines,
): LineConsumer {
  const lineWriter = new LineWriter(writer);
  return {
    take: async (lines) => book.outcome("metrics", await lineWriter.write(lines, takeLines)),
  };
}
