// One server pass with one client pass inside of it, without a network: the
// interceptors around a handler that makes one call, which is answered at once.
// What connect-es makes for each of them anyway (a signal, the headers of the call,
// the request objects) is made here too, in every row; the row of the no-op
// interceptors is what that costs.

import { create } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  createContextValues,
  type Interceptor,
  type Transport,
  type UnaryRequest,
} from "@connectrpc/connect";
import { createClientInterceptor, createErrorChainTransport } from "errchain";
import { createServerInterceptor } from "errchain/server";
import {
  ProbeService,
  UnaryRequestSchema,
  UnaryResponseSchema,
} from "../test/gen/probe/v1/probe_pb.js";
import { continueTrace, noop, onlyStorage, sendTrace } from "./by-hand.ts";
import { hexDigits } from "./ids.ts";
import type { Task } from "./micro-run.ts";
import { again } from "./result.ts";
import { definitions, messageOf } from "./systems.ts";

/** The names of the rows, for those who compare them. */
export const pass = {
  noop: "no-op interceptors",
  byHand: "by hand: AsyncLocalStorage and two header calls",
  errchain: "errchain interceptors",
} as const;

const noopTransport = "no-op interceptor, bare transport";

type Pass = () => Promise<unknown>;
/** Makes the call of a handler. */
type Call = () => Promise<unknown>;

export function passTasks(): Task[] {
  const row = (name: string, base: string, about: string, run: Pass): Task => ({
    name,
    base,
    about,
    async run(times) {
      for (let n = 0; n < times; n++) {
        await run();
      }
    },
  });
  const noTrace = { propagateTrace: false };
  return [
    row(pass.noop, pass.noop, "What the pass costs without anything to measure.", good(noop, noop)),
    row(
      again(pass.noop),
      pass.noop,
      "The same once more: how far two rows differ by chance.",
      good(noop, noop),
    ),
    row(
      "AsyncLocalStorage alone",
      pass.noop,
      "`run()` around the handler.",
      good(onlyStorage, noop),
    ),
    row(
      pass.byHand,
      pass.noop,
      "What a careful user writes to send `traceparent` on.",
      good(continueTrace, sendTrace),
    ),
    row(
      "errchain interceptors without trace context",
      pass.noop,
      "With `propagateTrace: false`.",
      good(createServerInterceptor(), createClientInterceptor(noTrace)),
    ),
    row(
      pass.errchain,
      pass.noop,
      "`createServerInterceptor()` and `createClientInterceptor()`.",
      good(createServerInterceptor(), createClientInterceptor()),
    ),
    row(
      "errchain server interceptor alone",
      pass.noop,
      "The client's side is a no-op.",
      good(createServerInterceptor(), noop),
    ),
    row(
      "errchain client interceptor alone",
      pass.noop,
      "Outside of a request, as in a program that only calls.",
      good(noop, createClientInterceptor()),
    ),
    row(
      noopTransport,
      noopTransport,
      "The call goes to a transport that answers at once.",
      passThrough(noop, transportCall(answering)),
    ),
    row(
      "errchain transport",
      noopTransport,
      "`createServerInterceptor()` and `createErrorChainTransport()`.",
      passThrough(createServerInterceptor(), transportCall(createErrorChainTransport(answering))),
    ),
    row(
      "a failed pass: bare ConnectError",
      "a failed pass: bare ConnectError",
      "The handler throws a `ConnectError`.",
      failing(noop, () => new ConnectError(messageOf(3, hexDigits(8)), Code.FailedPrecondition)),
    ),
    row(
      "a failed pass: errchain",
      "a failed pass: bare ConnectError",
      "The handler throws a definition; the answer is a chain of one cause.",
      failing(createServerInterceptor(), () => definitions[3]({ id: hexDigits(8) })),
    ),
  ];
}

const good = (server: Interceptor, client: Interceptor) =>
  passThrough(server, interceptorCall(client));

/** A request through a server's interceptor, to a handler that makes a call. */
function passThrough(server: Interceptor, call: Call): Pass {
  const handle = server(async () => {
    await call();
    return answer;
  });
  return async () => {
    const controller = new AbortController();
    await handle(request(requestHeader, controller.signal));
    controller.abort(done); // as connect-es does after the answer
  };
}

/** Made once: to make one for each request takes as long as all that is measured. */
const done = new DOMException("the request has been answered", "AbortError");

function failing(server: Interceptor, error: () => ConnectError): Pass {
  const handle = server(async () => {
    throw error();
  });
  return () => handle(request(requestHeader, new AbortController().signal)).catch(() => {});
}

function interceptorCall(client: Interceptor): Call {
  const send = client(async () => answer);
  const { signal } = new AbortController();
  return () => send(request(new Headers(), signal));
}

function transportCall(transport: Transport): Call {
  const method = ProbeService.method.unary;
  return () =>
    transport.unary(method, undefined, undefined, new Headers(), message, createContextValues());
}

/**
 * Only read. Without a network it need not differ from request to request, but it is one
 * piece, as what has come from a network: V8 reads a text that was put together slower.
 */
const requestHeader = new Headers([
  ["content-type", "application/proto"],
  ["traceparent", Buffer.from(`00-${hexDigits(32)}-${hexDigits(16)}-01`).toString("latin1")],
]);

const message = create(UnaryRequestSchema);

function request(header: Headers, signal: AbortSignal): UnaryRequest {
  return {
    stream: false,
    service: ProbeService,
    method: ProbeService.method.unary,
    requestMethod: "POST",
    url: "http://localhost/probe.v1.ProbeService/Unary",
    signal,
    header,
    contextValues: createContextValues(),
    message,
  } as UnaryRequest;
}

const answer = {
  stream: false,
  service: ProbeService,
  method: ProbeService.method.unary,
  header: new Headers(),
  trailer: new Headers(),
  message: create(UnaryResponseSchema),
} as const;

const answering = {
  unary: async () => answer,
  stream: () => Promise.reject(new Error("not used here")),
} as unknown as Transport;
