// Writes test/vectors/*.json. The bytes are put together here field by field,
// without the code of this library, and what is expected of them is written by
// hand beside them.

import { createCipheriv } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

// The wire format of protobuf, see https://protobuf.dev/programming-guides/encoding/

type Bytes = readonly number[];

function varint(value: number, atLeast = 1): Bytes {
  const bytes: number[] = [];
  for (let rest = value; rest > 0 || bytes.length < atLeast; rest = Math.floor(rest / 128)) {
    bytes.push((rest % 128) | 128);
  }
  bytes.push((bytes.pop() ?? 0) & 127);
  return bytes;
}

function field(number: number, content: string | Bytes): Bytes {
  const bytes = typeof content === "string" ? [...Buffer.from(content)] : content;
  return [...varint(number * 8 + 2), ...varint(bytes.length), ...bytes];
}

function count(number: number, value: number): Bytes {
  return [...varint(number * 8), ...varint(value)];
}

function hex(...parts: Bytes[]): string {
  return Buffer.from(parts.flat()).toString("hex");
}

function cause(...fields: Bytes[]): Bytes {
  return field(1, fields.flat());
}

const entry = (key: string, value: string): Bytes => [...field(1, key), ...field(2, value)];

const traceId = Array.from(Buffer.from("4bf92f3577b34da6a3ce929d0e0e4736", "hex"));
const otherTraceId = Array.from(Buffer.from("0af7651916cd43dd8448eb211c80319c", "hex"));
const traceIdJson = "S/kvNXezTaajzpKdDg5HNg==";

// ROUTE_DISPATCH_20003 and what is above it, in few fields.
const route = [field(1, "ROUTE"), field(2, "DISPATCH"), field(3, "20003")].flat();
const routeJson = { system: "ROUTE", module: "DISPATCH", code: "20003" };
const promise = [field(1, "PROMISE"), field(2, "ETA"), field(3, "10002")].flat();
const promiseJson = { system: "PROMISE", module: "ETA", code: "10002" };
const wms = [field(1, "WMS"), field(3, "10001")].flat();
const wmsJson = { system: "WMS", code: "10001" };

const whole = [
  ...route,
  ...field(4, "RANGE_NOT_CONFIGURED"),
  ...field(5, "没有为该地址配置配送范围 — none for Mill Lane 3"),
  ...field(6, entry("address", "Mill Lane 3")),
  ...field(6, entry("product", "生鲜")),
  ...field(7, entry("warehouse_id", "HH-3")),
  ...count(8, 1),
  ...count(9, 3),
  ...count(10, 9),
  ...field(11, [
    ...count(1, 2),
    ...field(2, [...count(1, 1), ...count(2, 500_000_000)]),
    ...count(3, 2),
  ]),
  ...field(12, "route.v1.RouteService/FindRange"),
  ...field(13, [0, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7]),
  ...field(14, [...count(1, 1_795_204_800), ...count(2, 250_000_000)]),
  ...count(16, 2),
  ...count(17, 1),
  ...field(18, "https://docs.example.com/errors/ROUTE_DISPATCH_20003"),
];
const wholeJson = {
  ...routeJson,
  reason: "RANGE_NOT_CONFIGURED",
  message: "没有为该地址配置配送范围 — none for Mill Lane 3",
  args: { address: "Mill Lane 3", product: "生鲜" },
  privateArgs: { warehouse_id: "HH-3" },
  provenance: "PROVENANCE_RAISED",
  visibility: "VISIBILITY_PUBLIC",
  status: "STATUS_FAILED_PRECONDITION",
  retry: { advice: "RETRY_ADVICE_DO_NOT_RETRY", delay: "1.500s", attempts: 2 },
  procedure: "route.v1.RouteService/FindRange",
  spanId: "APBnqgupArc=",
  occurredAt: "2026-11-20T20:00:00.250Z",
  elided: 2,
  inferred: true,
  help: "https://docs.example.com/errors/ROUTE_DISPATCH_20003",
};

const unknown = field(900, "from a newer version");
const link = (own: Bytes): Bytes => [...own, ...count(15, 1)];

