import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, fromBinary, toBinary, toJson } from "@bufbuild/protobuf";
import { base64Decode, base64Encode } from "@bufbuild/protobuf/wire";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import {
  createClientInterceptor,
  defineError,
  errorChain,
  newSealingKey,
  sealingKey,
} from "errchain";
import { errorResponse, problemDetails } from "errchain/http";
import { ErrorChainSchema } from "errchain/proto";
import { createServerInterceptor } from "errchain/server";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { ProbeService } from "../gen/probe/v1/probe_pb.js";
import { errchain } from "../support/command.js";
import { failureOf, probeRoutes } from "../support/probe.js";
import { rawCall, wires } from "../support/raw-call.js";
import { startServer } from "../support/servers.js";

// What people have in hand when something has failed.

const root = defineError({
  system: "ROUTE",
  code: 20003,
  reason: "NO_RANGE",
  status: "FAILED_PRECONDITION",
  message: "no range for {address}",
  visibility: "PUBLIC",
});
const outer = defineError({
  system: "WMS",
  code: 10001,
  reason: "NO_ORDER",
  status: "FAILED_PRECONDITION",
  message: "没有订单",
});
const middle = defineError({
  system: "PROMISE",
  code: 10002,
  reason: "NO_TIME",
  status: "NOT_FOUND",
  message: "no time",
});

const keyText = newSealingKey("k1");
const tree = [
  "WMS_10001 没有订单",
  "└─ PROMISE_10002 no time",
  "   └─ ROUTE_20003 no range for Mill Lane  [root cause]",
].join("\n");
const publicTree = ["WMS_10001", "└─ ROUTE_20003 no range for Mill Lane  [root cause]"].join("\n");

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "errchain-cli-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
});

function file(name: string, text: string | Uint8Array): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

/** The answer of a failing server as text. */
async function answers(exposure: "internal" | "public") {
  const raise = () => {
    const cause = middle(
      {},
      { cause: root({ address: "Mill Lane" }), privateArgs: { host: "10.0.0.7" } },
    );
    return Promise.reject(outer({}, { cause }));
  };
  const options = { exposure, sealing: sealingKey(keyText) };
  const urls = {
    "1.1": await startServer("1.1", probeRoutes(raise), [createServerInterceptor(options)]),
    "2": await startServer("2", probeRoutes(raise), [createServerInterceptor(options)]),
  };
  return Promise.all(
    wires.map((wire) => rawCall(wire, urls[wire.httpVersion], wire.procedures[0] as string)),
  );
}

