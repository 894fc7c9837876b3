// npm run soak -- --calls 100000
//
// Many calls, some of which fail and are forgotten by the handler that made them:
// nothing of a request may stay in memory or be seen in another request.

import { createServer } from "node:http2";
import { setImmediate } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createClient, type Interceptor } from "@connectrpc/connect";
import { connectNodeAdapter, createGrpcTransport } from "@connectrpc/connect-node";
import { createErrorChainTransport, defineError, errorChain } from "errchain";
import { createServerInterceptor } from "errchain/server";
import { ProbeService } from "../gen/probe/v1/probe_pb.js";
import { startListening } from "../support/listening.ts";
import { probeRoutes } from "../support/probe.ts";

const CONCURRENCY = 64;
/** Compiled code, buffers and connections come with the first calls and stay. */
const WARM_UP_SHARE = 0.2;
/** More than the noise between two collections, less than 100 bytes a call. */
const ALLOWED_GROWTH_BYTES = 4 * 2 ** 20;

const refused = defineError({
  system: "BACK",
  code: 1000,
  reason: "REFUSED",
  status: "FAILED_PRECONDITION",
  message: "refused {id}",
});

async function startServer(interceptor: Interceptor, handle: (text: string) => Promise<string>) {
  const routes = probeRoutes(handle);
  const { url } = await startListening(
    createServer(connectNodeAdapter({ routes, interceptors: [interceptor] })),
  );
  const transport = createGrpcTransport({ baseUrl: url });
  return createClient(ProbeService, createErrorChainTransport(transport));
}

function heapBytes(): number {
  if (globalThis.gc === undefined) {
    throw new Error("start Node.js with --expose-gc");
  }
  for (let i = 0; i < 4; i++) {
    globalThis.gc();
  }
  return process.memoryUsage().heapUsed;
}

const { values } = parseArgs({ options: { calls: { type: "string", default: "100000" } } });
const calls = Number(values.calls);
if (!Number.isSafeInteger(calls) || calls < 1_000) {
  console.error(`--calls must be a whole number from 1000, not "${values.calls}"`);
  process.exit(2);
}

const back = await startServer(createServerInterceptor({ system: "BACK" }), async (id) => {
  if (Number(id) % 2 === 0) {
    throw refused({ id });
  }
  return id;
});
const front = await startServer(createServerInterceptor({ system: "FRONT" }), async (id) => {
  try {
    return (await back.unary({ text: id })).text;
  } catch {
    await setImmediate();
    throw new Error("forgot what happened");
  }
});

let strangers = 0;

async function callOnce(id: number): Promise<void> {
  try {
    const { text } = await front.unary({ text: String(id) });
    strangers += text === String(id) && id % 2 === 1 ? 0 : 1;
  } catch (err) {
    const [, inferred, ...more] = errorChain(err)?.causes ?? [];
    const isOwn = inferred?.inferred && inferred.args["id"] === String(id) && more.length === 0;
    strangers += isOwn && id % 2 === 0 ? 0 : 1;
  }
}

let next = 0;
async function callUntil(end: number): Promise<void> {
  const worker = async () => {
    while (next < end) {
      await callOnce(next++);
      if (process.stderr.isTTY && next % 1_000 === 0) {
        process.stderr.write(`\r${next} of ${calls} calls `);
      }
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}

await callUntil(Math.round(calls * WARM_UP_SHARE));
const before = heapBytes();
await callUntil(calls);
const growth = heapBytes() - before;
const kib = (bytes: number) => `${Math.round(bytes / 1024)} KiB`;
console.log(
  `${calls} calls, heap ${kib(before)} after the first fifth, ${growth < 0 ? "" : "+"}${kib(growth)} at the end, ` +
    `causes of other requests ${strangers}`,
);
process.exit(growth > ALLOWED_GROWTH_BYTES || strangers > 0 ? 1 : 0);
