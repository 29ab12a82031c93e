import { SampleWriter } from "../../../../mod/intake/sample_writer.ts";
import { DEFAULT_OTLP_LIMITS } from "../../../../mod/otlp/limits.ts";
import { RemoteWriteReceiver } from "../../../../mod/prometheus/remote_write.ts";
import { type FixtureOptions, NOW_MS, ReceiverFixture } from "../otlp/receiver_fixture.ts";

export interface RemoteWriteFixture extends ReceiverFixture {
  readonly remoteWrite: RemoteWriteReceiver;
}

/** A remote write receiver before a store that keeps what it is given, as rows. */
export function remoteWriteFixture(options: FixtureOptions = {}): RemoteWriteFixture {
  const fixture = new ReceiverFixture(options);
  const writer = new SampleWriter({
    intake: fixture.intake,
    registries: fixture.registries,
    clock: { nowMs: () => NOW_MS, monotonicMs: () => 0 },
    limits: { ...DEFAULT_OTLP_LIMITS, ...options.limits },
  });
  const series = fixture.registries.series;
  const remoteWrite = new RemoteWriteReceiver({ writer, series, salt: 7 });
  return Object.assign(fixture, { remoteWrite });
}
