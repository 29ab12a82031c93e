/** What help says beyond the list of options: what Horizon is, and how it is used. */
export const PROGRAM_HELP = `
Examples:
  horizon                                   watch this host; the page is
                                            http://127.0.0.1:9630
  horizon serve --data-dir /var/lib/horizon keep the data over restarts
  horizon query "SELECT * FROM processes"   ask the running Horizon
  horizon check config horizon.yaml         find every mistake in it
  horizon help serve                        flags, variables and files of it

Exit codes: 0 ok, 1 failed, 2 bad usage or configuration.
`;

export const SERVE_HELP = `
Configuration: a flag wins over its environment variable, that over the file,
that over the default. The file is --config, else HORIZON_CONFIG, else
./horizon.yaml, else /etc/horizon/horizon.yaml.
All keys: horizon check config --schema

Port 0 picks a free one. The bound addresses are logged once ready: one JSON
line on stderr with "event":"ready" and "addresses".

Examples:
  horizon serve
  horizon serve --config /etc/horizon/horizon.yaml --log-format text
  horizon serve --listen 127.0.0.1:0 --otlp-http off --otlp-grpc off
`;

export const QUERY_HELP = `
Views: metrics, histograms, spans, logs, processes, collectors and more.
Times are UTC.

Examples:
  horizon query "SHOW TABLES"
  horizon query "SELECT name, pid, rss_bytes FROM processes
    ORDER BY rss_bytes DESC LIMIT 10"
  horizon query --format csv "SELECT ts, value FROM metrics
    WHERE name = 'system.cpu.utilization' AND ts > ago('15m')" > cpu.csv
  horizon query --format jsonl "SELECT * FROM logs
    WHERE severity_number >= 17" | jq .body
  horizon query - < report.sql

Prefer HORIZON_TOKEN over --token: other users of the host can see the
arguments of a process.
`;

export const CHECK_CONFIG_HELP = `
Checks what \`serve\` would use: the file together with the HORIZON_… variables.
Without FILE it looks where \`serve\` looks. Lists every problem at once; the
exit code is 2 if there is one.

Examples:
  horizon check config horizon.yaml
  horizon check config --json    the configuration in effect, without secrets
  horizon check config --schema > horizon.schema.json
`;

export const TOKEN_HELP = `
Prints a new random token, and what to put into horizon.yaml. Only the hash of
the token is ever stored: the token is shown this once.

Roles: viewer reads; ingest only sends telemetry; operator reads and changes
what can be changed at run time; admin may do everything.

Examples:
  horizon token --role ingest --name checkout-service
  horizon token --role viewer --name grafana --json
`;