const chains = [
  {
    name: "one cause",
    description: "The least that a cause must have.",
    hex: hex(cause(wms)),
    chain: { causes: [wmsJson] },
    codes: ["WMS_10001"],
    root: "WMS_10001",
    line: "WMS_10001",
  },
  {
    name: "every field",
    description: "A cause with all its fields, in a chain with a trace ID and a sealed part.",
    hex: hex(cause(whole), field(2, traceId), field(3, [1, 2, 3])),
    chain: { causes: [wholeJson], traceId: traceIdJson, sealed: "AQID" },
    codes: ["ROUTE_DISPATCH_20003"],
    root: "ROUTE_DISPATCH_20003",
    line: "ROUTE_DISPATCH_20003 没有为该地址配置配送范围 — none for Mill Lane 3 ← … 2 causes left out …",
  },
  {
    name: "three hops",
    description: "WMS asked PROMISE, PROMISE asked ROUTE.",
    hex: hex(cause(link(wms)), cause(link(promise)), cause(route), field(2, traceId)),
    chain: {
      causes: [{ ...wmsJson, branches: 1 }, { ...promiseJson, branches: 1 }, routeJson],
      traceId: traceIdJson,
    },
    codes: ["WMS_10001", "PROMISE_ETA_10002", "ROUTE_DISPATCH_20003"],
    root: "ROUTE_DISPATCH_20003",
    line: "WMS_10001 ← PROMISE_ETA_10002 ← ROUTE_DISPATCH_20003",
  },
  {
    name: "fan-out",
    description: "WMS asked PROMISE and a second system, and both failed. The first root counts.",
    hex: hex(
      cause(wms, count(15, 2)),
      cause(link(promise)),
      cause(route),
      cause(field(1, "STOCK"), field(3, "7")),
    ),
    chain: {
      causes: [
        { ...wmsJson, branches: 2 },
        { ...promiseJson, branches: 1 },
        routeJson,
        { system: "STOCK", code: "7" },
      ],
    },
    codes: ["WMS_10001", "PROMISE_ETA_10002", "ROUTE_DISPATCH_20003", "STOCK_7"],
    root: "ROUTE_DISPATCH_20003",
    line: "WMS_10001 ← (PROMISE_ETA_10002 ← ROUTE_DISPATCH_20003) + (STOCK_7)",
  },
  {
    name: "fan-out with times",
    description: "The second system failed first, so its root counts.",
    hex: hex(
      cause(wms, count(15, 2)),
      cause(route, field(14, count(1, 15))),
      cause(field(1, "STOCK"), field(3, "7"), field(14, count(1, 10))),
    ),
    chain: {
      causes: [
        { ...wmsJson, branches: 2 },
        { ...routeJson, occurredAt: "1970-01-01T00:00:15Z" },
        { system: "STOCK", code: "7", occurredAt: "1970-01-01T00:00:10Z" },
      ],
    },
    codes: ["WMS_10001", "ROUTE_DISPATCH_20003", "STOCK_7"],
    root: "STOCK_7",
    line: "WMS_10001 ← (ROUTE_DISPATCH_20003) + (STOCK_7)",
  },
  {
    name: "unknown enum values",
    description: "Written by a newer version. The numbers stay.",
    hex: hex(cause(wms, count(8, 77), count(9, 78), count(10, 79), field(11, count(1, 80)))),
    chain: {
      causes: [{ ...wmsJson, provenance: 77, visibility: 78, status: 79, retry: { advice: 80 } }],
    },
    codes: ["WMS_10001"],
    root: "WMS_10001",
    line: "WMS_10001",
  },
  {
    name: "unknown fields",
    description: "Of every wire type but groups, in the cause and in the chain.",
    hex: hex(
      cause(wms, unknown, count(901, 7), [...varint(902 * 8 + 5), 1, 2, 3, 4]),
      [...varint(903 * 8 + 1), 1, 2, 3, 4, 5, 6, 7, 8],
      unknown,
    ),
    chain: { causes: [wmsJson] },
    codes: ["WMS_10001"],
    root: "WMS_10001",
    line: "WMS_10001",
  },
  {
    name: "out of order",
    description: "The trace ID first, and the fields of the cause backwards.",
    hex: hex(field(2, traceId), cause(field(5, "no range"), field(3, "10001"), field(1, "WMS"))),
    chain: { causes: [{ ...wmsJson, message: "no range" }], traceId: traceIdJson },
    codes: ["WMS_10001"],
    root: "WMS_10001",
    line: "WMS_10001 no range",
  },
  {
    name: "written twice",
    description: "The last value of a field counts, messages are merged, and so are maps.",
    hex: hex(
      cause(
        field(1, "OLD"),
        wms,
        field(11, count(1, 1)),
        field(11, count(3, 4)),
        field(6, entry("a", "old")),
        field(6, entry("a", "new")),
      ),
      field(2, otherTraceId),
      field(2, traceId),
    ),
    chain: {
      causes: [
        { ...wmsJson, retry: { advice: "RETRY_ADVICE_RETRY", attempts: 4 }, args: { a: "new" } },
      ],
      traceId: traceIdJson,
    },
    codes: ["WMS_10001"],
    root: "WMS_10001",
    line: "WMS_10001",
  },
  {
    name: "packed in another way",
    description:
      "Numbers and lengths in more bytes than they need; a map entry with its value first.",
    hex: hex([
      0x0a,
      ...varint(
        [...wms, 0x50, ...varint(9, 5), ...field(6, [...field(2, "v"), ...field(1, "k")])].length,
        3,
      ),
      ...wms,
      0x50,
      ...varint(9, 5),
      ...field(6, [...field(2, "v"), ...field(1, "k")]),
    ]),
    chain: { causes: [{ ...wmsJson, status: "STATUS_FAILED_PRECONDITION", args: { k: "v" } }] },
    codes: ["WMS_10001"],
    root: "WMS_10001",
    line: "WMS_10001",
  },
  {
    name: "branches missing",
    description: "A peer that has never set branches: each cause belongs to the one before it.",
    hex: hex(cause(wms), cause(promise), cause(route)),
    chain: { causes: [wmsJson, promiseJson, routeJson] },
    mended: {
      causes: [{ ...wmsJson, branches: 1 }, { ...promiseJson, branches: 1 }, routeJson],
    },
    codes: ["WMS_10001", "PROMISE_ETA_10002", "ROUTE_DISPATCH_20003"],
    root: "ROUTE_DISPATCH_20003",
    line: "WMS_10001 ← PROMISE_ETA_10002 ← ROUTE_DISPATCH_20003",
  },
];

