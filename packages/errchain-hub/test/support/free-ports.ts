import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";

/** Two ports that are free at the moment, for a hub that must come back under the same. */
export async function freePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()];
  const ports = await Promise.all(
    servers.map(async (server) => {
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      return (server.address() as AddressInfo).port;
    }),
  );
  for (const server of servers) {
    server.close();
  }
  return [ports[0] ?? 0, ports[1] ?? 0];
}
