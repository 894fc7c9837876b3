import { Code } from "@connectrpc/connect";
import { kafkaErrors } from "errchain/classify/kafka";
import { Kafka, logLevel } from "kafkajs";
import { expect, onTestFinished, test } from "vitest";
import { failIn, speak } from "../support/local-failure.js";

// The clients are real; the broker says just enough of the protocol to fail:
// https://kafka.apache.org/protocol

const API_VERSIONS = 18;
const METADATA = 3;

const int16 = (value: number) => [(value >> 8) & 255, value & 255];
const int32 = (value: number) => [...int16(value >> 16), ...int16(value)];
const string = (text: string) => [...int16(text.length), ...Buffer.from(text)];

/** What the broker can do; to versions that it does not know, UNSUPPORTED_VERSION. */
const apiVersions = (version: number) => [
  ...int16(version < 3 ? 0 : 35),
  ...int32(2),
  ...[API_VERSIONS, 0, 2, METADATA, 0, 0].flatMap(int16),
  ...(version === 0 ? [] : int32(0)),
];

/** A broker that knows old versions of two requests, and fails the second. */
const broker = (answerMetadata: (topic: string) => number[] | undefined) =>
  speak((socket) => {
    let received = Buffer.alloc(0);
    socket.on("data", (data) => {
      received = Buffer.concat([received, data]);
      while (received.length >= 4 && received.length >= 4 + received.readInt32BE()) {
        const request = received.subarray(4, 4 + received.readInt32BE());
        received = received.subarray(4 + request.length);
        const body =
          request.readInt16BE(0) === API_VERSIONS
            ? apiVersions(request.readInt16BE(2))
            : answerMetadata("orders");
        if (body !== undefined) {
          const correlationId = int32(request.readInt32BE(4));
          socket.write(Buffer.from([...int32(4 + body.length), ...correlationId, ...body]));
        }
      }
    });
  });

const failing = (errorCode: number) =>
  broker((topic) => [...int32(0), ...int32(1), ...int16(errorCode), ...string(topic), ...int32(0)]);

// Its types do not go together with those of browsers, which this project has too.
const platformatic: string = "@platformatic/kafka";
const { Admin } = await import(platformatic);

/** Asks for the metadata of a topic through each of the clients. */
const clients = {
  kafkajs: (port: number, more: { requestTimeout?: number } = {}) => {
    const kafka = new Kafka({
      brokers: [`127.0.0.1:${port}`],
      logLevel: logLevel.NOTHING,
      retry: { retries: 1, initialRetryTime: 10 },
      ...more,
    });
    const admin = kafka.admin();
    onTestFinished(() => admin.disconnect());
    return async () => {
      await admin.connect();
      await admin.fetchTopicMetadata({ topics: ["orders"] });
    };
  },
  "@platformatic/kafka": (port: number, more: { requestTimeout?: number } = {}) => {
    const admin = new Admin({
      clientId: "front",
      bootstrapBrokers: [`127.0.0.1:${port}`],
      retries: 0,
      ...more,
    });
    onTestFinished(() => admin.close());
    return () => admin.metadata({ topics: ["orders"] });
  },
};

const options = { classify: kafkaErrors };

for (const [name, client] of Object.entries(clients)) {
  test.each([
    [29, "TOPIC_AUTHORIZATION_FAILED", Code.Internal],
    [7, "REQUEST_TIMED_OUT", Code.DeadlineExceeded],
    [5, "LEADER_NOT_AVAILABLE", Code.Unavailable],
  ])(`${name}: what the broker refuses with %i is %s`, async (number, code, status) => {
    const step = client(await failing(number));
    const { codes, root, error } = await failIn(options, step);
    expect(codes).toBe(`FRONT_2 KAFKA_${code}`);
    expect(error.code).toBe(status);
    expect(root.privateArgs).toMatchObject({ error_code: String(number) });
    expect(root.message).toMatch(/^the message broker /);
  });
  test(`${name}: nobody listens`, async () => {
    const { codes, root, error } = await failIn(options, client(9));
    expect(codes).toBe(name === "kafkajs" ? "FRONT_2 KAFKA_CONNECTION" : "FRONT_2 KAFKA_NETWORK");
    expect(error.code).toBe(Code.Unavailable);
    expect(JSON.stringify(root.privateArgs)).toContain("127.0.0.1");
  });
  test(`${name}: nobody answers`, async () => {
    const step = client(await broker(() => undefined), { requestTimeout: 200 });
    const { codes, error } = await failIn(options, step);
    expect(codes).toMatch(/^FRONT_2 KAFKA_(REQUEST_)?TIMEOUT$/);
    expect(error.code).toBe(Code.DeadlineExceeded);
  });
}

test("kafkajs: numbers that it does not know", async () => {
  const { codes } = await failIn(options, clients.kafkajs(await failing(89)));
  expect(codes).toBe("FRONT_2 KAFKA_UNKNOWN_ERROR_CODE");
});

test("@platformatic/kafka: what it finds wrong by itself", async () => {
  const { codes, error } = await failIn(options, clients["@platformatic/kafka"](await failing(3)));
  expect(codes).toBe("FRONT_2 KAFKA_USER");
  expect(error.code).toBe(Code.Internal);
});

// This client is a native module that builds librdkafka, too much for a test. These
// are the properties that its lib/kafkajs/_error.js sets.
test.each([
  ["KafkaJSProtocolError", "ERR_NOT_ENOUGH_REPLICAS", 19, "NOT_ENOUGH_REPLICAS", "UNAVAILABLE"],
  [
    "KafkaJSNoBrokerAvailableError",
    "ERR__ALL_BROKERS_DOWN",
    -187,
    "ALL_BROKERS_DOWN",
    "UNAVAILABLE",
  ],
  ["KafkaJSTimeout", "ERR__TIMED_OUT", -185, "TIMED_OUT", "DEADLINE_EXCEEDED"],
  ["KafkaJSError", "ERR__QUEUE_FULL", -184, "QUEUE_FULL", "RESOURCE_EXHAUSTED"],
  ["KafkaJSProtocolError", -1, 15, "PROTOCOL", "INTERNAL"], // two names for one number
])("@confluentinc/kafka-javascript: %s %s", (name, type, number, code, status) => {
  const flags = { retriable: false, fatal: false, abortable: false };
  const thrown = Object.assign(new Error("secret"), { name, type, code: number, ...flags });
  expect(kafkaErrors(thrown)).toMatchObject({ system: "KAFKA", code, status });
});
