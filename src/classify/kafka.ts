import {
  codeFromName,
  createClassifier,
  isThrown,
  privateArgsOf,
  type Thrown,
} from "./classifier.js";
import { type FailureStatus, sentenceFor } from "./failure-status.js";
import { systemErrorOf } from "./system-error.js";

export type { CauseInit, Classifier } from "../catalog/cause-init.js";

/**
 * Names the errors of Kafka as `kafkajs`, `@platformatic/kafka` and the KafkaJS
 * interface of `@confluentinc/kafka-javascript` report them. The code is the broker's
 * name for the error (`KAFKA_UNKNOWN_TOPIC_OR_PARTITION`; names differ a little
 * between the clients); where no broker has answered, what the client calls it
 * (`KAFKA_CONNECTION`, `KAFKA_NO_BROKER_AVAILABLE`, `KAFKA_NETWORK`). Topic, partition,
 * broker and the number of the error are private args.
 */
export const kafkaErrors = createClassifier((error) => {
  if (!isOfKafka(error)) {
    return undefined;
  }
  const root = rootOf(error);
  const { topic, partition, broker, host, port, path } = root;
  const { code, number, status } = nameOf(root);
  const system = behind(root)
    .map(systemErrorOf)
    .find((found) => found !== undefined);
  return {
    system: "KAFKA",
    code,
    status,
    message: sentenceFor("the message broker", status),
    privateArgs: {
      ...system?.privateArgs,
      ...privateArgsOf({ topic, partition, broker, host, port, path, error_code: number }),
    },
  };
});

function isOfKafka({ name, code }: Thrown): boolean {
  return (
    (typeof name === "string" && name.startsWith("KafkaJS")) ||
    (typeof code === "string" && code.startsWith("PLT_KFK_"))
  );
}

/** The clients wrap what happened: in retries, in the request, in all brokers that they tried. */
function rootOf(error: Thrown): Thrown {
  let root = error;
  for (let depth = 0; depth < 8; depth++) {
    const next = behind(root).find(isOfKafka);
    if (next === undefined) {
      break;
    }
    root = next;
  }
  return root;
}

function behind({ cause, errors }: Thrown): Thrown[] {
  return [cause, ...(Array.isArray(errors) ? errors.slice(0, 32) : [])].filter(isThrown);
}

interface Named {
  readonly code: string;
  readonly number?: number;
  readonly status: FailureStatus;
}

function nameOf(error: Thrown): Named {
  const { name, type, code, apiId, apiCode } = error;
  const number = [apiCode, code].find((value) => typeof value === "number");
  // librdkafka says ERR_LEADER_NOT_AVAILABLE, or ERR__TIMED_OUT where no broker has answered.
  const ofBroker = codeFromName(
    typeof type === "string" ? type.replace(/^(ERR_+|KAFKAJS_)/, "") : apiId,
  );
  if (ofBroker !== undefined && number !== undefined) {
    return { code: ofBroker, number, status: STATUSES.get(number) ?? "INTERNAL" };
  }
  const ofClient = codeFromName(String(name).replace(/^KafkaJS(.*?)(Error)?$/, "$1"));
  const known = PLT_CODE.exec(classCodeOf(error) ?? String(code))?.[1] ?? ofClient ?? "UNKNOWN";
  return { code: known, status: statusOfClient(known) };
}

const PLT_CODE = /^PLT_KFK_([A-Z0-9_]{1,55})$/;

/** Errors of timeouts in `@platformatic/kafka` have the code of NetworkError; their class has the right one. */
function classCodeOf({ constructor: type }: Thrown): string | undefined {
  const code: unknown = typeof type === "function" && Reflect.get(type, "code");
  return typeof code === "string" ? code : undefined;
}

/** Where a client speaks for itself. */
function statusOfClient(code: string): FailureStatus {
  if (/TIMEOUT|TIMED_OUT/.test(code)) {
    return "DEADLINE_EXCEEDED";
  }
  return /^(NETWORK|CONNECTION|BROKER_NOT_FOUND|NO_BROKER|GROUP_COORDINATOR)|METADATA/.test(code)
    ? "UNAVAILABLE"
    : "INTERNAL";
}

/**
 * By number, which all clients share: https://kafka.apache.org/protocol#protocol_error_codes,
 * and below -100 those of librdkafka itself (rdkafka.h).
 */
const STATUSES: ReadonlyMap<number, FailureStatus> = new Map([
  [-197, "UNAVAILABLE"], // _DESTROY
  [-195, "UNAVAILABLE"], // _TRANSPORT
  [-193, "UNAVAILABLE"], // _RESOLVE
  [-192, "DEADLINE_EXCEEDED"], // _MSG_TIMED_OUT
  [-187, "UNAVAILABLE"], // _ALL_BROKERS_DOWN
  [-185, "DEADLINE_EXCEEDED"], // _TIMED_OUT
  [-184, "RESOURCE_EXHAUSTED"], // _QUEUE_FULL
  [-181, "UNAVAILABLE"], // _SSL
  [-180, "UNAVAILABLE"], // _WAIT_COORD
  [-166, "DEADLINE_EXCEEDED"], // _TIMED_OUT_QUEUE
  [-144, "ABORTED"], // _FENCED
  [5, "UNAVAILABLE"], // LEADER_NOT_AVAILABLE
  [6, "UNAVAILABLE"], // NOT_LEADER_OR_FOLLOWER
  [7, "DEADLINE_EXCEEDED"], // REQUEST_TIMED_OUT
  [8, "UNAVAILABLE"], // BROKER_NOT_AVAILABLE
  [9, "UNAVAILABLE"], // REPLICA_NOT_AVAILABLE
  [13, "UNAVAILABLE"], // NETWORK_EXCEPTION
  [14, "UNAVAILABLE"], // COORDINATOR_LOAD_IN_PROGRESS
  [15, "UNAVAILABLE"], // COORDINATOR_NOT_AVAILABLE
  [16, "UNAVAILABLE"], // NOT_COORDINATOR
  [19, "UNAVAILABLE"], // NOT_ENOUGH_REPLICAS
  [20, "UNAVAILABLE"], // NOT_ENOUGH_REPLICAS_AFTER_APPEND
  [22, "ABORTED"], // ILLEGAL_GENERATION
  [25, "ABORTED"], // UNKNOWN_MEMBER_ID
  [27, "ABORTED"], // REBALANCE_IN_PROGRESS
  [41, "UNAVAILABLE"], // NOT_CONTROLLER
  [47, "ABORTED"], // INVALID_PRODUCER_EPOCH
  [51, "ABORTED"], // CONCURRENT_TRANSACTIONS
  [56, "UNAVAILABLE"], // KAFKA_STORAGE_ERROR
  [74, "ABORTED"], // FENCED_LEADER_EPOCH
  [81, "RESOURCE_EXHAUSTED"], // GROUP_MAX_SIZE_REACHED
  [82, "ABORTED"], // FENCED_INSTANCE_ID
  [89, "RESOURCE_EXHAUSTED"], // THROTTLING_QUOTA_EXCEEDED
  [90, "ABORTED"], // PRODUCER_FENCED
]);
