import type { CauseInit } from "../catalog/cause-init.js";
import { codeFromName, createClassifier, privateArgsOf, type Thrown } from "./classifier.js";
import { type FailureStatus, sentenceFor } from "./failure-status.js";
import { statusOfCode, systemErrorOf } from "./system-error.js";

export type { CauseInit, Classifier } from "../catalog/cause-init.js";

/**
 * Names the errors of MySQL and MariaDB as `mysql2` reports them: the code is the
 * number of the error (`MYSQL_1062`), the reason its name (`ER_DUP_ENTRY`). The
 * statement is nowhere in the cause, since its values may be secret.
 *
 * A server that cannot be reached is named too (`MYSQL_ECONNREFUSED`), and so are
 * the errors of `mysql2` itself (`MYSQL_PROTOCOL_CONNECTION_LOST`).
 */
export const mysqlErrors = createClassifier((error) => fromServer(error) ?? fromClient(error));

function fromServer(error: Thrown): CauseInit | undefined {
  const { errno, code, sqlState, sqlMessage } = error;
  if (typeof errno !== "number" || typeof sqlState !== "string" || sqlMessage === undefined) {
    return undefined;
  }
  // Newer than mysql2, or of MariaDB: then it has only a number.
  const reason = codeFromName(code);
  // Numbers below 100 mean the same in every system of a chain. In a packet it has 16 bits.
  const isNumber = Number.isInteger(errno) && errno >= 100 && errno <= 0xffff;
  return {
    ...failure(isNumber ? String(errno) : (reason ?? "UNKNOWN"), STATUSES.get(errno) ?? "INTERNAL"),
    ...(reason !== undefined && { reason }),
    privateArgs: privateArgsOf({ sql_state: sqlState }),
  };
}

function fromClient(error: Thrown): CauseInit | undefined {
  const { fatal, code, message } = error;
  const known = BY_MESSAGE.get(message);
  if (known !== undefined) {
    return failure(...known);
  }
  if (
    typeof code === "string" &&
    /^(PROTOCOL|HANDSHAKE|AUTH_SWITCH|POOL)_[A-Z_]{1,40}$/.test(code)
  ) {
    return failure(code, BY_CODE.get(code) ?? "INTERNAL");
  }
  // What Node.js says of a connection has this mark of mysql2.
  const system = fatal === true ? systemErrorOf(error) : undefined;
  if (system === undefined) {
    return undefined;
  }
  const status = statusOfCode(system.code);
  return {
    ...failure(system.code, status === "INTERNAL" ? "UNAVAILABLE" : status),
    privateArgs: system.privateArgs,
  };
}

function failure(code: string, status: FailureStatus): CauseInit {
  return { system: "MYSQL", code, status, message: sentenceFor("the database", status) };
}

/** See https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html. */
const STATUSES: ReadonlyMap<number, FailureStatus> = new Map([
  [1021, "RESOURCE_EXHAUSTED"], // ER_DISK_FULL
  [1037, "RESOURCE_EXHAUSTED"], // ER_OUTOFMEMORY
  [1038, "RESOURCE_EXHAUSTED"], // ER_OUT_OF_SORTMEMORY
  [1040, "RESOURCE_EXHAUSTED"], // ER_CON_COUNT_ERROR
  [1041, "RESOURCE_EXHAUSTED"], // ER_OUT_OF_RESOURCES
  [1042, "UNAVAILABLE"], // ER_BAD_HOST_ERROR
  [1043, "UNAVAILABLE"], // ER_HANDSHAKE_ERROR
  [1053, "UNAVAILABLE"], // ER_SERVER_SHUTDOWN
  [1077, "UNAVAILABLE"], // ER_NORMAL_SHUTDOWN
  [1079, "UNAVAILABLE"], // ER_SHUTDOWN_COMPLETE
  [1114, "RESOURCE_EXHAUSTED"], // ER_RECORD_FILE_FULL
  [1129, "UNAVAILABLE"], // ER_HOST_IS_BLOCKED
  [1152, "UNAVAILABLE"], // ER_ABORTING_CONNECTION
  [1158, "UNAVAILABLE"], // ER_NET_READ_ERROR
  [1159, "UNAVAILABLE"], // ER_NET_READ_INTERRUPTED
  [1160, "UNAVAILABLE"], // ER_NET_ERROR_ON_WRITE
  [1161, "UNAVAILABLE"], // ER_NET_WRITE_INTERRUPTED
  [1184, "UNAVAILABLE"], // ER_NEW_ABORTING_CONNECTION
  [1203, "RESOURCE_EXHAUSTED"], // ER_TOO_MANY_USER_CONNECTIONS
  [1205, "ABORTED"], // ER_LOCK_WAIT_TIMEOUT
  [1206, "RESOURCE_EXHAUSTED"], // ER_LOCK_TABLE_FULL
  [1213, "ABORTED"], // ER_LOCK_DEADLOCK
  [1226, "RESOURCE_EXHAUSTED"], // ER_USER_LIMIT_REACHED
  [1317, "ABORTED"], // ER_QUERY_INTERRUPTED, by KILL QUERY
  [1613, "ABORTED"], // ER_XA_RBTIMEOUT
  [1614, "ABORTED"], // ER_XA_RBDEADLOCK
  [1927, "UNAVAILABLE"], // ER_CONNECTION_KILLED of MariaDB
  [1969, "DEADLINE_EXCEEDED"], // ER_STATEMENT_TIMEOUT of MariaDB
  [3024, "DEADLINE_EXCEEDED"], // ER_QUERY_TIMEOUT
  [3101, "ABORTED"], // ER_TRANSACTION_ROLLBACK_DURING_COMMIT
  [3168, "UNAVAILABLE"], // ER_SERVER_ISNT_AVAILABLE
  [3169, "UNAVAILABLE"], // ER_SESSION_WAS_KILLED
  [3572, "ABORTED"], // ER_LOCK_NOWAIT
  [4031, "UNAVAILABLE"], // ER_CLIENT_INTERACTION_TIMEOUT
]);

/** Codes of mysql2 itself. */
const BY_CODE: ReadonlyMap<string, FailureStatus> = new Map([
  ["PROTOCOL_CONNECTION_LOST", "UNAVAILABLE"],
  ["PROTOCOL_SEQUENCE_TIMEOUT", "DEADLINE_EXCEEDED"],
  ["HANDSHAKE_NO_SSL_SUPPORT", "UNAVAILABLE"],
  ["HANDSHAKE_SSL_ERROR", "UNAVAILABLE"],
  ["POOL_NONEONLINE", "UNAVAILABLE"], // of a PoolCluster that waits for its nodes,
  ["POOL_NOEXIST", "UNAVAILABLE"], // or has taken them out
]);

/** These have no code, so there is only the message to go by. */
const BY_MESSAGE: ReadonlyMap<unknown, readonly [code: string, status: FailureStatus]> = new Map([
  [
    "Can't add new command when connection is in closed state",
    ["CONNECTION_CLOSED", "UNAVAILABLE"],
  ],
  ["No connections available.", ["POOL_EXHAUSTED", "RESOURCE_EXHAUSTED"]],
  ["Queue limit reached.", ["POOL_EXHAUSTED", "RESOURCE_EXHAUSTED"]],
  ["Pool is closed.", ["POOL_CLOSED", "UNAVAILABLE"]],
]);