// What an ordinary decoder makes of it is `chain`, null where it refuses the bytes
// or they hold no cause. Errchain's reader takes what can be taken: `mended`.
const hostile = [
  {
    name: "empty",
    description: "No bytes at all.",
    hex: "",
    chain: null,
    mended: null,
  },
  {
    name: "no system",
    description: "Some decoders do not check the type of a detail: this may be any message.",
    hex: hex(cause(field(3, "10001"))),
    chain: null,
    mended: null,
  },
  {
    name: "no code",
    description: "As above.",
    hex: hex(cause(field(1, "WMS"))),
    chain: null,
    mended: null,
  },
  {
    name: "a cause without a code among others",
    description: "What is no cause is left out.",
    hex: hex(cause(link(wms)), cause(field(1, "PROMISE"), count(15, 1)), cause(route)),
    chain: null,
    mended: { causes: [{ ...wmsJson, branches: 1 }, routeJson] },
  },
  {
    name: "cut off",
    description: "The second cause ends in the middle of its message.",
    hex: hex(cause(link(wms)), [0x0a, 60, ...route, 0x2a, 30, ...Buffer.from("no range")]),
    chain: null,
    mended: { causes: [{ ...wmsJson, branches: 1 }, routeJson] },
  },
  {
    name: "a huge length",
    description: "Four gigabytes are announced, and none follow.",
    hex: hex(cause(wms), [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]),
    chain: null,
    mended: { causes: [wmsJson] },
  },
  {
    name: "a number without an end",
    description: "More than ten bytes for one number.",
    hex: hex(cause(wms), [0x10, ...Array(11).fill(0xff), 0x01]),
    chain: null,
    mended: { causes: [wmsJson] },
  },
  {
    name: "no UTF-8",
    description: "A byte in the message that is none. It becomes U+FFFD.",
    hex: hex(cause(wms, field(5, [0x61, 0xff, 0x62]))),
    chain: null,
    mended: { causes: [{ ...wmsJson, message: "a\ufffdb" }] },
  },
  {
    name: "half a surrogate pair",
    description: "U+D800 as three bytes is no UTF-8 either.",
    hex: hex(cause(wms, field(5, [0x61, 0xed, 0xa0, 0x80]))),
    chain: null,
    mended: { causes: [{ ...wmsJson, message: "a\ufffd\ufffd\ufffd" }] },
  },
  {
    name: "field number 0",
    description: "There is no such field.",
    hex: hex(cause(wms), [0x00, 0x00]),
    chain: null,
    mended: { causes: [wmsJson] },
  },
  {
    name: "another wire type",
    description:
      "A chain whose second `causes` is a number. Decoders take it for an unknown field.",
    hex: hex(cause(wms), count(1, 5)),
    chain: { causes: [wmsJson] },
    mended: { causes: [wmsJson] },
  },
  {
    name: "a group",
    description: "An unknown field of the old wire type.",
    hex: hex(cause(wms), [...varint(100 * 8 + 3), ...varint(100 * 8 + 4)]),
    chain: { causes: [wmsJson] },
    mended: { causes: [wmsJson] },
  },
  {
    name: "four billion branches",
    description: "The tree just ends.",
    hex: hex(cause(wms, count(15, 4_294_967_295)), cause(route)),
    chain: { causes: [{ ...wmsJson, branches: 4_294_967_295 }, routeJson] },
    mended: { causes: [{ ...wmsJson, branches: 1 }, routeJson] },
  },
  {
    name: "a short trace ID",
    description: "A trace ID has 16 bytes or is none.",
    hex: hex(cause(wms), field(2, [1, 2, 3])),
    chain: { causes: [wmsJson], traceId: "AQID" },
    mended: { causes: [wmsJson] },
  },
];

