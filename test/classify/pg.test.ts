import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { Code } from "@connectrpc/connect";
import { defineError } from "errchain";
import { pgErrors } from "errchain/classify/pg";
import { Client, Pool, type PoolConfig } from "pg";
import { describe, expect, onTestFinished, test } from "vitest";
import { failIn, speak } from "../support/local-failure.js";
import { listen } from "../support/servers.js";

// The driver is real; the server says just enough of the protocol to fail:
// https://www.postgresql.org/docs/current/protocol-message-formats.html

const message = (type: string, ...parts: (string | Buffer)[]) => {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
  const head = Buffer.alloc(5, type);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
};

const ready = message("Z", "I");
const authenticated = Buffer.concat([message("R", Buffer.alloc(4)), ready]);

const errorResponse = (fields: Record<string, string>) =>
  message("E", ...Object.entries(fields).map(([type, text]) => `${type}${text}\0`), "\0");

/** A server that takes anybody and answers each query in the same way. */
const postgres = (answer: (socket: Socket) => void) =>
  speak((socket) => {
    socket.once("data", () => {
      socket.write(authenticated);
      socket.on("data", (query) => String.fromCharCode(query[0] ?? 0) === "Q" && answer(socket));
    });
  });

const failing = (code: string, more: Record<string, string> = {}) =>
  postgres((socket) => {
    const fields = { S: "ERROR", V: "ERROR", C: code, M: `secret of ${code}`, ...more };
    socket.write(Buffer.concat([errorResponse(fields), ready]));
  });

function poolTo(port: number, more: PoolConfig = {}): Pool {
  const pool = new Pool({ host: "127.0.0.1", port, user: "u", database: "d", ...more });
  pool.on("error", () => {});
  onTestFinished(() => pool.end());
  return pool;
}

const options = { classify: pgErrors };

test("a statement that the server refuses is a cause of its own", async () => {
  const pool = poolTo(
    await failing("23505", {
      D: "Key (email)=(ann@example.com) already exists.",
      s: "public",
      t: "customers",
      n: "customers_email_key",
    }),
  );
  const { codes, root, error } = await failIn(options, () => pool.query("INSERT …"));
  expect(codes).toBe("FRONT_2 POSTGRES_23505");
  expect(error).toMatchObject({ code: Code.Internal });
  expect(root).toMatchObject({
    reason: "UNIQUE_VIOLATION",
    message: "the database could not do what it was asked",
    privateArgs: {
      error: "error: secret of 23505",
      severity: "ERROR",
      schema: "public",
      table: "customers",
      constraint: "customers_email_key",
      detail: "Key (email)=(ann@example.com) already exists.",
    },
  });
  expect(root.message + error.message).not.toMatch(/ann|customers/);
});

test("a translation rule matches it", async () => {
  const taken = defineError({
    system: "FRONT",
    code: 1001,
    reason: "TAKEN",
    status: "ALREADY_EXISTS",
    message: "the address is taken",
  });
  const translate = [{ from: { system: "POSTGRES", reason: "UNIQUE_VIOLATION" }, to: taken }];
  const pool = poolTo(await failing("23505"));
  const step = () => pool.query("INSERT …");
  const { codes, error } = await failIn({ ...options, translate }, step);
  expect(codes).toBe("FRONT_1001 POSTGRES_23505");
  expect(error).toMatchObject({ code: Code.AlreadyExists, rawMessage: "the address is taken" });
});

test.each([
  ["40001", "SERIALIZATION_FAILURE", Code.Aborted],
  ["40P01", "DEADLOCK_DETECTED", Code.Aborted],
  ["55P03", "LOCK_NOT_AVAILABLE", Code.Aborted],
  ["57014", "QUERY_CANCELED", Code.DeadlineExceeded],
  ["57P01", "ADMIN_SHUTDOWN", Code.Unavailable],
  ["57P03", "CANNOT_CONNECT_NOW", Code.Unavailable],
  ["08006", "CONNECTION_FAILURE", Code.Unavailable],
  ["53100", "DISK_FULL", Code.ResourceExhausted],
  ["53300", "TOO_MANY_CONNECTIONS", Code.ResourceExhausted],
  ["42P01", "UNDEFINED_TABLE", Code.Internal],
  ["22036", "DATA_EXCEPTION", Code.Internal], // a rare one has the name of its class
  ["ZZ001", "", Code.Internal],
])("SQLSTATE %s is %s", async (sqlstate, reason, status) => {
  const pool = poolTo(await failing(sqlstate));
  const { codes, root, error } = await failIn(options, () => pool.query("SELECT 1"));
  expect(codes).toBe(`FRONT_2 POSTGRES_${sqlstate}`);
  expect(root.reason).toBe(reason);
  expect(error.code).toBe(status);
});

