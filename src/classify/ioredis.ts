import type { CauseInit } from "../catalog/cause-init.js";
import { createClassifier, isThrown, privateArgsOf } from "./classifier.js";
import { type FailureStatus, sentenceFor } from "./failure-status.js";

export type { CauseInit, Classifier } from "../catalog/cause-init.js";

/**
 * Names the errors of Redis as `ioredis` reports them: the code is the first word of
 * the reply (`REDIS_WRONGTYPE`, `REDIS_READONLY`; `REDIS_ERR` for all that have no
 * name of their own). The command's name is a private arg, its arguments are nowhere.
 *
 * Where there was no reply, the code says why: `MAX_RETRIES_PER_REQUEST`,
 * `CONNECTION_CLOSED`, `COMMAND_TIMED_OUT` and others.
 */
export const redisErrors = createClassifier((error) => {
  const { name, message, command } = error;
  if (typeof message !== "string") {
    return undefined;
  }
  const privateArgs = privateArgsOf({ command: isThrown(command) ? command["name"] : undefined });
  if (name === "ReplyError") {
    const [code = "ERR"] = /^[A-Z][A-Z0-9_]{1,62}(?= |$)/.exec(message) ?? [];
    return { ...failure(code, statusOf(code, message)), privateArgs };
  }
  const own = OF_CLIENT.get(message) ?? (typeof name === "string" ? BY_NAME.get(name) : undefined);
  if (own !== undefined) {
    return { ...failure(...own), privateArgs };
  }
  return undefined;
});

function failure(code: string, status: FailureStatus): CauseInit {
  return { system: "REDIS", code, status, message: sentenceFor("Redis", status) };
}

/** Redis has no list of its errors; these are the words of its source that are not about one command. */
function statusOf(code: string, reply: string): FailureStatus {
  switch (code) {
    case "BUSY": // a script holds the server
    case "CLUSTERDOWN":
    case "LOADING":
    case "MASTERDOWN":
    case "MISCONF": // it cannot persist, and refuses to write
    case "NOREPLICAS":
    case "READONLY": // a replica, mostly after a failover
    case "TRYAGAIN":
    case "UNBLOCKED": // a blocking command, by a failover
      return "UNAVAILABLE";
    case "OOM":
      return "RESOURCE_EXHAUSTED";
    case "ERR":
      return reply === "ERR max number of clients reached" ? "RESOURCE_EXHAUSTED" : "INTERNAL";
    default:
      return "INTERNAL";
  }
}

type Known = readonly [code: string, status: FailureStatus];

const CONNECTION_CLOSED: Known = ["CONNECTION_CLOSED", "UNAVAILABLE"];
const CLUSTER_UNAVAILABLE: Known = ["CLUSTER_UNAVAILABLE", "UNAVAILABLE"];

const BY_NAME: ReadonlyMap<string, Known> = new Map([
  ["MaxRetriesPerRequestError", ["MAX_RETRIES_PER_REQUEST", "UNAVAILABLE"]],
  ["ClusterAllFailedError", CLUSTER_UNAVAILABLE],
]);

/** These have no name and no code, so there is only the message to go by. */
const OF_CLIENT: ReadonlyMap<string, Known> = new Map([
  ["Connection is closed.", CONNECTION_CLOSED],
  ["Command aborted due to connection close", CONNECTION_CLOSED],
  ["Stream isn't writeable and enableOfflineQueue options is false", CONNECTION_CLOSED],
  ["Command timed out", ["COMMAND_TIMED_OUT", "DEADLINE_EXCEEDED"]],
  ["None of startup nodes is available", CLUSTER_UNAVAILABLE],
  ["Cluster is ended.", CLUSTER_UNAVAILABLE],
  ["Cluster isn't ready and enableOfflineQueue options is false", CLUSTER_UNAVAILABLE],
]);
