import assert from "node:assert/strict";
import { withHorizon } from "../support/running_horizon.ts";
import { PATIENCE_MS, until } from "../support/until.ts";

/** Null, or why tests that need a program of this host cannot run. */
function missing(program: string): string | null {
  try {
    return new Deno.Command(program, { args: ["--version"] }).outputSync().success
      ? null
      : `${program} does not run`;
  } catch {
    return `there is no ${program}`;
  }
}

const noLogger = missing("logger");

async function send(args: readonly string[]): Promise<void> {
  const { code, stderr } = await new Deno.Command("logger", { args: [...args] }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
}

Deno.test({
  name: `logger sends over UDP and TCP, in both forms of syslog${
    noLogger === null ? "" : ` [skipped: ${noLogger}]`
  }`,
  ignore: noLogger !== null,
  fn: async () => {
    const folder = await Deno.makeTempDir();
    const config = `${folder}/horizon.yaml`;
    await Deno.writeTextFile(
      config,
      `receivers: { syslog: { udp: "127.0.0.1:0", tcp: "127.0.0.1:0" } }\n` +
        `collectors: { host: { enabled: false }, processes: { enabled: false } }\n`,
    );
    try {
      await withHorizon(async (horizon) => {
        const port = (name: string) => {
          const [host = "", number = ""] = horizon.addresses[name]?.split(":") ?? [];
          return ["--server", host, "--port", number];
        };
        const common = ["--tag", "shop", "--id=4711"];
        const udp = ["--udp", ...port("syslog_udp"), ...common];
        const tcp = ["--tcp", ...port("syslog_tcp"), ...common];
        await send([...udp, "--rfc3164", "-p", "local0.err", "udp old"]);
        await send([
          ...[...udp, "--rfc5424", "-p", "daemon.warning", "--msgid", "M1"],
          ...["--sd-id", "zoo@123", "--sd-param", 'tiger="hungry"', "udp new"],
        ]);
        await send([...tcp, "--rfc3164", "tcp old"]);
        await send([...tcp, "--rfc5424", "--octet-count", "tcp counted"]);
        await send([...tcp, "--octet-count", '{"msg":"tcp json","level":"error","order":7}']);
        const rows = await until("five messages", PATIENCE_MS, async () => {
          const found = await horizon.sql(
            `SELECT body, severity, severity_number, service, pid, attributes, host <> '' AS hosted,
               abs(epoch(ts - observed_ts)) < 600 AS timely
             FROM logs WHERE source = 'syslog' ORDER BY body`,
          );
          return found.length === 5 ? found : null;
        });
        assert.deepEqual(
          rows.map((
            [body, severity, number, service, pid],
          ) => [body, severity, number, service, pid]),
          [
            ["tcp counted", "notice", 10, "shop", 4711],
            ["tcp json", "error", 17, "shop", 4711],
            ["tcp old", "notice", 10, "shop", 4711],
            ["udp new", "warning", 13, "shop", 4711],
            ["udp old", "err", 17, "shop", 4711],
          ],
        );
        assert.deepEqual(rows[4]?.[5], { "syslog.facility": "local0" });
        assert.ok(JSON.stringify(rows[1]?.[5]).includes('"order":"7"'), JSON.stringify(rows[1]));
        const structured = JSON.stringify(rows[3]?.[5]);
        for (const part of ['"syslog.msg_id":"M1"', '"syslog.sd.zoo@123.tiger":"hungry"']) {
          assert.ok(structured.includes(part), structured);
        }
        assert.ok(rows.every((row) => row[6] === true && row[7] === true), JSON.stringify(rows));
      }, { args: ["--config", config] });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
