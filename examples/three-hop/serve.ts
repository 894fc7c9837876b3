import type { Server } from "node:http";
import type { Http2Server } from "node:http2";
import type { AddressInfo } from "node:net";

/**
 * Makes a server of this process listen: on the port of the environment variable
 * PORT, else on a free one. Tells the parent process where, and ends with it.
 */
export function serve(server: Server | Http2Server): void {
  server.listen(Number(process.env["PORT"] ?? 0), "127.0.0.1", () => {
    const { port } = server.address() as AddressInfo;
    process.send?.({ listening: port });
  });
  process.on("disconnect", () => process.exit());
}
