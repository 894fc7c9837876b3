export { createClient } from "@connectrpc/connect";
export * from "@connectrpc/connect-node";
