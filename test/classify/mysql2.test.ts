import type { Socket } from "node:net";
import { Code } from "@connectrpc/connect";
import { mysqlErrors } from "errchain/classify/mysql2";
import { createPool as createCallbackPool } from "mysql2";
import { createConnection, createPool, createPoolCluster, type PoolOptions } from "mysql2/promise";
import { expect, onTestFinished, test } from "vitest";
import { failIn, speak } from "../support/local-failure.js";

// The driver is real; the server says just enough of the protocol to fail:
// https://dev.mysql.com/doc/dev/mysql-server/latest/PAGE_PROTOCOL.html

const packet = (sequence: number, ...parts: (string | number[])[]) => {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
  return Buffer.concat([Buffer.from([body.length & 255, body.length >> 8, 0, sequence]), body]);
};

const zeros = (count: number) => Array<number>(count).fill(0);
// Protocol 4.1, secure connection, plugin authentication.
const greeting = packet(
  0,
  [10],
  "8.4.0\0",
  [1, 0, 0, 0],
  "12345678\0",
  [0x00, 0x82, 45, 2, 0, 0x08, 0x00, 21],
  zeros(10),
  "123456789012\0",
  "mysql_native_password\0",
);
const ok = packet(2, [0, 0, 0, 2, 0, 0, 0]);

const errorPacket = (sequence: number, errno: number, sqlState: string) =>
  packet(sequence, [0xff, errno & 255, errno >> 8], `#${sqlState}secret of ${errno}`);

/** A server that takes anybody and answers each query in the same way. */
const mysql = (answer: (socket: Socket) => void) =>
  speak((socket) => {
    socket.write(greeting);
    socket.once("data", () => {
      socket.write(ok);
      socket.on("data", (command) => command[4] === 3 && answer(socket));
    });
  });

const failing = (errno: number, sqlState = "HY000") =>
  mysql((socket) => socket.write(errorPacket(1, errno, sqlState)));

function poolTo(port: number, more: PoolOptions = {}) {
  const pool = createPool({ host: "127.0.0.1", port, user: "u", ...more });
  onTestFinished(() => void pool.end().catch(() => {})); // a server that hangs does not say goodbye
  return pool;
}

const options = { classify: mysqlErrors };

test("a statement that the server refuses is a cause of its own", async () => {
  const pool = poolTo(await failing(1062, "23000"));
  const step = () => pool.query("INSERT INTO customers VALUES ('ann@example.com')");
  const { codes, root, error } = await failIn(options, step);
  expect(codes).toBe("FRONT_2 MYSQL_1062");
  expect(error.code).toBe(Code.Internal);
  expect(root).toMatchObject({
    reason: "ER_DUP_ENTRY",
    message: "the database could not do what it was asked",
    privateArgs: { error: "Error: secret of 1062", sql_state: "23000" },
  });
  expect(JSON.stringify(root.privateArgs)).not.toContain("ann@");
});

test("with callbacks too", async () => {
  const pool = createCallbackPool({ port: await failing(1213, "40001"), host: "127.0.0.1" });
  onTestFinished(() => void pool.end(() => {}));
  const { promise, reject } = Promise.withResolvers();
  pool.query("SELECT 1", reject);
  const { codes, error } = await failIn(options, () => promise);
  expect(codes).toBe("FRONT_2 MYSQL_1213");
  expect(error.code).toBe(Code.Aborted);
});

test.each([
  [1040, "ER_CON_COUNT_ERROR", Code.ResourceExhausted],
  [1114, "ER_RECORD_FILE_FULL", Code.ResourceExhausted],
  [1205, "ER_LOCK_WAIT_TIMEOUT", Code.Aborted],
  [1053, "ER_SERVER_SHUTDOWN", Code.Unavailable],
  [3024, "ER_QUERY_TIMEOUT", Code.DeadlineExceeded],
  [1146, "ER_NO_SUCH_TABLE", Code.Internal],
  [1969, "", Code.DeadlineExceeded], // of MariaDB, which the driver has no names for
])("error %i is %s", async (errno, reason, status) => {
  const pool = poolTo(await failing(errno));
  const { codes, root, error } = await failIn(options, () => pool.query("SELECT 1"));
  expect(codes).toBe(`FRONT_2 MYSQL_${errno}`);
  expect(root.reason).toBe(reason);
  expect(error.code).toBe(status);
});

