import { create, toBinary, toJson } from "@bufbuild/protobuf";
import { base64Encode } from "@bufbuild/protobuf/wire";
import { AnySchema, anyPack } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { type ErrorChain, ErrorChainSchema } from "../../gen/errchain/v1/error_chain_pb.js";
import { findChains } from "./find-chain.js";

// What happens to an error on its way through terminals, mails, chats and log systems.

const chain = create(ErrorChainSchema, {
  causes: [
    { system: "WMS", code: "10001", message: "没有订单", branches: 1 },
    { system: "ROUTE", code: "20003", message: "no-range" },
  ],
  sealed: Uint8Array.from({ length: 700 }, (_, index) => (index * 89) % 251),
  traceId: new Uint8Array(16).fill(0xab),
});
const value = base64Encode(toBinary(ErrorChainSchema, chain));
const connectError = JSON.stringify({
  code: "failed_precondition",
  message: "no order",
  details: [{ type: ErrorChainSchema.typeName, value }],
});
const header = base64Encode(statusWith(chain), "std_raw");
const curlOfConnect = `HTTP/1.1 400 Bad Request\r\ncontent-length: 9\r\n\r\n${connectError}`;
const curlOfGrpc = [
  "> user-agent: curl/8",
  "< HTTP/2 200",
  "< content-type: application/grpc+proto",
  `< grpc-status-details-bin: ${header}`,
  "< grpc-status: 9",
  "< grpc-message: no order",
].join("\r\n");
const protoJson = JSON.stringify({ code: 9, details: [toJson(ErrorChainSchema, chain)] });

/** A google.rpc.Status with one detail: code = 1, message = 2, details = 3. */
function statusWith(detail: ErrorChain): Uint8Array {
  const any = toBinary(AnySchema, anyPack(ErrorChainSchema, detail));
  return Uint8Array.of(8, 9, 18, 1, 110, 26, (any.length & 127) | 128, any.length >> 7, ...any);
}

/** The text as a terminal with so many columns has it. */
function wrapped(text: string, columns: number, lineBreak = "\n"): string {
  return text
    .split(/\r?\n/)
    .map((line) => line.replaceAll(new RegExp(`.{${columns}}(?=.)`, "gu"), `$&${lineBreak}`))
    .join(lineBreak);
}

/** The chains in a text, short enough to be read where a test fails. */
const found = (text: string) => findChains(text).map(inBase64);
const inBase64 = (it: ErrorChain) => base64Encode(toBinary(ErrorChainSchema, it)).slice(-120);

const quoted = (text: string, mark = "> ") => mark + text.replaceAll("\n", `\n${mark}`);

describe("a text that is broken into lines", () => {
  const widths = Array.from({ length: 230 }, (_, index) => index + 24);

  test.each([
    ["Connect error", connectError],
    ["curl of Connect", curlOfConnect],
    ["curl of gRPC", curlOfGrpc],
    ["JSON of Protobuf", protoJson],
  ])("has its chain at any width, also quoted in a mail: %s", (_, text) => {
    for (const columns of widths) {
      for (const broken of [
        wrapped(text, columns),
        wrapped(text, columns, "\r\n"),
        wrapped(text, columns, "\n    "),
        quoted(wrapped(text, columns)),
        quoted(wrapped(text, columns, "\r\n"), "> > "),
      ]) {
        expect([columns, ...found(broken)]).toEqual([columns, inBase64(chain)]);
      }
    }
  });

  test("has each of several headers", () => {
    const other = { ...chain, traceId: new Uint8Array(16).fill(0xcd) };
    const text = `${curlOfGrpc}\n${curlOfGrpc.replace(header, base64Encode(statusWith(other)))}`;
    for (const columns of [60, 80, 200, 5000]) {
      const broken = wrapped(text, columns);
      expect(found(broken)).toEqual([inBase64(chain), inBase64(other)]);
      expect(found(quoted(broken))).toEqual([inBase64(chain), inBase64(other)]);
    }
  });
});

test("another error right below a header is one of its own", () => {
  const other = { ...chain, sealed: Uint8Array.of(1, 2, 3) };
  for (const length of [17, 18, 19]) {
    const above = { ...chain, sealed: new Uint8Array(length) };
    const text = `grpc-status-details-bin: ${base64Encode(statusWith(above))}`;
    const below = base64Encode(toBinary(ErrorChainSchema, other));
    expect(found(`${text}\n${below}`)).toEqual([inBase64(above), inBase64(other)]);
  }
});

describe("a text that is cut off", () => {
  const marks = [
    "",
    "…",
    "...",
    "[truncated]",
    "[…]",
    '"',
    "\n... (truncated)",
    " <truncated 3000 bytes>",
    '…","level":"error"}',
    "\n2026-11-29T05:19:57Z INFO next",
    "\ngrpc-message: no order",
  ];

  test.each([
    ["Connect error", connectError, connectError.indexOf(value)],
    [
      "Connect error in a log",
      JSON.stringify({ body: connectError }),
      connectError.indexOf(value) + 30,
    ],
    ["gRPC header", curlOfGrpc, curlOfGrpc.indexOf(header) + 80],
  ])("has what is left, whatever says that it is cut off: %s", (_, text, at) => {
    for (const left of [200, 201, 202, 203, 500]) {
      const [cut, ...more] = findChains(text.slice(0, at + left));
      expect([cut?.causes.map(({ system }) => system), more]).toEqual([["WMS", "ROUTE"], []]);
      for (const mark of marks) {
        expect([mark, findChains(text.slice(0, at + left) + mark)]).toEqual([mark, [cut]]);
      }
    }
  });
});

