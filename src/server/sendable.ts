import { create, toBinary } from "@bufbuild/protobuf";
import { type ErrorDetail, isBytes, typeNameOf } from "../chain/error-chain.js";
import { largestThat } from "../chain/largest.js";
import { grpcTrailerBytes, HEADER_OVERHEAD } from "../chain/limits.js";
import { PUSHBACK, RETRY_AFTER } from "../chain/retry-facts.js";
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

/**
 * How many headers the metadata of an error may have. Clients of Node refuse more than
 * 128 in one block, those of the protocol and of the handler included.
 */
const MAX_HEADERS = 100;

/** A message is not cut below this for the sake of the application's details. */
const LEAST_MESSAGE_BYTES = 512;

/**
 * Makes an error sendable that would otherwise be lost on the way.
 *
 * - A lone surrogate in the message makes connect-es throw while it writes the
 *   trailers, and the call hangs: it becomes U+FFFD.
 * - So does a detail that does not serialise: it is left out.
 * - So does the readable copy that a received detail may have, where it is nested too
 *   deep: details are sent without.
 * - Headers of a connection, which the metadata of a call's error has over HTTP/1.1, end
 *   the process, hang the call or break the answer: they are left out.
 * - So are headers with control characters, which the JSON of a peer may bring: Node
 *   throws where they are sent over HTTP/1.1, and the call hangs.
 * - What travels in HTTP headers or trailers has to fit there: the largest details,
 *   and then headers, are left out until the rest fits beside a short message;
 *   then the message is cut to what fits. So are the largest of too many headers.
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
  const unsendable: string[] = [];
  const sendable: Sized<ErrorDetail>[] = [];
  for (const given of details) {
    const detail = plainDetail(given);
    const bytes = encodedSize(detail);
    if (bytes === undefined) {
      unsendable.push(typeNameOf(detail));
    } else {
      sendable.push({ item: detail, bytes });
    }
  }
  const headers: Sized<[string, string]>[] = [];
  for (const header of carrier === "body" ? [] : (metadata ?? [])) {
    const [name, value] = header;
    if (OF_A_CONNECTION.has(name) || UNSENDABLE.test(value)) {
      unsendable.push(name);
    } else {
      headers.push({
        item: header,
        bytes: sizeOfHeader(header),
        isLastToGo: name === PUSHBACK || name === RETRY_AFTER,
      });
    }
  }
  const isInTrailers = carrier === "trailers";
  const least = truncateUtf8(whole, LEAST_MESSAGE_BYTES);
  const room = isInTrailers
    ? MAX_TRAILER_BYTES - grpcTrailerBytes(least, chainBytes)
    : MAX_HEADER_BYTES;
  const few = leaveOutLargest(headers, { count: MAX_HEADERS });
  const keptDetails = isInTrailers
    ? leaveOutLargest(sendable, { bytes: ((room - sizeOf(few.kept)) * 3) / 4 }) // as base64
    : { kept: sendable, leftOut: [] };
  const detailBytes = isInTrailers ? sizeOf(keptDetails.kept) : 0;
  const small = leaveOutLargest(few.kept, { bytes: room - Math.ceil((detailBytes * 4) / 3) });
  const truncated = [
    ...unsendable,
    ...few.leftOut.map(({ item: [name] }) => name),
    ...keptDetails.leftOut.map(({ item }) => typeNameOf(item)),
    ...small.leftOut.map(({ item: [name] }) => name),
  ];
  const roomForMessage = MAX_TRAILER_BYTES - sizeOf(small.kept);
  const fits = (text: string) =>
    !isInTrailers ||
    (text.length <= roomForMessage && // it may be too long to be encoded
      grpcTrailerBytes(text, chainBytes + detailBytes) <= roomForMessage);
  let message = whole;
  if (!fits(whole)) {
    truncated.push("message");
    const fitting = (bytes: number) => fits(truncateUtf8(whole, bytes));
    message = truncateUtf8(whole, largestThat(fitting, LEAST_MESSAGE_BYTES, MAX_TRAILER_BYTES));
  }
  return {
    message,
    details: keptDetails.kept.map(({ item }) => item),
    metadata:
      carrier === "body" ? metadata : metadata && new Headers(small.kept.map(({ item }) => item)),
    truncated,
  };
}

interface Sized<Item> {
  readonly item: Item;
  readonly bytes: number;
  /** Whether it is worth more than its size: storms come of what a caller does not know. */
  readonly isLastToGo?: boolean;
}

function sizeOf(items: readonly Sized<unknown>[]): number {
  return items.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Leaves out the largest, until what is kept takes at most so many bytes and is not too many. */
function leaveOutLargest<Item>(
  items: readonly Sized<Item>[],
  { bytes = Number.POSITIVE_INFINITY, count = Number.POSITIVE_INFINITY },
): { kept: readonly Sized<Item>[]; leftOut: readonly Sized<Item>[] } {
  let taken = sizeOf(items);
  if (taken <= bytes && items.length <= count) {
    return { kept: items, leftOut: [] }; // as mostly
  }
  const leftOut = new Set<Sized<Item>>();
  for (const next of items.toSorted(byWhatGoesFirst)) {
    if (taken <= bytes && items.length - leftOut.size <= count) {
      break;
    }
    taken -= next.bytes;
    leftOut.add(next);
  }
  return { kept: items.filter((item) => !leftOut.has(item)), leftOut: [...leftOut] };
}

function byWhatGoesFirst(a: Sized<unknown>, b: Sized<unknown>): number {
  return Number(a.isLastToGo ?? false) - Number(b.isLastToGo ?? false) || b.bytes - a.bytes;
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

/**
 * A detail without what else it may have: connect-es writes all of a received one into
 * the JSON of an error, such as the readable copy that its first sender has made. Of a
 * message it makes that copy itself.
 */
function plainDetail(detail: ErrorDetail): ErrorDetail {
  return "desc" in detail
    ? { desc: detail.desc, value: detail.value }
    : { type: detail.type, value: detail.value };
}

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
