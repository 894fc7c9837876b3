import { createServer, type RequestListener } from "node:http";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { fetchErrors } from "errchain/classify/fetch";
import { expect, test } from "vitest";
import { ProbeService } from "../gen/probe/v1/probe_pb.js";
import { refusedUrl, unknownHostUrl } from "../support/faults.js";
import { failIn, speak } from "../support/local-failure.js";
import { listen } from "../support/servers.js";

// Node's fetch() is undici's.

const options = { classify: fetchErrors };

const serve = (answer: RequestListener) => listen(createServer(answer));

const origin = (port: number) => `http://127.0.0.1:${port}`;

/** Options of fetch() under which it waits for a short time only. */
function waiting(timeouts: { headersTimeout?: number; bodyTimeout?: number }): RequestInit {
  // Node.js does not export its undici. This is where that keeps its Agent.
  const current = Reflect.get(globalThis, Symbol.for("undici.globalDispatcher.1"));
  const dispatcher = new current.constructor(timeouts);
  return { dispatcher } as RequestInit;
}

test("a request without an answer is a cause of its own", async () => {
  const { codes, root, error } = await failIn(options, () => fetch(`${refusedUrl}/?token=1`));
  // Port 9 is one that browsers and fetch() refuse by themselves.
  expect(codes).toBe("FRONT_2 HTTP_FETCH_FAILED");
  expect(error.code).toBe(Code.Internal);
  expect(root.privateArgs).toEqual({ error: "TypeError: fetch failed", reason: "bad port" });
});

test("nobody listens", async () => {
  const { codes, root, error } = await failIn(options, () => fetch("http://127.0.0.1:2/"));
  expect(codes).toBe("FRONT_2 HTTP_ECONNREFUSED");
  expect(error.code).toBe(Code.Unavailable);
  expect(root.message).toBe("an HTTP server could not be reached, or is not ready");
  expect(root.privateArgs).toMatchObject({
    error: "TypeError: fetch failed",
    reason: "connect ECONNREFUSED 127.0.0.1:2",
    address: "127.0.0.1",
    port: "2",
  });
  expect(error.message + root.message).not.toContain("127");
});

test("the host is unknown", async () => {
  const { codes, error } = await failIn(options, () => fetch(unknownHostUrl));
  expect(codes).toMatch(/^FRONT_2 HTTP_(ENOTFOUND|EAI_AGAIN)$/);
  expect(error.code).toBe(Code.Unavailable);
});

test("the server hangs up before and in its answer", async () => {
  const port = await speak((socket) => socket.once("data", () => socket.end()));
  const { codes, error } = await failIn(options, () => fetch(origin(port)));
  expect(codes).toBe("FRONT_2 HTTP_UND_ERR_SOCKET");
  expect(error.code).toBe(Code.Unavailable);

  const url = await serve((_, response) => {
    response.writeHead(200, { "content-length": "100" }).write("half", () => response.destroy());
  });
  const half = await failIn(options, async () => (await fetch(url)).text());
  expect(half.thrown).toMatchObject({ message: "terminated" });
  expect(half.codes).toBe("FRONT_2 HTTP_UND_ERR_SOCKET");
});

test("what answers speaks no HTTP", async () => {
  const port = await speak((socket) => socket.end("220 smtp.example.com ESMTP\r\n"));
  const { codes, error } = await failIn(options, () => fetch(origin(port)));
  expect(codes).toBe("FRONT_2 HTTP_FETCH_FAILED");
  expect(error.code).toBe(Code.Internal);
});

test("the answer does not come in time", async () => {
  const silent = await serve(() => {});
  const late = await failIn(options, () => fetch(silent, waiting({ headersTimeout: 50 })));
  expect(late.codes).toBe("FRONT_2 HTTP_UND_ERR_HEADERS_TIMEOUT");
  expect(late.error.code).toBe(Code.DeadlineExceeded);

  const stuck = await serve((_, response) => response.writeHead(200).write("half"));
  const half = await failIn(options, async () =>
    (await fetch(stuck, waiting({ bodyTimeout: 50 }))).text(),
  );
  expect(half.codes).toBe("FRONT_2 HTTP_UND_ERR_BODY_TIMEOUT");
  expect(half.error.code).toBe(Code.DeadlineExceeded);
});

test("what a signal aborts is not classified", async () => {
  const url = await serve(() => {});
  for (const signal of [AbortSignal.timeout(20), AbortSignal.abort()]) {
    const { thrown, codes } = await failIn(options, () => fetch(url, { signal }));
    expect(fetchErrors(thrown)).toBeUndefined();
    expect(codes).toBe("FRONT_1");
  }
});

test("a ConnectError is not classified, but what is behind it", async () => {
  const transport = createConnectTransport({ baseUrl: "http://127.0.0.1:2" });
  const client = createClient(ProbeService, transport);
  const { thrown, codes } = await failIn(options, () => client.unary({}));
  expect(codes).toBe("FRONT_2 HTTP_ECONNREFUSED");
  expect(fetchErrors(ConnectError.from(thrown))).toBeUndefined();
});

test("an error of the program is not classified", async () => {
  const { codes } = await failIn(options, () => fetch("no url"));
  expect(codes).toBe("FRONT_1");
});
