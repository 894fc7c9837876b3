import * as http from "node:http";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createClientInterceptor, defineError } from "errchain";
import { errorResponse, problemDetails } from "errchain/http";
import { createServerInterceptor } from "errchain/server";
import { describe, expect, test } from "vitest";
import { ProbeService } from "./gen/probe/v1/probe_pb.js";
import { failureOf, probeRoutes } from "./support/probe.js";
import { connectTo, listen, startServer } from "./support/servers.js";

const noRange = defineError({
  system: "ROUTE",
  code: 20003,
  reason: "NO_RANGE",
  status: "NOT_FOUND",
  message: "no range for {address}",
  visibility: "PUBLIC",
  help: "https://docs.example.com/20003",
});
const noOrder = defineError({
  system: "WMS",
  code: 10001,
  reason: "NO_ORDER",
  status: "FAILED_PRECONDITION",
  message: "no order",
  visibility: "PARTNER",
});

/** An error as a front end's back end catches it: from an RPC. */
async function caught(): Promise<unknown> {
  const raise = () =>
    Promise.reject(
      noOrder({}, { cause: noRange({ address: "A" }), privateArgs: { host: "10.0.0.7" } }),
    );
  const url = await startServer("2", probeRoutes(raise), [createServerInterceptor()]);
  const client = createClient(ProbeService, connectTo("gRPC", url, [createClientInterceptor()]));
  return failureOf(client.unary({}));
}

describe("errorResponse", () => {
  test("gives what the public may see, by default", async () => {
    expect(errorResponse(await caught())).toEqual({
      status: 400,
      headers: { "content-type": "application/json" },
      body: {
        code: "WMS_10001",
        message: "the request could not be completed",
        data: null,
        traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
        causes: [
          { code: "WMS_10001", message: "" },
          {
            code: "ROUTE_20003",
            reason: "NO_RANGE",
            message: "no range for A",
            args: { address: "A" },
            help: "https://docs.example.com/20003",
          },
        ],
      },
    });
  });

  test("gives more to partners, and all inside", async () => {
    const err = await caught();
    const partner = errorResponse(err, { exposure: "partner" }).body;
    expect(partner).toMatchObject({ message: "no order", causes: [{ reason: "NO_ORDER" }, {}] });
    expect(JSON.stringify(partner)).not.toContain("10.0.0.7");
    const inside = errorResponse(err, { exposure: "internal" }).body;
    expect(inside.causes[0]?.privateArgs).toEqual({ host: "10.0.0.7" });
  });

  test("says nothing of an error without a chain but its status", () => {
    expect(errorResponse(new ConnectError("10.0.0.7 is down", Code.Unavailable))).toMatchObject({
      status: 503,
      body: { code: "UNAVAILABLE", message: "the request could not be completed", causes: [] },
    });
    for (const value of [new Error("secret"), "secret", undefined]) {
      const { status, body } = errorResponse(value);
      expect(status).toBe(500);
      expect(body).toMatchObject({ code: "INTERNAL", traceId: "", causes: [] });
      expect(JSON.stringify(body)).not.toContain("secret");
    }
  });

  test("has the status of the error with the chain, also where others wrap it", async () => {
    const err = noRange({ address: "A" });
    for (const wrapped of [new Error("outer", { cause: err }), new AggregateError([err]), [err]]) {
      expect(errorResponse(wrapped)).toMatchObject({ status: 404, body: { code: "ROUTE_20003" } });
    }
    const bare = new ConnectError("no such order", Code.NotFound);
    expect(errorResponse(bare, { exposure: "internal" }).body.message).toBe("no such order");
    expect(errorResponse(new ConnectError("x", 0 as Code)).body.code).toBe("UNKNOWN");
  });

  test("refuses an exposure that it does not know", () => {
    expect(() => errorResponse(new Error("x"), { exposure: "all" as never })).toThrow(
      /exposure must be/,
    );
  });

  test.each([
    [Code.Canceled, 499],
    [Code.Unknown, 500],
    [Code.InvalidArgument, 400],
    [Code.DeadlineExceeded, 504],
    [Code.NotFound, 404],
    [Code.AlreadyExists, 409],
    [Code.PermissionDenied, 403],
    [Code.ResourceExhausted, 429],
    [Code.FailedPrecondition, 400],
    [Code.Aborted, 409],
    [Code.OutOfRange, 400],
    [Code.Unimplemented, 501],
    [Code.Internal, 500],
    [Code.Unavailable, 503],
    [Code.DataLoss, 500],
    [Code.Unauthenticated, 401],
  ])("maps the RPC status %i to HTTP as the Connect protocol does: %i", async (code, status) => {
    const err = new ConnectError("x", code);
    expect(errorResponse(err).status).toBe(status);
    // What connect-es itself answers.
    const url = await startServer(
      "1.1",
      probeRoutes(() => Promise.reject(err)),
    );
    const response = await fetch(`${url}/probe.v1.ProbeService/Unary`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{}",
    });
    expect(response.status).toBe(status);
  });
});

test("problemDetails is a problem as RFC 9457 has it, over a real server", async () => {
  const err = await caught();
  const url = await listen(
    http.createServer((_, response) => {
      const { status, headers, body } = problemDetails(err);
      response.writeHead(status, headers).end(JSON.stringify(body));
    }),
  );
  const response = await fetch(url);
  expect(response.status).toBe(400);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect(await response.json()).toEqual({
    type: "about:blank",
    title: "Failed precondition",
    status: 400,
    detail: "the request could not be completed",
    code: "WMS_10001",
    traceId: expect.any(String),
    causes: [
      expect.objectContaining({ code: "WMS_10001" }),
      expect.objectContaining({ code: "ROUTE_20003" }),
    ],
  });
  expect(problemDetails(noRange({ address: "A" })).body).toMatchObject({
    type: "https://docs.example.com/20003",
    detail: "no range for A",
  });
});
