import assert from "node:assert/strict";
import fc from "fast-check";
import { type ExpositionFormat, readExposition } from "../../../../mod/prometheus/exposition.ts";
import { decodeUtf8 } from "../../../../mod/columns/utf8_text.ts";
import { ExpositionError } from "../../../../mod/prometheus/exposition_error.ts";
import { numberOf } from "../../../../mod/prometheus/number_text.ts";
import { readSeriesText } from "../../../../mod/prometheus/series_text.ts";

const utf8 = new TextEncoder();

/** Everything an exposition says, in its order, as data. */
function read(text: string | Uint8Array, format: ExpositionFormat): unknown[] {
  const said: unknown[] = [];
  const body = typeof text === "string" ? utf8.encode(text) : text;
  readExposition(body, format, {
    type: (family, type) => said.push(["type", family, type]),
    unit: (family, unit) => said.push(["unit", family, unit]),
    sample: (bytes, start, end, value, tsUs) => {
      const labels = readSeriesText(bytes, start, end);
      said.push([labels === null ? null : Object.fromEntries(labels), value, tsUs]);
    },
    exemplar: (bytes, start, end) => said.push(["exemplar", decodeUtf8(bytes, start, end)]),
  });
  return said;
}

Deno.test("readExposition: the text format, as its description shows it", () => {
  const text = `# HELP http_requests_total The total number of HTTP requests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="post",code="400"}    3 1395066363000

# Escaping in label values:
msdos_file_access_time_seconds{path="C:\\\\DIR\\\\FILE.TXT",error="Cannot find file:\\n\\"FILE.TXT\\""} 1.458255915e9

# Minimalistic line:
metric_without_timestamp_and_labels 12.47
# A weird metric from before the epoch:
something_weird{problem="division by zero",} +Inf -3982045
# TYPE rpc_duration_seconds untyped
\trpc_duration_seconds { quantile="0.01" , a = "}" }\tNaN\r
`;
  assert.deepEqual(read(text, "text"), [
    ["type", "http_requests_total", "counter"],
    [
      { __name__: "http_requests_total", method: "post", code: "200" },
      1027,
      1_395_066_363_000_000,
    ],
    [{ __name__: "http_requests_total", method: "post", code: "400" }, 3, 1_395_066_363_000_000],
    [
      {
        __name__: "msdos_file_access_time_seconds",
        path: "C:\\DIR\\FILE.TXT",
        error: 'Cannot find file:\n"FILE.TXT"',
      },
      1.458255915e9,
      null,
    ],
    [{ __name__: "metric_without_timestamp_and_labels" }, 12.47, null],
    [{ __name__: "something_weird", problem: "division by zero" }, Infinity, -3_982_045_000],
    ["type", "rpc_duration_seconds", "unknown"],
    [{ __name__: "rpc_duration_seconds", quantile: "0.01", a: "}" }, NaN, null],
  ]);
});

Deno.test("readExposition: OpenMetrics, with units, exemplars and the end that it must have", () => {
  const text = `# TYPE acme_http_router_request_seconds histogram
# UNIT acme_http_router_request_seconds seconds
acme_http_router_request_seconds_bucket{le="1.0"} 4 1520430000.123456 # {trace_id="a b#c"} 0.67 1520429999.5
foo_total 17.0 # {} 1
# TYPE "a.b c" gauge
{"a.b c",région="x","k\\"2"="é"} -0.5
# EOF
`;
  assert.deepEqual(read(text.replace("région", '"région"'), "openmetrics"), [
    ["type", "acme_http_router_request_seconds", "histogram"],
    ["unit", "acme_http_router_request_seconds", "seconds"],
    [
      { __name__: "acme_http_router_request_seconds_bucket", le: "1.0" },
      4,
      1_520_430_000_123_456,
    ],
    ["exemplar", '# {trace_id="a b#c"} 0.67 1520429999.5'],
    [{ __name__: "foo_total" }, 17, null],
    ["exemplar", "# {} 1"],
    ["type", "a.b c", "gauge"],
    [{ __name__: "a.b c", "région": "x", 'k"2': "é" }, -0.5, null],
  ]);
});

