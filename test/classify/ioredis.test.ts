import { setTimeout } from "node:timers/promises";
import { Code } from "@connectrpc/connect";
import { redisErrors } from "errchain/classify/ioredis";
import { Cluster, Redis, type RedisOptions } from "ioredis";
import { expect, onTestFinished, test } from "vitest";
import { failIn, speak } from "../support/local-failure.js";

// The driver is real; the server says just enough of the protocol to fail:
// https://redis.io/docs/latest/develop/reference/protocol-spec/

/** A server that answers GET in one way, and all else with OK. Undefined: it hangs up. */
const redis = (answer: string | undefined) =>
  speak((socket) =>
    socket.on("data", (data) => {
      for (const command of data.toString().split(/(?=\*\d+\r\n)/)) {
        if (!/get/i.test(command)) {
          socket.write("+OK\r\n");
        } else if (answer === undefined) {
          socket.destroy();
        } else {
          socket.write(answer);
        }
      }
    }),
  );

type Options = Pick<
  RedisOptions,
  "maxRetriesPerRequest" | "retryStrategy" | "commandTimeout" | "enableOfflineQueue"
>;

function connectTo(port: number, more: Options = {}): Redis {
  const client = new Redis(port, "127.0.0.1", {
    protocol: 2,
    enableReadyCheck: false,
    disableClientInfo: true,
    retryStrategy: () => 10,
    ...more,
  });
  client.on("error", () => {});
  onTestFinished(() => client.disconnect());
  return client;
}

const options = { classify: redisErrors };
const secret = "session:ann@example.com";

test("a command that the server refuses is a cause of its own", async () => {
  const text = "WRONGTYPE Operation against a key holding the wrong kind of value";
  const client = connectTo(await redis(`-${text}\r\n`));
  const { codes, root, error } = await failIn(options, () => client.get(secret));
  expect(codes).toBe("FRONT_2 REDIS_WRONGTYPE");
  expect(error.code).toBe(Code.Internal);
  expect(root.message).toBe("Redis could not do what it was asked");
  expect(root.privateArgs).toEqual({ error: `ReplyError: ${text}`, command: "get" });
});

test.each([
  ["READONLY You can't write against a read only replica.", "READONLY", Code.Unavailable],
  ["LOADING Redis is loading the dataset in memory", "LOADING", Code.Unavailable],
  ["CLUSTERDOWN The cluster is down", "CLUSTERDOWN", Code.Unavailable],
  ["OOM command not allowed when used memory > 'maxmemory'.", "OOM", Code.ResourceExhausted],
  ["ERR max number of clients reached", "ERR", Code.ResourceExhausted],
  ["ERR unknown command", "ERR", Code.Internal],
  ["NOAUTH Authentication required.", "NOAUTH", Code.Internal],
  ["Lower case, of some proxy", "ERR", Code.Internal],
])("the reply %s", async (reply, code, status) => {
  const client = connectTo(await redis(`-${reply}\r\n`));
  const { codes, error } = await failIn(options, () => client.get(secret));
  expect(codes).toBe(`FRONT_2 REDIS_${code}`);
  expect(error.code).toBe(status);
});

test("without a reply", async () => {
  const refused = connectTo(9, { maxRetriesPerRequest: 1 });
  const retried = await failIn(options, () => refused.get(secret));
  expect(retried.codes).toBe("FRONT_2 REDIS_MAX_RETRIES_PER_REQUEST");
  expect(retried.error.code).toBe(Code.Unavailable);

  const once = connectTo(9, { retryStrategy: () => null });
  const closed = await failIn(options, () => once.get(secret));
  expect(closed.codes).toBe("FRONT_2 REDIS_CONNECTION_CLOSED");
  expect(closed.error.code).toBe(Code.Unavailable);

  const impatient = connectTo(await redis(""), { commandTimeout: 50 });
  const late = await failIn(options, () => impatient.get(secret));
  expect(late.codes).toBe("FRONT_2 REDIS_COMMAND_TIMED_OUT");
  expect(late.error.code).toBe(Code.DeadlineExceeded);
});

test("the connection breaks", async () => {
  const client = connectTo(await redis(undefined));
  const step = async () => {
    const results = await client.pipeline().set("a", 1).get(secret).exec();
    throw results?.[1]?.[0];
  };
  const { codes, thrown, root } = await failIn(options, step);
  expect(codes).toBe("FRONT_2 REDIS_CONNECTION_CLOSED");
  expect(root.privateArgs).toMatchObject({ command: "get" });
  // That of an aborted signal has the same name.
  expect(thrown).toMatchObject({ name: "AbortError" });
  const aborted = await setTimeout(1, 0, { signal: AbortSignal.abort() }).catch((err) => err);
  expect(aborted).toMatchObject({ name: "AbortError" });
  expect(redisErrors(aborted)).toBeUndefined();
});

test("without a queue for commands", async () => {
  const client = connectTo(9, { enableOfflineQueue: false });
  const { codes } = await failIn(options, () => client.get(secret));
  expect(codes).toBe("FRONT_2 REDIS_CONNECTION_CLOSED");
});

test("without a queue for commands of a cluster", async () => {
  const noQueue = { enableOfflineQueue: false, lazyConnect: true };
  const cluster = new Cluster([{ host: "127.0.0.1", port: 9 }], noQueue);
  cluster.on("error", () => {});
  onTestFinished(() => cluster.disconnect());
  const { codes, error } = await failIn(options, () => cluster.get(secret));
  expect(codes).toBe("FRONT_2 REDIS_CLUSTER_UNAVAILABLE");
  expect(error.code).toBe(Code.Unavailable);
});

test("no node of a cluster answers", async () => {
  const retry = { clusterRetryStrategy: () => null };
  const cluster = new Cluster([{ host: "127.0.0.1", port: 9 }], { ...retry, lazyConnect: true });
  cluster.on("error", () => {});
  onTestFinished(() => cluster.disconnect());
  const { codes, error } = await failIn(options, () => cluster.connect());
  expect(codes).toBe("FRONT_2 REDIS_CLUSTER_UNAVAILABLE");
  expect(error.code).toBe(Code.Unavailable);
  const command = await failIn(options, () => cluster.get(secret));
  expect(command.codes).toBe("FRONT_2 REDIS_CONNECTION_CLOSED");
});
