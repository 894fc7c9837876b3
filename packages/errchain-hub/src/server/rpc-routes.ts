import {
  Code,
  ConnectError,
  type ConnectRouter,
  type HandlerContext,
  type ServiceImpl,
} from "@connectrpc/connect";
import { HubService } from "../../gen/errchain/hub/v1/hub_pb.js";
import { type Auth, TOKEN_NEEDED } from "./auth.js";

/** What asks for something is small. */
export const MAX_QUESTION_BYTES = 1024 * 1024;

export function hubRoutes(hub: ServiceImpl<typeof HubService>): (router: ConnectRouter) => void {
  return (router) => router.service(HubService, hub);
}

/** Turns requests without a token away before their body is read. */
export function tokenGate(auth: Auth): (context: HandlerContext) => void {
  return ({ requestHeader }) => {
    const authorization = requestHeader.get("authorization") ?? undefined;
    if (!auth.allows(authorization, requestHeader.get("cookie") ?? undefined)) {
      throw new ConnectError(TOKEN_NEEDED, Code.Unauthenticated);
    }
  };
}