const REFUSED: readonly (readonly [what: string, ExpositionFormat, string, RegExp])[] = [
  ["no value", "text", "ok 1\nbroken\n", /^line 2: a sample without a value$/],
  ["no number", "text", 'a{b="c"} 12x', /^line 1: "12x" is no number$/],
  ["hexadecimal", "text", "a 0x10", /"0x10" is no number/],
  ["no timestamp", "text", "a 1 soon", /"soon" is no timestamp/],
  ["a timestamp without end", "text", "a 1 1e300", /is no timestamp/],
  ["open labels", "text", 'a{b="}', /line 1: labels without their `}`/],
  ["more than a sample", "text", "a 1 2 3", /"3" after the sample/],
  ["an exemplar where there are none", "text", "a 1 # {} 2", /after the sample/],
  ["no such type", "text", "# TYPE a integer", /line 1: "integer" is no metric type/],
  ["a type of nothing", "text", "# TYPE", /TYPE without a metric name/],
  ["a cut body", "openmetrics", "a 1\n", /line 2: ends without `# EOF`/],
  ["more after the end", "openmetrics", "a 1\n# EOF\na 2\n", /line 3: follows `# EOF`/],
];

for (const [what, format, text, message] of REFUSED) {
  Deno.test(`readExposition: refuses ${what}, and says where`, () => {
    assert.throws(
      () => read(text, format),
      (error) => error instanceof ExpositionError && message.test(error.message),
    );
  });
}

Deno.test("readSeriesText: what is no series is null", () => {
  for (
    const text of [
      '{a="b"}',
      "a{b}",
      'a{b="c" d="e"}',
      'a{b="1",b="2"}',
      'a{"b"}',
      "1a",
      "a-b",
      'a{b="c"}x',
      'a{b="c",,}',
      "",
    ]
  ) {
    const bytes = utf8.encode(text);
    assert.equal(readSeriesText(bytes, 0, bytes.length), null, text);
  }
});

Deno.test("numberOf: reads what JavaScript writes, and nothing else", () => {
  const parse = (text: string) => numberOf(utf8.encode(text), 0, utf8.encode(text).length);
  fc.assert(
    fc.property(
      fc.oneof(fc.double(), fc.integer(), fc.double({ min: -1e6, max: 1e6 })),
      (value) => {
        const text = String(value);
        assert.ok(Object.is(parse(text), Object.is(value, -0) ? 0 : value), text);
      },
    ),
    { numRuns: 2_000 },
  );
  const table: [string, number | null][] = [
    ["+Inf", Infinity],
    ["-inf", -Infinity],
    ["+infinity", Infinity],
    ["nan", NaN],
    ["+1.5E+3", 1500],
    [".5", 0.5],
    ["5.", 5],
    ["123456789012345678", 123456789012345680],
    ["", null],
    ["-", null],
    [".", null],
    ["1e", null],
    ["1_000", null],
    ["1.2.3", null],
    ["١", null],
    ["9".repeat(500), null],
  ];
  for (const [text, expected] of table) assert.ok(Object.is(parse(text), expected), text);
});

const label = fc.tuple(
  fc.string({ unit: "binary", minLength: 1, maxLength: 8 }),
  fc.string({ unit: "binary", maxLength: 12 }),
);

Deno.test("readExposition: any label is read as it was written", () => {
  const escaped = (text: string) =>
    text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
  const wellFormed = label.map(([name, value]): [string, string] => [
    name.toWellFormed(),
    value.toWellFormed(),
  ]);
  fc.assert(
    fc.property(fc.array(wellFormed, { maxLength: 4 }), fc.double(), (pairs, value) => {
      const labels = Object.fromEntries(pairs.filter(([name]) => name !== "__name__"));
      const list = Object.entries(labels).map(([name, text]) =>
        `,"${escaped(name)}"="${escaped(text)}"`
      );
      const text = `{"metric"${list.join("")}} ${value}\n`;
      // A carriage return at the end of a line belongs to the line's end, not within a text.
      assert.deepEqual(read(text, "text"), [[{ __name__: "metric", ...labels }, value + 0, null]]);
    }),
    { numRuns: 500 },
  );
});

Deno.test("readExposition: whatever comes is read or refused with a line", () => {
  const line = fc.oneof(
    fc.string({ unit: "binary", maxLength: 30 }),
    fc.array(
      fc.constantFrom("a", "{", "}", '"', "=", ",", " ", "\\", "#", "1", "\n", "TYPE", "# ", "NaN"),
      { maxLength: 30 },
    ).map((parts) => parts.join("")),
  );
  const formats = fc.constantFrom<ExpositionFormat>("text", "openmetrics");
  fc.assert(
    fc.property(line, formats, (text, format) => {
      try {
        read(text, format);
      } catch (error) {
        assert.ok(error instanceof ExpositionError && error.line > 0, String(error));
      }
    }),
    { numRuns: 5_000 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), formats, (bytes, format) => {
      try {
        read(bytes, format);
      } catch (error) {
        assert.ok(error instanceof ExpositionError, String(error));
      }
    }),
    { numRuns: 2_000 },
  );
});
