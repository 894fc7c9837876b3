import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { Code, ConnectError } from "@connectrpc/connect";
import { Client, credentials, type ServiceError } from "@grpc/grpc-js";
import { defineError, errorChain } from "errchain";
import { grpcErrors } from "errchain/classify/grpc-js";
import { createServerInterceptor } from "errchain/server";
import { CallSettings, createApiCall } from "google-gax";
import { createChannel, createClient } from "nice-grpc";
import { expect, onTestFinished, test } from "vitest";
import { UnaryRequestSchema, UnaryResponseSchema } from "../gen/probe/v1/probe_pb.js";
import { failIn } from "../support/local-failure.js";
import { probeRoutes } from "../support/probe.js";
import { startServer } from "../support/servers.js";

const broken = defineError({
  system: "ROUTE",
  code: 20001,
  reason: "BROKEN",
  status: "UNAVAILABLE",
  message: "{part} is broken",
});

const unary = {
  path: "/probe.v1.ProbeService/Unary",
  requestStream: false,
  responseStream: false,
  requestSerialize: ({ text }: { text: string }) =>
    Buffer.from(toBinary(UnaryRequestSchema, create(UnaryRequestSchema, { text }))),
  requestDeserialize: (bytes: Uint8Array) => fromBinary(UnaryRequestSchema, bytes),
  responseSerialize: ({ text }: { text: string }) =>
    Buffer.from(toBinary(UnaryResponseSchema, create(UnaryResponseSchema, { text }))),
  responseDeserialize: (bytes: Uint8Array) => fromBinary(UnaryResponseSchema, bytes),
  options: {},
} as const;

/** Calls a peer with the client of grpc-js, as Google's libraries do. */
function callWithGrpcJs(url: string, deadline = 10_000): Promise<unknown> {
  const client = new Client(new URL(url).host, credentials.createInsecure());
  onTestFinished(() => client.close());
  const { path, requestSerialize, responseDeserialize } = unary;
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      { text: "hello" },
      { deadline: Date.now() + deadline },
      (err: ServiceError | null, answer) => (err === null ? resolve(answer) : reject(err)),
    );
  });
}

function callWithNiceGrpc(url: string): Promise<unknown> {
  const channel = createChannel(new URL(url).host);
  onTestFinished(() => channel.close());
  return createClient({ unary }, channel).unary({ text: "hello" });
}

/** A gRPC peer that fails. */
const peer = (fail: () => Promise<string>, withChain = false) =>
  startServer("2", probeRoutes(fail), withChain ? [createServerInterceptor()] : []);

/** An error with the details of google.rpc, as Google's services send them. */
function googleError(code: Code, domain: string, reason: string): ConnectError {
  const err = new ConnectError("secret of the peer", code);
  const info = new BinaryWriter().tag(1, 2).string(reason).tag(2, 2).string(domain);
  info.tag(3, 2).fork().tag(1, 2).string("zone").tag(2, 2).string("europe-west4").join();
  err.details.push({ type: "google.rpc.ErrorInfo", value: info.finish() });
  const text = new BinaryWriter().tag(1, 2).string("en").tag(2, 2).string("Too many messages.");
  err.details.push({ type: "google.rpc.LocalizedMessage", value: text.finish() });
  return err;
}

const classify = grpcErrors;

test("of a peer with errchain its chain is taken", async () => {
  const url = await peer(async () => {
    throw broken({ part: "车轴" }, { cause: broken({ part: "the wheel" }) });
  }, true);
  const { error, root } = await failIn({ classify }, () => callWithGrpcJs(url));
  expect(error).toMatchObject({ code: Code.Unavailable });
  expect(errorChain(error)?.causes).toMatchObject([
    { system: "FRONT", code: "2", branches: 1 },
    { system: "ROUTE", code: "20001", message: "车轴 is broken", branches: 1 },
    { system: "ROUTE", code: "20001", message: "the wheel is broken" },
  ]);
  expect(root.args).toEqual({ part: "the wheel" });
});

test("translation rules match the causes of such a chain", async () => {
  const url = await peer(async () => {
    throw broken({ part: "the axle" });
  }, true);
  const late = defineError({
    system: "FRONT",
    code: 30001,
    reason: "LATE",
    status: "FAILED_PRECONDITION",
    message: "it is late because of {part}",
  });
  const { error, codes } = await failIn(
    { classify, translate: [{ from: broken, to: late, args: ({ args }) => args }] },
    () => callWithGrpcJs(url),
  );
  expect(error).toMatchObject({
    code: Code.FailedPrecondition,
    rawMessage: "it is late because of the axle",
  });
  expect(codes).toBe("FRONT_30001 ROUTE_20001");
});

