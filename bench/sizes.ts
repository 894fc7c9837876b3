import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { ConnectError, createClient, createRouterTransport } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { defineError, newSealingKey } from "errchain";
import { ErrorChainSchema } from "errchain/proto";
import { createServerInterceptor } from "errchain/server";
import { OrderService } from "../examples/three-hop/gen/wms/v1/order_pb.js";
import { type System, start, stop } from "../examples/three-hop/systems.ts";
import { ProbeService } from "../test/gen/probe/v1/probe_pb.js";
import type { Size } from "./result.ts";
import { expectThat } from "./variant.ts";

/** The names of the rows, for those who compare them. */
export const size = {
  cause: "a cause with identity, message, span and time",
  example: "the three-hop example",
} as const;

/** How many bytes chains take where they are sent. */
export async function measureSizes(): Promise<Size[]> {
  return [...(await causeSizes()), ...(await exampleSizes())];
}

const MESSAGE = "no delivery range is set for the address";

async function causeSizes(): Promise<Size[]> {
  const refused = defineError({
    system: "ROUTE",
    module: "DISPATCH",
    code: 20003,
    reason: "RANGE_NOT_CONFIGURED",
    status: "FAILED_PRECONDITION",
    message: MESSAGE,
  });
  const transport = createRouterTransport(
    (router) =>
      router.service(ProbeService, {
        unary() {
          throw refused();
        },
      }),
    { router: { interceptors: [createServerInterceptor()] } },
  );
  const sent = await detailOf(createClient(ProbeService, transport).unary({}));
  const chain = fromBinary(ErrorChainSchema, sent);
  const [cause] = chain.causes;
  expectThat(cause !== undefined && MESSAGE.length === 40, "the answer has one cause");
  expectThat(cause.spanId.length === 8 && cause.occurredAt !== undefined, "it has span and time");
  chain.traceId = new Uint8Array();
  const sentCause = toBinary(ErrorChainSchema, chain).length;
  Object.assign(cause, { reason: "", procedure: "" });
  const bare = toBinary(ErrorChainSchema, chain).length;
  return [
    {
      name: size.cause,
      about:
        "System, module, code, status, who wrote it, a message of 40 characters, span ID, time; as a server sends them.",
      bytes: bare,
    },
    {
      name: "the same with the code's name and the procedure",
      about:
        "All that a server sends of a cause without args (RANGE_NOT_CONFIGURED, 28 characters).",
      bytes: sentCause,
    },
  ];
}

async function exampleSizes(): Promise<Size[]> {
  const systems: System[] = [];
  const run = async (name: string, env?: Record<string, string>) => {
    const system = await start(name, env);
    systems.push(system);
    return system.baseUrl;
  };
  try {
    const ROUTE_URL = await run("ROUTE");
    const PROMISE_URL = await run("PROMISE", { ROUTE_URL });
    const baseUrl = await run("WMS", { PROMISE_URL, SEALING_KEY: newSealingKey("bench") });
    const client = createClient(
      OrderService,
      createConnectTransport({ baseUrl, httpVersion: "1.1" }),
    );
    const request = { order: "4711", address: "Mill Lane 3, 21037", product: "FRESH" };
    const bytesFor = async (audience: string) =>
      (await detailOf(client.placeOrder(request, { headers: { "x-audience": audience } }))).length;
    return [
      {
        name: size.example,
        about: "The detail in WMS's answer to a system of the company: three causes.",
        bytes: await bytesFor("internal"),
      },
      {
        name: "the same for the public",
        about: "What the public may see, and the rest sealed.",
        bytes: await bytesFor("public"),
      },
    ];
  } finally {
    await stop(...systems);
  }
}

/** The encoded chain that a failed call comes with. */
async function detailOf(call: Promise<unknown>): Promise<Uint8Array> {
  const err = await call.then(
    () => undefined,
    (reason: unknown) => ConnectError.from(reason),
  );
  const detail = err?.details.find(
    (one) => "type" in one && one.type === ErrorChainSchema.typeName,
  );
  expectThat(detail !== undefined && "type" in detail, "the error has a chain");
  return detail.value;
}
