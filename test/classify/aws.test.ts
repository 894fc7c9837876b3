import { createServer } from "node:http";
import { GetQueueUrlCommand, SQSClient, type SQSClientConfig } from "@aws-sdk/client-sqs";
import { Code } from "@connectrpc/connect";
import { awsErrors } from "errchain/classify/aws";
import { expect, onTestFinished, test, vi } from "vitest";
import { failIn, speak } from "../support/local-failure.js";
import { listen } from "../support/servers.js";

// The client is real; the server answers as SQS does:
// https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html

const answering = (status: number, type: string) =>
  listen(
    createServer((_, response) => {
      response
        .writeHead(status, {
          "content-type": "application/x-amz-json-1.0",
          "x-amzn-requestid": "request-1",
        })
        .end(JSON.stringify({ __type: type, message: `secret of ${type}` }));
    }),
  );

function callTo(endpoint: string, more: SQSClientConfig = {}) {
  const client = new SQSClient({
    endpoint,
    region: "eu-central-1",
    credentials: { accessKeyId: "key", secretAccessKey: "secret" },
    maxAttempts: 1,
    ...more,
  });
  onTestFinished(() => client.destroy());
  return (abortSignal?: AbortSignal) =>
    client.send(new GetQueueUrlCommand({ QueueName: "orders" }), {
      ...(abortSignal && { abortSignal }),
    });
}

const options = { classify: awsErrors };

test("a refused request is a cause of its own, with the service as module", async () => {
  const call = callTo(await answering(400, "com.amazonaws.sqs#QueueDoesNotExist"));
  const { codes, root, error } = await failIn(options, () => call());
  expect(codes).toBe("FRONT_2 AWS_SQS_QUEUE_DOES_NOT_EXIST");
  expect(error.code).toBe(Code.Internal);
  expect(root).toMatchObject({
    message: "an AWS service could not do what it was asked",
    privateArgs: {
      error: expect.stringContaining("secret of"),
      request_id: "request-1",
      http_status: "400",
      attempts: "1",
      fault: "client",
    },
  });
});

test.each([
  [403, "com.amazonaws.sqs#RequestThrottled", "REQUEST_THROTTLED", Code.ResourceExhausted],
  [400, "ThrottlingException", "THROTTLING_EXCEPTION", Code.ResourceExhausted],
  [429, "SomethingNew", "SOMETHING_NEW", Code.ResourceExhausted],
  [503, "ServiceUnavailable", "SERVICE_UNAVAILABLE", Code.Unavailable],
  [500, "InternalFailure", "INTERNAL_FAILURE", Code.Internal],
  [400, "TransactionConflictException", "TRANSACTION_CONFLICT_EXCEPTION", Code.Aborted],
  [400, "AWS.SimpleQueueService.NewThing", "AWS_SIMPLE_QUEUE_SERVICE_NEW_THING", Code.Internal],
])("%i %s", async (httpStatus, type, code, status) => {
  const call = callTo(await answering(httpStatus, type));
  const { codes, error } = await failIn(options, () => call());
  expect(codes).toBe(`FRONT_2 AWS_SQS_${code}`);
  expect(error.code).toBe(status);
});

test("attempts are told of", async () => {
  const call = callTo(await answering(503, "ServiceUnavailable"), { maxAttempts: 2 });
  const { root } = await failIn(options, () => call());
  expect(root.privateArgs).toMatchObject({ attempts: "2" });
});

test("without an answer", async () => {
  const refused = await failIn(options, () => callTo("http://127.0.0.1:9")());
  expect(refused.codes).toBe("FRONT_2 AWS_ECONNREFUSED");
  expect(refused.error.code).toBe(Code.Unavailable);
  expect(refused.root.privateArgs).toMatchObject({ address: "127.0.0.1", port: "9" });

  const port = await speak((socket) => socket.once("data", () => socket.destroy()));
  const broken = await failIn(options, () => callTo(`http://127.0.0.1:${port}`)());
  expect(broken.codes).toBe("FRONT_2 AWS_ECONNRESET");
  expect(broken.error.code).toBe(Code.Unavailable);
});

test("the answer does not come in time", async () => {
  const url = await listen(createServer(() => {}));
  const requestHandler = { requestTimeout: 50, throwOnRequestTimeout: true };
  const { codes, error } = await failIn(options, () => callTo(url, { requestHandler })());
  expect(codes).toBe("FRONT_2 AWS_TIMEOUT_ERROR");
  expect(error.code).toBe(Code.DeadlineExceeded);
});

test("what a signal aborts is not classified", async () => {
  const url = await listen(createServer(() => {}));
  for (const signal of [AbortSignal.timeout(20), AbortSignal.abort()]) {
    const { thrown, codes } = await failIn(options, () => callTo(url)(signal));
    expect(thrown).toMatchObject({ name: "AbortError" });
    expect(codes).toBe("FRONT_1");
  }
});

test("there are no credentials", async () => {
  onTestFinished(() => void vi.unstubAllEnvs());
  vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
  vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere");
  vi.stubEnv("AWS_CONFIG_FILE", "/nowhere");
  const client = new SQSClient({ region: "eu-central-1", endpoint: "http://127.0.0.1:9" });
  const step = () => client.send(new GetQueueUrlCommand({ QueueName: "orders" }));
  const { codes, error } = await failIn(options, step);
  expect(codes).toBe("FRONT_2 AWS_CREDENTIALS_PROVIDER_ERROR");
  expect(error.code).toBe(Code.Internal);
});
