import { create, toBinary } from "@bufbuild/protobuf";
import { type ErrorDetail, isBytes, typeNameOf } from "../chain/error-chain.js";
import { largestThat } from "../chain/largest.js";
import { grpcTrailerBytes, HEADER_OVERHEAD } from "../chain/limits.js";
import { truncateUtf8 } from "../chain/utf8.js";

/** What of an error can be sent, and what had to go. */
export interface Sendable {
  readonly message: string;
  readonly details: readonly ErrorDetail[];
  readonly metadata: Headers | undefined;
  /**
   * `"message"` where it was shortened; the type names of details and the names of
   * headers that were left out.
   */
  readonly truncated: readonly string[];
}

/** Which of the transport's limits an error meets. */
export type Carrier =
  /** gRPC: everything is in HTTP trailers. */
  | "trailers"
  /** Unary calls of Connect: metadata is in HTTP headers, the rest in the body. */
  | "headers"
  /** gRPC-Web, and streams of Connect: everything is in the body. */
  | "body";

/**
 * How many bytes the trailers of a gRPC call may take. Node's http2 refuses
 * 65,536 and then loses the status, the details and the connection; the rest is
 * left to trailers that the handler has set, which cannot be seen here.
 */
const MAX_TRAILER_BYTES = 50_000;

/**
 * How many bytes the metadata of an error may take as headers. Clients of Node
 * refuse 16,384 bytes of headers on HTTP/1.1.
 */
const MAX_HEADER_BYTES = 14_000;

/** A message is not cut below this for the sake of the application's details. */
const LEAST_MESSAGE_BYTES = 512;

/**
 * Makes an error sendable that would otherwise be lost on the way.
 *
 * - A lone surrogate in the message makes connect-es throw while it writes the
 *   trailers, and the call hangs: it becomes U+FFFD.
 * - So does a detail that does not serialise: it is left out.
 * - Headers of a connection, which the metadata of a call's error has over HTTP/1.1, end
 *   the process, hang the call or break the answer: they are left out.
 * - So are headers with control characters, which the JSON of a peer may bring: Node
 *   throws where they are sent over HTTP/1.1, and the call hangs.
 * - What travels in HTTP headers or trailers has to fit there: the largest details,
 *   and then headers, are left out until the rest fits beside a short message;
 *   then the message is cut to what fits.
 *
 * @param chainBytes the size of the chain, which goes along in any case
 */
export function makeSendable(
  { message: text, details, metadata }: Omit<Sendable, "truncated">,
  chainBytes: number,
  carrierOf: () => Carrier,
): Sendable {
  const whole = text.toWellFormed();
  if (details.length === 0 && metadata === undefined && whole.length <= LEAST_MESSAGE_BYTES) {
    return { message: whole, details, metadata, truncated: [] }; // it fits anywhere
  }
  const carrier = carrierOf();
  const truncated: string[] = [];
  const sized: { detail: ErrorDetail; bytes: number }[] = [];
  for (const detail of details) {
    const bytes = encodedSize(detail);
    if (bytes === undefined) {
      truncated.push(typeNameOf(detail));
    } else {
      sized.push({ detail, bytes });
    }
  }
  const headers: [string, string][] = [];
  for (const header of carrier === "body" ? [] : (metadata ?? [])) {
    const [name, value] = header;
    if (OF_A_CONNECTION.has(name) || UNSENDABLE.test(value)) {
      truncated.push(name);
    } else {
      headers.push(header);
    }
  }
  const fits = (message: string) => {
    const headerBytes = headers.reduce((sum, header) => sum + sizeOfHeader(header), 0);
    if (carrier !== "trailers") {
      return headerBytes <= MAX_HEADER_BYTES;
    }
    const detailBytes = sized.reduce((sum, { bytes }) => sum + bytes, chainBytes);
    return headerBytes + grpcTrailerBytes(message, detailBytes) <= MAX_TRAILER_BYTES;
  };
  const least = truncateUtf8(whole, LEAST_MESSAGE_BYTES);
  while (carrier === "trailers" && sized.length > 0 && !fits(least)) {
    const largest = sized.reduce((a, b) => (b.bytes > a.bytes ? b : a));
    sized.splice(sized.indexOf(largest), 1);
    truncated.push(typeNameOf(largest.detail));
  }
  while (headers.length > 0 && !fits(least)) {
    const largest = headers.reduce((a, b) => (sizeOfHeader(b) > sizeOfHeader(a) ? b : a));
    headers.splice(headers.indexOf(largest), 1);
    truncated.push(largest[0]);
  }
  let message = whole;
  if (!fits(whole)) {
    truncated.push("message");
    const fitting = (bytes: number) => fits(truncateUtf8(whole, bytes));
    message = truncateUtf8(whole, largestThat(fitting, LEAST_MESSAGE_BYTES, MAX_TRAILER_BYTES));
  }
  return {
    message,
    details: sized.map(({ detail }) => detail),
    metadata: carrier === "body" ? metadata : metadata && new Headers(headers),
    truncated,
  };
}

/**
 * Headers that are about one connection (RFC 9110, section 7.6.1). An error of a call over
 * HTTP/1.1 has them in its metadata; Node's http2 throws where they are sent.
 */
const OF_A_CONNECTION: ReadonlySet<string> = new Set([
  "connection",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "te",
  "transfer-encoding",
  "upgrade",
]);

/** What no value of a header may hold (RFC 9110, section 5.5). Names are checked by `Headers`. */
const UNSENDABLE = /[^\t\x20-\x7e\x80-\xff]/;

/** How many bytes a detail takes, or undefined if it does not serialise. */
function encodedSize(detail: ErrorDetail): number | undefined {
  const overhead = typeNameOf(detail).length + 32; // google.protobuf.Any and its type URL
  if (!("desc" in detail)) {
    return isBytes(detail.value) ? overhead + detail.value.length : undefined;
  }
  try {
    return overhead + toBinary(detail.desc, create(detail.desc, detail.value)).length;
  } catch {
    return undefined;
  }
}

function sizeOfHeader([name, value]: [string, string]): number {
  return name.length + value.length + HEADER_OVERHEAD;
}
