import type { RequestScope } from "./request-scope.js";

/**
 * The request header that says how many attempts came before this one: absent on
 * the first. See gRFC A6, "Exposed Retry Metadata".
 */
export const PREVIOUS_ATTEMPTS = "grpc-previous-rpc-attempts";

/**
 * How many attempts came before the request that is handled, of whoever calls; 0 for
 * the first, or where nobody says.
 */
export function attemptsBefore({ request }: RequestScope): number {
  const value = request?.header.get(PREVIOUS_ATTEMPTS) ?? "";
  return /^\d{1,3}$/.test(value) ? Number(value) : 0;
}
