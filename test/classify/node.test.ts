import { spawn } from "node:child_process";
import { lookup, resolve4 } from "node:dns/promises";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { mkdir, open, readFile } from "node:fs/promises";
import { get } from "node:http";
import { connect, createServer, type LookupFunction } from "node:net";
import { setPriority } from "node:os";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createClientInterceptor, errorChain } from "errchain";
import { mysqlErrors } from "errchain/classify/mysql2";
import { nodeErrors } from "errchain/classify/node";
import { pgErrors } from "errchain/classify/pg";
import { Provenance, Visibility } from "errchain/proto";
import { createConnection } from "mysql2/promise";
import { expect, test } from "vitest";
import { ProbeService } from "../gen/probe/v1/probe_pb.js";
import { refusedUrl } from "../support/faults.js";
import { failIn, speak } from "../support/local-failure.js";
import { failureOf } from "../support/probe.js";
import { selfSigned } from "../support/self-signed.js";
import { connectTo, listen } from "../support/servers.js";

const options = { classify: nodeErrors };

test("a failed call of the file system is a cause of its own", async () => {
  const { error, codes, root } = await failIn(options, () => readFile("/nowhere/secret.txt"));
  expect(codes).toBe("FRONT_2 FILESYSTEM_ENOENT");
  expect(error).toMatchObject({ code: Code.Internal });
  expect(root).toMatchObject({
    message: "the file system could not do what it was asked",
    provenance: Provenance.OBSERVED,
    visibility: Visibility.INTERNAL,
    privateArgs: {
      error: expect.stringContaining("no such file"),
      syscall: "open",
      path: "/nowhere/secret.txt",
    },
  });
});

async function writeTo(file: string): Promise<void> {
  const handle = await open(file, "w");
  try {
    await handle.write("x".repeat(100_000));
  } finally {
    await handle.close();
  }
}

async function refused(host: string): Promise<unknown> {
  const server = createServer();
  const port = Number(new URL(await listen(server)).port);
  server.close();
  await once(server, "close");
  return once(connect({ port, host }), "connect");
}

const fileCases: [string, () => Promise<unknown>, string, Code][] = [
  ["a file where a folder should be", () => mkdir("/dev/null/x"), "ENOTDIR", Code.Internal],
  ["a folder that is read", () => readFile("/"), "EISDIR", Code.Internal],
  ["a full disk", () => writeTo("/dev/full"), "ENOSPC", Code.ResourceExhausted],
  ["a stream", () => once(createReadStream("/nowhere"), "ready"), "ENOENT", Code.Internal],
];

test.each(fileCases)("of the file system: %s", async (_, step, code, status) => {
  const { error, codes } = await failIn(options, step);
  expect(codes).toBe(`FRONT_2 FILESYSTEM_${code}`);
  expect(error.code).toBe(status);
});

test("a program that is not there", async () => {
  const { codes, root } = await failIn(options, () =>
    once(spawn("no-such-program", ["--password=1"]), "spawn"),
  );
  expect(codes).toBe("FRONT_2 PROCESS_ENOENT");
  expect(root.privateArgs).toMatchObject({ path: "no-such-program" });
  const dead = await failIn(options, async () => process.kill(2 ** 30, 0));
  expect(dead.codes).toBe("FRONT_2 PROCESS_ESRCH");
});

test("another call of the operating system", async () => {
  const { codes, root } = await failIn(options, async () => setPriority(2 ** 30, 0));
  expect(codes).toBe("FRONT_2 NODE_ESRCH");
  expect(root.privateArgs).toMatchObject({ syscall: "uv_os_setpriority" });
});

