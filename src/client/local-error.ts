import { Code, type ConnectError } from "@connectrpc/connect";
import { hasOwnChain, otherDetailsOf } from "../chain/error-chain.js";
import { causeOf, isConnectError, systemErrorCode } from "../chain/thrown.js";

/**
 * Whether a call failed on this side, so that the peer has no part in it: the request
 * could not be written, or another interceptor has refused it or has a bug.
 */
export function isLocalError(reason: unknown): boolean {
  if (!isConnectError(reason)) {
    return isBug(reason) || (typeof reason === "string" && isRequestError(reason));
  }
  if (reason.isWireError) {
    return false;
  }
  return (
    isRequestError(reason.rawMessage) ||
    isBug(causeOf(reason)) ||
    isRefusal(reason) ||
    // connect-es gives none to what it makes itself. With a chain they may be a peer's.
    (otherDetailsOf(reason).length > 0 && !hasOwnChain(reason))
  );
}

/** By connect-es, or by what is below: the request cannot be sent as it is. */
function isRequestError(text: string): boolean {
  return REQUEST_ERRORS.some((known) => known.test(text));
}

const REQUEST_ERRORS: readonly RegExp[] = [
  /^(serialize binary: |cannot encode )/, // as Protobuf, as JSON
  /^message size \d+ is larger than configured writeMaxBytes \d+$/,
  /^The fetch API does not support streaming request bodies/, // connect-web
  /^AsyncIterable does not implement throw/, // a request stream that is no generator
  /^HTTP\/1 Connection specific headers are forbidden/, // Node's http2
];

/** What connect-es never says by itself, but for what it makes of an HTTP status or a reset. */
function isRefusal({ code, rawMessage }: ConnectError): boolean {
  switch (code) {
    case Code.NotFound:
    case Code.AlreadyExists:
    case Code.FailedPrecondition:
    case Code.OutOfRange:
      return true;
    case Code.Unauthenticated:
    case Code.PermissionDenied:
      return !/^(HTTP \d|http\/2 stream closed)/.test(rawMessage);
    case Code.InvalidArgument: // it says so of answers
      return !/^(protocol error: |failed to parse |unexpected end flag|cannot decode |decompression failed)/.test(
        rawMessage,
      );
    case Code.ResourceExhausted:
      return !/^(http\/2 |message (size )?.*is larger than configured readMaxBytes)/.test(
        rawMessage,
      );
    default:
      return false;
  }
}

function isBug(error: unknown): boolean {
  return (
    (error instanceof TypeError || error instanceof ReferenceError) &&
    systemErrorCode(error) === undefined &&
    !isNetworkError(error) &&
    !/^Headers\.append: /.test(error.message) // a name of a header or trailer that is none
  );
}

/**
 * Whether a value is what fetch() throws for a network error, which is no more than a
 * TypeError with a text.
 */
export function isNetworkError(error: unknown): boolean {
  return error instanceof TypeError && NETWORK_ERRORS.some((text) => text.test(error.message));
}

const NETWORK_ERRORS: readonly RegExp[] = [
  /^(fetch failed|terminated)/i, // Node.js
  /^(failed to fetch|network ?error)/i, // Chrome, Edge; and while a response is read
  /^(networkerror|error in input stream)/i, // Firefox
  // Safari passes on what its system says: https://developer.apple.com/documentation/foundation/nsurlerrordomain
  /^(load failed|the (internet|network) connection |could not connect to the server|a server with the specified hostname|the request timed out)/i,
  /^network (request failed|connection lost)/i, // React Native, whatwg-fetch; Cloudflare Workers
  /^(a network error occurred|error sending request)/i, // Bun; Deno
];
