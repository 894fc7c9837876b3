import { utf8Length } from "./utf8.js";

/** How many causes a chain may have when it is sent. */
export const MAX_CAUSES = 32;

/**
 * How many bytes of a chain are read. Peers that use this library send at most
 * 5,500; what comes after the limit is ignored.
 */
export const MAX_READ_BYTES = 65_536;

/** How many causes of a chain are read. Peers that use this library send at most MAX_CAUSES. */
export const MAX_READ_CAUSES = 256;

/** How many bytes an encoded chain may take when it is sent, unless configured otherwise. */
export const DEFAULT_MAX_BYTES = 4096;

/**
 * How many bytes an encoded chain may take whatever is configured. C-core
 * (Python, Ruby, PHP, C++) drops answers at random from 5,977 bytes of detail.
 */
export const LARGEST_MAX_BYTES = 5500;

/**
 * How many bytes the trailers of a failed gRPC call may take, as long as that
 * is in this library's hands. grpc-java refuses more than 8,192.
 */
const TRAILER_BYTES = 7800;

/** A chain gets this much even behind the longest message. */
const LEAST_MAX_BYTES = 1024;

/**
 * How many bytes the chain may take behind an error message, so that on gRPC
 * the two together stay within TRAILER_BYTES.
 *
 * @param maxBytes what the user configured
 * @param message the error's message
 * @param beside details of ours that travel beside the chain, and count as part of it
 */
export function chainBudget(
  maxBytes: number,
  message: string,
  beside: readonly EncodedDetail[] = [],
): number {
  const most = Math.min(maxBytes, LARGEST_MAX_BYTES);
  const wanted = most - beside.reduce((sum, { value }) => sum + value.length, 0);
  if (message.length <= SHORT_MESSAGE && most <= DEFAULT_MAX_BYTES) {
    return wanted;
  }
  if (message.length > TRAILER_BYTES) {
    return Math.min(wanted, LEAST_MAX_BYTES); // a peer's message may be too long to encode
  }
  const besideBytes = beside.reduce((sum, detail) => sum + anyBytes(detail), 0);
  const free = TRAILER_BYTES - grpcTrailerBytes(message, besideBytes);
  const forChain = Math.floor((free * 3) / 4);
  return Math.min(wanted, Math.max(forChain, LEAST_MAX_BYTES));
}

/**
 * How many UTF-16 units a message may have that takes nothing from DEFAULT_MAX_BYTES,
 * whatever stands in it: percent-encoded each takes up to 9 bytes, as base64 up to 4.
 */
const SHORT_MESSAGE = 128;

/**
 * How many bytes the trailers of a failed gRPC call take, as HTTP/2 counts them.
 * The message is in there twice: percent-encoded in `grpc-message`, and together
 * with the details in `grpc-status-details-bin`, as base64.
 *
 * @param detailBytes the size of all details
 */
export function grpcTrailerBytes(message: string, detailBytes: number): number {
  const wellFormed = message.toWellFormed();
  const status = STATUS_OVERHEAD + utf8Length(wellFormed) + detailBytes;
  return TRAILER_OVERHEAD + encodeURIComponent(wellFormed).length + Math.ceil((status * 4) / 3);
}

/** What HTTP/2 adds to each header (RFC 9113, section 6.5.2). */
export const HEADER_OVERHEAD = 32;

/** Names, overhead, the two digits of the status, and ten of the longest pushback. */
const TRAILER_OVERHEAD =
  "grpc-status".length +
  "grpc-message".length +
  "grpc-status-details-bin".length +
  "grpc-retry-pushback-ms".length +
  4 * HEADER_OVERHEAD +
  2 +
  10;

/** A detail in the form of received ones: connect-es does not encode it again. */
export interface EncodedDetail {
  readonly type: string;
  readonly value: Uint8Array;
}

/** How many bytes a detail takes in a google.rpc.Status, as an Any. */
function anyBytes({ type, value }: EncodedDetail): number {
  const tagsAndLengths = 10; // of the Any and of its two fields
  return "type.googleapis.com/".length + type.length + value.length + tagsAndLengths;
}

/** What google.rpc.Status takes around message and details, and Any around a chain. */
const STATUS_OVERHEAD =
  2 + 4 + anyBytes({ type: "errchain.v1.ErrorChain", value: new Uint8Array() });
