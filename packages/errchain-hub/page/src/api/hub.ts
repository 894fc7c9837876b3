import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { HubService } from "../../../gen/errchain/hub/v1/hub_pb.js";

/** The hub that has served this page. The browser's cookie says who asks. */
export const hub = createClient(
  HubService,
  createConnectTransport({
    baseUrl: window.location.origin,
    useBinaryFormat: true,
    defaultTimeoutMs: 20_000,
  }),
);
