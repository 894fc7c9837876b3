// A hop of the interop tests, with this library. What it is asked by standard
// input is described in ../README.md.

import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { toJson } from "@bufbuild/protobuf";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { errorChain, fullCode, rootCause } from "errchain";
import { CauseSchema, ErrorChainSchema } from "errchain/proto";
import { createServerInterceptor } from "errchain/server";
import { connectToWms, routes } from "./hop.ts";

const interceptors = [createServerInterceptor()];
const server = createServer(connectNodeAdapter({ routes, interceptors }));
server.listen(0, "127.0.0.1", () => {
  console.log(`127.0.0.1:${(server.address() as AddressInfo).port}`);
});

for await (const line of createInterface({ input: process.stdin })) {
  const [command, target = "", times = "", ...headers] = line.split(" ");
  if (command !== "call") {
    throw new Error(`unknown command ${command}`);
  }
  console.log(JSON.stringify(await call(target, Number(times), headers)));
}
process.exit();

async function call(target: string, times: number, given: readonly string[]) {
  const headers = new Headers(
    given.map((text) => text.split(/=(.*)/).slice(0, 2) as [string, string]),
  );
  const wms = connectToWms(target, headers.get("x-protocol") ?? "");
  const order = { order: "4711", address: "弥勒巷3号", product: "生鲜" };
  let first: ReturnType<typeof describe> | undefined;
  let whole = 0;
  for (let n = 0; n < times; n++) {
    try {
      return { status: 0, text: (await wms.placeOrder(order, { headers })).deliveryTime };
    } catch (err) {
      const received = describe(err);
      first ??= received;
      whole += String(received.codes) === String(first.codes) ? 1 : 0;
    }
  }
  return { ...first, whole };
}

function describe(err: unknown) {
  const chain = errorChain(err);
  const root = rootCause(err);
  return {
    status: (err as { code: number }).code,
    codes: chain?.causes.map(fullCode),
    root: root && toJson(CauseSchema, root),
    chain: chain && toJson(ErrorChainSchema, chain),
  };
}
