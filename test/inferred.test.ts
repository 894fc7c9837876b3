import { setImmediate, setTimeout } from "node:timers/promises";
import { Code, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import {
  createClientInterceptor,
  createErrorChainTransport,
  defineError,
  errorChain,
  formatErrorChain,
  fullCode,
  rootCause,
} from "errchain";
import { createServerInterceptor, type ServerInterceptorOptions } from "errchain/server";
import { describe, expect, test } from "vitest";
import { ProbeService } from "./gen/probe/v1/probe_pb.js";
import { callProbe, failureOf, type Kind, kinds, probeRoutes } from "./support/probe.js";
import { connectTo, startServer } from "./support/servers.js";

// Handlers whose authors forgot to say what an error follows from.

const own = defineError({
  system: "FRONT",
  code: 500,
  reason: "OWN",
  status: "FAILED_PRECONDITION",
  message: "the front cannot go on",
});

const backError = defineError({
  system: "BACK",
  code: 500,
  reason: "REFUSED",
  status: "NOT_FOUND",
  message: "no {what}",
});

type Call = (text: string, kind?: Kind) => Promise<string>;

/** A server that fails where the text says so, and one in front of it with a handler to try. */
async function startFront(
  handle: (call: Call, text: string) => Promise<string>,
  how: "interceptor" | "transport" = "transport",
  options: ServerInterceptorOptions = {},
) {
  const back = await startServer(
    "2",
    probeRoutes(async (text) => {
      if (text.startsWith("late")) {
        await setTimeout(30);
      }
      if (text.includes("fail")) {
        throw backError({ what: text });
      }
      return text;
    }),
    [createServerInterceptor({ system: "BACK" })],
  );
  const flaky = new Set<string>();
  const failFirst: Interceptor = (next) => (req) => {
    const text = req.stream ? "" : String((req.message as { text?: string }).text);
    if (text.startsWith("flaky") && !flaky.has(text)) {
      flaky.add(text);
      throw new ConnectError("connection lost", Code.Unavailable);
    }
    return next(req);
  };
  const transport =
    how === "interceptor"
      ? connectTo("gRPC", back, [createClientInterceptor(), failFirst])
      : createErrorChainTransport(connectTo("gRPC", back, [failFirst]));
  const client = createClient(ProbeService, transport);
  const front = await startServer(
    "2",
    probeRoutes((text) =>
      handle((request, kind = "unary") => callProbe(client, kind, request), text),
    ),
    [createServerInterceptor({ system: "FRONT", ...options })],
  );
  const caller = createClient(ProbeService, connectTo("gRPC", front));
  return (text = "", kind: Kind = "unary") => failureOf(callProbe(caller, kind, text));
}

/** The chain, with a question mark at each inferred link. */
function linksOf(err: unknown): string {
  const causes = errorChain(err)?.causes ?? [];
  return causes.map((cause) => `${cause.inferred ? "?" : ""}${fullCode(cause)}`).join(" ");
}

describe.each(["interceptor", "transport"] as const)("with the %s", (how) => {
  test("its own definition without a cause", async () => {
    const call = await startFront(async (back) => {
      try {
        return await back("fail");
      } catch {
        throw own();
      }
    }, how);
    const err = await call();
    expect(linksOf(err)).toBe("FRONT_500 ?BACK_500");
    expect(err).toMatchObject({ code: Code.FailedPrecondition });
    expect(rootCause(err)?.args).toEqual({ what: "fail" });
    expect(formatErrorChain(err, { style: "tree" })).toContain("inferred");
  });

  test("a plain error, and one of connect-es", async () => {
    const call = await startFront(async (back, text) => {
      await back("fail").catch(() => {});
      throw text === "plain" ? new Error("it broke") : new ConnectError("no", Code.NotFound);
    }, how);
    const plain = await call("plain");
    expect(linksOf(plain)).toBe("FRONT_1 ?BACK_500");
    expect(plain).toMatchObject({ code: Code.Internal });
    const connect = await call("connect");
    expect(linksOf(connect)).toBe("FRONT_1 ?BACK_500");
    expect(connect).toMatchObject({ code: Code.NotFound, rawMessage: "no" });
  });

  test.each([
    ["its own definition", (cause: unknown) => own({}, { cause }), "FRONT_500"],
    [
      "an error of connect-es",
      (cause: unknown) => new ConnectError("no", Code.Aborted, undefined, undefined, cause),
      "FRONT_1",
    ],
  ])("a cause that %s names is no call that was survived before", async (_, raise, code) => {
    const call = await startFront(async (back) => {
      await back("fail").catch(() => {}); // what it gives is optional
      throw raise(new SyntaxError("in line 7"));
    }, how);
    const err = await call();
    expect(linksOf(err)).toBe(code);
    expect(rootCause(err)?.privateArgs).toMatchObject({ error: "SyntaxError: in line 7" });
  });

  test.each(kinds)("handlers and calls of every kind (%s)", async (kind) => {
    const call = await startFront(async (back) => {
      await back("fail", kind).catch(() => {});
      throw own();
    }, how);
    expect(linksOf(await call("", kind))).toBe("FRONT_500 ?BACK_500");
  });

  test("across timers, and Promise.all", async () => {
    const call = await startFront(async (back) => {
      await setTimeout(10);
      await setImmediate();
      await Promise.allSettled([back("fail one"), setTimeout(5).then(() => back("fail two"))]);
      await setTimeout(10);
      throw own();
    }, how);
    const err = await call();
    expect(linksOf(err)).toMatch(/^FRONT_500( \?BACK_500){1,2}$/);
  });
});

test("calls that failed side by side are all causes", async () => {
  const call = await startFront(async (back) => {
    await Promise.allSettled([back("late fail 1"), back("late fail 2"), back("late 3")]);
    throw own();
  });
  const err = await call();
  expect(linksOf(err)).toBe("FRONT_500 ?BACK_500 ?BACK_500");
  expect(errorChain(err)?.causes[0]?.branches).toBe(2);
});

test("of calls that failed one after the other, the last is the cause", async () => {
  const call = await startFront(async (back) => {
    await back("fail 1").catch(() => {});
    await back("fail 2").catch(() => {});
    throw own();
  });
  const err = await call();
  expect(linksOf(err)).toBe("FRONT_500 ?BACK_500");
  expect(rootCause(err)?.args["what"]).toBe("fail 2");
});

test("a failed attempt before a good one of the same call is no cause", async () => {
  const call = await startFront(async (back) => {
    await back("flaky").catch(() => {});
    await back("flaky");
    throw own();
  });
  expect(linksOf(await call())).toBe("FRONT_500");
});

test("another request of the same procedure is another call", async () => {
  const call = await startFront(async (back) => {
    for (const item of ["1", "fail 2", "3"]) {
      await back(item).catch(() => {});
    }
    throw own();
  });
  expect(linksOf(await call())).toBe("FRONT_500 ?BACK_500");
});

test("a cause that the author names is not doubted", async () => {
  const call = await startFront(async (back) => {
    const declared = await failureOf(back("fail declared"));
    await back("fail other").catch(() => {});
    throw own({}, { cause: declared });
  });
  const err = await call();
  expect(linksOf(err)).toBe("FRONT_500 BACK_500");
  expect(rootCause(err)?.args["what"]).toBe("fail declared");
});

test("what the handler gives up by itself is no cause", async () => {
  const back = await startServer(
    "2",
    probeRoutes(() => setTimeout(2_000, "late")),
  );
  const client = createClient(
    ProbeService,
    createErrorChainTransport(connectTo("gRPC", back), { peer: { system: "BACK" } }),
  );
  const front = await startServer(
    "2",
    probeRoutes(async (text) => {
      const abort = new AbortController();
      const signal = text === "timeout" ? AbortSignal.timeout(30) : abort.signal;
      const call = failureOf(client.unary({}, { signal }));
      await setTimeout(10);
      abort.abort();
      await call;
      throw own();
    }),
    [createServerInterceptor({ system: "FRONT" })],
  );
  const caller = createClient(ProbeService, connectTo("gRPC", front));
  expect(linksOf(await failureOf(caller.unary({})))).toBe("FRONT_500");
  expect(linksOf(await failureOf(caller.unary({ text: "timeout" })))).toBe("FRONT_500 ?BACK_4");
});

test("it can be turned off", async () => {
  const call = await startFront(
    async (back) => {
      await back("fail").catch(() => {});
      throw own();
    },
    "transport",
    { inferCauses: false },
  );
  expect(linksOf(await call())).toBe("FRONT_500");
});

test("in a long stream the last failures are remembered, and not all of them", async () => {
  const call = await startFront(async (back) => {
    for (let i = 0; i < 100; i++) {
      await back(`fail ${i}`).catch(() => {});
    }
    await Promise.allSettled(Array.from({ length: 40 }, (_, i) => back(`late fail ${i}`)));
    throw own();
  });
  const err = await call("", "serverStream");
  const { causes = [] } = errorChain(err) ?? {};
  expect(causes.length).toBeGreaterThan(5);
  expect(causes.length).toBeLessThanOrEqual(32);
  expect(causes.slice(1).every(({ args }) => !args["what"] || /^late/.test(args["what"]))).toBe(
    true,
  );
});

test("nothing of one request is seen in another", async () => {
  const call = await startFront(async (back, text) => {
    await setTimeout(Math.random() * 20);
    await back(`fail ${text}`).catch(() => {});
    await setTimeout(Math.random() * 20);
    throw own();
  });
  await Promise.all(
    Array.from({ length: 200 }, async (_, i) => {
      const err = await call(`request ${i}`);
      expect(linksOf(err)).toBe("FRONT_500 ?BACK_500");
      expect(rootCause(err)?.args["what"]).toBe(`fail request ${i}`);
    }),
  );
});