test.each([
  ["Connect error", connectError],
  ["JSON of Protobuf", protoJson],
  ["indented JSON of Protobuf", JSON.stringify(JSON.parse(protoJson), null, 2)],
])("quotes that a chat or a page has changed do no harm: %s", (_, text) => {
  let opening = false;
  const smart = text.replaceAll('"', () => {
    opening = !opening;
    return opening ? "“" : "”";
  });
  const html = text.replaceAll('"', "&quot;").replaceAll("/", "&#x2F;").replaceAll("=", "&#61;");
  for (const changed of [smart, text.replaceAll('"', "”"), html, wrapped(smart, 60)]) {
    expect(found(changed)).toEqual([inBase64(chain)]);
  }
});

test("quotes within a message stay as they are", () => {
  const quoting = { system: "WMS", code: "10001", message: "no “range” &quot;" };
  const text = JSON.stringify({ causes: [quoting] });
  expect(findChains(text)[0]?.causes[0]?.message).toBe("no “range” &quot;");
});

test.each(["'", '"'])("bytes as Python prints them are read, within %s", (quote) => {
  const short: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\" };
  const printed = Array.from(statusWith(chain), (byte) => {
    const char = String.fromCharCode(byte);
    const hex = `\\x${byte.toString(16).padStart(2, "0")}`;
    return short[char] ?? (char === quote ? `\\${char}` : /[ -~]/.test(char) ? char : hex);
  }).join("");
  const text = `(_Metadatum(key='grpc-status-details-bin', value=b${quote}${printed}${quote}),)`;
  expect(found(text)).toEqual([inBase64(chain)]);
});

describe("a response in base64", () => {
  const bytes = (text: string) => Buffer.from(text, "utf8");
  const trailers = bytes(`grpc-status: 9\r\ngrpc-status-details-bin: ${header}\r\n`);
  const frame = (flags: number, content: Buffer) => {
    const prefix = Buffer.alloc(5);
    prefix.writeUInt8(flags);
    prefix.writeUInt32BE(content.length, 1);
    return Buffer.concat([prefix, content]);
  };
  const data = frame(0, Buffer.alloc(90_000, "some data "));

  test.each([
    ["gRPC-Web", frame(0x80, trailers)],
    ["gRPC-Web stream", Buffer.concat([data, frame(0x80, trailers)])],
    ["grpc-web-text", bytes(data.toString("base64") + frame(0x80, trailers).toString("base64"))],
    ["Connect", bytes(connectError)],
    ["Connect stream", Buffer.concat([data, frame(2, bytes(`{"error":${connectError}}`))])],
    ["JSON of Protobuf", bytes(protoJson)],
  ])("is opened: %s", (_, body) => {
    const text = body.toString("base64");
    const content = { mimeType: "x", size: body.length, text, encoding: "base64" };
    for (const paste of [
      text,
      text.replaceAll(/.{76}/g, "$&\n"),
      JSON.stringify({ log: { entries: [{ response: { content } }] } }, null, 2),
    ]) {
      expect(found(paste)).toEqual([inBase64(chain)]);
    }
  });
});

test("an error anywhere in a very long text is found, soon", () => {
  const noise = Array.from(
    { length: 60_000 },
    (_, index) => `INFO request ${index} {"path":"/a/b","id":"${String(index).repeat(7)}"}\n`,
  ).join("");
  const long = noise.repeat(Math.ceil(5_000_000 / noise.length));
  for (const error of [connectError, curlOfGrpc, protoJson, JSON.stringify({ body: protoJson })]) {
    const texts = [
      `${error}\n${long}${long}`,
      `${long}${error}\n${long}`,
      `${long}${long}${error}`,
    ];
    for (const text of texts) {
      expect(found(text)).toEqual([inBase64(chain)]);
    }
  }
  const others = { ...chain, traceId: new Uint8Array(16).fill(0xcd) };
  const last = JSON.stringify(toJson(ErrorChainSchema, others));
  expect(found(`${long}${connectError}${long}${last}${long}`)).toEqual([
    inBase64(chain),
    inBase64(others),
  ]);
});

test.each([
  "A",
  "\\",
  "> \n",
  "A\n",
  "grpc-status-details-bin=",
  '"value":"A"',
  '\\"causes\\"',
  "\n",
  " ",
])("nothing but %j ends soon", (text) => {
  const started = performance.now();
  const repeated = text.repeat(7_000_000 / text.length);
  for (const front of ["", '"value":"', "grpc-status-details-bin:", "e\n"]) {
    expect(findChains(front + repeated)).toEqual([]);
  }
  expect(performance.now() - started).toBeLessThan(20_000);
});