const join_ = [
  {
    name: "nothing below",
    description: "The root cause begins the chain.",
    own: hex(route),
    traceId: hex(traceId),
    below: [],
    joined: hex(cause(route), field(2, traceId)),
  },
  {
    name: "one chain",
    description: "branches becomes 1. The trace ID is the same, so it is not written again.",
    own: hex(wms),
    traceId: hex(traceId),
    below: [hex(cause(link(promise)), cause(route), field(2, traceId))],
    joined: hex(cause(link(wms)), cause(link(promise)), cause(route), field(2, traceId)),
  },
  {
    name: "several chains",
    description: "branches becomes 2.",
    own: hex(wms),
    traceId: "",
    below: [hex(cause(promise)), hex(cause(route))],
    joined: hex(cause(wms, count(15, 2)), cause(promise), cause(route)),
  },
  {
    name: "another trace",
    description:
      "The callee has begun a trace of its own: that of the hop is written last and counts.",
    own: hex(wms),
    traceId: hex(traceId),
    below: [hex(cause(route), field(2, otherTraceId))],
    joined: hex(cause(link(wms)), cause(route), field(2, otherTraceId), field(2, traceId)),
  },
  {
    name: "a newer version below",
    description: "Unknown fields pass through.",
    own: hex(wms),
    traceId: "",
    below: [hex(cause(route, unknown), unknown)],
    joined: hex(cause(link(wms)), cause(route, unknown), unknown),
  },
  {
    name: "no chain below",
    description: "What is no chain is left out.",
    own: hex(wms),
    traceId: "",
    below: ["", hex(cause(route)), hex(cause(field(1, "X")))],
    joined: hex(cause(link(wms)), cause(route)),
  },
];

/** Five hops with a message of 60 bytes each: 84 bytes a cause. */
const hops = ["A", "B", "C", "D", "E"];
const five = hex(
  ...hops.map((system, n) =>
    cause(
      field(1, system),
      field(3, "1000"),
      field(5, system.repeat(60)),
      count(10, 9),
      n < 4 ? count(15, 1) : [],
    ),
  ),
);

