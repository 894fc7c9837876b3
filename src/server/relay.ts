import { Code } from "@connectrpc/connect";

/**
 * The RPC status that a hop answers with where a downstream call failed and
 * nobody said what that means here.
 *
 * Four statuses say something true about this request too, and stay. All others
 * become INTERNAL: a callee's NOT_FOUND or UNAUTHENTICATED is about the request
 * that *we* made, and a caller who takes it for an answer to his own does
 * damage, see gRFC A54.
 */
export function relayedStatus(downstream: Code): Code {
  switch (downstream) {
    case Code.Unavailable:
    case Code.DeadlineExceeded:
    case Code.ResourceExhausted:
    case Code.Aborted:
      return downstream;
    default:
      return Code.Internal;
  }
}
