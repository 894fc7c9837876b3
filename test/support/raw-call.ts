import { once } from "node:events";
import * as http from "node:http";
import * as http2 from "node:http2";
import { buffer } from "node:stream/consumers";

// Calls without a client library: what comes back is all that the server has sent.

/** How a call is written: which HTTP version and content type, and whether in envelopes. */
export interface Wire {
  readonly name: string;
  readonly httpVersion: "1.1" | "2";
  readonly contentType: string;
  readonly enveloped: boolean;
  readonly procedures: readonly string[];
}

const all = ["Unary", "ServerStream"];

export const wires: readonly Wire[] = [
  {
    name: "Connect unary, HTTP/1.1",
    httpVersion: "1.1",
    contentType: "application/json",
    enveloped: false,
    procedures: ["Unary"],
  },
  {
    name: "Connect unary, HTTP/2",
    httpVersion: "2",
    contentType: "application/proto",
    enveloped: false,
    procedures: ["Unary"],
  },
  {
    name: "Connect stream",
    httpVersion: "2",
    contentType: "application/connect+proto",
    enveloped: true,
    procedures: ["ServerStream"],
  },
  {
    name: "gRPC",
    httpVersion: "2",
    contentType: "application/grpc+proto",
    enveloped: true,
    procedures: all,
  },
  {
    name: "gRPC-Web",
    httpVersion: "1.1",
    contentType: "application/grpc-web+proto",
    enveloped: true,
    procedures: all,
  },
];

/** Everything that a server answers: headers, body and trailers, as Latin-1 text. */
export async function rawCall(
  wire: Wire,
  baseUrl: string,
  procedure: string,
  headers: Record<string, string> = {},
): Promise<string> {
  const path = `/probe.v1.ProbeService/${procedure}`;
  const body = wire.enveloped
    ? Buffer.alloc(5)
    : Buffer.from(wire.contentType === "application/json" ? "{}" : "");
  const sent = { ...headers, "content-type": wire.contentType };
  if (wire.httpVersion === "1.1") {
    const request = http.request(`${baseUrl}${path}`, {
      method: "POST",
      headers: sent,
      agent: false,
    });
    request.end(body);
    const [response] = (await once(request, "response")) as [http.IncomingMessage];
    const received = await buffer(response);
    return [
      response.rawHeaders.join("\n"),
      received.toString("latin1"),
      response.rawTrailers.join("\n"),
    ].join("\n");
  }
  const session = http2.connect(baseUrl);
  try {
    const stream = session.request({ ...sent, ":method": "POST", ":path": path, te: "trailers" });
    let text = "";
    const note = (received: http2.IncomingHttpHeaders) => {
      text += `${JSON.stringify(received)}\n`;
    };
    stream.on("response", note).on("trailers", note);
    stream.end(body);
    const received = await buffer(stream);
    return `${text}${received.toString("latin1")}`;
  } finally {
    session.destroy();
  }
}

/** A text with everything in it that is base64 or percent-encoded decoded behind it, three times over. */
export function decodedDeep(text: string): string {
  let result = text;
  let layer = text;
  for (let depth = 0; depth < 3; depth++) {
    const runs = layer.match(/[A-Za-z0-9+/_-]{8,}={0,2}/g) ?? [];
    // A run may begin with bytes that are not part of the base64 text.
    const decoded = runs.flatMap((run) =>
      [0, 1, 2, 3].map((skip) => Buffer.from(run.slice(skip), "base64").toString("latin1")),
    );
    layer = decoded.join("\n");
    result += `\n${layer}`;
  }
  return `${result}\n${safelyUnescaped(text)}`;
}

function safelyUnescaped(text: string): string {
  return text.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, hex) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