const budget = [
  {
    name: "fits",
    description: "Nothing changes.",
    hex: five,
    maxBytes: 4096,
    codes: ["A_1000", "B_1000", "C_1000", "D_1000", "E_1000"],
    elided: [0, 0, 0, 0, 0],
    messageBytes: [60, 60, 60, 60, 60],
  },
  {
    name: "one too many",
    description: "The cause farthest from both ends goes, and the one above it says so.",
    hex: five,
    maxBytes: 340,
    codes: ["A_1000", "B_1000", "D_1000", "E_1000"],
    elided: [0, 1, 0, 0],
    messageBytes: [60, 60, 60, 60],
  },
  {
    name: "two are left",
    description: "The nearest and the root cause stay.",
    hex: five,
    maxBytes: 180,
    codes: ["A_1000", "E_1000"],
    elided: [3, 0],
    messageBytes: [60, 60],
  },
  {
    name: "shorter texts",
    description:
      "Where no cause can go any more, the texts are cut to one length: to 32 bytes, since the rest takes 20 and 15.",
    hex: five,
    maxBytes: 100,
    codes: ["A_1000", "E_1000"],
    elided: [3, 0],
    messageBytes: [32, 32],
  },
  {
    name: "one is left",
    description: "Where two do not fit even without texts, only the nearest stays. It takes 18.",
    hex: five,
    maxBytes: 20,
    codes: ["A_1000"],
    elided: [4],
    messageBytes: [2],
  },
  {
    name: "none is left",
    description: "Where not even that fits, there is no chain.",
    hex: five,
    maxBytes: 8,
    codes: [],
    elided: [],
    messageBytes: [],
  },
];

// Chains over the budget of 4,096 bytes of which two causes stay: the nearest and the root cause.
// So it is the same whether the others are left out one by one or at once.

const large = Array.from({ length: 9 }, (_, n) => field(6, entry(`${n}`, "x".repeat(500)))).flat();
const retry = (advice: number, attempts: number, ...more: Bytes[]): Bytes =>
  field(11, [...count(1, advice), ...more.flat(), ...count(3, attempts)]);
const delay = field(2, [...count(1, 1), ...count(2, 500_000_000)]);
const occurredAt = field(14, [...count(1, 1_795_204_800), ...count(2, 250_000_000)]);
const occurredAtJson = "2026-11-20T20:00:00.250Z";

const overBudget = [
  {
    name: "what causes that are left out say of retries",
    description:
      "That one forbids them, and how many attempts another one has made, is noted on the nearest cause.",
    own: hex(wms, retry(1, 1, delay), occurredAt),
    traceId: hex(traceId),
    below: [
      hex(
        cause(link(promise), large, retry(2, 2)),
        cause(link([...field(1, "STOCK"), ...field(3, "7")]), large, retry(1, 3), count(16, 4)),
        cause(route, retry(1, 9, delay), occurredAt),
      ),
    ],
    chain: {
      causes: [
        {
          ...wmsJson,
          retry: { advice: "RETRY_ADVICE_DO_NOT_RETRY", delay: "1.500s", attempts: 3 },
          occurredAt: occurredAtJson,
          branches: 1,
          elided: 6,
        },
        {
          ...routeJson,
          retry: { advice: "RETRY_ADVICE_RETRY", delay: "1.500s", attempts: 9 },
          occurredAt: occurredAtJson,
        },
      ],
      traceId: traceIdJson,
    },
  },
  {
    name: "what the root cause says of retries",
    description: "It stays there. A part of a reason is of no use.",
    own: hex(wms),
    traceId: "",
    below: [hex(cause(route, field(4, "X".repeat(6000)), retry(2, 3)))],
    chain: {
      causes: [
        { ...wmsJson, branches: 1 },
        {
          ...routeJson,
          retry: { advice: "RETRY_ADVICE_DO_NOT_RETRY", attempts: 3 },
        },
      ],
    },
  },
  {
    name: "unknown fields that are too large",
    description: "They are left out, also those within a field.",
    own: hex(wms),
    traceId: "",
    below: [hex(cause(route, retry(1, 2, field(900, "x".repeat(4096)))))],
    chain: {
      causes: [
        { ...wmsJson, branches: 1 },
        { ...routeJson, retry: { advice: "RETRY_ADVICE_RETRY", attempts: 2 } },
      ],
    },
  },
  {
    name: "a trace ID that is too long",
    description: "A trace ID has 16 bytes or is none.",
    own: hex(wms),
    traceId: "",
    below: [hex(cause(route), field(2, Array(4096).fill(7)))],
    chain: { causes: [{ ...wmsJson, branches: 1 }, routeJson] },
  },
  {
    name: "one cause",
    description: "Nothing was below it.",
    own: hex(wms, field(4, "X".repeat(6000))),
    traceId: hex(traceId),
    below: [],
    chain: { causes: [wmsJson], traceId: traceIdJson },
  },
];

