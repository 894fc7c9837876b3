import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import {
  createClientInterceptor,
  defineError,
  errorChain,
  findCause,
  fullCode,
  newSealingKey,
  openSealed,
  sealingKey,
} from "errchain";
import { ErrorChainSchema } from "errchain/proto";
import type { ErrorReport } from "errchain/report";
import { createServerInterceptor, type Exposure } from "errchain/server";
import { describe, expect, test } from "vitest";
import { ProbeService } from "./gen/probe/v1/probe_pb.js";
import { callProbe, failureOf, probeRoutes } from "./support/probe.js";
import { rawCall, type Wire, wires } from "./support/raw-call.js";
import { connectTo, httpVersionOf, protocols, startServer } from "./support/servers.js";

// The edge, where a chain meets callers outside.

const publicRoot = defineError({
  system: "ROOT",
  code: 20003,
  reason: "NO_RANGE",
  status: "FAILED_PRECONDITION",
  message: "no delivery range is configured for {address}",
  visibility: "PUBLIC",
  retryDelayMs: 1500,
});
const hidden = defineError({
  system: "HIDDEN",
  code: 100,
  reason: "HIDDEN",
  status: "NOT_FOUND",
  message: "hidden",
});

test.each([2, 5, 20])("a public root cause keeps its sentence through %i hops", async (hops) => {
  let url = "";
  for (let n = hops - 1; n >= 0; n--) {
    const next =
      url && createClient(ProbeService, connectTo("gRPC", url, [createClientInterceptor()]));
    url = await startServer(
      "2",
      probeRoutes(async (text) => {
        if (next) {
          return callProbe(next, "unary", text);
        }
        throw publicRoot({ address: "Mill Lane" });
      }),
      [createServerInterceptor({ system: `HOP${n}`, exposure: n === 0 ? "public" : "internal" })],
    );
  }
  const err = await failureOf(createClient(ProbeService, connectTo("gRPC", url)).unary({}));
  expect(errorChain(err)?.causes.map(fullCode)).toEqual(["HOP0_2", "ROOT_20003"]);
  expect(findCause(err, publicRoot)?.message).toBe("no delivery range is configured for Mill Lane");
  expect((err as ConnectError).rawMessage).toBe("the request could not be completed");
});