test("a number below 100 would mean something else in a chain", async () => {
  const pool = poolTo(await failing(20));
  const { codes } = await failIn(options, () => pool.query("SELECT 1"));
  expect(codes).toBe("FRONT_2 MYSQL_EE_DISK_FULL");
});

test("a server without a free connection says so at once", async () => {
  const port = await speak((socket) => socket.write(errorPacket(0, 1040, "08004")));
  const { codes, error } = await failIn(options, () => poolTo(port).query("SELECT 1"));
  expect(codes).toBe("FRONT_2 MYSQL_1040");
  expect(error.code).toBe(Code.ResourceExhausted);
});

test("without an answer of the server", async () => {
  const step = () => createConnection({ host: "127.0.0.1", port: 9 });
  const { codes, root, error } = await failIn(options, step);
  expect(codes).toBe("FRONT_2 MYSQL_ECONNREFUSED");
  expect(root.privateArgs).toMatchObject({ address: "127.0.0.1", port: "9" });
  expect(error.code).toBe(Code.Unavailable);

  const breaking = poolTo(await mysql((socket) => socket.end()));
  const broken = await failIn(options, () => breaking.query("SELECT 1"));
  expect(broken.codes).toBe("FRONT_2 MYSQL_PROTOCOL_CONNECTION_LOST");
  expect(broken.error.code).toBe(Code.Unavailable);

  const silent = poolTo(await speak(() => {}), { connectTimeout: 50 });
  const late = await failIn(options, () => silent.query("SELECT 1"));
  expect(late.codes).toBe("FRONT_2 MYSQL_ETIMEDOUT");
  expect(late.error.code).toBe(Code.Unavailable);
});

test("a query takes too long", async () => {
  const pool = poolTo(await mysql(() => {}));
  const step = () => pool.query({ sql: "SELECT 1", timeout: 50 });
  const { codes, error } = await failIn(options, step);
  expect(codes).toBe("FRONT_2 MYSQL_PROTOCOL_SEQUENCE_TIMEOUT");
  expect(error.code).toBe(Code.DeadlineExceeded);
});

test("a connection is used after it broke", async () => {
  const port = await mysql((socket) => socket.end());
  const connection = await createConnection({ host: "127.0.0.1", port, user: "u" });
  connection.on("error", () => {});
  await connection.query("SELECT 1").catch(() => {});
  const { codes, error } = await failIn(options, () => connection.query("SELECT 1"));
  expect(codes).toBe("FRONT_2 MYSQL_CONNECTION_CLOSED");
  expect(error.code).toBe(Code.Unavailable);
});

test("all connections of the pool are in use", async () => {
  const more = { connectionLimit: 1, waitForConnections: false };
  const pool = poolTo(await mysql(() => {}), more);
  const connection = await pool.getConnection();
  const { codes, error } = await failIn(options, () => pool.query("SELECT 1"));
  connection.release();
  expect(codes).toBe("FRONT_2 MYSQL_POOL_EXHAUSTED");
  expect(error.code).toBe(Code.ResourceExhausted);
});

test("the server has no TLS", async () => {
  const port = await mysql(() => {});
  const step = () => createConnection({ host: "127.0.0.1", port, ssl: {} });
  const { codes, error } = await failIn(options, step);
  expect(codes).toBe("FRONT_2 MYSQL_HANDSHAKE_NO_SSL_SUPPORT");
  expect(error.code).toBe(Code.Unavailable);
});

test.each([
  ["POOL_NONEONLINE", 60_000],
  ["POOL_NOEXIST", 0], // nodes are taken out for good
])("no pool of a cluster can be reached: %s", async (code, restoreNodeTimeout) => {
  const cluster = createPoolCluster({ removeNodeErrorCount: 1, restoreNodeTimeout });
  cluster.add("A", { host: "127.0.0.1", port: 9, user: "u" });
  const step = () => cluster.getConnection();
  await failIn(options, step);
  const { codes, error } = await failIn(options, step);
  await cluster.end();
  expect(codes).toBe(`FRONT_2 MYSQL_${code}`);
  expect(error.code).toBe(Code.Unavailable);
});

test("a pool is used after its end", async () => {
  const pool = poolTo(await failing(1062));
  await pool.end();
  const { codes } = await failIn(options, () => pool.query("SELECT 1"));
  expect(codes).toBe("FRONT_2 MYSQL_POOL_CLOSED");
});
