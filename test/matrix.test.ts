import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createClientInterceptor, defineError, errorChain, fullCode } from "errchain";
import { Provenance } from "errchain/proto";
import type { ErrorReport } from "errchain/report";
import { createServerInterceptor } from "errchain/server";
import { describe, expect, test } from "vitest";
import { ProbeService } from "./gen/probe/v1/probe_pb.js";
import { callProbe, failureOf, type Kind, kinds, probeRoutes } from "./support/probe.js";
import {
  connectTo,
  httpVersionOf,
  type Protocol,
  protocols,
  startServer,
} from "./support/servers.js";

// Every kind of procedure over every protocol, over real sockets, one hop and two.

const broken = defineError({
  system: "PROBE",
  module: "ALPHA",
  code: 20001,
  reason: "BROKEN",
  status: "FAILED_PRECONDITION",
  message: "{part} is broken",
});

const frontBroken = defineError({
  system: "FRONT",
  code: 30001,
  reason: "FRONT_BROKEN",
  status: "NOT_FOUND",
  message: "the front cannot go on",
});

function has(kind: Kind, protocol: Protocol): boolean {
  // Bidirectional streams need HTTP/2.
  return kind !== "bidiStream" || httpVersionOf(protocol) === "2";
}

const cells = protocols.flatMap((protocol) =>
  kinds.filter((kind) => has(kind, protocol)).map((kind) => ({ protocol, kind })),
);

