import { SampleWriter } from "../../../../mod/intake/sample_writer.ts";
import { LineWriter, type TakeLines } from "../../../../mod/line_protocols/write_lines.ts";
import { DEFAULT_OTLP_LIMITS } from "../../../../mod/otlp/limits.ts";
import type { ReceiveOutcome } from "../../../../mod/otlp/otlp_signal.ts";
import { NOW_MS, ReceiverFixture } from "../otlp/receiver_fixture.ts";

/** A writer of samples over the fixture's intake. */
export function sampleWriter(fixture: ReceiverFixture): SampleWriter {
  return new SampleWriter({
    intake: fixture.intake,
    registries: fixture.registries,
    clock: { nowMs: () => NOW_MS, monotonicMs: () => 0 },
    limits: DEFAULT_OTLP_LIMITS,
  });
}

/** What became of some lines: the outcome, and the samples as `name{labels}`, value and time. */
export interface Written {
  readonly outcome: ReceiveOutcome;
  readonly samples: readonly (readonly [series: string, value: unknown, tsUs: number])[];
  readonly fixture: ReceiverFixture;
}

/** Writes lines into a store of the test's own. */
export async function written(text: string | Uint8Array, take: TakeLines): Promise<Written> {
  const fixture = new ReceiverFixture();
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  const outcome = await new LineWriter(sampleWriter(fixture)).write(bytes, take);
  const samples = outcome.accepted === 0 ? [] : fixture.rows("metrics").map((row) => {
    const { name, labels } = fixture.series(row);
    const shown = labels.map(([key, value]) => `${key}=${value}`).join(",");
    return [`${name}{${shown}}`, row["value"], Number(row["ts"])] as const;
  });
  return { outcome, samples, fixture };
}
