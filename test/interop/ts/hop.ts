// What the three systems do, with this library on both sides.

import { create } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import {
  type Client,
  ConnectError,
  type ConnectRouter,
  createClient,
  type HandlerContext,
  type Transport,
} from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { createClientInterceptor, type ErrorDefinition, errorChain } from "errchain";
import { ErrorChainSchema } from "errchain/proto";
import { noDeliveryTime } from "../../../examples/three-hop/gen/promise/v1/eta_errchain.js";
import { EtaService } from "../../../examples/three-hop/gen/promise/v1/eta_pb.js";
import { rangeNotConfigured } from "../../../examples/three-hop/gen/route/v1/route_errchain.js";
import { RouteService } from "../../../examples/three-hop/gen/route/v1/route_pb.js";
import { cannotBePromised } from "../../../examples/three-hop/gen/wms/v1/order_errchain.js";
import { OrderService } from "../../../examples/three-hop/gen/wms/v1/order_pb.js";

const transports = new Map<string, Transport>();

/** A transport to an address, made once. */
function transportTo(address: string, protocol: string): Transport {
  const key = `${protocol} ${address}`;
  let transport = transports.get(key);
  if (transport === undefined) {
    const options = { baseUrl: `http://${address}`, interceptors: [createClientInterceptor()] };
    transport =
      protocol === "connect"
        ? createConnectTransport({ ...options, httpVersion: "2" })
        : createGrpcTransport(options);
    transports.set(key, transport);
  }
  return transport;
}

export function connectToWms(address: string, protocol: string): Client<typeof OrderService> {
  return createClient(OrderService, transportTo(address, protocol));
}

export const routes = (router: ConnectRouter) =>
  router
    .service(OrderService, {
      async placeOrder({ address, product }, { requestHeader }) {
        const answers = await ask(requestHeader, (next, protocol, headers) =>
          createClient(EtaService, transportTo(next, protocol)).promiseDelivery(
            { address, product },
            { headers },
          ),
        );
        if (answers.failed.length > 0) {
          throw raise(cannotBePromised, {}, answers.failed);
        }
        return { deliveryTime: answers.last?.deliveryTime ?? "" };
      },
    })
    .service(EtaService, {
      async promiseDelivery({ address, product }, { requestHeader }) {
        const answers = await ask(requestHeader, (next, protocol, headers) =>
          createClient(RouteService, transportTo(next, protocol)).findRange(
            { address, product },
            { headers },
          ),
        );
        if (answers.failed.length > 0) {
          throw raise(noDeliveryTime, {}, answers.failed);
        }
        return { deliveryTime: answers.last?.range ?? "" };
      },
    })
    .service(RouteService, {
      findRange({ address, product }, { requestHeader }: HandlerContext) {
        if (address.startsWith("Harbour Road")) {
          return { range: "Hamburg Mitte" };
        }
        const error = raise(rangeNotConfigured, { address, product }, []);
        throw requestHeader.get("x-odd") === "1" ? asNewerVersion(error) : error;
      },
    });

/** Calls the hops below that the headers name, see ../README.md. */
async function ask<Response>(
  received: Headers,
  call: (next: string, protocol: string, headers: Headers) => Promise<Response>,
): Promise<{ last?: Response; failed: unknown[] }> {
  const [addresses = "", ...rest] = (received.get("x-next") ?? "").split(",");
  const protocol = received.get("x-protocol") ?? "";
  const headers = new Headers({ "x-next": rest.join(",") });
  for (const name of ["x-join", "x-odd", "x-protocol"]) {
    headers.set(name, received.get(name) ?? "");
  }
  const failed: unknown[] = [];
  let last: Response | undefined;
  for (const address of addresses.split("+")) {
    try {
      last = await call(address, protocol, headers);
    } catch (err) {
      failed.push(err);
    }
  }
  return last === undefined ? { failed } : { last, failed };
}

/** An error of a definition, with a private arg that tells the tests who wrote it. */
function raise<Args>(
  definition: ErrorDefinition<Args>,
  args: Args,
  cause: readonly unknown[],
): ConnectError {
  const any = definition as unknown as (args: Args, options: object) => ConnectError;
  return any(args, { cause, privateArgs: { answered_by: "ts" } });
}

/** The same error with what this version does not know. */
function asNewerVersion(error: ConnectError): ConnectError {
  const chain = create(ErrorChainSchema, errorChain(error));
  const [cause] = chain.causes;
  if (cause !== undefined) {
    const data = new BinaryWriter().string("from a newer version").finish();
    cause.$unknown = [{ no: 900, wireType: WireType.LengthDelimited, data }];
    cause.elided = 7;
  }
  const detail = { desc: ErrorChainSchema, value: chain };
  return new ConnectError(error.rawMessage, error.code, undefined, [detail]);
}
