import assert from "node:assert/strict";
import { ScrapeSection } from "../../mod/config/scrape_section.ts";
import { HorizonError } from "../../mod/errors.ts";
import { needing, programPath } from "../support/debian_peer.ts";
import { PATIENCE_MS, until } from "../support/until.ts";
import { builtScraping, scraping } from "../support/scrape_fixture.ts";
import { Registries } from "../../mod/intern/registries.ts";

Deno.test({
  ...needing("openssl", "scrape: a target whose certificate the configured authority signed"),
  fn: async () => {
    const folder = await Deno.makeTempDir();
    try {
      const { cert, key } = await signedByAuthority(folder);
      const options = { port: 0, hostname: "127.0.0.1", onListen: () => undefined, cert, key };
      await using server = Deno.serve(options, () => new Response("a 1\n"));
      const job = {
        name: "tls",
        targets: [`127.0.0.1:${server.addr.port}`],
        scheme: "https",
        interval: "1s",
      };
      const trusting = { ...job, tls: { ca_file: `${folder}/ca.pem` } };
      await scraping([trusting, { ...job, name: "wary" }], async ({ rows }) => {
        // A scrape that a busy machine has no time for fails as well: what counts is whether one went well.
        await until("a scrape that trusts", PATIENCE_MS, async () => {
          const trusted = await rows("SELECT 1 FROM metrics WHERE name = 'a' AND service = 'tls'");
          return trusted.length > 0 ? true : null;
        });
        await until("a scrape that does not", PATIENCE_MS, async () => {
          const wary = await rows("SELECT 1 FROM metrics WHERE name = 'up' AND service = 'wary'");
          return wary.length > 0 ? true : null;
        });
        const kept = await rows("SELECT 1 FROM metrics WHERE name = 'a' AND service = 'wary'");
        assert.deepEqual(kept, []);
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test("scrape: a certificate that cannot be read is refused at start", () => {
  const { jobs } = ScrapeSection.parse({
    jobs: [{ name: "x", targets: ["a:1"], tls: { ca_file: "/does/not/exist.pem" } }],
  });
  assert.throws(
    () => builtScraping({ jobs }, new Registries({ maxSeries: 1, maxSeriesPerMetric: 1 })),
    (error) =>
      error instanceof HorizonError && error.code === "invalid_argument" &&
      /the scrape job x/.test(error.message),
  );
});

/** A certificate for 127.0.0.1, and in `ca.pem` the authority that signed it; made by openssl. */
async function signedByAuthority(folder: string): Promise<{ cert: string; key: string }> {
  const newKey = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2";
  await openssl(folder, `req -x509 ${newKey} -subj /CN=authority -keyout ca.key -out ca.pem`);
  await openssl(
    folder,
    `req ${newKey.replace(" -days 2", "")} -subj /CN=target -keyout key.pem -out csr.pem`,
  );
  await Deno.writeTextFile(`${folder}/extensions`, "subjectAltName=IP:127.0.0.1\n");
  await openssl(
    folder,
    "x509 -req -in csr.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile extensions -out cert.pem",
  );
  return {
    cert: await Deno.readTextFile(`${folder}/cert.pem`),
    key: await Deno.readTextFile(`${folder}/key.pem`),
  };
}

async function openssl(cwd: string, args: string): Promise<void> {
  const { success, stderr } = await new Deno.Command(programPath("openssl")!, {
    args: args.split(" "),
    cwd,
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
}
