/** What help says beyond the list of options: what Horizon is, and how it is used. */
export const PROGRAM_HELP = `
Examples:
  horizon                                   watch this host; the page is
                                            http://127.0.0.1:9630
  horizon serve --data-dir /var/lib/horizon keep the data over restarts
  horizon query "SELECT * FROM processes"   ask the running Horizon
  horizon top                               its processes, live
  horizon exec -- ./server                  run it, keep its output and its end
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

export const TOP_HELP = `
Shows what the Horizon at --url sees of its host's processes. Where input or
output is no terminal it prints one look, as --once does.

Keys: q quits, ? shows all of them.

Examples:
  horizon top
  horizon top --group --sort memory
  horizon top --filter postgres
  horizon top --once --json | jq '.processes[0]'
`;

export const EXEC_HELP = `
Runs the command with this terminal's input, output and signals; its exit code
is passed on (128 and the signal's number where a signal ended it, 127 where
there is no such program). Each line that it writes becomes a log record with
its pid and service, and how it ends is told to the Horizon at --url. Without
one the command runs all the same.

Examples:
  horizon exec -- ./server --port 8080
  horizon exec --service shop --restart on-failure -- node shop.js
  horizon exec --restart always --max-restarts 5 -- ./worker

Waits between restarts double from --backoff up to --max-backoff; after a run
of --stable-after they begin anew. SIGTERM, SIGINT and SIGQUIT are passed on
and end the restarting; what has not ended after --stop-timeout is killed.
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
