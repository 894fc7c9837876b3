import { Code, ConnectError, createClient } from "@connectrpc/connect";
import {
  createClientInterceptor,
  createErrorChainTransport,
  defineError,
  errorChain,
  fullCode,
} from "errchain";
import { createServerInterceptor } from "errchain/server";
import { expect, test } from "vitest";
import { ProbeService } from "./gen/probe/v1/probe_pb.js";
import { callProbe, failureOf, probeRoutes } from "./support/probe.js";
import { connectTo, protocols, startServer } from "./support/servers.js";

// Somebody puts the details of a callee's error on one of his own, where `cause` would do.

const broken = defineError({
  system: "DEEP",
  code: 2002,
  reason: "BROKEN",
  status: "UNAVAILABLE",
  message: "the deep has broken",
});

const clients = { interceptor: true, transport: false };

test.each(
  protocols.flatMap((protocol) =>
    Object.entries(clients).map(([name, isInterceptor]) => ({ protocol, name, isInterceptor })),
  ),
)("the hop in between is not left out ($protocol, $name)", async ({ protocol, isInterceptor }) => {
  const version = protocol.includes("1.1") ? "1.1" : "2";
  const clientOf = (url: string) =>
    createClient(
      ProbeService,
      isInterceptor
        ? connectTo(protocol, url, [createClientInterceptor()])
        : createErrorChainTransport(connectTo(protocol, url)),
    );
  const deep = clientOf(
    await startServer(
      version,
      probeRoutes(async () => {
        throw broken();
      }),
      [createServerInterceptor()],
    ),
  );
  const front = await startServer(
    version,
    probeRoutes(async () => {
      const caught = ConnectError.from(await failureOf(deep.unary({})));
      const error = new ConnectError("the front gives up", Code.Aborted);
      error.details = caught.details;
      throw error;
    }),
    [createServerInterceptor({ system: "FRONT" })],
  );
  const error = ConnectError.from(await failureOf(clientOf(front).unary({})));
  expect(error).toMatchObject({ code: Code.Aborted, rawMessage: "the front gives up" });
  expect(error.details).toHaveLength(1);
  expect(errorChain(error)?.causes).toMatchObject([
    { system: "FRONT", reason: "UNCLASSIFIED", message: "the front gives up", branches: 1 },
    { system: "DEEP", code: "2002", message: "the deep has broken" },
  ]);
});

test("nor where they are those of a call outside of the request, or of one before a message", async () => {
  const url = await startServer(
    "2",
    probeRoutes(() => Promise.reject(broken())),
    [createServerInterceptor()],
  );
  const deep = createClient(ProbeService, createErrorChainTransport(connectTo("gRPC", url)));
  const outside = await failureOf(deep.unary({}));
  const front = await startServer(
    "2",
    (router) =>
      router.service(ProbeService, {
        async *serverStream({ text }) {
          const caught = text === "outside" ? outside : await failureOf(deep.unary({}));
          yield { text: "first" };
          const error = new ConnectError("the front gives up", Code.Aborted);
          error.details = ConnectError.from(caught).details;
          throw error;
        },
      }),
    [createServerInterceptor({ system: "FRONT" })],
  );
  const client = createClient(ProbeService, connectTo("gRPC", front));
  for (const text of ["outside", "before"]) {
    const error = await failureOf(callProbe(client, "serverStream", text));
    expect(errorChain(error)?.causes.map(fullCode)).toEqual(["FRONT_1", "DEEP_2002"]);
  }
});