describe.each(protocols)("over %s", (protocol) => {
  const version = httpVersionOf(protocol);
  const connect = (url: string) => createClient(ProbeService, connectTo(protocol, url));

  test("the exposure can be a function of the request; one that throws means public", async () => {
    const reports: ErrorReport[] = [];
    const url = await startServer(
      version,
      probeRoutes(() => Promise.reject(hidden({}, { cause: publicRoot({ address: "A" }) }))),
      [
        createServerInterceptor({
          exposure: ({ header, method }) => {
            const audience = header.get("x-audience");
            if (audience === "throw") {
              throw new Error(`no audience for ${method.name}`);
            }
            return audience as Exposure;
          },
          onError: [(report) => reports.push(report)],
        }),
      ],
    );
    const messageFor = async (audience: string) => {
      const headers = { "x-audience": audience };
      const err = (await failureOf(connect(url).unary({}, { headers }))) as ConnectError;
      expect(err.code).toBe(Code.NotFound);
      return [err.rawMessage, ...(errorChain(err)?.causes.map(({ message }) => message) ?? [])];
    };
    const sentence = "no delivery range is configured for A";
    const generic = "the request could not be completed";
    expect(await messageFor("internal")).toEqual(["hidden", "hidden", sentence]);
    expect(await messageFor("partner")).toEqual([generic, "", sentence]);
    expect(await messageFor("public")).toEqual([generic, "", sentence]);
    expect(await messageFor("throw")).toEqual([generic, "", sentence]);
    expect(await messageFor("nobody")).toEqual([generic, "", sentence]);
    expect(reports.map(({ problems }) => problems.map(String))).toEqual([
      [],
      [],
      [],
      ["Error: no audience for Unary"],
      ["TypeError: exposure gave nobody"],
    ]);
    // The report has it all, whatever the caller sees.
    expect(reports.every(({ chain }) => chain.causes[0]?.message === "hidden")).toBe(true);
  });

  test("a stream that cannot even be begun hides as much as one that fails later", async () => {
    const reports: ErrorReport[] = [];
    const fail = () => {
      throw hidden({}, { privateArgs: { host: "10.0.0.1" } });
    };
    const sources = [
      { [Symbol.asyncIterator]: fail },
      Object.defineProperty({ [Symbol.asyncIterator]: () => ({}) }, Symbol.asyncIterator, {
        get: fail,
      }),
      { [Symbol.asyncIterator]: () => ({ next: fail }) },
    ];
    for (const source of sources) {
      const url = await startServer(
        version,
        (router) => router.service(ProbeService, { serverStream: () => source as never }),
        [
          createServerInterceptor({
            exposure: "public",
            onError: [(report) => reports.push(report)],
          }),
        ],
      );
      const err = (await failureOf(callProbe(connect(url), "serverStream", ""))) as ConnectError;
      expect(err).toMatchObject({
        code: Code.NotFound,
        rawMessage: "the request could not be completed",
      });
      expect(errorChain(err)?.causes).toMatchObject([{ message: "", privateArgs: {} }]);
    }
    expect(reports.map(({ cause }) => cause.message)).toEqual(["hidden", "hidden", "hidden"]);
  });

  test("a handler of a stream that gives none is a bug that is told of", async () => {
    const reports: ErrorReport[] = [];
    for (const given of [undefined, [{ text: "x" }], Promise.resolve()]) {
      const url = await startServer(
        version,
        (router) => router.service(ProbeService, { serverStream: () => given as never }),
        [createServerInterceptor({ onError: [(report) => reports.push(report)] })],
      );
      const err = await failureOf(callProbe(connect(url), "serverStream", ""));
      expect(err).toMatchObject({ code: Code.Internal });
      expect(errorChain(err)?.causes).toMatchObject([{ system: "PROBE", code: "1" }]);
    }
    expect(reports).toHaveLength(3);
  });

  test("what is hidden travels sealed, within the budget", async () => {
    const key = sealingKey(newSealingKey("k1"));
    let below: unknown = publicRoot({ address: "A" });
    for (let n = 0; n < 25; n++) {
      below = hidden(
        {},
        { cause: below, privateArgs: { host: `10.0.0.${n}`, note: "x".repeat(90) } },
      );
    }
    const url = await startServer(
      version,
      probeRoutes(() => Promise.reject(below)),
      [createServerInterceptor({ exposure: "public", sealing: key, maxBytes: 2000 })],
    );
    const err = (await failureOf(connect(url).unary({}))) as ConnectError;
    const [detail] = err.details as { value: Uint8Array }[];
    expect(detail?.value.length).toBeLessThanOrEqual(2000);
    expect(errorChain(err)?.causes.map(fullCode)).toEqual(["HIDDEN_100", "ROOT_20003"]);
    const opened = await openSealed(err, [sealingKey(newSealingKey("k0")), key]);
    expect(opened.causes.length).toBeGreaterThan(4);
    expect(opened.causes[0]?.privateArgs).toMatchObject({ host: "10.0.0.24" });
    expect(opened.causes.at(-1)?.system).toBe("ROOT");
  });

  test("foreign clients find ErrorInfo and RetryInfo, once, within the budget", async () => {
    const url = await startServer(
      version,
      probeRoutes(async (text) => {
        const err = publicRoot({ address: "y".repeat(Number(text)) });
        if (text === "7") {
          err.details.push({ type: "google.rpc.ErrorInfo", value: applicationsOwn });
        }
        throw err;
      }),
      [
        createServerInterceptor({
          googleDetails: true,
          exposure: "public",
          exposeDetails: ["google.rpc.ErrorInfo"],
          maxBytes: 1000,
        }),
      ],
    );
    const detailsFor = async (text: string) => {
      const err = (await failureOf(connect(url).unary({ text }))) as ConnectError;
      return err.details as { type: string; value: Uint8Array }[];
    };
    const [info, chain, ...more] = await detailsFor("3");
    expect(more).toEqual([]);
    expect(info?.type).toBe("google.rpc.ErrorInfo");
    expect(stringsIn(info?.value)).toEqual(["NO_RANGE", "ROOT", "\n\u0007address\u0012\u0003yyy"]);
    expect(chain?.type).toBe("errchain.v1.ErrorChain");
    const long = await detailsFor("5000");
    expect(long.reduce((sum, { value }) => sum + value.length, 0)).toBeLessThanOrEqual(1000);
    expect(stringsIn(long[0]?.value)).toEqual(["NO_RANGE", "ROOT"]);
    const own = await detailsFor("7");
    expect(own.map(({ type }) => type)).toEqual(["google.rpc.ErrorInfo", "errchain.v1.ErrorChain"]);
    expect(stringsIn(own[0]?.value)).toEqual(["OF THE APPLICATION"]);
  });
});

