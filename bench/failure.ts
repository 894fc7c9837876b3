import { Writable } from "node:stream";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { createClientInterceptor, createErrorChainTransport, errorChain } from "errchain";
import { CauseSchema, type ErrorChain, ErrorChainSchema } from "errchain/proto";
import { logLines } from "errchain/report";
import { createServerInterceptor } from "errchain/server";
import { continueTrace, sendTrace } from "./by-hand.ts";
import { type ConnectParts, connectVariant, type HopContext, type Protocol } from "./connect.ts";
import { hexDigits } from "./ids.ts";
import { grpcJsVariants } from "./peers/grpc-js.ts";
import { niceGrpcVariants } from "./peers/nice-grpc.ts";
import { again } from "./result.ts";
import {
  causeByHand,
  definitions,
  expectedCodes,
  messageOf,
  newTraceId,
  translationRules,
} from "./systems.ts";
import { expectThat, FAILED_PRECONDITION, type HopNumber, type Variant } from "./variant.ts";

/** The names of the rows, for those who compare them. */
export const failure = {
  bare: "bare ConnectError",
  relayed: "one {desc, value} detail, relayed",
  rebuilt: "a chain rebuilt by message",
  joined: "a chain joined as bytes by hand",
  joinedTrace: "the same, and traceparent by hand",
  withoutTrace: "errchain interceptors without trace context",
  errchain: "errchain interceptors",
  transport: "errchain transport",
  translated: "errchain interceptors, translated",
  logged: "errchain interceptors, onError: logLines",
} as const;

/** What a hop throws, given what the call to the next hop threw. */
type Throw = (hop: HopNumber, id: string, cause: unknown) => unknown;

/** Calls that fail in the last hop; every hop catches that and throws an error of its own. */
export function failureVariants(protocol: Protocol): Variant[] {
  const variant = (
    error: Throw,
    check: (err: ConnectError) => void,
    parts: Omit<ConnectParts, "handle" | "check">,
  ) =>
    connectVariant(protocol, {
      ...parts,
      handle: (hop, text, context) => fail(error, hop, text, context),
      check: (call) => checkError(call, check),
    });
  const errchain = (
    name: string,
    about: string,
    parts: Pick<ConnectParts, "client" | "wrap" | "base"> & { readonly server?: Interceptor } = {},
  ) => {
    const { server: interceptor = createServerInterceptor(), ...more } = parts;
    const server = () => [interceptor];
    return variant(defined, hasChain, { name, about, server, ...more });
  };
  const client = () => [createClientInterceptor()];
  return [
    variant(bareError, hasDetails(0), {
      name: failure.bare,
      about: "Each hop throws a `ConnectError` with its own message, without details.",
    }),
    variant(bareError, hasDetails(0), {
      name: again(failure.bare),
      about: "The same once more: how far two rows differ by chance.",
    }),
    variant(relayedDetail, hasDetails(1), {
      name: failure.relayed,
      about: "The last hop attaches one cause as `{ desc, value }`; the others pass it on.",
    }),
    variant(rebuiltChain, hasChain, {
      name: failure.rebuilt,
      about:
        "What a user would write: `findDetails()`, the own cause in front, a new `{ desc, value }` detail.",
    }),
    variant(joinedChain, hasChain, {
      name: failure.joined,
      about:
        "What somebody writes who knows the wire format: the own cause by `toBinary()`, the bytes from below behind it, `{ type, value }`. Nothing is checked, bounded or named.",
    }),
    variant(joinedChain, hasChain, {
      name: failure.joinedTrace,
      about: "With what a careful user writes to have one trace ID in all hops.",
      server: () => [continueTrace],
      client: () => [sendTrace],
    }),
    errchain(
      failure.withoutTrace,
      "A definition in each hop, thrown with `{ cause }`; `createServerInterceptor()` and `createClientInterceptor({ propagateTrace: false })`.",
      { client: () => [createClientInterceptor({ propagateTrace: false })] },
    ),
    errchain(
      failure.errchain,
      "The same with `createClientInterceptor()`, which sends the trace context on.",
      { client },
    ),
    errchain(failure.transport, "With `createErrorChainTransport()`.", {
      wrap: (transport) => createErrorChainTransport(transport),
    }),
    variant(onlyInLastHop, hasChain, {
      name: failure.translated,
      about:
        "The handlers let the error of their call through, and each server translates it by a rule.",
      server: () => [createServerInterceptor({ translate: translationRules })],
      client,
    }),
    errchain(
      failure.logged,
      "errchain interceptors, and each hop writes a line to a stream that drops it.",
      { client, server: createServerInterceptor({ onError: [logLines(nowhere())] }) },
    ),
    ...(protocol === "gRPC" ? [...niceGrpcVariants(), ...grpcJsVariants()] : []),
  ];
}

