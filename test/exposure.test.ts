import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { newSealingKey, sealingKey } from "errchain";
import {
  type Cause,
  CauseSchema,
  ErrorChainSchema,
  Provenance,
  RetryAdvice,
  Visibility,
} from "errchain/proto";
import { createServerInterceptor, type Exposure } from "errchain/server";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { UnaryRequestSchema, UnaryResponseSchema } from "./gen/probe/v1/probe_pb.js";
import { probeRoutes } from "./support/probe.js";
import { decodedDeep, rawCall, type Wire, wires } from "./support/raw-call.js";
import { startServer } from "./support/servers.js";

// Nothing leaks: secrets are planted in everything that an error can hold, and
// looked for in every byte that a caller outside receives.

/** What a cause holds, each piece with a name of its own that is found again. */
interface Planted {
  readonly cause: Cause;
  /** What a partner may read of it, and what the public may, if it is not the nearest. */
  readonly forPartner: string[];
  readonly forPublic: string[];
  readonly all: string[];
}

function plant(index: number, visibility: Visibility): Planted {
  const name = (what: string) => `SECRET${what}${index}X`;
  const identity = [name("SYS"), name("MOD"), name("CODE")];
  const texts = [name("MESSAGE"), name("ARGNAME"), name("ARG"), `https://${name("HELP")}`];
  const inner = [
    name("PRIVATENAME"),
    name("PRIVATE"),
    name("PROCEDURE"),
    name("UNKNOWN"),
    name("SPAN"),
  ];
  const cause = create(CauseSchema, {
    system: identity[0] as string,
    module: identity[1] as string,
    code: identity[2] as string,
    reason: name("REASON"),
    message: texts[0] as string,
    args: { [texts[1] as string]: texts[2] as string },
    privateArgs: { [inner[0] as string]: inner[1] as string },
    provenance: Provenance.RAISED,
    visibility,
    status: Code.FailedPrecondition as number,
    retry: { advice: RetryAdvice.RETRY, attempts: 3, delay: { seconds: 7n } },
    procedure: inner[2] as string,
    spanId: new TextEncoder().encode(name("SPAN")),
    help: texts[3] as string,
    elided: 77,
  });
  const unknown = new TextEncoder().encode(name("UNKNOWN"));
  cause.$unknown = [{ no: 999, wireType: 2, data: Uint8Array.of(unknown.length, ...unknown) }];
  const isPublic = visibility === Visibility.PUBLIC;
  const forPartnerToo = isPublic || visibility === Visibility.PARTNER;
  return {
    cause,
    forPartner: [...identity, name("REASON"), ...(forPartnerToo ? texts : [])],
    forPublic: isPublic ? [...identity, name("REASON"), ...texts] : [],
    all: [...identity, name("REASON"), ...texts, ...inner],
  };
}

const OF_THE_ERROR = [
  "SECRETSEALED",
  "SECRETRAW",
  "SECRETDETAIL",
  "SECRETHEADER",
  "SECRETPLAIN",
  "SECRETDEBUG",
  "SECRETMORE",
];
const ALLOWED = ["KNOWNDETAIL", "KNOWNHEADER"];

/** What a callee has sealed is for its own staff, and its key ID names a system. */
const sealed = new TextEncoder().encode("SECRETSEALED");

/** How the error with the planted causes is thrown. */
const ways = {
  "as the answer of this hop": (chain: Uint8Array) => thrown(chain, false),
  "as the error of a callee": (chain: Uint8Array) => thrown(chain, true),
  "as the cause of an error of the application": (chain: Uint8Array) =>
    new ConnectError(
      "SECRETRAW",
      Code.NotFound,
      { "x-secret": "SECRETHEADER" },
      [],
      thrown(chain, true),
    ),
  "as the cause of a plain error": (chain: Uint8Array) =>
    new TypeError("SECRETPLAIN", { cause: thrown(chain, true) }),
} as const;

function thrown(chain: Uint8Array, isWireError: boolean): ConnectError {
  const metadata = { "x-secret": "SECRETHEADER", "x-known": "KNOWNHEADER" };
  const err = new ConnectError("SECRETRAW", Code.FailedPrecondition, metadata, [
    { desc: UnaryRequestSchema, value: { text: "SECRETDETAIL" } },
    { desc: UnaryResponseSchema, value: { text: "KNOWNDETAIL" } },
  ]);
  err.details.push({ type: ErrorChainSchema.typeName, value: chain });
  const beside = { debug: { text: "SECRETDEBUG" }, more: "SECRETMORE" };
  err.details.push({ type: UnaryResponseSchema.typeName, value: new Uint8Array(), ...beside });
  err.isWireError = isWireError;
  return err;
}

let current: () => unknown = () => new Error("nothing to throw yet");
const key = sealingKey(newSealingKey("test"));

describe.each(["partner", "public"] as const)("at the exposure %s", (exposure: Exposure) => {
  async function start(httpVersion: "1.1" | "2", sealed: boolean) {
    return startServer(
      httpVersion,
      probeRoutes(() => Promise.reject(current())),
      [
        createServerInterceptor({
          system: "EDGE",
          exposure,
          exposeDetails: [UnaryResponseSchema.typeName],
          exposeMetadata: ["x-known"],
          googleDetails: true,
          ...(sealed && { sealing: key }),
        }),
      ],
    );
  }

  test.each(wires)("no secret leaves over $name", async (wire: Wire) => {
    const servers = [await start(wire.httpVersion, false), await start(wire.httpVersion, true)];
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(0, 1, 2, 3), { minLength: 1, maxLength: 5 }),
        fc.constantFrom(...(Object.keys(ways) as (keyof typeof ways)[])),
        fc.constantFrom(...wire.procedures),
        fc.constantFrom(...servers),
        fc.boolean(),
        async (visibilities, way, procedure, server, fanOut) => {
          const planted = visibilities.map((visibility, index) => plant(index, visibility));
          const causes = planted.map(({ cause }, index) => {
            const last = index === planted.length - 1;
            const branches = fanOut ? (index === 0 ? planted.length - 1 : 0) : last ? 0 : 1;
            return { ...cause, branches };
          });
          const chain = toBinary(ErrorChainSchema, create(ErrorChainSchema, { causes, sealed }));
          current = () => ways[way](chain);

          const received = decodedDeep(await rawCall(wire, server, procedure));
          const own = way === "as the answer of this hop";
          const allowed = new Set(
            planted.flatMap(({ forPartner, forPublic, cause }, index) =>
              exposure === "partner"
                ? forPartner
                : own && index === 0
                  ? [cause.system, cause.module, cause.code, ...forPublic]
                  : forPublic,
            ),
          );
          const secrets = [...planted.flatMap(({ all }) => all), ...OF_THE_ERROR];
          const leaked = secrets.filter(
            (secret) => !allowed.has(secret) && received.includes(secret),
          );
          expect(leaked).toEqual([]);
          expect(received).not.toContain("ProbeService/");
          const missing = [...allowed].filter((text) => !received.includes(text));
          expect(missing).toEqual([]);
          if (own) {
            expect(ALLOWED.filter((text) => !received.includes(text))).toEqual([]);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
