const UNITS_MS: Record<string, number> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/**
 * How long the caller of a request waits for the answer, in milliseconds, by the
 * header of its protocol: `grpc-timeout` (gRPC and gRPC-Web) or
 * `connect-timeout-ms`. Undefined if it does not say, or not in a valid form.
 */
export function timeoutMsOf(requestHeader: Headers): number | undefined {
  const connect = /^\d{1,10}$/.exec(requestHeader.get("connect-timeout-ms") ?? "");
  if (connect !== null) {
    return Number(connect[0]);
  }
  const grpc = /^(\d{1,8})([HMSmun])$/.exec(requestHeader.get("grpc-timeout") ?? "");
  return grpc === null ? undefined : Number(grpc[1]) * (UNITS_MS[grpc[2] ?? ""] ?? 0);
}
