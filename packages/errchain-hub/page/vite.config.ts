import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

/** The hub that `npm run dev:page -w errchain-hub` asks. Default: where it listens without options. */
const hub = process.env["HUB_URL"] ?? "http://127.0.0.1:4318";

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: fileURLToPath(new URL("../dist/page", import.meta.url)),
    emptyOutDir: true,
    target: "es2024",
    assetsInlineLimit: 0, // data: URLs would need a weaker content security policy
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/errchain.hub.v1.HubService": hub, "^/t/.*[.]txt$": hub } },
});
