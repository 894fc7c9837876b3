import { Code, type ConnectError } from "@connectrpc/connect";
import { BuiltinError } from "../../gen/errchain/v1/builtin_errors_pb.js";
import { Status } from "../../gen/errchain/v1/error_chain_pb.js";
import type { BuiltinCode } from "../catalog/builtin.js";
import { isConnectionLost, neverProcessed } from "./connection-failure.js";

/**
 * What an error that was made on this side says about the peer, and which status
 * it should have. Only connect-es speaks here, so this is about what connect-es
 * does, see connectErrorFromNodeReason() and connectErrorFromH2ResetCode() in
 * connect-node.
 */
export function seenAs(error: ConnectError): readonly [BuiltinCode, Status] {
  if (error.code === Code.DeadlineExceeded) {
    return [BuiltinError.TIMED_OUT, Status.DEADLINE_EXCEEDED];
  }
  // connect-node has no code of its own for most of these, and says INTERNAL.
  if (neverProcessed(error) || isConnectionLost(error)) {
    return UNREACHABLE;
  }
  // HTTP/2's words for "less of that" and "not in this way": RFC 9113, section 7.
  if (error.rawMessage.includes("ENHANCE_YOUR_CALM")) {
    return [BuiltinError.UNREACHABLE, Status.RESOURCE_EXHAUSTED];
  }
  if (/INADEQUATE_SECURITY|HTTP_1_1_REQUIRED/.test(error.rawMessage)) {
    return UNREACHABLE;
  }
  switch (error.code) {
    // A process that dies in the middle of a call resets the stream (canceled)
    // or the connection (aborted). Our own cancellation does not come here.
    case Code.Canceled:
    case Code.Aborted:
    case Code.Unavailable:
      return UNREACHABLE;
    case Code.Unimplemented: // also where an answer that is said to be good has no message
      return /^(protocol error: |(missing|extra) message)/.test(error.rawMessage)
        ? [BuiltinError.MALFORMED, Status.INTERNAL]
        : [BuiltinError.UNIMPLEMENTED, Status.UNIMPLEMENTED];
    // The answer has another content type, ends early, does not parse, or is
    // larger than what is read.
    case Code.InvalidArgument: // that would speak of our request
      return [BuiltinError.MALFORMED, Status.INTERNAL];
    case Code.Unknown:
    case Code.DataLoss:
    case Code.Internal:
    case Code.ResourceExhausted:
      return [BuiltinError.MALFORMED, error.code as number];
    default:
      return [BuiltinError.UNCLASSIFIED, error.code as number];
  }
}

const UNREACHABLE = [BuiltinError.UNREACHABLE, Status.UNAVAILABLE] as const;
