import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { createClientInterceptor, errorChain, newSealingKey } from "errchain";
import type { ErrorChain } from "errchain/proto";
import { OrderService } from "../../../../examples/three-hop/gen/wms/v1/order_pb.js";
import { type System, start, stop, told } from "../../../../examples/three-hop/systems.ts";

/** A scene of the example in which something failed. */
export interface Scene {
  readonly name: string;
  readonly traceId: string;
  /** What the caller of WMS received, and when. */
  readonly chain: ErrorChain;
  readonly at: Date;
  /** What the systems logged, from the user's side on. */
  readonly lines: readonly string[];
}

const withoutRange = "Mill Lane 3, 21037";

/**
 * Plays the failing scenes of examples/three-hop. What its systems log goes into
 * a file in the folder, with the time in front, as container runtimes write it.
 */
export async function playScenes(folder: string): Promise<Scene[]> {
  const scenes: Scene[] = [];
  const key = newSealingKey("test");
  const route = await start("ROUTE");
  const promise = await start("PROMISE", { ROUTE_URL: route.baseUrl });
  const wms = await start("WMS", { PROMISE_URL: promise.baseUrl, SEALING_KEY: key });
  const systems = [wms, promise, route];
  const play = async (name: string, address: string, audience = "internal", meanwhile = noOp) => {
    const answer = fail(wms, address, audience);
    await meanwhile();
    const chain = await answer;
    const at = new Date();
    const traceId = Buffer.from(chain.traceId).toString("hex");
    const lines = await linesOf(systems, traceId, name === "killed" ? 2 : 3);
    lines.forEach((line, index) => {
      // A hop logs before it answers, so the innermost line is the oldest. The order in
      // which lines come through several pipes says less.
      const time = new Date(at.getTime() - index - 1).toISOString();
      appendFileSync(join(folder, "systems.log"), `${time} ${line}\n`);
    });
    scenes.push({ name, traceId, chain, at, lines });
  };
  try {
    await play("no range", withoutRange);
    await play("bug", "Mill Lane 3 Hamburg");
    await play("a partner's view", withoutRange, "partner");
    await play("the public's view", withoutRange, "public");
    await play("killed", "Slow Lane 1, 20095 Hamburg", "internal", async () => {
      await told(route.process, "handling");
      route.process.kill("SIGKILL");
    });
    return scenes;
  } finally {
    await stop(...systems);
  }
}

async function noOp(): Promise<void> {}

/** Places an order that fails. */
async function fail(wms: System, address: string, audience: string): Promise<ErrorChain> {
  const transport = createConnectTransport({
    baseUrl: wms.baseUrl,
    httpVersion: "1.1",
    interceptors: [createClientInterceptor()],
  });
  const headers = { "x-audience": audience };
  const request = { order: "4711", address, product: "FRESH" };
  try {
    await createClient(OrderService, transport).placeOrder(request, { headers });
  } catch (err) {
    const chain = errorChain(err);
    if (chain !== undefined) {
      return chain;
    }
  }
  throw new Error("the order was expected to fail with a chain");
}

/** The log lines of a trace, once all have come through the pipes. */
async function linesOf(systems: readonly System[], traceId: string, count: number) {
  const lines: string[] = [];
  while (lines.length < count) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    lines.push(...systems.flatMap((system) => system.takeLog()));
  }
  return lines.filter((line) => line.startsWith(traceId));
}
