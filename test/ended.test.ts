import { setTimeout } from "node:timers/promises";
import { Code, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import { createClientInterceptor, defineError, errorChain, fullCode } from "errchain";
import type { ErrorReport } from "errchain/report";
import { createServerInterceptor } from "errchain/server";
import { describe, expect, test } from "vitest";
import { ProbeService } from "./gen/probe/v1/probe_pb.js";
import { callProbe, failureOf, kinds, probeRoutes } from "./support/probe.js";
import {
  connectTo,
  httpVersionOf,
  type Protocol,
  protocols,
  startServer,
} from "./support/servers.js";

// How a request ends before its handler does, and what the hop says of it.

// Long enough for the time that a connection takes on a busy machine not to count.
const DEADLINE_MS = 500;

type Handle = (text: string, signal: AbortSignal) => Promise<string>;

async function startHop(protocol: Protocol, system: string, handle: Handle) {
  const codes: string[] = [];
  const onError = [({ chain }: ErrorReport) => codes.push(chain.causes.map(fullCode).join(" ← "))];
  const url = await startServer(httpVersionOf(protocol), probeRoutes(handle), [
    createServerInterceptor({ system, onError }),
  ]);
  const clientFor = (peer: string) =>
    createClient(
      ProbeService,
      connectTo(protocol, url, [createClientInterceptor({ peer: { system: peer } })]),
    );
  return { codes, client: clientFor(system), clientFor };
}

const own = defineError({
  system: "FRONT",
  code: 500,
  reason: "OWN",
  status: "FAILED_PRECONDITION",
  message: "the front cannot go on",
});

const hang: Handle = (_, signal) =>
  new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });

