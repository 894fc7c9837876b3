// The page of the shop: what its user sees of an error.

import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { errorChain, fullCode, rootCause } from "errchain";
import { ShopService } from "../gen/shop/v1/shop_pb.js";

const shop = createClient(
  ShopService,
  createConnectTransport({ baseUrl: document.body.dataset["edge"] ?? "" }),
);

const form = element("order") as HTMLFormElement;
const order = "4711";

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const address = String(new FormData(form).get("address"));
  attempt(async (headers) => {
    const { deliveryTime } = await shop.placeOrder(
      { order, address, product: "FRESH" },
      { headers },
    );
    show("answer", `Your order comes ${deliveryTime}.`);
  });
});

element("track").addEventListener("click", () =>
  attempt(async (headers) => {
    for await (const { place } of shop.trackOrder({ order }, { headers })) {
      show("answer", place);
    }
  }),
);

/** Makes a call in a trace of its own, and shows its error. */
async function attempt(call: (headers: HeadersInit) => Promise<void>): Promise<void> {
  element("error").hidden = true;
  show("answer", "…");
  const traceId = randomHex(16);
  try {
    await call({ traceparent: `00-${traceId}-${randomHex(8)}-01` });
  } catch (err) {
    show("answer", "");
    showError(err, traceId);
  }
}

/** The edge has left in the chain only what the public may read. */
function showError(err: unknown, traceId: string): void {
  const nearest = errorChain(err)?.causes[0];
  const root = rootCause(err);
  if (nearest === undefined || root === undefined) {
    // The shop has said nothing. Code 3 is built in: a system could not be reached.
    show("sentence", "Sorry, the shop could not be reached.");
    show("code", "SHOP_FRONT_3");
  } else {
    const reason = root === nearest ? "" : `: ${root.message}`;
    show("sentence", `Sorry, ${nearest.message}${reason}.`);
    show("code", fullCode(root));
  }
  show("trace", traceId); // of the request, so that there is one also where nobody answers
  element("error").hidden = false;
}

function show(id: string, text: string): void {
  element(id).textContent = text;
}

function element(id: string): HTMLElement {
  return document.getElementById(id) as HTMLElement;
}

function randomHex(bytes: number): string {
  const random = crypto.getRandomValues(new Uint8Array(bytes));
  return Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