describe("errchain decode", () => {
  test("finds the chain in the whole answer of every protocol", async () => {
    for (const answer of await answers("internal")) {
      const { code, stdout } = await errchain(["decode"], answer);
      expect(code).toBe(0);
      expect(stdout).toContain(tree);
      expect(stdout).toMatch(/\ntrace ID: [0-9a-f]{32}\n$/);
    }
  });

  test("takes a JSON error, a header value and base64, alone and with line breaks in them", async () => {
    const [json = "", , , grpc = ""] = await answers("internal");
    const body = json.slice(json.indexOf("{"), json.lastIndexOf("}") + 1);
    const { details } = JSON.parse(body);
    const header = /"grpc-status-details-bin":"([^"]+)"/.exec(grpc)?.[1] ?? "";
    const broken = (text: string) => text.replaceAll(/(.{60})/g, "$1\n    ");
    for (const text of [
      body,
      JSON.stringify(JSON.parse(body), null, 2),
      JSON.stringify({ error: JSON.parse(body) }),
      details[0].value,
      broken(details[0].value),
      header,
      broken(header),
      `< grpc-status-details-bin: ${header}\r\n< grpc-status: 9\r\n`,
      `status=9 grpc-status-details-bin=${header}`,
    ]) {
      expect((await errchain(["decode", text])).stdout).toContain(tree);
    }
  });

  test("takes chains that are JSON themselves, among other text", async () => {
    const error = outer({}, { cause: middle({}, { cause: root({ address: "Mill Lane" }) }) });
    const chain = errorChain(error) ?? create(ErrorChainSchema);
    chain.traceId = new Uint8Array(16).fill(0xab);
    const json = toJson(ErrorChainSchema, chain) as object;
    const type = `type.googleapis.com/${ErrorChainSchema.typeName}`;
    const other = { "@type": "type.googleapis.com/google.rpc.RetryInfo", causes: [] };
    const options = { exposure: "internal" } as const;
    for (const value of [
      json,
      { code: "internal", details: [{ type: ErrorChainSchema.typeName, debug: json }] },
      { code: 9, message: "{", details: [other, { "@type": type, ...json }] },
      errorResponse(error, options).body,
      { data: null, error: problemDetails(error, options).body },
    ]) {
      for (const text of [JSON.stringify(value), JSON.stringify(value, null, 2)]) {
        const { code, stdout } = await errchain(["decode"], `< x: {"a\n{${text}\n} {"b": 1}`);
        expect([code, stdout.split("\n\n")[0]]).toEqual([0, tree]);
      }
    }
    const withTrace = await errchain(["decode", JSON.stringify(json)]);
    expect(withTrace.stdout).toContain(`trace ID: ${"ab".repeat(16)}`);
    const body = { ...errorResponse(error).body, traceId: "cd".repeat(16) };
    const ofBody = await errchain(["decode", JSON.stringify(body)]);
    expect(ofBody.stdout).toBe(`${publicTree}\n\ntrace ID: ${"cd".repeat(16)}\n`);
  });

  test("takes JSON from a mail, a narrow terminal, a logger, and below much else", async () => {
    const error = outer({}, { cause: middle({}, { cause: root({ address: "Mill Lane" }) }) });
    const { body } = errorResponse(error, { exposure: "internal" });
    const json = JSON.stringify(body);
    const pretty = JSON.stringify(body, null, 2);
    for (const text of [
      pretty.replaceAll(/^/gm, "> "),
      json.replaceAll(/(.{40})/g, "$1\r\n"),
      JSON.stringify({ level: "error", body: json }),
      JSON.stringify({ level: "error", line: JSON.stringify({ body: pretty }) }),
      `${"function f() {\n".repeat(2000)}${json}`,
      `{"errors":[${json},{"cut o`,
    ]) {
      expect(await errchain(["decode"], text)).toEqual({
        code: 0,
        stdout: `${tree}\n`,
        stderr: "",
      });
    }
  });

  test("takes the longest codes that a body can have", async () => {
    for (const module of ["", "M".repeat(32)]) {
      const long = defineError({
        system: "S".repeat(32),
        module,
        code: `${"C".repeat(40)}_1`,
        reason: "LONG",
        status: "INTERNAL",
        message: "long",
      });
      const { body } = errorResponse(long(), { exposure: "internal" });
      const { stdout } = await errchain(["decode", JSON.stringify(body)]);
      expect(stdout).toBe(`${body.code} long  [root cause]\n`);
    }
  });

  test("prints several errors in the order of the text, whatever their form", async () => {
    const bytes = (address: string) =>
      base64Encode(
        toBinary(ErrorChainSchema, errorChain(root({ address })) ?? create(ErrorChainSchema)),
      );
    const first = bytes("A");
    const text = [
      `x: ${first}`,
      JSON.stringify(errorResponse(root({ address: "B" })).body),
      `{"details":[{"type":"${ErrorChainSchema.typeName}","value":"${bytes("C")}"}]}`,
      first,
    ].join("\n");
    const { stdout } = await errchain(["decode"], text);
    expect(stdout.match(/no range for ./g)).toEqual([..."ABC"].map((x) => `no range for ${x}`));
  });

  test("takes a chain once that stands there as bytes and as JSON", async () => {
    const chain = errorChain(root({ address: "Mill Lane" })) ?? create(ErrorChainSchema);
    const value = base64Encode(toBinary(ErrorChainSchema, chain));
    const debug = toJson(ErrorChainSchema, chain);
    const details = [{ type: ErrorChainSchema.typeName, value, debug }];
    const { stdout } = await errchain(["decode", JSON.stringify({ details })]);
    expect(stdout).toBe("ROUTE_20003 no range for Mill Lane  [root cause]\n");
  });

  test("takes no other JSON for a chain", async () => {
    for (const text of [
      '{"causes": []}',
      '{"causes": [{"code": "ROUTE"}]}',
      '{"causes": [{"system": "route", "code": "1"}]}',
      '{"causes": [1], "code": "internal"}',
      '{"causes": {"system": "A", "code": "1"}}',
      `{"causes": [${"{".repeat(300_000)}`,
      '{"causes": ['.repeat(300_000),
    ]) {
      const { code, stderr } = await errchain(["decode"], text);
      expect([code, stderr]).toEqual([2, expect.stringContaining("there is no error chain")]);
    }
  });

  test("waits for input that comes late, as from a slow curl", async () => {
    const { code, stdout } = await errchain(["decode"], "abc|X_1|late", 500);
    expect([code, stdout]).toEqual([0, "X_1 late\n\ntrace ID: abc\n"]);
  });

  test("takes no other detail for a chain, and any way to write JSON", async () => {
    const [json = ""] = await answers("internal");
    const body = json.slice(json.indexOf("{"), json.lastIndexOf("}") + 1);
    const parsed = JSON.parse(body);
    const [{ value }] = parsed.details;
    const other = { type: "google.rpc.PreconditionFailure", value: "CgcKA1RPUxIA" };
    for (const text of [
      JSON.stringify({ ...parsed, details: [other, ...parsed.details] }),
      JSON.stringify({ ...parsed, details: [{ value, type: "errchain.v1.ErrorChain" }] }),
      body.replaceAll("/", "\\/"),
      body.replaceAll("+", "\\u002B"),
    ]) {
      const { code, stdout } = await errchain(["decode"], text);
      expect([code, stdout.split("\n\n")[0]]).toEqual([0, tree]);
    }
    expect((await errchain(["decode"], JSON.stringify({ details: [other] }))).code).toBe(2);
  });

  test("takes a damaged chain where the type says that it is one", async () => {
    // Two causes of which the first does not say that another one follows.
    const value = base64Encode(
      Uint8Array.of(10, 6, 10, 1, 65, 26, 1, 49, 10, 6, 10, 1, 66, 26, 1, 50),
    );
    const details = [{ type: "errchain.v1.ErrorChain", value }];
    const { stdout } = await errchain(["decode"], JSON.stringify({ code: "internal", details }));
    expect(stdout).toBe("A_1\n└─ B_2  [root cause]\n");
  });

  test("takes a folded header, and each of several errors", async () => {
    const [json = "", , , grpc = ""] = await answers("internal");
    const header = /"grpc-status-details-bin":"([^"]+)"/.exec(grpc)?.[1] ?? "";
    const folded = `< grpc-status-details-bin: ${header.replaceAll(/(.{70})/g, "$1\n")}\n< server: x\n`;
    expect((await errchain(["decode"], folded)).stdout).toContain(tree);
    const twice = await errchain(["decode"], `${json}\n${grpc}\n${json}`);
    expect(twice.stdout.split(tree)).toHaveLength(3);
    const keys = file("keys", keyText);
    const [sealed = ""] = await answers("public");
    const opened = await errchain(["open", "--key-file", keys], `${json}\n${sealed}`);
    expect(opened.stdout).toContain("PROMISE host: 10.0.0.7");
  });

  test("does not let a log line steer the terminal", async () => {
    const { stdout } = await errchain(["decode", "t|X_1|bad \\u001b[31mred\\nFAKE"]);
    expect(stdout).toBe("X_1 bad \\u001b[31mred\\nFAKE\n\ntrace ID: t\n");
  });

  test("ends soon on a large input without a chain", async () => {
    for (const text of ["A".repeat(5_000_000), "grpc-status-details-bin: ".repeat(100_000)]) {
      expect((await errchain(["decode"], text)).code).toBe(2);
    }
  });

  test.each([
    "abc.1|WMS_ORDER_10001|a|b",
    "wms-1  | abc.1|WMS_ORDER_10001|a|b",
    "WMS      abc.1|WMS_ORDER_10001|a|b",
    "2026-11-26T10:00:00.000Z stderr F abc.1|WMS_ORDER_10001|a|b",
    '{"log":"abc.1|WMS_ORDER_10001|a|b\\n"}',
    "`abc.1|WMS_ORDER_10001|a|b`",
  ])("takes the log line in %j", async (line) => {
    const { code, stdout } = await errchain(["decode", line]);
    expect(code).toBe(0);
    expect(stdout).toBe("WMS_ORDER_10001 a|b\n\ntrace ID: abc.1\n");
  });

  test("takes what is left of an answer that is cut off", async () => {
    const [json = "", , , grpc = ""] = await answers("internal");
    const { details } = JSON.parse(json.slice(json.indexOf("{"), json.lastIndexOf("}") + 1));
    const { type, value } = details[0];
    const header = /"grpc-status-details-bin":"([^"]+)"/.exec(grpc)?.[1] ?? "";
    for (const left of [0.6, 0.7, 0.8].map((part) => Math.floor(value.length * part))) {
      for (const length of [left, left + 1, left + 2, left + 3]) {
        const cut = `{"details":[{"type":"${type}","value":"${value.slice(0, length)}`;
        expect((await errchain(["decode", cut])).stdout).toMatch(/^WMS_10001 没有订单/);
      }
    }
    const cut = `grpc-status-details-bin: ${header.slice(0, -40)}`;
    expect((await errchain(["decode", cut])).stdout).toMatch(/^WMS_10001 没有订单/);
  });

  test("takes what was quoted in a mail", async () => {
    const [json = ""] = await answers("internal");
    const { details } = JSON.parse(json.slice(json.indexOf("{"), json.lastIndexOf("}") + 1));
    const quoted = details[0].value.replaceAll(/(.{60})/g, "$1\n> ");
    expect((await errchain(["decode", `> ${quoted}`])).stdout).toContain(tree);
  });

  test("finds the error at the end of a long stream", async () => {
    const [json = ""] = await answers("internal");
    const { code, stdout } = await errchain(["decode"], `${"{} ".repeat(3_000_000)}${json}`);
    expect(code).toBe(0);
    expect(stdout).toContain(tree);
  });

  test("says what of a very long text it has searched", async () => {
    const { code, stderr } = await errchain(["decode"], "{} ".repeat(3_000_000));
    expect([code, stderr]).toEqual([2, expect.stringMatching(/so long that only both ends and/)]);
  });

  test("says that there is more where something is sealed", async () => {
    const [json = ""] = await answers("public");
    const { stdout } = await errchain(["decode"], json);
    expect(stdout).toContain(publicTree);
    expect(stdout).toContain('There is more, sealed: open it with "errchain open');
  });

  test.each([
    ["hello world"],
    ['{"code":"internal","message":"no chain"}'],
    ['{"code":"internal","message":"a||b"}'],
    ["cat x | grep y | wc -l"],
    ["AAAA"],
  ])("refuses %j with one line", async (text) => {
    const { code, stdout, stderr } = await errchain(["decode", text]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(
      /^errchain: there is no error chain in this; expected an error[^\n]*\n$/,
    );
  });

  test("refuses empty input", async () => {
    const { code, stderr } = await errchain(["decode"], " \n");
    expect(code).toBe(2);
    expect(stderr).toMatch(/^errchain: there is no input; give an error[^\n]*\n$/);
  });
});