test("RetryInfo carries the delay where the caller may see it", async () => {
  const url = await startServer(
    "2",
    probeRoutes(() => Promise.reject(publicRoot({ address: "A" }))),
    [createServerInterceptor({ googleDetails: true })],
  );
  const err = (await failureOf(
    createClient(ProbeService, connectTo("gRPC", url)).unary({}),
  )) as ConnectError;
  const details = err.details as { type: string; value: Uint8Array }[];
  expect(details.map(({ type }) => type)).toEqual([
    "google.rpc.ErrorInfo",
    "google.rpc.RetryInfo",
    "errchain.v1.ErrorChain",
  ]);
  // retry_delay = 1: { seconds = 1: 1, nanos = 2: 500,000,000 }
  expect([...(details[1]?.value ?? [])]).toEqual([
    0x0a, 8, 0x08, 1, 0x10, 0x80, 0xca, 0xb5, 0xee, 1,
  ]);
  const chain = fromBinary(ErrorChainSchema, details[2]?.value ?? new Uint8Array());
  expect(toBinary(ErrorChainSchema, chain)).toEqual(details[2]?.value);
});

const applicationsOwn = new BinaryWriter().tag(1, 2).string("OF THE APPLICATION").finish();

/** The length-delimited fields of a message as text. */
function stringsIn(bytes: Uint8Array = new Uint8Array()): string[] {
  const reader = new BinaryReader(bytes);
  const texts: string[] = [];
  while (reader.pos < reader.len) {
    const [, wireType] = reader.tag();
    texts.push(new TextDecoder().decode(reader.bytes()));
    expect(wireType).toBe(2);
  }
  return texts;
}

test("callers inside get all that the application attached, beside what foreign clients read", async () => {
  const url = await startServer(
    "2",
    probeRoutes(async () => {
      const err = publicRoot({ address: "A" });
      err.metadata.set("x-tenant", "7");
      err.details.push({ type: "acme.v1.Note", value: applicationsOwn });
      throw err;
    }),
    [createServerInterceptor({ googleDetails: true })],
  );
  const client = createClient(ProbeService, connectTo("gRPC", url));
  const err = ConnectError.from(await failureOf(client.unary({})));
  expect(err.metadata.get("x-tenant")).toBe("7");
  expect(err.details.map((detail) => "type" in detail && detail.type).sort()).toEqual([
    "acme.v1.Note",
    "errchain.v1.ErrorChain",
    "google.rpc.ErrorInfo",
    "google.rpc.RetryInfo",
  ]);
});

test.each([300, 1000, 4096])(
  "a chain and what foreign clients read take %i bytes together",
  async (maxBytes) => {
    const url = await startServer(
      "2",
      probeRoutes(async () => {
        let cause: unknown = publicRoot({ address: "x".repeat(60) });
        for (let n = 0; n < 30; n++) {
          cause = publicRoot({ address: "y".repeat(60) }, { cause });
        }
        throw cause;
      }),
      [createServerInterceptor({ exposure: "public", googleDetails: true, maxBytes })],
    );
    const err = ConnectError.from(
      await failureOf(createClient(ProbeService, connectTo("gRPC", url)).unary({})),
    );
    const bytes = err.details.map((detail) =>
      "type" in detail ? detail.value.length : Number.NaN,
    );
    expect(bytes.length).toBeGreaterThan(1);
    const sum = bytes.reduce((total, length) => total + length, 0);
    expect(sum).toBeLessThanOrEqual(maxBytes);
    expect(sum).toBeGreaterThan(maxBytes * 0.6); // of the room for texts nothing is given away
  },
);

