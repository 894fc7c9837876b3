import { type ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import { createClientInterceptor, defineError, errorChain } from "errchain";
import { createServerInterceptor } from "errchain/server";
import { expect, test } from "vitest";
import { ProbeService } from "./gen/probe/v1/probe_pb.js";
import { callProbe, failureOf, type Kind, probeRoutes } from "./support/probe.js";
import { connectTo, protocols, startServer } from "./support/servers.js";

// The error of a definition is mostly the answer itself. Somebody may keep it, and
// throw it in other requests too.

const busy = defineError({
  system: "FRONT",
  code: 1001,
  reason: "BUSY",
  status: "FAILED_PRECONDITION",
  message: "the front is busy",
});
const broken = defineError({
  system: "DEEP",
  code: 2002,
  reason: "BROKEN",
  status: "UNAVAILABLE",
  message: "the deep has broken",
});

/** A client of a server that throws in its handler what `fail` gives. */
async function clientOf(fail: (text: string) => Promise<unknown>, outer: Interceptor[] = []) {
  const routes = probeRoutes(async (text) => {
    throw await fail(text);
  });
  const url = await startServer("2", routes, [...outer, createServerInterceptor()]);
  return createClient(ProbeService, connectTo("gRPC", url, [createClientInterceptor()]));
}

test("an error is made once: what the handler has thrown is the answer", async () => {
  const thrown: ConnectError[] = [];
  const answered: unknown[] = [];
  const watch: Interceptor = (next) => async (req) => {
    try {
      return await next(req);
    } catch (reason) {
      answered.push(reason);
      throw reason;
    }
  };
  const client = await clientOf(async () => {
    const error = busy();
    thrown.push(error);
    return error;
  }, [watch]);
  await failureOf(client.unary({}));
  expect(answered).toHaveLength(1);
  expect(answered[0]).toBe(thrown[0]);
  expect(errorChain(answered[0])?.causes[0]?.procedure).toBe("probe.v1.ProbeService/Unary");
});

test("an error that is thrown in many requests speaks of each of them", async () => {
  const constant = busy();
  const client = await clientOf(async () => constant);
  const kinds: Kind[] = ["unary", "serverStream", "unary", "clientStream"];
  const seen = await Promise.all(
    kinds.map(async (kind) => errorChain(await failureOf(callProbe(client, kind, "")))),
  );
  const procedures = seen.map((chain) => chain?.causes.map(({ procedure }) => procedure));
  expect(procedures).toEqual([
    ["probe.v1.ProbeService/Unary"],
    ["probe.v1.ProbeService/ServerStream"],
    ["probe.v1.ProbeService/Unary"],
    ["probe.v1.ProbeService/ClientStream"],
  ]);
  const ids = (of: (chain: (typeof seen)[number]) => Uint8Array | undefined) =>
    new Set(seen.map((chain) => Buffer.from(of(chain) ?? []).toString("hex"))).size;
  expect(ids((chain) => chain?.traceId)).toBe(4);
  expect(ids((chain) => chain?.causes[0]?.spanId)).toBe(4);
});

test("an inferred cause stays with its request", async () => {
  const deepUrl = await startServer(
    "2",
    probeRoutes(async () => {
      throw broken();
    }),
    [createServerInterceptor()],
  );
  const deep = createClient(ProbeService, connectTo("gRPC", deepUrl, [createClientInterceptor()]));
  const constant = busy();
  const client = await clientOf(async (text) => {
    if (text === "with a call that fails") {
      await failureOf(deep.unary({}));
    }
    return constant;
  });
  const codesOf = async (text: string) =>
    errorChain(await failureOf(client.unary({ text })))?.causes.map(({ code }) => code);
  expect(await codesOf("with a call that fails")).toEqual(["1001", "2002"]);
  expect(await codesOf("")).toEqual(["1001"]);
  expect(await codesOf("")).toEqual(["1001"]);
  expect(await codesOf("with a call that fails")).toEqual(["1001", "2002"]);
});

test.each(protocols)("a frozen error is answered too (%s)", async (protocol) => {
  const version = protocol.includes("1.1") ? "1.1" : "2";
  const url = await startServer(
    version,
    probeRoutes(async () => {
      throw Object.freeze(busy());
    }),
    [createServerInterceptor()],
  );
  const client = createClient(ProbeService, connectTo(protocol, url, [createClientInterceptor()]));
  const chain = errorChain(await failureOf(client.unary({})));
  expect(chain?.causes).toMatchObject([{ code: "1001", procedure: "probe.v1.ProbeService/Unary" }]);
});
