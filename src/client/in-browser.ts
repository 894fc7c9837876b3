/**
 * Whether this is a page or a worker. There a header that the peer's CORS policy does not
 * list fails the call.
 */
export const inBrowser = "document" in globalThis || "WorkerGlobalScope" in globalThis;
