import * as http from "node:http";
import * as http2 from "node:http2";
import { setTimeout } from "node:timers/promises";
import type { Interceptor } from "@connectrpc/connect";
import {
  type ClientInterceptorOptions,
  createClientInterceptor,
  createErrorChainTransport,
  defineError,
  errorChain,
  fullCode,
} from "errchain";
import type { ErrorReport } from "errchain/report";
import { createServerInterceptor } from "errchain/server";
import { describe, expect, test } from "vitest";
import {
  connectNodeAdapter,
  createClient,
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "./connect-newest/connect.js";
import { ProbeService } from "./gen/probe/v1/probe_pb.js";
import { callProbe, failureOf, kinds, probeRoutes } from "./support/probe.js";
import { listen } from "./support/servers.js";

// The other tests run with the oldest Connect that is supported. From 2.3 on it reads
// a stream on after its end, so that interceptors see how a call went.

const broken = defineError({
  system: "BACK",
  code: 100,
  reason: "BROKEN",
  status: "ABORTED",
  message: "it broke",
});

const transports = {
  "Connect over HTTP/1.1": createConnectTransport,
  "Connect over HTTP/2": createConnectTransport,
  gRPC: createGrpcTransport,
  "gRPC-Web": createGrpcWebTransport,
};

describe.each(Object.entries(transports))("over %s", (protocol, createTransport) => {
  const isHttp2 = protocol !== "Connect over HTTP/1.1";

  function start(handle: (text: string) => Promise<string>, interceptors: Interceptor[] = []) {
    const handler = connectNodeAdapter({ routes: probeRoutes(handle), interceptors });
    return listen(isHttp2 ? http2.createServer(handler) : http.createServer(handler));
  }

  function connect(baseUrl: string, how: string, options: ClientInterceptorOptions = {}) {
    const interceptors = how === "interceptor" ? [createClientInterceptor(options)] : [];
    const transport = createTransport({
      baseUrl,
      httpVersion: isHttp2 ? "2" : "1.1",
      interceptors,
    });
    return createClient(
      ProbeService,
      how === "transport" ? createErrorChainTransport(transport, options) : transport,
    );
  }

  const codesOf = (err: unknown) => errorChain(err)?.causes.map(fullCode);
  const ofProtocol = kinds.filter((kind) => isHttp2 || kind !== "bidiStream");

  describe.each(["interceptor", "transport"])("with the %s", (how) => {
    test.each(ofProtocol)("a failed call is told of once (%s)", async (kind) => {
      const reports: ErrorReport[] = [];
      const url = await start(() => Promise.reject(broken()), [createServerInterceptor()]);
      const client = connect(url, how, { onError: [(report) => reports.push(report)] });
      expect(codesOf(await failureOf(callProbe(client, kind, "")))).toEqual(["BACK_100"]);
      await setTimeout(20);
      expect(reports.map(({ cause }) => fullCode(cause))).toEqual(["BACK_100"]);
    });

    test.each(ofProtocol)("a peer that hangs is named, once (%s)", async (kind) => {
      const reports: ErrorReport[] = [];
      const url = await start(() => new Promise(() => {}));
      const client = connect(url, how, { onError: [(report) => reports.push(report)] });
      const err = await failureOf(callProbe(client, kind, "", { timeoutMs: 150 }));
      expect(codesOf(err)).toEqual(["PROBE_ALPHA_4"]);
      await setTimeout(20);
      expect(reports.map(({ cause }) => fullCode(cause))).toEqual(["PROBE_ALPHA_4"]);
    });

    test.each(ofProtocol)("a hop names it as one cause (%s)", async (kind) => {
      const url = await start(() => new Promise(() => {}));
      const back = connect(url, how);
      const front = await start(
        () => callProbe(back, kind, "", { timeoutMs: 150 }),
        [createServerInterceptor({ system: "FRONT" })],
      );
      const err = await failureOf(callProbe(connect(front, "bare"), kind, ""));
      expect(codesOf(err)).toEqual(["FRONT_2", "PROBE_ALPHA_4"]);
    });

    test("a stream that its reader leaves has not failed", async () => {
      const reports: ErrorReport[] = [];
      const url = await start(async (text) => text);
      const client = connect(url, how, { onError: [(report) => reports.push(report)] });
      for await (const { text } of client.serverStream({ text: "second" })) {
        expect(text).toBe("first");
        break;
      }
      await setTimeout(20);
      expect(reports).toEqual([]);
      expect(await callProbe(client, "serverStream", "second")).toBe("second");
    });
  });
});