test("a long message that is hidden takes no room from what the caller sees", async () => {
  const key = sealingKey(newSealingKey("k1"));
  let length = 0;
  const url = await startServer(
    "2",
    probeRoutes(async () => {
      let cause: unknown = publicRoot({ address: "x".repeat(300) });
      for (let n = 0; n < 15; n++) {
        cause = hidden({}, { cause });
      }
      throw new ConnectError("h".repeat(length), Code.NotFound, undefined, undefined, cause);
    }),
    [createServerInterceptor({ exposure: "public", sealing: key })],
  );
  const client = createClient(ProbeService, connectTo("gRPC", url));
  for (length of [10, 6_000]) {
    const err = await failureOf(client.unary({}));
    expect(findCause(err, publicRoot)?.args.address).toBe("x".repeat(300));
    expect((await openSealed(err, key)).causes).toHaveLength(17);
  }
});

test("a sealing key that fails, or is never there, costs only what it would have sealed", async () => {
  const reports: ErrorReport[] = [];
  const keys = [Promise.reject(new Error("kms down")), new Promise<never>(() => {})];
  for (const cryptoKey of keys) {
    const url = await startServer(
      "2",
      probeRoutes(() => Promise.reject(hidden())),
      [
        createServerInterceptor({
          exposure: "public",
          sealing: { id: "k1", cryptoKey },
          onError: [(report) => reports.push(report)],
        }),
      ],
    );
    const err = await failureOf(createClient(ProbeService, connectTo("gRPC", url)).unary({}));
    expect(err).toMatchObject({ code: Code.NotFound });
    expect(errorChain(err)?.causes.map(fullCode)).toEqual(["HIDDEN_100"]);
    expect(errorChain(err)?.sealed).toHaveLength(0);
  }
  expect(reports.map(({ problems }) => problems.map(String))).toEqual([
    ["Error: kms down"],
    ['Error: the sealing key "k1" is not ready'],
  ]);
});

test("cookies that are allowed stay two", async () => {
  const error = new ConnectError("x", Code.NotFound);
  error.metadata.append("set-cookie", "a=1; Path=/");
  error.metadata.append("set-cookie", "b=2");
  const url = await startServer(
    "1.1",
    probeRoutes(() => Promise.reject(error)),
    [createServerInterceptor({ exposure: "public", exposeMetadata: ["Set-Cookie"] })],
  );
  const received = await rawCall(wires[0] as Wire, url, "Unary");
  expect(received.match(/set-cookie\n.*/gi)).toEqual([
    "set-cookie\na=1; Path=/",
    "set-cookie\nb=2",
  ]);
});

test("a fault of this library is told of, and costs no status", async () => {
  const reports: ErrorReport[] = [];
  const broken = new ConnectError("broken", Code.NotFound);
  Object.assign(broken, { rawMessage: undefined });
  const url = await startServer(
    "2",
    probeRoutes(() => Promise.reject(broken)),
    [createServerInterceptor({ onError: [(report) => reports.push(report)] })],
  );
  const err = await failureOf(createClient(ProbeService, connectTo("gRPC", url)).unary({}));
  expect(err).toMatchObject({ code: Code.NotFound, rawMessage: "internal error" });
  expect(reports).toMatchObject([
    { cause: { system: "PROBE", code: "1" }, problems: [expect.any(TypeError)] },
  ]);
});

test("options of the edge are checked when the interceptor is made", () => {
  const make = (options: object) => () => createServerInterceptor(options);
  expect(make({ exposure: "everybody" })).toThrow(
    /exposure must be "internal", "partner", "public"/,
  );
  expect(make({ relay: "unsafe" })).toThrow(/relay must be "safe", "keep" or a function/);
  expect(make({ sealing: "errchain-key-1.a.b" })).toThrow(
    /sealing must be a key made by sealingKey/,
  );
  expect(make({ exposeMetadata: ["x known"] })).toThrow(/x known/);
  expect(make({ exposeDetails: "google.rpc.BadRequest" })).toThrow(/must be arrays of names/);
});
