import { Code, type ConnectError } from "@connectrpc/connect";
import { BuiltinError } from "../../gen/errchain/v1/builtin_errors_pb.js";
import { Status } from "../../gen/errchain/v1/error_chain_pb.js";
import type { BuiltinCode } from "../catalog/builtin.js";
import { systemErrorCode } from "../chain/thrown.js";

/**
 * What an error that was made on this side says about the peer, and which status
 * it should have. Only connect-es speaks here, so this is about what connect-es
 * does, see connectErrorFromNodeReason() and connectErrorFromH2ResetCode() in
 * connect-node.
 */
export function seenAs(error: ConnectError): readonly [BuiltinCode, Status] {
  const reason = systemErrorCode(error);
  const isRefused = error.rawMessage.includes("REFUSED_STREAM"); // overloaded, or shutting down
  if (isRefused || (reason !== undefined && isTlsError(reason))) {
    return UNREACHABLE;
  }
  switch (error.code) {
    case Code.DeadlineExceeded:
      return [BuiltinError.TIMED_OUT, Status.DEADLINE_EXCEEDED];
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

/** No connection came about, since certificates or versions of TLS do not fit. */
function isTlsError(code: string): boolean {
  return /^(ERR_SSL_|ERR_TLS_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|EPROTO$|HOSTNAME_MISMATCH$)/.test(
    code,
  );
}
