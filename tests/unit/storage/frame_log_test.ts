import assert from "node:assert/strict";
import fc from "fast-check";
import { FrameLog, scanFrames } from "../../../storage/frame_log.ts";

function withLog(test: (path: string) => void): void {
  const folder = Deno.makeTempDirSync({ prefix: "horizon-frames-" });
  try {
    test(`${folder}/a.log`);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** Payload i is made of bytes i, so that a frame can be told from another. */
function writeFrames(path: string, lengths: readonly number[]): void {
  const log = new FrameLog(path);
  lengths.forEach((length, i) =>
    log.append(
      { kind: i, rows: length, minTsUs: i, maxTsUs: i + 0.5 },
      new Uint8Array(length).fill(i),
    )
  );
  log.close();
}

Deno.test("FrameLog: frames come back in order, also after it is opened again", () => {
  withLog((path) => {
    writeFrames(path, [10, 0]);
    writeFrames(path, [3]);
    const { frames, damaged } = scanFrames(Deno.readFileSync(path));
    assert.deepEqual(frames.map(({ kind, rows, payload }) => [kind, rows, payload.length]), [
      [0, 10, 10],
      [1, 0, 0],
      [0, 3, 3],
    ]);
    assert.deepEqual(damaged, []);
  });
});

Deno.test("scanFrames: a file cut anywhere loses only what was cut", () => {
  withLog((path) => {
    const lengths = [40, 1, 200, 7];
    writeFrames(path, lengths);
    const whole = Deno.readFileSync(path);
    let end = 0;
    const ends = lengths.map((length) => end += 40 + length);
    for (let cut = 0; cut <= whole.length; cut++) {
      const { frames, tornTail } = scanFrames(whole.slice(0, cut));
      assert.equal(frames.length, ends.filter((e) => e <= cut).length, `cut at ${cut}`);
      assert.equal(tornTail, cut > 0 && !ends.includes(cut));
    }
  });
});

Deno.test("scanFrames: any damaged byte loses only the frame it is in", () => {
  withLog((path) => {
    const lengths = [40, 1, 200, 7, 90];
    writeFrames(path, lengths);
    const whole = Deno.readFileSync(path);
    fc.assert(
      fc.property(
        fc.nat(whole.length - 1),
        fc.integer({ min: 1, max: 255 }),
        (at, flip) => {
          const bytes = whole.slice();
          bytes[at] = bytes[at]! ^ flip;
          const { frames } = scanFrames(bytes);
          let end = 0;
          const hit = lengths.findIndex((length) => (end += 40 + length) > at);
          assert.deepEqual(
            frames.map(({ kind }) => kind),
            [0, 1, 2, 3, 4].filter((k) => k !== hit),
          );
        },
      ),
      { numRuns: 600, seed: 20261124 },
    );
  });
});

Deno.test("scanFrames: random bytes are never a frame and never an error", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      const { frames, damaged } = scanFrames(Uint8Array.from(bytes));
      assert.equal(frames.length, 0);
      assert.equal(damaged.reduce((sum, d) => sum + d.bytes, 0), bytes.length);
    }),
    { seed: 7 },
  );
});
