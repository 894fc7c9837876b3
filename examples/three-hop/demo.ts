// Plays the scenes: npm run demo. With --serve it keeps the systems up instead.

import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import {
  createErrorChainTransport,
  formatErrorChain,
  newSealingKey,
  openSealed,
  sealingKey,
} from "errchain";
import { OrderService } from "./gen/wms/v1/order_pb.js";
import { type Hub, startHub } from "./hub.ts";
import { type System, start, stop, told } from "./systems.ts";

const usage = `Usage: npm run demo [-- --serve | --hub]

Plays what happens when a system three hops away fails, with a process
for each system, on free ports of this machine.

  --serve   keep the servers up and print curl lines to try
  --hub     also run a hub, and print where to see each scene in it
  --help    print this`;

const goodAddress = "Harbour Road 12, 20095 Hamburg";
const addressWithoutRange = "Mill Lane 3, 21037";
const addressWithoutComma = "Mill Lane 3 Hamburg";
const slowAddress = "Slow Lane 1, 20095 Hamburg";

let hub: Hub | undefined;

try {
  const { values } = parseArgs({
    options: {
      serve: { type: "boolean" },
      hub: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(usage);
  } else if (values.serve) {
    await keepServing();
  } else if (values.hub) {
    await playIntoHub();
  } else {
    await playScenes();
  }
} catch (err) {
  if (err instanceof TypeError && "code" in err) {
    console.error(`${err.message}\n\n${usage}`);
    process.exit(2);
  }
  throw err;
}

async function playIntoHub(): Promise<void> {
  hub = await startHub();
  Object.assign(process.env, hub.environment);
  try {
    const ended = new Promise((resolve) =>
      process.once("SIGINT", resolve).once("SIGTERM", resolve),
    );
    await playScenes();
    console.log(`The hub is at ${hub.url}\nCtrl-C stops it.`);
    await ended;
  } finally {
    await hub.stop();
  }
}

async function playScenes(): Promise<void> {
  const key = newSealingKey("demo");
  let route = await start("ROUTE");
  const promise = await start("PROMISE", { ROUTE_URL: route.baseUrl });
  const wms = await start("WMS", { PROMISE_URL: promise.baseUrl, SEALING_KEY: key });
  const plain = await start("PLAIN", { ROUTE_URL: route.baseUrl });
  const wmsOnPlain = await start("WMS", { PROMISE_URL: plain.baseUrl, SEALING_KEY: key });
  try {
    await scene("(a) Nobody has configured a delivery range for the address", async () =>
      describe(await order(wms, "4711", addressWithoutRange)),
    );
    await scene("(b) A bug in ROUTE: it reads an address without a comma", async () =>
      describe(await order(wms, "4712", addressWithoutComma)),
    );
    await scene("(c) ROUTE is killed while it handles the call", async () => {
      const answer = order(wms, "4713", slowAddress);
      await told(route.process, "handling");
      route.process.kill("SIGKILL");
      return describe(await answer);
    });
    route = await start("ROUTE", { PORT: String(route.port) });
    await scene("(d) ROUTE is back, and all is well", async () =>
      describe(await order(wms, "4714", goodAddress)),
    );
    await scene("(e) The missing range again, as three callers see it", async () => {
      const inside = await order(wms, "4715", addressWithoutRange, "internal");
      const partner = await order(wms, "4715", addressWithoutRange, "partner");
      const stranger = await order(wms, "4715", addressWithoutRange, "public");
      return [
        "A system of the company:",
        describe(inside),
        "",
        "A partner:",
        describe(partner),
        "",
        "The public:",
        describe(stranger),
        "",
        "Support, who opens what is sealed in the answer to the public:",
        formatErrorChain(await openSealed(stranger, sealingKey(key)), { style: "tree" }),
      ].join("\n");
    });
    await scene("(f) ROUTE hangs, and the user waits for two seconds", async () =>
      describe(await order(wms, "4716", slowAddress, "internal", { timeoutMs: 2_000 })),
    );
    await scene("(g) The author of PROMISE forgot to name the cause", async () =>
      describe(await order(wms, "4717", addressWithoutRange, "internal", { product: "FROZEN" })),
    );
    await scene("(h) Instead of PROMISE, a system that does not use errchain", async () =>
      describe(await order(wmsOnPlain, "4718", addressWithoutRange)),
    );
  } finally {
    if (hub !== undefined) {
      await setTimeout(500); // until the last events have left the systems
    }
    await stop(wms, wmsOnPlain, promise, plain, route);
  }

  async function scene(title: string, play: () => Promise<string>): Promise<void> {
    console.log(`${title}\n`);
    console.log(`  What the caller of WMS receives:\n${indent(await play())}\n`);
    await setTimeout(100); // until the log lines have come through the pipes
    console.log("  What the systems log (traceId|code|message):");
    for (const system of [wms, promise, route]) {
      const lines = [...system.takeLog(), ...(system === wms ? wmsOnPlain.takeLog() : [])];
      console.log(indent(`${system.name.padEnd(7)}  ${lines.join("\n         ") || "(nothing)"}`));
    }
    for (const traceId of hub?.takeTraceIds() ?? []) {
      console.log(`  In the hub: ${hub?.linkTo(traceId)}`);
    }
    console.log("");
  }
}

/** Places an order. Gives the delivery time, or the error. */
async function order(
  wms: System,
  number: string,
  address: string,
  audience = "internal",
  { product = "FRESH", timeoutMs }: { product?: string; timeoutMs?: number } = {},
): Promise<unknown> {
  const client = createClient(
    OrderService,
    createErrorChainTransport(
      createConnectTransport({ baseUrl: wms.baseUrl, httpVersion: "1.1" }),
      timeoutMs === undefined ? {} : { defaultTimeoutMs: timeoutMs },
    ),
  );
  const headers = { "x-audience": audience };
  try {
    const request = { order: number, address, product };
    return (await client.placeOrder(request, { headers })).deliveryTime;
  } catch (err) {
    hub?.noteTrace(err);
    return err;
  }
}

function describe(answer: unknown): string {
  if (typeof answer === "string") {
    return `OK: ${answer}`;
  }
  const { code, rawMessage } = ConnectError.from(answer);
  return `${Code[code]}: ${rawMessage}\n\n${formatErrorChain(answer, { style: "tree" })}`;
}

async function keepServing(): Promise<void> {
  const route = await start("ROUTE");
  const promise = await start("PROMISE", { ROUTE_URL: route.baseUrl });
  const key = newSealingKey("demo");
  const wms = await start("WMS", { PROMISE_URL: promise.baseUrl, SEALING_KEY: key });
  const url = `${wms.baseUrl}/wms.v1.OrderService/PlaceOrder`;
  const killRoute = `kill -9 ${route.process.pid}`;
  for (const [what, address, audience] of [
    ["The good case", goodAddress, "internal"],
    ["The missing range", addressWithoutRange, "internal"],
    ["The missing range, as the public sees it", addressWithoutRange, "public"],
    ["The bug in ROUTE", addressWithoutComma, "internal"],
    [`A call that takes ten seconds: meanwhile, ${killRoute}`, slowAddress, "internal"],
  ]) {
    const body = JSON.stringify({ order: "4711", address, product: "FRESH" });
    const headers = `-H 'content-type: application/json' -H 'x-audience: ${audience}'`;
    console.log(`# ${what}:\ncurl -s ${headers} -d '${body}' ${url}\n`);
  }
  console.log("# To see an error as a tree: curl … | npx errchain decode");
  console.log(
    `# To open what is sealed: echo ${key} > key; curl … | npx errchain open --key-file key\n`,
  );
  route.process.once("exit", () =>
    console.log("ROUTE      has ended; start the demo anew to get it back"),
  );
  console.log("The log lines of the three systems follow. Ctrl-C stops them.\n");
  for (const system of [wms, promise, route]) {
    system.process.stdout?.on("data", (text) =>
      process.stdout.write(`${system.name.padEnd(7)}  ${text}`),
    );
  }
  await new Promise((resolve) => process.once("SIGINT", resolve).once("SIGTERM", resolve));
  await stop(wms, promise, route);
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, "    ");
}
