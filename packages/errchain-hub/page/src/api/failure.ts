import { Code, ConnectError } from "@connectrpc/connect";

/** Why the hub gave no answer, as far as it matters what to do about it. */
export type Failure = "unreachable" | "signed-out" | "unknown" | "refused" | "slow" | "other";

export function failureOf(error: unknown): Failure {
  const { code, cause } = ConnectError.from(error);
  // What fetch throws where there is no connection, and connect-web where a stream ends early.
  if (cause instanceof TypeError || typeof cause === "string" || code === Code.Unavailable) {
    return "unreachable";
  }
  switch (code) {
    case Code.Unauthenticated:
      return "signed-out";
    case Code.NotFound:
      return "unknown";
    case Code.InvalidArgument:
      return "refused";
    case Code.DeadlineExceeded:
      return "slow";
    default:
      return "other";
  }
}

/** What the hub itself said, or what the browser did. */
export function messageOf(error: unknown): string {
  return ConnectError.from(error).rawMessage;
}