describe.each(protocols)("over %s", (protocol) => {
  test("a deadline is told from a cancellation, whichever timer wins", async () => {
    const hop = await startHop(protocol, "HOP", hang);
    const call = () => failureOf(hop.client.unary({}, { timeoutMs: DEADLINE_MS }));
    await Promise.all([call(), call(), call()]);
    await expect.poll(() => hop.codes).toEqual(["HOP_4", "HOP_4", "HOP_4"]);
    const abort = new AbortController();
    void setTimeout(40).then(() => abort.abort());
    await failureOf(hop.client.unary({}, { timeoutMs: 5_000, signal: abort.signal }));
    await expect.poll(() => hop.codes.slice(3)).toEqual(["HOP_5"]);
  });

  test.each(["deadline", "cancellation"])(
    "with ctx.signal handed on, a %s names the callee and is no bug",
    async (how) => {
      const back = await startHop(protocol, "BACK", hang);
      const front = await startHop(protocol, "FRONT", async (_, signal) => {
        const { text } = await back.client.unary({}, { signal });
        return text;
      });
      const abort = new AbortController();
      const call = front.client.unary(
        {},
        how === "deadline" ? { timeoutMs: DEADLINE_MS } : { signal: abort.signal },
      );
      void setTimeout(60).then(() => abort.abort());
      await failureOf(call);
      const code = how === "deadline" ? 4 : 5;
      await expect.poll(() => front.codes).toEqual([`FRONT_${code} ← BACK_${code}`]);
    },
  );

  test("calls in parallel that share a signal are all named", async () => {
    const back = await startHop(protocol, "BACK", hang);
    const [a, b] = [back.clientFor("AAA"), back.clientFor("BBB")];
    const front = await startHop(protocol, "FRONT", async (_, signal) => {
      const errors = await Promise.all([a, b].map((c) => failureOf(c.unary({}, { signal }))));
      throw errors[0];
    });
    await failureOf(front.client.unary({}, { timeoutMs: DEADLINE_MS }));
    await expect.poll(() => front.codes).toEqual(["FRONT_4 ← AAA_4 ← BBB_4"]);
  });

  test("a call that the handler itself gives up names the peer", async () => {
    const back = await startHop(protocol, "BACK", hang);
    const front = await startHop(protocol, "FRONT", async (text) => {
      const abort = new AbortController();
      void setTimeout(40).then(() => abort.abort(new Error("10.0.0.7:5432 secret")));
      const signal = text === "timeout" ? AbortSignal.timeout(40) : abort.signal;
      return (await back.client.unary({}, { signal })).text;
    });
    const timedOut = await failureOf(front.client.unary({ text: "timeout" }));
    expect(timedOut).toMatchObject({ code: Code.DeadlineExceeded });
    expect(errorChain(timedOut)?.causes.map(fullCode)).toEqual(["FRONT_2", "BACK_4"]);
    const gaveUp = await failureOf(front.client.unary({ text: "abort" }));
    expect(gaveUp).toMatchObject({ code: Code.Internal });
    expect(errorChain(gaveUp)?.causes.map(fullCode)).toEqual(["FRONT_2", "BACK_5"]);
    expect(JSON.stringify(errorChain(gaveUp)?.causes.map((c) => c.message))).not.toContain(
      "secret",
    );
  });

  test.each(["defined", "wrapped", "array", "connect"])(
    "a call that the handler gives up is a cause, also where its error is %s",
    async (how) => {
      const back = await startHop(protocol, "BACK", hang);
      const front = await startHop(protocol, "FRONT", async () => {
        const cause = await failureOf(back.client.unary({}, { signal: AbortSignal.timeout(40) }));
        switch (how) {
          case "defined":
            throw own({}, { cause });
          case "wrapped":
            throw new Error("wrapped", { cause: new Error("twice", { cause }) });
          case "array":
            throw new AggregateError([new Error("other"), cause]);
          default:
            throw new ConnectError("mine", Code.NotFound, undefined, undefined, cause);
        }
      });
      const err = await failureOf(front.client.unary({}));
      const expected = {
        defined: [Code.FailedPrecondition, "FRONT_500"],
        wrapped: [Code.DeadlineExceeded, "FRONT_2"],
        array: [Code.DeadlineExceeded, "FRONT_2"],
        connect: [Code.NotFound, "FRONT_1"],
      }[how] as [Code, string];
      expect([ConnectError.from(err).code, errorChain(err)?.causes.map(fullCode)]).toEqual([
        expected[0],
        [expected[1], "BACK_4"],
      ]);
    },
  );

  test("a wrapped error of a call that ended with the request is no bug", async () => {
    const back = await startHop(protocol, "BACK", hang);
    const front = await startHop(protocol, "FRONT", async (_, signal) => {
      throw new Error("wrapped", { cause: await failureOf(back.client.unary({}, { signal })) });
    });
    await failureOf(front.client.unary({}, { timeoutMs: DEADLINE_MS }));
    await expect.poll(() => front.codes).toEqual(["FRONT_4 ← BACK_4"]);
  });

  test("a caller who leaves while a stream is written is no bug of the server", async () => {
    const hop = await startHop(protocol, "HOP", async () => "unused");
    const url = await startServer(
      httpVersionOf(protocol),
      (router) =>
        router.service(ProbeService, {
          async *serverStream() {
            for (;;) {
              yield { text: "more" };
              await setTimeout(5);
            }
          },
        }),
      [
        createServerInterceptor({
          system: "HOP",
          onError: [(r) => hop.codes.push(fullCode(r.cause))],
        }),
      ],
    );
    const client = createClient(ProbeService, connectTo(protocol, url));
    const abort = new AbortController();
    void setTimeout(60).then(() => abort.abort());
    await failureOf(callProbe(client, "serverStream", "", { signal: abort.signal }));
    await setTimeout(100);
    expect(hop.codes.filter((code) => code !== "HOP_5")).toEqual([]);
  });

  test("a caller who leaves while a stream is read is no bug of the server", async () => {
    const hop = await startHop(protocol, "HOP", async () => "unused");
    const abort = new AbortController();
    const requests = async function* () {
      yield { text: "one" };
      await setTimeout(40);
      abort.abort();
      await setTimeout(40);
      yield { text: "two" };
    };
    await failureOf(hop.client.clientStream(requests(), { signal: abort.signal }));
    await setTimeout(100);
    expect(hop.codes.filter((code) => code !== "HOP_5")).toEqual([]);
  });

  test.each(["deadline", "cancellation", "wrapped cancellation"])(
    "a %s while an inner interceptor waits is no bug",
    async (how) => {
      const codes: string[] = [];
      const slow: Interceptor = (next) => async (req) => {
        await setTimeout(400);
        return next(req).catch((cause) => {
          throw how.startsWith("wrapped") ? new Error("wrapped", { cause }) : cause;
        });
      };
      const onError = [({ cause }: ErrorReport) => codes.push(fullCode(cause))];
      const url = await startServer(
        httpVersionOf(protocol),
        probeRoutes(async () => "unused"),
        [createServerInterceptor({ system: "HOP", onError }), slow],
      );
      const client = createClient(ProbeService, connectTo(protocol, url));
      const abort = new AbortController();
      const options = how === "deadline" ? { timeoutMs: 200 } : { signal: abort.signal };
      void setTimeout(200).then(() => abort.abort());
      await failureOf(callProbe(client, "serverStream", "", options));
      await expect.poll(() => codes).toEqual([how === "deadline" ? "HOP_4" : "HOP_5"]);
    },
  );
});

test("an AbortError of the handler's own making is a bug like any other", async () => {
  for (const kind of kinds) {
    const hop = await startHop("gRPC", "HOP", () =>
      Promise.reject(new DOMException("aborted", "AbortError")),
    );
    const err = await failureOf(callProbe(hop.client, kind, ""));
    expect(ConnectError.from(err).code).toBe(Code.Internal);
    expect(hop.codes).toEqual(["HOP_1"]);
  }
});
