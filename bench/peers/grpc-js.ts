import { create } from "@bufbuild/protobuf";
import {
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceError,
  type sendUnaryData,
} from "@grpc/grpc-js";
import { type ErrorChain, ErrorChainSchema } from "errchain/proto";
import { hexDigits } from "../ids.ts";
import { causeByHand, expectedCodes, messageOf, newTraceId } from "../systems.ts";
import {
  type EntryClient,
  expectThat,
  FAILED_PRECONDITION,
  type HopNumber,
  type RunningHop,
  type Variant,
} from "../variant.ts";
import { probeService } from "./methods.ts";
import { chainOfStatus, encodeStatus } from "./status.ts";

/** The names of the rows, for those who compare them. */
export const grpcJs = {
  bare: "@grpc/grpc-js without details",
  chain: "@grpc/grpc-js, chain by hand",
} as const;

/** What a hop fails with, given what the call to the next hop failed with. */
type Fail = (hop: HopNumber, id: string, cause: ServiceError | undefined) => Partial<ServiceError>;

type Call = ServerUnaryCall<{ readonly text: string }, { readonly text: string }>;

const DETAILS = "grpc-status-details-bin";

/** The chain of three causes in the bare gRPC stack of Node.js, with and without details. */
export function grpcJsVariants(): Variant[] {
  return [
    variant(bareError, undefined, {
      name: grpcJs.bare,
      about: "Each hop calls back with code and message.",
    }),
    variant(rebuiltChain, expectedCodes, {
      name: grpcJs.chain,
      about:
        "Each hop decodes `grpc-status-details-bin`, puts its own cause in front and encodes it again, with the messages of errchain.",
      base: grpcJs.bare,
    }),
  ];
}

function variant(
  fail: Fail,
  codes: string | undefined,
  row: Pick<Variant, "name" | "about" | "base">,
): Variant {
  return { ...row, startHop: (hop, next) => startHop(fail, hop, next), connect };

  function connect(url: string): EntryClient {
    const { call, close } = clientOf(url);
    return { call, close, check: () => check(call, codes) };
  }
}

async function startHop(fail: Fail, hop: HopNumber, next: string | undefined): Promise<RunningHop> {
  const below = next === undefined ? undefined : clientOf(next);
  const unary = (call: Call, callback: sendUnaryData<{ readonly text: string }>) => {
    const { text } = call.request;
    if (below === undefined) {
      callback(fail(hop, text, undefined));
    } else {
      below.call(text).then(
        (answer) => callback(null, { text: answer }),
        (err: ServiceError) => callback(fail(hop, text, err)),
      );
    }
  };
  const server = new Server();
  server.addService(probeService, { unary });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (err, bound) =>
      err === null ? resolve(bound) : reject(err),
    ),
  );
  const close = () => {
    below?.close();
    server.forceShutdown();
  };
  return { url: `127.0.0.1:${port}`, close };
}

function clientOf(address: string): Pick<EntryClient, "call" | "close"> {
  const client = new Client(address, credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = probeService.unary;
  const call = (text: string) =>
    new Promise<string>((resolve, reject) => {
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        { text },
        (err: ServiceError | null, answer?: { readonly text: string }) =>
          err === null ? resolve(answer?.text ?? "") : reject(err),
      );
    });
  return { call, close: () => client.close() };
}

const bareError: Fail = (hop, id) => ({
  code: FAILED_PRECONDITION,
  details: messageOf(hop, id),
});

const rebuiltChain: Fail = (hop, id, cause) => {
  const below = chainOf(cause);
  const chain = create(ErrorChainSchema, {
    causes: [causeByHand(hop, id), ...(below?.causes ?? [])],
    traceId: below?.traceId ?? newTraceId(),
  });
  const details = messageOf(hop, id);
  const metadata = new Metadata();
  metadata.set(DETAILS, Buffer.from(encodeStatus(FAILED_PRECONDITION, details, chain)));
  return { code: FAILED_PRECONDITION, details, metadata };
};

function chainOf(err: ServiceError | undefined): ErrorChain | undefined {
  const status = err?.metadata.get(DETAILS)[0];
  return Buffer.isBuffer(status) ? chainOfStatus(status) : undefined;
}

async function check(call: EntryClient["call"], codes: string | undefined): Promise<void> {
  const id = hexDigits(8);
  const err = await call(id).then(
    () => undefined,
    (reason: ServiceError) => reason,
  );
  expectThat(err?.code === FAILED_PRECONDITION, `the call ended with ${err}`);
  expectThat(err.details === messageOf(1, id), `the message is ${err.details}`);
  const found = chainOf(err)
    ?.causes.map(({ code }) => code)
    .join(" ");
  expectThat(found === codes, `the chain is ${found}`);
}
