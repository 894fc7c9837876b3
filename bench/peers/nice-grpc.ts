import { createChannel, createClientFactory, createServer, ServerError, Status } from "nice-grpc";
import {
  ErrorInfo,
  errorDetailsClientMiddleware,
  errorDetailsServerMiddleware,
  RichClientError,
  RichServerError,
} from "nice-grpc-error-details";
import { hexDigits } from "../ids.ts";
import { expectedCodes, failures, messageOf } from "../systems.ts";
import {
  type EntryClient,
  expectThat,
  type HopNumber,
  type RunningHop,
  type Variant,
} from "../variant.ts";
import { probeService } from "./methods.ts";

/** The names of the rows, for those who compare them. */
export const niceGrpc = {
  bare: "nice-grpc without details",
  rich: "nice-grpc-error-details",
} as const;

/** What a hop throws, given what the call to the next hop threw. */
type Throw = (hop: HopNumber, id: string, cause: unknown) => ServerError;

/** The chain of three causes in nice-grpc, with and without its rich errors. */
export function niceGrpcVariants(): Variant[] {
  return [
    variant(bareError, false, {
      name: niceGrpc.bare,
      about: "Each hop throws a `ServerError` with code and message.",
    }),
    variant(richError, true, {
      name: niceGrpc.rich,
      about:
        "Each hop throws a `RichServerError` with an `ErrorInfo` of its own in front of those that it received; what a cause of errchain holds is in its metadata.",
      base: niceGrpc.bare,
    }),
  ];
}

function variant(
  error: Throw,
  isRich: boolean,
  row: Pick<Variant, "name" | "about" | "base">,
): Variant {
  return { ...row, startHop, connect };

  function clientOf(address: string): Pick<EntryClient, "call" | "close"> {
    const channel = createChannel(address);
    const factory = createClientFactory();
    const client = (isRich ? factory.use(errorDetailsClientMiddleware) : factory).create(
      probeService,
      channel,
    );
    const call = async (text: string) => (await client.unary({ text })).text;
    return { call, close: () => channel.close() };
  }

  async function startHop(hop: HopNumber, next: string | undefined): Promise<RunningHop> {
    const below = next === undefined ? undefined : clientOf(next);
    const server = isRich ? createServer().use(errorDetailsServerMiddleware) : createServer();
    server.add(probeService, {
      async unary({ text }: { text: string }) {
        let cause: unknown;
        if (below !== undefined) {
          try {
            return { text: await below.call(text) };
          } catch (err) {
            cause = err;
          }
        }
        throw error(hop, text, cause);
      },
    });
    const port = await server.listen("127.0.0.1:0");
    const close = () => {
      below?.close();
      server.forceShutdown();
    };
    return { url: `127.0.0.1:${port}`, close };
  }

  function connect(url: string): EntryClient {
    const { call, close } = clientOf(url);
    return { call, close, check: () => check(call, isRich) };
  }
}

const bareError: Throw = (hop, id) =>
  new ServerError(Status.FAILED_PRECONDITION, messageOf(hop, id));

const richError: Throw = (hop, id, cause) => {
  const { system, module, code, reason } = failures[hop];
  const message = messageOf(hop, id);
  const own = ErrorInfo.fromPartial({
    reason,
    domain: system,
    metadata: {
      module,
      code,
      message,
      id,
      procedure: "probe.v1.ProbeService/Unary",
      spanId: hexDigits(16),
      occurredAt: new Date().toISOString(),
      ...(hop === 3 && { traceId: hexDigits(32) }),
    },
  });
  const below = cause instanceof RichClientError ? cause.extra : [];
  return new RichServerError(Status.FAILED_PRECONDITION, message, [own, ...below]);
};

async function check(call: EntryClient["call"], isRich: boolean): Promise<void> {
  const id = hexDigits(8);
  const err = await call(id).then(
    () => undefined,
    (reason: { code?: unknown; details?: unknown }) => reason,
  );
  expectThat(err?.code === Status.FAILED_PRECONDITION, `the call ended with ${err}`);
  expectThat(err.details === messageOf(1, id), `the message is ${err.details}`);
  const extra = err instanceof RichClientError ? err.extra : [];
  const codes = extra.map((info) => ("metadata" in info ? info.metadata["code"] : "")).join(" ");
  expectThat(codes === (isRich ? expectedCodes : ""), `the details are ${codes}`);
}