const networkCases: [string, () => Promise<unknown>, string][] = [
  ["a closed port", () => refused("127.0.0.1"), "ECONNREFUSED"],
  ["a closed port, by name", () => refused("localhost"), "ECONNREFUSED"],
  ["a socket that is not there", () => once(connect("/nowhere.sock"), "connect"), "ENOENT"],
  [
    "a closed port at each of several addresses",
    async () => {
      const both = ["127.0.0.1", "127.0.0.2"].map((address) => ({ address, family: 4 }));
      const lookup: LookupFunction = (_name, _options, done) => done(null, both);
      const failure = await failureOf(
        once(connect({ port: 9, host: "x", lookup, autoSelectFamily: true }), "connect"),
      );
      expect(failure).toBeInstanceOf(AggregateError);
      throw failure;
    },
    "ECONNREFUSED",
  ],
  [
    "a server that hangs up",
    async () => {
      const port = await speak((socket) => socket.once("data", () => socket.destroy()));
      return once(get({ port, host: "127.0.0.1" }), "response");
    },
    "ECONNRESET",
  ],
  [
    "a server that resets",
    async () => {
      const port = await speak((socket) => socket.once("data", () => socket.resetAndDestroy()));
      const socket = connect(port, "127.0.0.1");
      socket.write("x");
      return once(socket, "data");
    },
    "ECONNRESET",
  ],
  [
    "a server that speaks no TLS",
    async () => {
      const port = await speak((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
      return once(connectTls({ port, host: "127.0.0.1" }), "secureConnect");
    },
    "(ERR_SSL_\\w+|EPROTO)",
  ],
  [
    "a TLS server without a certificate",
    async () => {
      const port = Number(new URL(await listen(createTlsServer({}))).port);
      return once(connectTls({ port, host: "127.0.0.1" }), "secureConnect");
    },
    "ERR_SSL_\\w+_ALERT_HANDSHAKE_FAILURE",
  ],
];

test.each(networkCases)("of the network: %s", async (_, step, code) => {
  const { error, codes, root } = await failIn(options, step);
  expect(codes).toMatch(new RegExp(`^FRONT_2 NETWORK_${code}$`));
  expect(error.code).toBe(Code.Unavailable);
  expect(root.message).toBe("a system on the network could not be reached, or is not ready");
});

test("a certificate that is not trusted", async () => {
  const port = Number(new URL(await listen(createTlsServer(selfSigned))).port);
  const step = () => once(connectTls({ port, host: "127.0.0.1" }), "secureConnect");
  const { codes, error } = await failIn(options, step);
  expect(codes).toBe("FRONT_2 NETWORK_DEPTH_ZERO_SELF_SIGNED_CERT");
  expect(error.code).toBe(Code.Unavailable);
});

test("an address is for engineers only", async () => {
  const { root, error } = await failIn(options, () => refused("localhost"));
  expect(root.privateArgs).toMatchObject({ syscall: "connect", port: expect.any(String) });
  expect(error.message).not.toContain("127.0.0.1");
});

test("a name that no DNS knows", async () => {
  const { error, codes, root } = await failIn(options, () => lookup("errchain-test.invalid"));
  expect(codes).toMatch(/^FRONT_2 NETWORK_(ENOTFOUND|EAI_AGAIN)$/);
  expect(error.code).toBe(Code.Unavailable);
  expect(root.privateArgs).toMatchObject({ hostname: "errchain-test.invalid" });
  const resolved = await failIn(options, () => resolve4("errchain-test.invalid"));
  expect(resolved.codes).toMatch(/^FRONT_2 NETWORK_E/);
});

test("a port that is taken is no outage", async () => {
  const { error, codes } = await failIn(options, async () => {
    const { port } = new URL(await listen(createServer()));
    return once(createServer().listen(Number(port), "127.0.0.1"), "listening");
  });
  expect(codes).toBe("FRONT_2 NETWORK_EADDRINUSE");
  expect(error.code).toBe(Code.Internal);
});

test("behind the error of a call, the system error is named where nothing else names it", async () => {
  const bare = createClient(ProbeService, connectTo("gRPC", refusedUrl));
  const { thrown, codes, root, error } = await failIn(options, () => bare.unary({}));
  expect(thrown).toBeInstanceOf(ConnectError);
  expect(nodeErrors(thrown)).toBeUndefined();
  expect(codes).toBe("FRONT_2 NETWORK_ECONNREFUSED");
  expect(error.code).toBe(Code.Unavailable);
  expect(root.privateArgs).toMatchObject({ address: "127.0.0.1", port: "9" });
});

test("behind a call with a chain nothing is added", async () => {
  const transport = connectTo("gRPC", refusedUrl, [createClientInterceptor()]);
  const client = createClient(ProbeService, transport);
  const { codes } = await failIn(options, () => client.unary({}));
  expect(codes).toBe("FRONT_2 PROBE_ALPHA_3");
  const wrapped = await failIn(options, () =>
    client.unary({}).catch((cause) => {
      throw new Error("no luck", { cause });
    }),
  );
  expect(wrapped.codes).toBe("FRONT_2 PROBE_ALPHA_3");
});

test("an answer of the application stays, with the system error as its cause", async () => {
  const { error, codes } = await failIn(options, async () => {
    const cause = await readFile("/nowhere").catch((reason) => reason);
    throw new ConnectError("there is no such order", Code.NotFound, undefined, undefined, cause);
  });
  expect(codes).toBe("FRONT_1 FILESYSTEM_ENOENT");
  expect(error.code).toBe(Code.NotFound);
});

test("of several classifiers, the first that knows decides", async () => {
  const step = () => createConnection({ host: "127.0.0.1", port: 9 });
  const driverFirst = await failIn({ classify: [pgErrors, mysqlErrors, nodeErrors] }, step);
  expect(driverFirst.codes).toBe("FRONT_2 MYSQL_ECONNREFUSED");
  const nodeFirst = await failIn({ classify: [nodeErrors, mysqlErrors] }, step);
  expect(nodeFirst.codes).toBe("FRONT_2 NETWORK_ECONNREFUSED");
});

test("failures side by side are all causes", async () => {
  const { codes, error } = await failIn(options, async () => {
    const steps = [readFile("/nowhere"), refused("127.0.0.1")];
    const reasons = (await Promise.allSettled(steps)).map((r) => "reason" in r && r.reason);
    throw new AggregateError(reasons, "nothing worked");
  });
  expect(codes).toBe("FRONT_2 FILESYSTEM_ENOENT NETWORK_ECONNREFUSED");
  expect(errorChain(error)?.causes[0]?.branches).toBe(2);
});
