import { Code, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { createClientInterceptor, createErrorChainTransport, errorChain } from "errchain";
import { expect, test } from "vitest";
import { ProbeService } from "./gen/probe/v1/probe_pb.js";
import { failureOf } from "./support/probe.js";

// What fetch() says elsewhere when nobody answers. Only that of Node.js can be seen here.
test.each([
  "fetch failed",
  "Failed to fetch",
  "network error",
  "NetworkError when attempting to fetch resource.",
  "Load failed",
  "The Internet connection appears to be offline.",
  "The network connection was lost.",
  "Could not connect to the server.",
  "A server with the specified hostname could not be found.",
  "The request timed out.",
  "Network request failed",
  "Network connection lost.",
  "A network error occurred.",
  "error sending request for url (http://route.test/probe.v1.ProbeService/Unary)",
])("%j is the network's doing", async (text) => {
  const options = {
    baseUrl: "http://route.test",
    fetch: () => Promise.reject(new TypeError(text)),
  };
  for (const transport of [
    createErrorChainTransport(createConnectTransport(options)),
    createConnectTransport({ ...options, interceptors: [createClientInterceptor()] }),
  ]) {
    const error = await failureOf(createClient(ProbeService, transport).unary({}));
    expect(error).toMatchObject({ code: Code.Unavailable });
    expect(errorChain(error)?.causes).toMatchObject([{ system: "PROBE", code: "3" }]);
  }
});
