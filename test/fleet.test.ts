import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { durationFromMs, durationMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import {
  createClientInterceptor,
  createErrorChainTransport,
  defineError,
  errorChain,
  findCause,
  formatErrorChain,
  fullCode,
  rootCause,
} from "errchain";
import { ErrorChainSchema, Provenance, RetryAdvice, Status } from "errchain/proto";
import { createServerInterceptor } from "errchain/server";
import { describe, expect, test } from "vitest";
import { ProbeService } from "./gen/probe/v1/probe_pb.js";
import { failureOf, probeRoutes } from "./support/probe.js";
import { connectTo, httpVersionOf, protocols, startServer } from "./support/servers.js";

// Systems with this library among systems without it, and among liars.

const codesOf = (err: unknown) => errorChain(err)?.causes.map(fullCode);

const rangeMissing = defineError({
  system: "ROUTE",
  module: "DISPATCH",
  code: 20003,
  reason: "RANGE_NOT_CONFIGURED",
  status: "FAILED_PRECONDITION",
  message: "no range for {address}",
});

/** A message of google.rpc, from fields with a length. */
function message(fields: readonly (readonly [number, string | Uint8Array])[]): Uint8Array {
  const writer = new BinaryWriter();
  for (const [fieldNo, value] of fields) {
    writer.tag(fieldNo, WireType.LengthDelimited);
    typeof value === "string" ? writer.string(value) : writer.bytes(value);
  }
  return writer.finish();
}

const entry = (key: string, value: string) =>
  message([
    [1, key],
    [2, value],
  ]);

const duration = (seconds: number) =>
  new BinaryWriter().tag(1, WireType.Varint).int64(seconds).finish();

type Detail = ConnectError["details"][number];

const google = (
  name: string,
  fields: readonly (readonly [number, string | Uint8Array])[],
): Detail => ({
  type: `google.rpc.${name}`,
  value: message(fields),
});

/** A peer without this library that fails with a status and details. */
async function startForeign(httpVersion: "1.1" | "2", code: Code, text: string, details: Detail[]) {
  return startServer(
    httpVersion,
    probeRoutes(async () => {
      const error = new ConnectError(text, code);
      error.details.push(...details);
      throw error;
    }),
  );
}

describe.each(protocols)("over %s", (protocol) => {
  const httpVersion = httpVersionOf(protocol);
  const call = (url: string) =>
    failureOf(
      createClient(ProbeService, createErrorChainTransport(connectTo(protocol, url))).unary({}),
    );

  test("what a peer says in details of google.rpc is kept", async () => {
    const url = await startForeign(httpVersion, Code.InvalidArgument, "bad request", [
      google("ErrorInfo", [
        [1, "ADDRESS_INVALID"],
        [2, "route.example.com"],
        [3, entry("field", "address")],
        [3, entry("limit", "64")],
      ]),
      google("RetryInfo", [[1, duration(3)]]),
      google("LocalizedMessage", [
        [1, "en"],
        [2, "The address is too long."],
      ]),
      google("Help", [
        [
          1,
          message([
            [1, "what to do"],
            [2, "https://docs.example.com/address"],
          ]),
        ],
      ]),
      google("BadRequest", [
        [
          1,
          message([
            [1, "address"],
            [2, "too long"],
          ]),
        ],
        [
          1,
          message([
            [1, "zip"],
            [2, "missing"],
          ]),
        ],
      ]),
      google("DebugInfo", [
        [1, "at line 5"],
        [2, "db 10.0.0.7 said no"],
      ]),
    ]);
    const err = await call(url);
    expect(err).toMatchObject({ code: Code.InvalidArgument, rawMessage: "bad request" });
    expect(errorChain(err)?.causes).toMatchObject([
      {
        system: "PROBE",
        module: "ALPHA",
        code: "ADDRESS_INVALID",
        reason: "ADDRESS_INVALID",
        message: "The address is too long.",
        args: {
          field: "address",
          limit: "64",
          field_violations: "address: too long; zip: missing",
        },
        privateArgs: { domain: "route.example.com", debug: "db 10.0.0.7 said no" },
        status: Status.INVALID_ARGUMENT,
        provenance: Provenance.OBSERVED,
        help: "https://docs.example.com/address",
        retry: { delay: { seconds: 3n } },
      },
    ]);
    expect(formatErrorChain(err)).not.toContain("10.0.0.7");
    expect((err as ConnectError).details).toHaveLength(7);
  });

  test("Kratos sends a reason and metadata", async () => {
    const info = google("ErrorInfo", [
      [1, "USER_NOT_FOUND"],
      [3, entry("user", "7")],
    ]);
    const err = await call(
      await startForeign(httpVersion, Code.NotFound, "user 7 not found", [info]),
    );
    expect(errorChain(err)?.causes).toMatchObject([
      { code: "USER_NOT_FOUND", message: "user 7 not found", args: { user: "7" } },
    ]);
  });

  test("a reason that is no code, and details that do not decode, harm nothing", async () => {
    for (const [details, privateArgs] of [
      [[google("ErrorInfo", [[1, "user not found!"]])], { reason: "user not found!" }],
      [[google("ErrorInfo", [[1, "5"]])], { reason: "5" }],
      [[{ type: "google.rpc.ErrorInfo", value: Uint8Array.of(0xff, 0xff, 0xff) }], {}],
      [[{ type: "google.rpc.RetryInfo", value: message([[1, Uint8Array.of(0xff)]]) }], {}],
      [[google("Help", [[1, message([[2, "javascript:alert(1)"]])]])], {}],
      [[], {}],
    ] as [Detail[], object][]) {
      const err = await call(await startForeign(httpVersion, Code.NotFound, "gone", details));
      expect(errorChain(err)?.causes).toMatchObject([
        { code: "1", message: "gone", status: Status.NOT_FOUND, help: "", privateArgs },
      ]);
    }
  });

  test("a hop without the library that passes an error on is named, and so is the root", async () => {
    const back = await startServer(
      httpVersion,
      probeRoutes(async () => {
        throw rangeMissing({ address: "Mill Lane" });
      }),
      [createServerInterceptor({ system: "ROUTE", module: "DISPATCH" })],
    );
    // What many gateways do: call, catch, throw on.
    const middle = await startServer(httpVersion, (router) =>
      router.service(ProbeService, {
        async clientStream() {
          await createClient(ProbeService, connectTo(protocol, back)).unary({});
          return { text: "" };
        },
      }),
    );
    const client = createClient(
      ProbeService,
      createErrorChainTransport(connectTo(protocol, middle), { peer: { system: "MIDDLE" } }),
    );
    const err = await failureOf(client.clientStream((async function* () {})()));
    expect(codesOf(err)).toEqual(["MIDDLE_2", "ROUTE_DISPATCH_20003"]);
    expect(errorChain(err)?.causes[0]).toMatchObject({
      provenance: Provenance.OBSERVED,
      status: Status.FAILED_PRECONDITION,
      branches: 1,
    });
    expect(findCause(err, rangeMissing)?.args.address).toBe("Mill Lane");
  });

  test("a hop without the library that passes on what its client saw is named", async () => {
    const middle = await startServer(httpVersion, (router) =>
      router.service(ProbeService, {
        async unary() {
          const { text } = await createClient(
            ProbeService,
            connectTo(protocol, "http://127.0.0.1:9", [
              createClientInterceptor({ peer: { system: "BACK" } }),
            ]),
          ).unary({});
          return { text };
        },
      }),
    );
    expect(codesOf(await call(middle))).toEqual(["PROBE_ALPHA_2", "BACK_3"]);
  });

  test("a hop without the library that drops the chain is named by its caller", async () => {
    const middle = await startServer(
      httpVersion,
      probeRoutes(async () => {
        throw new ConnectError("upstream problem", Code.Internal);
      }),
    );
    const err = await call(middle);
    expect(codesOf(err)).toEqual(["PROBE_ALPHA_1"]);
    expect(rootCause(err)?.provenance).toBe(Provenance.OBSERVED);
  });

  test("a peer that is not trusted speaks for nobody but itself", async () => {
    const lie = toBinary(
      ErrorChainSchema,
      create(ErrorChainSchema, {
        causes: [
          {
            system: "FRONT",
            code: "500",
            message: "the front did it",
            status: Status.PERMISSION_DENIED,
            provenance: Provenance.RAISED,
            branches: 1,
            retry: { advice: RetryAdvice.RETRY, delay: durationFromMs(3_600_000) },
          },
          { system: "ROUTE", module: "DISPATCH", code: "20003", message: "blame ROUTE" },
        ],
        traceId: new Uint8Array(16).fill(7),
        sealed: new Uint8Array(64).fill(9),
      }),
    );
    const partner = await startForeign(httpVersion, Code.NotFound, "not here", [
      { type: ErrorChainSchema.typeName, value: lie },
    ]);
    const client = createClient(
      ProbeService,
      createErrorChainTransport(connectTo(protocol, partner), {
        peer: { system: "PARTNER" },
        trust: "none",
      }),
    );
    const err = await failureOf(client.unary({}));
    expect(err).toMatchObject({ code: Code.NotFound });
    expect(errorChain(err)?.causes).toMatchObject([
      {
        system: "PARTNER",
        code: "1",
        message: "not here",
        status: Status.NOT_FOUND,
        provenance: Provenance.OBSERVED,
        privateArgs: {
          claim: "FRONT_500 the front did it ← ROUTE_DISPATCH_20003 blame ROUTE",
        },
      },
    ]);
    expect(errorChain(err)?.sealed).toEqual(new Uint8Array());
    expect(errorChain(err)?.traceId).not.toEqual(new Uint8Array(16).fill(7));
    const delay = errorChain(err)?.causes[0]?.retry?.delay;
    expect(delay && durationMs(delay)).toBe(10_000);
    expect(findCause(err, rangeMissing)).toBeUndefined();

    // No rule that waits for ROUTE matches, and the status is by the policy for PARTNER.
    const front = await startServer(
      httpVersion,
      probeRoutes(async () => (await client.unary({})).text),
      [
        createServerInterceptor({
          system: "FRONT",
          translate: [{ from: { system: "ROUTE" }, to: rangeMissing }],
        }),
      ],
    );
    const answered = await call(front);
    expect(answered).toMatchObject({ code: Code.Internal });
    expect(codesOf(answered)).toEqual(["FRONT_2", "PARTNER_1"]);
  });
});

test("a fan-out is a tree, however it is declared", async () => {
  const ask = (system: string) =>
    createClient(
      ProbeService,
      createErrorChainTransport(connectTo("gRPC", "http://127.0.0.1:9"), { peer: { system } }),
    ).unary({});
  const front = await startServer(
    "2",
    probeRoutes(async (text) => {
      const errors = await Promise.all([ask("AAA"), ask("BBB"), ask("CCC")].map(failureOf));
      switch (text) {
        case "array":
          throw rangeMissing({ address: "x" }, { cause: errors });
        case "aggregate":
          throw new AggregateError(errors);
        case "any":
          return (await Promise.any([ask("AAA"), ask("BBB"), ask("CCC")])).text;
        default:
          throw rangeMissing({ address: "x" });
      }
    }),
    [createServerInterceptor({ system: "FRONT" })],
  );
  const client = createClient(ProbeService, connectTo("gRPC", front));
  for (const text of ["array", "aggregate", "any", "inferred"]) {
    const { causes = [] } = errorChain(await failureOf(client.unary({ text }))) ?? {};
    expect(causes.map(({ branches }) => branches)).toEqual([3, 0, 0, 0]);
    expect(causes.slice(1).map(fullCode).toSorted()).toEqual(["AAA_3", "BBB_3", "CCC_3"]);
  }
});