test.each([
  [
    "a service of Google",
    googleError(Code.ResourceExhausted, "pubsub.googleapis.com", "RATE_LIMIT_EXCEEDED"),
    "FRONT_2 GRPC_PUBSUB_RATE_LIMIT_EXCEEDED",
    { status: Code.ResourceExhausted, message: "Too many messages." },
    { domain: "pubsub.googleapis.com", zone: "europe-west4" },
  ],
  [
    "Google's common infrastructure",
    googleError(Code.PermissionDenied, "googleapis.com", "API_DISABLED"),
    "FRONT_2 GRPC_API_DISABLED",
    { status: Code.PermissionDenied },
    { domain: "googleapis.com" },
  ],
  [
    "a reason of another form",
    googleError(Code.NotFound, "", "noSuchTopic"),
    "FRONT_2 GRPC_NOT_FOUND",
    { status: Code.NotFound, reason: "" },
    { reason: "noSuchTopic" },
  ],
  [
    "a bare status",
    new ConnectError("secret of the peer", Code.Unavailable),
    "FRONT_2 GRPC_UNAVAILABLE",
    {
      status: Code.Unavailable,
      message: "a gRPC service could not be reached, or is not ready",
    },
    {},
  ],
])("%s is named", async (_, failure, expected, cause, privateArgs) => {
  const url = await peer(() => Promise.reject(failure));
  const { codes, root } = await failIn({ classify }, () => callWithGrpcJs(url));
  expect(codes).toBe(expected);
  expect(root).toMatchObject({ ...cause, privateArgs });
});

test("a peer that is not there is unavailable, and its address private", async () => {
  const { error, codes, root } = await failIn({ classify }, () =>
    callWithGrpcJs("http://127.0.0.1:1"),
  );
  expect(error).toMatchObject({ code: Code.Unavailable });
  expect(codes).toBe("FRONT_2 GRPC_UNAVAILABLE");
  expect(root.privateArgs["error"]).toContain("127.0.0.1:1");
});

test("a deadline of the client itself", async () => {
  const url = await peer(() => new Promise(() => {}));
  const { error, codes } = await failIn({ classify }, () => callWithGrpcJs(url, 100));
  expect(error).toMatchObject({ code: Code.DeadlineExceeded });
  expect(codes).toBe("FRONT_2 GRPC_DEADLINE_EXCEEDED");
});

test("nice-grpc says the status and the method", async () => {
  const url = await peer(() => Promise.reject(new ConnectError("full", Code.ResourceExhausted)));
  const { codes, root } = await failIn({ classify }, () => callWithNiceGrpc(url));
  expect(codes).toBe("FRONT_2 GRPC_RESOURCE_EXHAUSTED");
  expect(root.privateArgs).toMatchObject({ path: unary.path });
});

test("google-gax, where it has repeated a call until its time was over", async () => {
  const failure = googleError(Code.Unavailable, "pubsub.googleapis.com", "BACKEND_ERROR");
  const url = await peer(() => Promise.reject(failure));
  const call = createApiCall(
    Promise.resolve((_request, _metadata, _options, callback) => {
      callWithGrpcJs(url).then((answer) => callback(null, answer as object), callback);
      return { cancel() {} };
    }),
    new CallSettings({
      timeout: 200,
      retry: {
        retryCodes: [Code.Unavailable],
        backoffSettings: {
          initialRetryDelayMillis: 10,
          retryDelayMultiplier: 1,
          maxRetryDelayMillis: 10,
          initialRpcTimeoutMillis: 100,
          rpcTimeoutMultiplier: 1,
          maxRpcTimeoutMillis: 100,
          totalTimeoutMillis: 100,
        },
      },
    }),
  );
  const { codes, root } = await failIn({ classify }, async () => call({}));
  expect(codes).toBe("FRONT_2 GRPC_DEADLINE_EXCEEDED");
  expect(root.privateArgs["error"]).toContain("UNAVAILABLE");
});

test.each([
  ["an ErrorChain of nothing", [{ type: "errchain.v1.ErrorChain", value: new Uint8Array() }]],
  ["junk", [{ type: "errchain.v1.ErrorChain", value: Uint8Array.of(255, 255, 255) }]],
])("where the chain is %s, the status counts", async (_, details) => {
  const failure = new ConnectError("secret of the peer", Code.Aborted);
  failure.details.push(...details);
  const url = await peer(() => Promise.reject(failure));
  const { codes } = await failIn({ classify }, () => callWithGrpcJs(url));
  expect(codes).toBe("FRONT_2 GRPC_ABORTED");
});
