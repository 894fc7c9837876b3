import type { CauseInit } from "../catalog/cause-init.js";
import { createClassifier, privateArgsOf, type Thrown } from "./classifier.js";
import { type FailureStatus, sentenceFor } from "./failure-status.js";
import { conditionName } from "./sqlstate.js";
import { statusOfCode, systemErrorOf } from "./system-error.js";

export type { CauseInit, Classifier } from "../catalog/cause-init.js";

/**
 * Names the errors of PostgreSQL as `pg` reports them: the code is the SQLSTATE
 * (`POSTGRES_23505`), the reason the name of its condition (`UNIQUE_VIOLATION`).
 * Table, constraint and detail are private args.
 *
 * Errors of `pg` itself have codes such as `POSTGRES_CONNECTION_TERMINATED`. Where
 * the server cannot be reached at all, `pg` passes on what Node.js says; that is
 * taken for PostgreSQL's if its port or socket was the one that is registered for
 * PostgreSQL, 5432 (else nodeErrors can name it).
 */
export const pgErrors = createClassifier((error) => fromServer(error) ?? fromClient(error));

function fromServer(error: Thrown): CauseInit | undefined {
  const { code, severity, schema, table, column, constraint, detail, hint } = error;
  if (typeof severity !== "string" || typeof code !== "string" || !/^[0-9A-Z]{5}$/.test(code)) {
    return undefined;
  }
  const reason = conditionName(code);
  return {
    ...failure(code, statusOf(code)),
    ...(reason !== undefined && { reason }),
    privateArgs: privateArgsOf({ schema, table, column, constraint, detail, hint, severity }),
  };
}

/** See https://www.postgresql.org/docs/current/errcodes-appendix.html. */
function statusOf(sqlstate: string): FailureStatus {
  switch (sqlstate) {
    case "57014": // by statement_timeout, mostly
    case "25P03": // idle_in_transaction_session_timeout
    case "25P04": // transaction_timeout
      return "DEADLINE_EXCEEDED";
    case "55P03": // lock_not_available: NOWAIT, or lock_timeout
      return "ABORTED";
  }
  switch (sqlstate.slice(0, 2)) {
    case "08": // connection exception
    case "57": // operator intervention: shutting down, starting, …
      return "UNAVAILABLE";
    case "53": // insufficient resources
      return "RESOURCE_EXHAUSTED";
    case "40": // transaction rollback: serialization failure, deadlock
      return "ABORTED";
    default:
      return "INTERNAL";
  }
}

function fromClient(error: Thrown): CauseInit | undefined {
  const own = OF_CLIENT.get(error["message"]);
  if (own !== undefined) {
    return failure(...own);
  }
  const system = systemErrorOf(error);
  const { port, address = "" } = system?.privateArgs ?? {};
  if (system?.syscall !== "connect" || (port !== "5432" && !/\.s\.PGSQL\.\d+$/.test(address))) {
    return undefined;
  }
  const status = statusOfCode(system.code);
  return {
    ...failure(system.code, status === "INTERNAL" ? "UNAVAILABLE" : status),
    privateArgs: system.privateArgs,
  };
}

function failure(code: string, status: FailureStatus): CauseInit {
  return { system: "POSTGRES", code, status, message: sentenceFor("the database", status) };
}

/** `pg` and `pg-pool` give their own errors no code, so there is only the message to go by. */
const OF_CLIENT: ReadonlyMap<unknown, readonly [code: string, status: FailureStatus]> = new Map([
  ["Connection terminated", ["CONNECTION_TERMINATED", "UNAVAILABLE"]],
  ["Connection terminated unexpectedly", ["CONNECTION_TERMINATED", "UNAVAILABLE"]],
  [
    "Client has encountered a connection error and is not queryable",
    ["CONNECTION_TERMINATED", "UNAVAILABLE"],
  ],
  ["Client was closed and is not queryable", ["CONNECTION_TERMINATED", "UNAVAILABLE"]],
  ["Connection terminated due to connection timeout", ["CONNECTION_TIMEOUT", "UNAVAILABLE"]],
  ["timeout expired", ["CONNECTION_TIMEOUT", "UNAVAILABLE"]], // connectionTimeoutMillis of a Client
  ["The server does not support SSL connections", ["SSL_NOT_SUPPORTED", "UNAVAILABLE"]],
  ["There was an error establishing an SSL connection", ["SSL_FAILED", "UNAVAILABLE"]],
  // All clients of the pool were in use for connectionTimeoutMillis.
  ["timeout exceeded when trying to connect", ["POOL_EXHAUSTED", "RESOURCE_EXHAUSTED"]],
  ["Cannot use a pool after calling end on the pool", ["POOL_CLOSED", "UNAVAILABLE"]],
  ["Query read timeout", ["QUERY_TIMEOUT", "DEADLINE_EXCEEDED"]],
]);
