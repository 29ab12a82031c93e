import { withHorizon } from "../support/running_horizon.ts";
import { until } from "../support/until.ts";
import type { Part } from "./part.ts";
import type { Figure } from "./report.ts";

const LINES = 1_000_000;
const QUICK_LINES = 100_000;
const KEPT_WITHIN_MS = 300_000;

/** Of all lines, to the second: young enough that retention keeps them. */
const TIME = new Date().toISOString().slice(0, 19);

interface Kind {
  readonly name: string;
  readonly target: number;
  readonly line: (i: number) => string;
}

const KINDS: readonly Kind[] = [
  {
    name: "file_plain_lines_per_second",
    target: 200_000,
    line: (i) =>
      `${TIME}.${String(i % 1_000).padStart(3, "0")}Z INFO [worker-${i % 16}] ` +
      `request ${i} of customer ${i % 997} was answered in ${i % 300} ms, nothing to complain\n`,
  },
  {
    name: "file_json_lines_per_second",
    target: 100_000,
    line: (i) =>
      `{"time":"${TIME}.${String(i % 1_000).padStart(3, "0")}Z","level":"info",` +
      `"msg":"request answered","request":${i},"customer":${i % 997},"ms":${i % 300},` +
      `"route":"/cart/${i % 20}","worker":"w${i % 16}"}\n`,
  },
];

/** Lines of a file that lies there whole, from when it is found to when all are kept. */
export const LOG_FILES: Part = {
  figures: KINDS.map(({ name }) => name),
  run: async ({ program, quick }) => {
    const figures: Figure[] = [];
    for (const { name, target, line } of KINDS) {
      const folder = await Deno.makeTempDir({ prefix: "horizon-bench-" });
      try {
        const lines = quick ? QUICK_LINES : LINES;
        const bytes = await writeLines(`${folder}/unnoticed`, lines, line);
        const config = `${folder}/horizon.yaml`;
        await Deno.writeTextFile(
          config,
          `logs: { files: [{ paths: ["${folder}/*.log"], time_zone: utc }] }\n`,
        );
        const load = async (url: string) => {
          await Deno.rename(`${folder}/unnoticed`, `${folder}/app.log`);
          await until("the file", KEPT_WITHIN_MS, () => progress(url).then((n) => n > 0 || null));
          const [startMs, before] = [performance.now(), await progress(url)];
          await until(
            "all lines",
            KEPT_WITHIN_MS,
            () => progress(url).then((n) => n === lines || null),
          );
          return (lines - before) / (performance.now() - startMs) * 1_000;
        };
        await withHorizon(async ({ url, sql }) => {
          const value = await load(url);
          const [[rows] = []] = await sql("SELECT count(*) FROM logs");
          if (Number(rows) !== lines) throw new Error(`${rows} rows of ${lines} lines`);
          const note = `${lines} lines of ${Math.round(bytes / lines)} bytes`;
          figures.push({ name, unit: "1/s", value, target, better: "more", note });
        }, { program, args: ["--config", config] });
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    }
    return figures;
  },
};

/** Answers how many bytes were written. */
async function writeLines(
  path: string,
  count: number,
  line: (i: number) => string,
): Promise<number> {
  using file = await Deno.open(path, { create: true, write: true });
  const writer = file.writable.getWriter();
  const encoder = new TextEncoder();
  let bytes = 0;
  for (let i = 0; i < count; i += 10_000) {
    const text = Array.from({ length: Math.min(10_000, count - i) }, (_, j) => line(i + j)).join(
      "",
    );
    const part = encoder.encode(text);
    bytes += part.length;
    await writer.write(part);
  }
  await writer.close();
  return bytes;
}

/** Lines kept so far. */
async function progress(url: string): Promise<number> {
  const answer: { files: { records: number }[] } = await (await fetch(`${url}/api/log-files`))
    .json();
  return answer.files.reduce((sum, { records }) => sum + records, 0);
}
