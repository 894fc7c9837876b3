// A peer in a process of its own, to be killed: node retry-peer.ts PORT. It prints a
// line when it listens, and one for each call. Read answers UNAVAILABLE; Put and Post
// never answer.

import { createServer } from "node:http2";
import { Code, ConnectError } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { RetryService } from "../gen/retry/v1/retry_pb.js";

function never(): Promise<never> {
  console.log("called");
  return new Promise(() => {});
}

const handler = connectNodeAdapter({
  routes: (router) =>
    router.service(RetryService, {
      read() {
        console.log("called");
        throw new ConnectError("busy", Code.Unavailable);
      },
      put: never,
      post: never,
    }),
});
createServer(handler).listen(Number(process.argv[2]), "127.0.0.1", () => console.log("listening"));
