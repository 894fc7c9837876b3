import { isConnectionCode } from "../chain/connection-codes.js";
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
 * Names the errors of the clients of the AWS SDK for JavaScript 3: the module is the
 * service, where the error says it, and the code the error's name
 * (`AWS_SQS_QUEUE_DOES_NOT_EXIST`). Request ID, HTTP status and attempts are private
 * args.
 *
 * A service that cannot be reached is named by the code of Node.js
 * (`AWS_ECONNREFUSED`). What an aborted signal throws (AbortError) is left to the
 * interceptor.
 */
export const awsErrors = createClassifier((error) => {
  const { $metadata, $fault: fault, name, tryNextLink } = error;
  // Errors of credential providers come before any attempt, and have this mark instead.
  const isOfAws = isThrown($metadata) || typeof tryNextLink === "boolean";
  if (!isOfAws || name === "AbortError") {
    return undefined;
  }
  const metadata = isThrown($metadata) ? $metadata : {};
  const found = systemErrorOf(error);
  // Where the client stops waiting by itself, it borrows this code of Node.js.
  const isOwnTimeout = found?.code === "ETIMEDOUT" && found.syscall === undefined;
  const system = isOwnTimeout ? undefined : found;
  const code = system?.code ?? codeFromName(name) ?? "UNKNOWN";
  const module = serviceOf(error);
  const status = statusOf(error, metadata, code);
  const { requestId, httpStatusCode, attempts } = metadata;
  return {
    system: "AWS",
    ...(module !== undefined && { module }),
    code,
    status,
    message: sentenceFor("an AWS service", status),
    privateArgs: {
      ...system?.privateArgs,
      ...privateArgsOf({
        request_id: requestId,
        http_status: httpStatusCode,
        attempts,
        fault,
      }),
    },
  };
});

/**
 * The service whose model declares the error's class or one that it extends:
 * `SQS` of `com.amazonaws.sqs#QueueDoesNotExist`; in clients that do not have this yet,
 * of the class SQSServiceException.
 */
function serviceOf(error: Thrown): string | undefined {
  let prototype: unknown = Object.getPrototypeOf(error);
  for (let depth = 0; depth < 5 && isThrown(prototype); depth++) {
    const { constructor: type } = prototype;
    const { shapeId, name } = (typeof type === "function" ? type : {}) as Record<string, unknown>;
    const [, service] =
      /com\.amazonaws\.([a-z][a-z0-9]*)#/.exec(String(shapeId)) ??
      /^([A-Za-z][A-Za-z0-9]*)ServiceException$/.exec(String(name)) ??
      [];
    if (service !== undefined) {
      return service.toUpperCase().slice(0, 32);
    }
    prototype = Object.getPrototypeOf(prototype);
  }
  return undefined;
}

/** As the SDK decides what to retry, see isThrottlingError() and isTransientError() of @smithy/core. */
function statusOf(error: Thrown, { httpStatusCode }: Thrown, code: string): FailureStatus {
  const { name, $retryable: retryable } = error;
  if (
    httpStatusCode === 429 ||
    (isThrown(retryable) && retryable["throttling"] === true) ||
    THROTTLING.test(String(name))
  ) {
    return "RESOURCE_EXHAUSTED";
  }
  if (isConnectionCode(code)) {
    return "UNAVAILABLE";
  }
  if (name === "TimeoutError") {
    return "DEADLINE_EXCEEDED"; // of the client: connectionTimeout, requestTimeout, …
  }
  if (/^Transaction(Conflict|InProgress)Exception$/.test(String(name))) {
    return "ABORTED";
  }
  if (isThrown(retryable) || [502, 503, 504].includes(Number(httpStatusCode))) {
    return "UNAVAILABLE";
  }
  return "INTERNAL";
}

const THROTTLING =
  /^(BandwidthLimitExceeded|EC2ThrottledException|LimitExceededException|PriorRequestNotComplete|ProvisionedThroughputExceededException|RequestLimitExceeded|(Request)?Throttl(ed|ing)(Exception)?|SlowDown|TooManyRequestsException)$/;