const systems = [
  { name: "a version last", package: "promise.v1", service: "EtaService", system: "PROMISE" },
  {
    name: "a company first",
    package: "acme.promise.v1beta2",
    service: "EtaService",
    system: "PROMISE",
  },
  {
    name: "no version, but like one",
    package: "v2x.v1p1alpha1",
    service: "RadioService",
    system: "V2X",
  },
  {
    name: "an underscore",
    package: "acme.order_intake",
    service: "OrderService",
    system: "ORDERINTAKE",
  },
  {
    name: "a digit first",
    description: "A system begins with a letter.",
    package: "acme._9lives.v1",
    service: "CatService",
    system: "X9LIVES",
  },
  {
    name: "too long",
    description: "A system has 32 characters at most.",
    package: `acme.${"a".repeat(40)}`,
    service: "LongService",
    system: "A".repeat(32),
  },
  {
    name: "nothing but a version",
    description: "Then the service goes by its own name, as without a package.",
    package: "v1",
    service: "Stock",
    system: "STOCK",
  },
  { name: "no package", package: "", service: "Stock", system: "STOCK" },
];

const fullCodes = [
  { name: "with a module", ...routeJson, fullCode: "ROUTE_DISPATCH_20003" },
  { name: "without a module", system: "WMS", module: "", code: "10001", fullCode: "WMS_10001" },
  { name: "no number", system: "A1", module: "B2", code: "NOT_FOUND", fullCode: "A1_B2_NOT_FOUND" },
];

const logLines = [
  {
    name: "plain",
    line: "4bf92f3577b34da6a3ce929d0e0e4736|WMS_10001|the order 4711 cannot be promised",
    parts: {
      traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
      fullCode: "WMS_10001",
      message: "the order 4711 cannot be promised",
    },
  },
  {
    name: "a bar in the message",
    description: "A line is split at the first two only.",
    line: "1|WMS_1|a|b|c",
    parts: { traceId: "1", fullCode: "WMS_1", message: "a|b|c" },
  },
  {
    name: "a trace ID of another kind",
    line: "1677474.49460.17001299140|PROMISE_ETA_10002|没有送达时间",
    parts: {
      traceId: "1677474.49460.17001299140",
      fullCode: "PROMISE_ETA_10002",
      message: "没有送达时间",
    },
  },
  {
    name: "line breaks and backslashes",
    line: String.raw`1|WMS_1|one\ntwo\r\n\tthree C:\\new \u0007`,
    parts: { traceId: "1", fullCode: "WMS_1", message: "one\ntwo\r\n\tthree C:\\new \u0007" },
  },
  {
    name: "empty parts",
    line: "||",
    parts: { traceId: "", fullCode: "", message: "" },
  },
  { name: "one bar", line: "a|b", parts: null },
  { name: "two lines", line: "1|WMS_1|a\n1|WMS_1|b", parts: null },
];

// AES-256-GCM. What is sealed: four bytes of length, the chain, zeros.
const secret = Buffer.from(Array.from({ length: 32 }, (_, n) => n));
const key = `errchain-key-1.test-1.${secret.toString("base64url")}`;
const otherKey = `errchain-key-1.test-2.${Buffer.alloc(32, 9).toString("base64url")}`;
const impostor = `errchain-key-1.test-1.${Buffer.alloc(32, 9).toString("base64url")}`;

