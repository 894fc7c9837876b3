import { createServer, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { fetchErrors } from "errchain/classify/fetch";
import * as undici from "undici";
import { describe, expect, onTestFinished, test } from "vitest";
import { ProbeService } from "../gen/probe/v1/probe_pb.js";
import { refusedUrl, unknownHostUrl } from "../support/faults.js";
import { failIn, speak } from "../support/local-failure.js";
import { selfSigned } from "../support/self-signed.js";
import { listen } from "../support/servers.js";

const options = { classify: fetchErrors };

const serve = (answer: RequestListener) => listen(createServer(answer));

const origin = (port: number) => `http://127.0.0.1:${port}`;

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

test("the certificate is not trusted", async () => {
  const url = await listen(createTlsServer(selfSigned));
  const { codes, error } = await failIn(options, () => fetch(url.replace("http:", "https:")));
  expect(codes).toBe("FRONT_2 HTTP_DEPTH_ZERO_SELF_SIGNED_CERT");
  expect(error.code).toBe(Code.Unavailable);
});

describe("undici", () => {
  test("connecting takes too long", async () => {
    const dispatcher = agent({ connect: { timeout: 50, lookup: () => {} } });
    for (const step of [undici.fetch, undici.request]) {
      const { codes, error } = await failIn(options, () => step("http://x.test", { dispatcher }));
      expect(codes).toBe("FRONT_2 HTTP_UND_ERR_CONNECT_TIMEOUT");
      expect(error.code).toBe(Code.Unavailable);
    }
  });

  test("the answer does not come in time", async () => {
    const silent = await serve(() => {});
    const stuck = await serve((_, response) => response.writeHead(200).write("half"));
    const dispatcher = agent({ headersTimeout: 50, bodyTimeout: 50 });
    for (const step of [undici.fetch, undici.request]) {
      const late = await failIn(options, () => step(silent, { dispatcher }));
      expect(late.codes).toBe("FRONT_2 HTTP_UND_ERR_HEADERS_TIMEOUT");
      expect(late.error.code).toBe(Code.DeadlineExceeded);
    }
    const half = await failIn(options, async () =>
      (await undici.fetch(stuck, { dispatcher })).text(),
    );
    expect(half.codes).toBe("FRONT_2 HTTP_UND_ERR_BODY_TIMEOUT");
    expect(half.error.code).toBe(Code.DeadlineExceeded);
  });

  test("the server hangs up", async () => {
    const port = await speak((socket) => socket.once("data", () => socket.end()));
    const { codes, root } = await failIn(options, () => undici.request(origin(port)));
    expect(codes).toBe("FRONT_2 HTTP_UND_ERR_SOCKET");
    expect(root.privateArgs).toMatchObject({ address: "127.0.0.1", port: String(port) });
  });

  test.each([
    [429, Code.ResourceExhausted],
    [502, Code.Unavailable],
    [503, Code.Unavailable],
    [504, Code.Unavailable],
    [500, Code.Internal],
    [404, Code.Internal],
  ])("an answer %i that it makes an error of", async (status, code) => {
    const url = await serve((_, response) => response.writeHead(status).end("secret"));
    const throwing = new undici.Agent().compose(undici.interceptors.responseError());
    const { codes, root, error } = await failIn(options, () =>
      undici.request(url, { dispatcher: throwing }),
    );
    expect(codes).toBe("FRONT_2 HTTP_UND_ERR_RESPONSE");
    expect(error.code).toBe(code);
    expect(root.privateArgs["http_status"]).toBe(String(status));
    expect(root.message).not.toContain("secret");
    if (status === 429 || status > 500) {
      const repeating = new undici.RetryAgent(new undici.Agent(), { maxRetries: 1, minTimeout: 1 });
      const given = await failIn(options, () => undici.request(url, { dispatcher: repeating }));
      expect(given.codes).toBe("FRONT_2 HTTP_UND_ERR_REQ_RETRY");
      expect(given.error.code).toBe(code);
    }
  });

  test("what a signal aborts is not classified", async () => {
    const url = await serve(() => {});
    const abort = { signal: AbortSignal.timeout(20) };
    const { codes } = await failIn(options, () => undici.request(url, abort));
    expect(codes).toBe("FRONT_1");
  });
});

function agent(settings: undici.Agent.Options): undici.Agent {
  const dispatcher = new undici.Agent(settings);
  onTestFinished(() => dispatcher.destroy());
  return dispatcher;
}

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