test("a text that is not well-formed does not hide the failure", async () => {
  const pool = poolTo(await failing("23505", { D: "x".repeat(5_000), n: "\ud800" }));
  const step = () =>
    pool.query("INSERT …").catch((reason) => {
      throw Object.assign(reason, { message: "half a pair: \ud800", table: "\udc00" });
    });
  const { codes, root } = await failIn(options, step);
  expect(codes).toBe("FRONT_2 POSTGRES_23505");
  expect(root.privateArgs["table"]).toBe("\ufffd");
  expect(root.privateArgs["detail"]?.length).toBeLessThan(300);
});

describe("without an answer of the server", () => {
  test("the connection breaks", async () => {
    const pool = poolTo(await postgres((socket) => socket.end()));
    const { codes, error } = await failIn(options, () => pool.query("SELECT 1"));
    expect(codes).toBe("FRONT_2 POSTGRES_CONNECTION_TERMINATED");
    expect(error.code).toBe(Code.Unavailable);
  });

  test("nobody answers", async () => {
    const pool = poolTo(await speak(() => {}), { connectionTimeoutMillis: 50 });
    const { codes, error } = await failIn(options, () => pool.query("SELECT 1"));
    expect(codes).toMatch(/^FRONT_2 POSTGRES_CONNECTION_T/);
    expect(error.code).toBe(Code.Unavailable);
  });

  test("nobody answers a client without a pool", async () => {
    const port = await speak(() => {});
    const client = new Client({ port, connectionTimeoutMillis: 50, user: "u" });
    const { codes, error } = await failIn(options, () => client.connect());
    expect(codes).toBe("FRONT_2 POSTGRES_CONNECTION_TIMEOUT");
    expect(error.code).toBe(Code.Unavailable);
  });

  test("a pool is used after its end", async () => {
    const pool = new Pool({ port: 1 });
    await pool.end();
    const { codes, error } = await failIn(options, () => pool.query("SELECT 1"));
    expect(codes).toBe("FRONT_2 POSTGRES_POOL_CLOSED");
    expect(error.code).toBe(Code.Unavailable);
  });

  test("all connections of the pool are in use", async () => {
    const pool = poolTo(await postgres(() => {}), { max: 1, connectionTimeoutMillis: 1_000 });
    const client = await pool.connect();
    const { codes, error } = await failIn(options, () => pool.query("SELECT 1"));
    client.release();
    expect(codes).toBe("FRONT_2 POSTGRES_POOL_EXHAUSTED");
    expect(error.code).toBe(Code.ResourceExhausted);
  });

  test("a query takes too long", async () => {
    const client = new Client({ port: await postgres(() => {}), query_timeout: 50, user: "u" });
    await client.connect();
    onTestFinished(() => client.end());
    const { codes, error } = await failIn(options, () => client.query("SELECT 1"));
    expect(codes).toBe("FRONT_2 POSTGRES_QUERY_TIMEOUT");
    expect(error.code).toBe(Code.DeadlineExceeded);
  });

  test("the server speaks no TLS", async () => {
    const port = await speak((socket) => socket.once("data", () => socket.write("N")));
    const { codes } = await failIn(options, () => poolTo(port, { ssl: true }).query("SELECT 1"));
    expect(codes).toBe("FRONT_2 POSTGRES_SSL_NOT_SUPPORTED");
  });

  test("the socket of PostgreSQL is not there", async () => {
    const host = join(import.meta.dirname, "nowhere");
    const { codes, root } = await failIn(options, () => poolTo(5432, { host }).query("SELECT 1"));
    expect(codes).toBe("FRONT_2 POSTGRES_ENOENT");
    expect(root.privateArgs["address"]).toContain(host);
  });

  test("a refused connection is PostgreSQL's by its port only", async () => {
    const refused = (port: number) =>
      pgErrors(
        Object.assign(new Error("connect ECONNREFUSED"), {
          code: "ECONNREFUSED",
          syscall: "connect",
          address: "127.0.0.1",
          port,
        }),
      );
    expect(refused(5432)).toMatchObject({ system: "POSTGRES", code: "ECONNREFUSED" });
    const server = createServer();
    const port = Number(new URL(await listen(server)).port);
    server.close();
    await once(server, "close");
    const { codes } = await failIn(options, () => poolTo(port).query("SELECT 1"));
    expect(codes).toBe("FRONT_1");
  });
});
