import { once } from "node:events";
import * as http2 from "node:http2";
import { Code, createClient } from "@connectrpc/connect";
import { createClientInterceptor, defineError, errorChain, fullCode, rootCause } from "errchain";
import { createServerInterceptor } from "errchain/server";
import { expect, onTestFinished, test } from "vitest";
import { ProbeService } from "./gen/probe/v1/probe_pb.js";
import { callProbe, failureOf, probeRoutes } from "./support/probe.js";
import { connectTo, startServer } from "./support/servers.js";

const HOPS = 40;

test("a chain of 40 hops over gRPC stays bounded and keeps both ends", async () => {
  const definitions = Array.from({ length: HOPS }, (_, n) =>
    defineError({
      system: `HOP${n}`,
      code: 1000 + n,
      reason: "HOP_FAILED",
      status: "UNAVAILABLE",
      message: "hop {hop} has failed, and says so in a sentence of the usual length",
    }),
  );
  const traceIds = new Set<string>();
  let url = "";
  for (let n = HOPS - 1; n >= 0; n--) {
    const failed = definitions[n] as (typeof definitions)[number];
    const next =
      url && createClient(ProbeService, connectTo("gRPC", url, [createClientInterceptor()]));
    url = await startServer(
      "2",
      probeRoutes(async () => {
        const cause = next ? await failureOf(callProbe(next, "unary", "")) : undefined;
        throw failed({ hop: String(n) }, { cause });
      }),
      [createServerInterceptor({ system: `HOP${n}`, onError: [(r) => traceIds.add(r.traceId)] })],
    );
  }
  const err = await failureOf(
    callProbe(createClient(ProbeService, connectTo("gRPC", url)), "unary", ""),
  );

  expect(err).toMatchObject({ code: Code.Unavailable });
  const causes = errorChain(err)?.causes ?? [];
  expect(causes.length).toBeGreaterThan(20);
  expect(causes.length).toBeLessThanOrEqual(32);
  expect(causes[0]?.system).toBe("HOP0");
  expect(rootCause(err)).toMatchObject({
    system: "HOP39",
    message: expect.stringMatching(/^hop 39 /),
  });
  expect(causes.reduce((sum, cause) => sum + 1 + cause.elided, 0)).toBe(HOPS);
  const kept = causes.map((cause) => Number(cause.code));
  expect(kept).toEqual([...kept].sort((a, b) => a - b));
  expect(causes.every((cause) => fullCode(cause).startsWith("HOP"))).toBe(true);
  expect(traceIds.size).toBe(1);
});

test("what a caller sends as its trace state fails no call of the hop below", async () => {
  const states: (string | null)[] = [];
  const back = await startServer(
    "2",
    (router) =>
      router.service(ProbeService, {
        unary: (_, { requestHeader }) => {
          states.push(requestHeader.get("tracestate"));
          return {};
        },
      }),
    [createServerInterceptor()],
  );
  const toBack = createClient(ProbeService, connectTo("gRPC", back, [createClientInterceptor()]));
  const front = await startServer(
    "2",
    probeRoutes(() => callProbe(toBack, "unary", "")),
    [createServerInterceptor({ exposure: "public" })],
  );
  const session = http2.connect(front, { maxSendHeaderBlockLength: 200_000 });
  onTestFinished(() => session.destroy());
  const statusFor = async (tracestate: string) => {
    const stream = session.request({
      ":method": "POST",
      ":path": "/probe.v1.ProbeService/Unary",
      "content-type": "application/json",
      traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      tracestate,
    });
    stream.end("{}");
    const [headers] = await once(stream, "response");
    return headers[":status"];
  };
  expect(await statusFor("vendor=1")).toBe(200);
  expect(await statusFor(`vendor=${"x".repeat(65_200)}`)).toBe(200);
  expect(states).toEqual(["vendor=1", null]);
});