describe.each(cells)("$kind over $protocol", ({ protocol, kind }) => {
  async function startProbe(handle: Parameters<typeof probeRoutes>[0]) {
    const reports: ErrorReport[] = [];
    const baseUrl = await startServer(httpVersionOf(protocol), probeRoutes(handle), [
      createServerInterceptor({ onError: [(report) => reports.push(report)] }),
    ]);
    const client = createClient(
      ProbeService,
      connectTo(protocol, baseUrl, [createClientInterceptor()]),
    );
    return { client, baseUrl, reports };
  }

  test("a call that succeeds is left alone", async () => {
    const { client, reports } = await startProbe(async (text) => text.toUpperCase());
    expect(await callProbe(client, kind, "hello")).toBe("HELLO");
    expect(reports).toEqual([]);
  });

  test("a defined error arrives as RAISED", async () => {
    const { client, reports } = await startProbe(async () => {
      throw broken({ part: "the axle" });
    });
    const err = await failureOf(callProbe(client, kind, "hello"));
    expect(err).toMatchObject({ code: Code.FailedPrecondition, rawMessage: "the axle is broken" });
    const chain = errorChain(err);
    expect(chain?.causes).toMatchObject([
      {
        system: "PROBE",
        module: "ALPHA",
        code: "20001",
        reason: "BROKEN",
        message: "the axle is broken",
        args: { part: "the axle" },
        provenance: Provenance.RAISED,
        status: Code.FailedPrecondition,
        branches: 0,
      },
    ]);
    expect(chain?.causes[0]?.procedure.toLowerCase()).toBe(
      `probe.v1.ProbeService/${kind}`.toLowerCase(),
    );
    expect(chain?.traceId).toHaveLength(16);
    expect(chain?.causes[0]?.spanId).toHaveLength(8);
    expect(reports.map((report) => fullCode(report.cause))).toEqual(["PROBE_ALPHA_20001"]);
  });

  test.each([
    ["a plain Error", new TypeError("secret detail"), "TypeError: secret detail"],
    ["a thrown string", "secret detail", "secret detail"],
    ["a thrown undefined", undefined, "undefined"],
  ])("%s is FILLED_IN and says nothing of itself", async (_, thrown, text) => {
    const { client } = await startProbe(async () => {
      throw thrown;
    });
    const err = await failureOf(callProbe(client, kind, "hello"));
    expect(err).toMatchObject({ code: Code.Internal, rawMessage: "an unexpected error occurred" });
    expect(errorChain(err)?.causes).toMatchObject([
      {
        system: "PROBE",
        module: "ALPHA",
        code: "1",
        reason: "UNCLASSIFIED",
        message: "an unexpected error occurred",
        privateArgs: { error: text },
        provenance: Provenance.FILLED_IN,
        status: Code.Internal,
      },
    ]);
  });

  test("a ConnectError keeps its status and message", async () => {
    const { client } = await startProbe(async () => {
      throw new ConnectError("no such part", Code.NotFound, { "x-part": "7" });
    });
    const err = await failureOf(callProbe(client, kind, "hello"));
    expect(err).toMatchObject({ code: Code.NotFound, rawMessage: "no such part" });
    expect((err as ConnectError).metadata.get("x-part")).toBe("7");
    expect(errorChain(err)?.causes).toMatchObject([
      {
        code: "1",
        message: "no such part",
        provenance: Provenance.FILLED_IN,
        status: Code.NotFound,
      },
    ]);
  });

  test("a call that its caller aborts is canceled, on both sides", async () => {
    const abort = new AbortController();
    const { client, reports } = await startProbe(async (_, signal) => {
      abort.abort();
      return whenAborted(signal);
    });
    const err = await failureOf(callProbe(client, kind, "hello", { signal: abort.signal }));
    expect(ConnectError.from(err).code).toBe(Code.Canceled);
    await expect.poll(() => reports.length).toBe(1);
    expect(reports[0]?.cause).toMatchObject({ reason: "CANCELED", status: Code.Canceled });
  });

  test("a call whose deadline passes names the peer", async () => {
    const { client } = await startProbe((_, signal) => whenAborted(signal));
    const err = await failureOf(callProbe(client, kind, "hello", { timeoutMs: 100 }));
    expect(err).toMatchObject({ code: Code.DeadlineExceeded });
    expect(errorChain(err)?.causes).toMatchObject([
      { system: "PROBE", module: "ALPHA", code: "4", reason: "TIMED_OUT" },
    ]);
  });

  test("a second hop puts its own cause in front", async () => {
    const { client: back, reports: backReports } = await startProbe(async () => {
      throw broken({ part: "the axle" });
    });
    const frontReports: ErrorReport[] = [];
    const frontUrl = await startServer(
      httpVersionOf(protocol),
      probeRoutes(async (text) => {
        try {
          return await callProbe(back, kind, text);
        } catch (err) {
          throw frontBroken({}, { cause: new Error("wrapped", { cause: err }) });
        }
      }),
      [createServerInterceptor({ system: "FRONT", onError: [(r) => frontReports.push(r)] })],
    );
    const front = createClient(ProbeService, connectTo(protocol, frontUrl));
    const err = await failureOf(callProbe(front, kind, "hello"));
    expect(err).toMatchObject({ code: Code.NotFound, rawMessage: "the front cannot go on" });
    expect(errorChain(err)?.causes.map(fullCode)).toEqual(["FRONT_30001", "PROBE_ALPHA_20001"]);
    expect(errorChain(err)?.causes.map((cause) => cause.branches)).toEqual([1, 0]);
    expect(frontReports[0]?.traceId).toBe(backReports[0]?.traceId);
  });

  test("a rethrown error of a callee becomes a cause, and says nothing for this hop", async () => {
    const { client: back } = await startProbe(async () => {
      throw new ConnectError("who are you?", Code.Unauthenticated, { "set-cookie": "a=b" });
    });
    const frontUrl = await startServer(
      httpVersionOf(protocol),
      probeRoutes((text) => callProbe(back, kind, text)),
      [createServerInterceptor({ system: "FRONT" })],
    );
    const front = createClient(ProbeService, connectTo(protocol, frontUrl));
    const err = await failureOf(callProbe(front, kind, "hello"));
    expect(err).toMatchObject({ code: Code.Internal });
    expect((err as ConnectError).rawMessage).not.toContain("who are you");
    expect((err as ConnectError).metadata.has("set-cookie")).toBe(false);
    expect(errorChain(err)?.causes).toMatchObject([
      { system: "FRONT", module: "", code: "2", reason: "DOWNSTREAM", status: Code.Internal },
      { system: "PROBE", code: "1", message: "who are you?", status: Code.Unauthenticated },
    ]);
  });
});

/** Waits for the end of a request, and throws what fetch() and timers throw then. */
function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
  });
}