describe("errchain open", () => {
  test("opens what is sealed in the answer of every protocol, with one of several keys", async () => {
    const keys = file("keys", `${newSealingKey("k0")}\n${keyText}\n`);
    for (const answer of await answers("public")) {
      const { code, stdout } = await errchain(["open", "--key-file", keys], answer);
      expect(code).toBe(0);
      expect(stdout).toContain(tree);
      expect(stdout).toContain("PROMISE host: 10.0.0.7");
    }
  });

  test("reads what PowerShell writes, also as a key file", async () => {
    const [json = ""] = await answers("public");
    const utf16 = (text: string) => Buffer.from(`\ufeff${text}`, "utf16le");
    const encoded = [
      utf16,
      (text: string) => utf16(text).swap16(),
      (text: string) => `\ufeff${text}`,
    ];
    for (const [index, encode] of encoded.entries()) {
      const keys = file(`keys${index}`, encode(`${keyText}\r\n`));
      const { code, stdout } = await errchain(["open", "--key-file", keys], encode(json));
      expect([code, stdout]).toEqual([0, expect.stringContaining(tree)]);
    }
  });

  test("opens the text of a screenshot, with line breaks in it", async () => {
    const keys = file("keys", keyText);
    const [json = ""] = await answers("public");
    const body = json.slice(json.indexOf("{"), json.lastIndexOf("}") + 1);
    const value: string = JSON.parse(body).details[0].value;
    const typed = value.replaceAll(/(.{32})/g, "$1\r\n");
    expect((await errchain(["open", "--key-file", keys, typed])).stdout).toContain(tree);
  });

  test("opens what a system below has sealed, each with its key", async () => {
    const below = newSealingKey("k2");
    const lower = await startServer(
      "1.1",
      probeRoutes(() => Promise.reject(middle({}, { privateArgs: { host: "10.0.0.9" } }))),
      [createServerInterceptor({ exposure: "public", sealing: sealingKey(below) })],
    );
    const lowerClient = createClient(
      ProbeService,
      createConnectTransport({
        baseUrl: lower,
        httpVersion: "1.1",
        interceptors: [createClientInterceptor()],
      }),
    );
    const upper = await startServer(
      "1.1",
      probeRoutes(async () => {
        throw outer({}, { cause: await failureOf(lowerClient.unary({})) });
      }),
      [createServerInterceptor({ exposure: "public", sealing: sealingKey(keyText) })],
    );
    const [wire] = wires;
    if (wire === undefined) throw new Error("no protocol");
    const answer = await rawCall(wire, upper, wire.procedures[0] as string);
    const both = file("both", `${keyText}\n${below}\n`);
    const opened = await errchain(["open", "--key-file", both], answer);
    expect(opened.stdout).toContain("PROMISE_10002 no time");
    expect(opened.stdout).toContain("PROMISE host: 10.0.0.9");
    const one = await errchain(["open", "--key-file", file("one", keyText)], answer);
    expect(one.stdout).toMatch(/below has sealed more: .*"k2"/);
    expect(one.stdout).not.toContain("10.0.0.9");
  });

  test("opens each of several errors, and says which it cannot", async () => {
    const sealed = await Promise.all(
      ["k1", "k2", "k3"].map(async (id) => {
        const key = newSealingKey(id);
        const url = await startServer(
          "1.1",
          probeRoutes(() => Promise.reject(middle({}, { privateArgs: { host: `host of ${id}` } }))),
          [createServerInterceptor({ exposure: "public", sealing: sealingKey(key) })],
        );
        const [wire] = wires;
        if (wire === undefined) throw new Error("no protocol");
        return { key, answer: await rawCall(wire, url, wire.procedures[0] as string) };
      }),
    );
    const text = [...sealed, ...sealed].map(({ answer }) => answer).join("\n");
    const keysOf = (ids: number[]) =>
      file(`keys${ids}`, ids.map((index) => sealed[index]?.key).join("\n"));
    const all = await errchain(["open", "--key-file", keysOf([0, 1, 2])], text);
    expect([all.code, all.stderr]).toEqual([0, ""]);
    expect(all.stdout.match(/host of k.|^Sealed.*/gm)).toEqual(
      [1, 2, 3].flatMap((number) => [`Sealed error ${number} of 3:`, `host of k${number}`]),
    );
    const two = await errchain(["open", "--key-file", keysOf([0, 2])], text);
    expect(two.code).toBe(1);
    expect(two.stdout.match(/host of k./g)).toEqual(["host of k1", "host of k3"]);
    expect(two.stderr).toMatch(/^errchain: sealed error 2 of 3: .*"k2"; the keys at hand/);
  });

  test("opens the others where one is broken, also where they are JSON themselves", async () => {
    const keys = file("keys", keyText);
    const [json = ""] = await answers("public");
    const body = json.slice(json.indexOf("{"), json.lastIndexOf("}") + 1);
    const { value } = JSON.parse(body).details[0];
    const chain = fromBinary(ErrorChainSchema, base64Decode(value));
    const whole = toJson(ErrorChainSchema, chain);
    const broken = create(ErrorChainSchema, {
      ...chain,
      sealed: chain.sealed.map((byte, index) =>
        index < chain.sealed.length - 1 ? byte : byte ^ 1,
      ),
    });
    const text = `${JSON.stringify(toJson(ErrorChainSchema, broken))} ${JSON.stringify(whole)}`;
    const { code, stdout, stderr } = await errchain(["open", "--key-file", keys], text);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^Sealed error 2 of 2:\n\nWMS_10001 没有订单\n/);
    expect(stdout.split("PROMISE host: 10.0.0.7")).toHaveLength(2);
    expect(stderr).toMatch(/^errchain: sealed error 1 of 2: [^\n]*was changed or cut off[^\n]*\n$/);
    // Once, also where the same stands there in two forms.
    const same = await errchain(["open", "--key-file", keys], `${JSON.stringify(whole)}\n${body}`);
    expect(same.code).toBe(0);
    expect(same.stdout).toMatch(/^WMS_10001/);
    expect(same.stdout.split("PROMISE host")).toHaveLength(2);
  });

  test("says where a sealed value stands in the error of another request", async () => {
    const keys = file("keys", keyText);
    const answerOf = async () => {
      const [json = ""] = await answers("public");
      return json.slice(json.indexOf("{"), json.lastIndexOf("}") + 1);
    };
    const [mine, theirs] = [await answerOf(), await answerOf()];
    expect((await errchain(["open", "--key-file", keys, mine])).stdout).toMatch(
      /\n\ntrace ID: [0-9a-f]{32}\n$/,
    );
    const chainIn = (json: string) => {
      const detail = JSON.parse(json).details.find(
        ({ type }: { type: string }) => type === ErrorChainSchema.typeName,
      );
      return fromBinary(ErrorChainSchema, base64Decode(detail.value));
    };
    const mixed = { ...chainIn(mine), traceId: chainIn(theirs).traceId };
    const value = base64Encode(toBinary(ErrorChainSchema, mixed));
    const details = [{ type: ErrorChainSchema.typeName, value }];
    const { stdout } = await errchain(["open", "--key-file", keys, JSON.stringify({ details })]);
    expect(stdout).toContain(`has another one, ${Buffer.from(mixed.traceId).toString("hex")}`);
  });

  test("says why it cannot", async () => {
    const [json = ""] = await answers("public");
    const other = file("other", newSealingKey("k2"));
    const junk = file("junk", "my key");
    for (const [args, code, problem] of [
      [["open", "--key-file", other], 1, /sealed with the key "k1"; the keys at hand are "k2"/],
      [["open", "--key-file", junk], 2, /in the key file .*junk: not a sealing key/],
      [["open", "--key-file", "nowhere"], 2, /cannot read the key file nowhere: ENOENT/],
      [["open"], 2, /open needs --key-file FILE/],
      [["open", "--key-file", file("empty", "\n")], 2, /there is no key in the key file .*empty/],
      [["open", "--key-file", other, '{"code":"internal"}'], 2, /nothing sealed in this; expected/],
      [["open", "--key-file", other, "hello"], 1, /no base64 text|no sealed chain/],
    ] as const) {
      const result = await errchain(args, json);
      expect([result.code, result.stdout]).toEqual([code, ""]);
      expect(result.stderr).toMatch(problem);
      expect(result.stderr).toMatch(/^errchain: [^\n]+\n$/);
    }
  });
});

test("errchain keygen prints a key, by default with the date as its ID", async () => {
  const { stdout } = await errchain(["keygen"]);
  expect(sealingKey(stdout).id).toBe(new Date().toISOString().slice(0, 10));
  expect(sealingKey((await errchain(["keygen", "--id", "k7"])).stdout).id).toBe("k7");
  expect(await errchain(["keygen", "--id", "a b"])).toMatchObject({
    code: 2,
    stderr: 'errchain: the key ID "a b" must have the form [A-Za-z0-9_-]{1,32}\n',
  });
});