function seal(chain: string): Buffer {
  const bytes = Buffer.from(chain, "hex");
  const content = Buffer.alloc(256);
  content.writeUInt32BE(bytes.length);
  bytes.copy(content, 4);
  const header = Buffer.from([1, 6, ...Buffer.from("test-1")]);
  const nonce = Buffer.from(Array.from({ length: 12 }, (_, n) => 100 + n));
  const cipher = createCipheriv("aes-256-gcm", secret, nonce).setAAD(header);
  const encrypted = Buffer.concat([cipher.update(content), cipher.final()]);
  return Buffer.concat([header, nonce, encrypted, cipher.getAuthTag()]);
}

const sealedBytes = seal(hex(cause(link(wms)), cause(route)));
const flipped = Buffer.from(sealedBytes);
flipped[40] = (flipped[40] ?? 0) ^ 1;

const sealed = [
  {
    name: "opens",
    keys: [otherKey, key],
    sealed: sealedBytes.toString("base64"),
    codes: ["WMS_10001", "ROUTE_DISPATCH_20003"],
  },
  {
    name: "one bit is not as it was",
    keys: [key],
    sealed: flipped.toString("base64"),
    error: "changed or cut off",
  },
  {
    name: "cut off",
    keys: [key],
    sealed: sealedBytes.subarray(0, 30).toString("base64"),
    error: "cut off",
  },
  {
    name: "under another key",
    keys: [otherKey],
    sealed: sealedBytes.toString("base64"),
    error: 'sealed with the key "test-1"',
  },
  {
    name: "under another key with the same ID",
    keys: [impostor],
    sealed: sealedBytes.toString("base64"),
    error: "is not the same key",
  },
  {
    name: "of a later version",
    keys: [key],
    sealed: Buffer.from([2, ...sealedBytes.subarray(1)]).toString("base64"),
    error: "later version",
  },
];

function status(code: number, message: string, ...details: Bytes[]): string {
  const bytes = [...count(1, code), ...field(2, message), ...details.flat()];
  return Buffer.from(bytes).toString("base64");
}

const detail = (type: string, value: Bytes): Bytes =>
  field(3, [...field(1, `type.googleapis.com/${type}`), ...field(2, value)]);

const chainBytes = [...cause(link(wms)), ...cause(route)];
const statusWithChain = status(9, "no", detail("errchain.v1.ErrorChain", chainBytes));

const details = [
  {
    name: "a chain",
    value: statusWithChain,
    status: 9,
    codes: ["WMS_10001", "ROUTE_DISPATCH_20003"],
  },
  {
    name: "without padding",
    description: "gRPC lets a sender leave out the padding of base64.",
    value: statusWithChain.replace(/=+$/, ""),
    status: 9,
    codes: ["WMS_10001", "ROUTE_DISPATCH_20003"],
  },
  {
    name: "among other details",
    value: status(
      5,
      "没有",
      detail("google.rpc.ErrorInfo", field(1, "NO")),
      detail("errchain.v1.ErrorChain", chainBytes),
    ),
    status: 5,
    codes: ["WMS_10001", "ROUTE_DISPATCH_20003"],
  },
  {
    name: "no chain",
    value: status(5, "no", detail("google.rpc.ErrorInfo", field(1, "NO"))),
    status: 5,
    codes: null,
  },
  {
    name: "a chain that is none",
    value: status(5, "no", detail("errchain.v1.ErrorChain", [0x0a, 0x20])),
    status: 5,
    codes: null,
  },
  { name: "cut off", value: statusWithChain.slice(0, 40), status: 0, codes: null },
  { name: "no base64", value: "%%%%", status: 0, codes: null },
];

const files = {
  chains,
  hostile,
  join: join_,
  budget,
  "over-budget": overBudget,
  systems,
  "full-codes": fullCodes,
  "log-lines": logLines,
  sealed,
  "details-bin": details,
};

for (const [name, cases] of Object.entries(files)) {
  const file = join(import.meta.dirname, "..", "test", "vectors", `${name}.json`);
  writeFileSync(file, `${JSON.stringify(cases, undefined, 2)}\n`);
}