async function fail(error: Throw, hop: HopNumber, id: string, context: HopContext) {
  let cause: unknown;
  if (hop !== 3) {
    try {
      return await context.callNext(id);
    } catch (err) {
      cause = err;
    }
  }
  throw error(hop, id, cause);
}

const bareError: Throw = (hop, id, cause) =>
  new ConnectError(messageOf(hop, id), Code.FailedPrecondition, undefined, undefined, cause);

const relayedDetail: Throw = (hop, id, cause) => {
  const details = hop === 3 ? [{ desc: CauseSchema, value: causeByHand(hop, id) }] : [];
  const error = new ConnectError(messageOf(hop, id), Code.FailedPrecondition, undefined, details);
  error.cause = cause;
  error.details.push(...(hop === 3 ? [] : ConnectError.from(cause).details));
  return error;
};

const rebuiltChain: Throw = (hop, id, cause) => {
  const below = hop === 3 ? undefined : ConnectError.from(cause).findDetails(ErrorChainSchema)[0];
  const value = create(ErrorChainSchema, {
    causes: [causeByHand(hop, id), ...(below?.causes ?? [])],
    traceId: below?.traceId ?? newTraceId(),
  });
  const details = [{ desc: ErrorChainSchema, value }];
  return new ConnectError(messageOf(hop, id), Code.FailedPrecondition, undefined, details, cause);
};

const joinedChain: Throw = (hop, id, cause) => {
  const [below] = hop === 3 ? [] : ConnectError.from(cause).details;
  const own = create(ErrorChainSchema, {
    causes: [causeByHand(hop, id)],
    ...(hop === 3 && { traceId: newTraceId() }),
  });
  const bytes = toBinary(ErrorChainSchema, own);
  const value =
    below && "value" in below ? Buffer.concat([bytes, below.value as Uint8Array]) : bytes;
  const error = new ConnectError(messageOf(hop, id), Code.FailedPrecondition);
  error.cause = cause;
  error.details.push({ type: ErrorChainSchema.typeName, value });
  return error;
};

const defined: Throw = (hop, id, cause) =>
  definitions[hop]({ id }, cause === undefined ? {} : { cause });

const onlyInLastHop: Throw = (hop, id, cause) => (hop === 3 ? defined(hop, id, cause) : cause);

async function checkError(
  call: (text: string) => Promise<string>,
  check: (err: ConnectError) => void,
): Promise<void> {
  const id = hexDigits(8);
  const err = await call(id).then(
    () => undefined,
    (reason: unknown) => ConnectError.from(reason),
  );
  expectThat(err?.code === FAILED_PRECONDITION, `the call ended with ${err}`);
  expectThat(err.rawMessage === messageOf(1, id), `the message is ${err.rawMessage}`);
  check(err);
}

const hasDetails = (count: number) => (err: ConnectError) =>
  expectThat(err.details.length === count, `the error has ${err.details.length} details`);

function hasChain(err: ConnectError): void {
  hasDetails(1)(err);
  expectChain(errorChain(err));
}

/** Throws unless the chain has come from all three hops. */
export function expectChain(chain: ErrorChain | undefined): void {
  const codes = chain?.causes.map(({ code }) => code).join(" ");
  expectThat(codes === expectedCodes, `the chain is ${codes}`);
  expectThat(chain?.traceId.length === 16, "the chain has no trace ID");
}

/** A stream that drops what is written to it. */
const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done() });
