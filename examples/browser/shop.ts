// Runs the shop: the three systems of ../three-hop, the public edge in front of
// them, and a server for the page.

import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { newSealingKey } from "errchain";
import { build } from "esbuild";
import { type System, start, stop } from "../three-hop/systems.ts";

export interface Shop {
  /** Where the page is. */
  readonly url: string;
  readonly edge: System;
  stop(): Promise<void>;
}

/**
 * Starts everything.
 *
 * @param pageOrigin the origin whose pages the edge lets in. Default: that of the page.
 */
export async function startShop(pageOrigin?: string): Promise<Shop> {
  const script = await bundlePage();
  let edgeUrl = "";
  const page = createServer((req, res) => {
    const isScript = req.url === "/app.js";
    res.setHeader("content-type", isScript ? "text/javascript" : "text/html");
    res.end(isScript ? script : indexHtml().replace("{{edge}}", edgeUrl));
  });
  const url = await listen(page);
  const route = await start("ROUTE");
  const promise = await start("PROMISE", { ROUTE_URL: route.baseUrl });
  const sealing = { SEALING_KEY: newSealingKey("shop") };
  const wms = await start("WMS", { PROMISE_URL: promise.baseUrl, ...sealing });
  const edgeEnv = { WMS_URL: wms.baseUrl, PAGE_ORIGIN: pageOrigin ?? url };
  const edge = await start("SHOP", edgeEnv, new URL("edge.ts", import.meta.url));
  edgeUrl = edge.baseUrl;
  return {
    url,
    edge,
    async stop() {
      page.close();
      page.closeAllConnections();
      await stop(edge, wms, promise, route);
    },
  };
}

function indexHtml(): string {
  return readFileSync(join(import.meta.dirname, "page", "index.html"), "utf8");
}

async function bundlePage(): Promise<Uint8Array> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, "page", "app.ts")],
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser", // fails on a node: import
    write: false,
  });
  return outputFiles[0]?.contents ?? new Uint8Array();
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
